import TestSupport
import Testing

/// What an operator is told of how things stand.
@Suite struct Statuses {
    @Test func indexesThatAreMissingOrDoubleAreNamed() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.database.psql(
            """
            CREATE INDEX ix_logs_level_again ON logs (level DESC);
            CREATE INDEX ix_logs_id ON logs (id);
            CREATE INDEX ix_message ON ONLY logs (message);
            CREATE INDEX ix_message_3 ON logs_2025_03 (message);
            ALTER INDEX ix_message ATTACH PARTITION ix_message_3;
            """)
        try scene.configure(Scene.policy(then: "keep"))
        let status = try scene.pgretain("status")
        #expect(status.status == 0, "\(status.stderr)")
        for sentence in [
            "no index begins with created_at: whoever asks for a time reads whole partitions",
            "the index ix_logs_id (48 KiB) is the beginning of logs_pkey",
            "the index ix_logs_level_again (48 KiB) duplicates ix_logs_level",
            "the index ix_message is missing on logs_2025_01, logs_2025_02",
        ] {
            #expect(status.stdout.contains("\n  \(sentence)\n"), "\(status.stdout)")
        }
        #expect(!status.stdout.contains("the index ix_logs_level (48"), "\(status.stdout)")
        try scene.database.psql(
            """
            DROP INDEX ix_logs_level_again, ix_logs_id;
            CREATE INDEX ON logs_2025_01 (message);
            CREATE INDEX ON logs_2025_02 (message);
            ALTER INDEX ix_message ATTACH PARTITION logs_2025_01_message_idx;
            ALTER INDEX ix_message ATTACH PARTITION logs_2025_02_message_idx;
            CREATE INDEX ON logs (created_at);
            """)
        let mended = try scene.pgretain("status")
        #expect(!mended.stdout.contains("index"), "\(mended.stdout)")
    }
}
