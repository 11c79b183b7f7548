import Foundation
import TestSupport
import Testing

/// What later versions of PostgreSQL brought goes out and comes back as well.
@Suite struct Versions {
    /// January goes, and comes back beside the others.
    private func roundTrip(_ scene: Scene, _ columns: String) throws {
        try scene.configure(Scene.policy(more: ["premake: 2"]))
        try scene.approve()
        let query = "SELECT string_agg(\(columns), ';' ORDER BY id) FROM"
        let before = try scene.database.superuser("\(query) logs_2025_01")
        #expect(!before.isEmpty)
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try !scene.partitions().contains("logs_2025_01"))
        for target in [["--into", "public.back"], ["--attach"]] {
            let restored = try scene.pgretain(
                ["restore", "--table", "public.logs", "--period", "2025-01"] + target)
            #expect(restored.status == 0, "\(restored.stderr)")
        }
        #expect(try scene.database.superuser("\(query) back") == before)
        #expect(try scene.database.superuser("\(query) logs_2025_01") == before)
    }

    @Test(.enabled(if: Cluster.version >= 18, "virtual generated columns came with 18"))
    func aVirtualColumnComesBack() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 30)
        try scene.database.psql(
            "ALTER TABLE logs ADD COLUMN twice int GENERATED ALWAYS AS (id * 2) VIRTUAL")
        try roundTrip(scene, "concat_ws(',', id, twice)")
        let kinds = try scene.database.superuser(
            """
            SELECT string_agg(attgenerated::text, '' ORDER BY attrelid::regclass::text)
            FROM pg_attribute
            WHERE attname = 'twice' AND attrelid IN ('back'::regclass, 'logs_2025_01'::regclass)
            """)
        #expect(kinds == "sv", "stored in a table of its own, as the parent says in a partition")
    }

    @Test(.enabled(if: Cluster.version >= 17, "identities of partitioned tables came with 17"))
    func anIdentityOfThePartitionedTableGoesOn() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE logs (id bigint GENERATED ALWAYS AS IDENTITY, level text,
                created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            CREATE TABLE logs_2025_02 PARTITION OF logs
                FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
            INSERT INTO logs (level, created_at) SELECT 'I', '2025-01-05' FROM generate_series(1, 9);
            """)
        try roundTrip(scene, "id::text")
        let next = try scene.database.psql(
            "INSERT INTO logs (level, created_at) VALUES ('I', now()) RETURNING id")
        #expect(next == "SET\n10" || next == "10", "\(next)")
    }

    @Test(.enabled(if: Cluster.version >= 18, "NOT NULL constraints of their own came with 18"))
    func aNotNullThatIsNotValidatedStaysSo() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 30)
        try scene.database.psql(
            """
            INSERT INTO logs (level, message, created_at) VALUES ('NULL', NULL, '2025-01-09');
            ALTER TABLE logs ADD CONSTRAINT message_there NOT NULL message NOT VALID;
            """)
        try roundTrip(scene, "concat_ws(',', id, level, message)")
    }
}
