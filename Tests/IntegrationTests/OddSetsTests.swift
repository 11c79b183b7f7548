import Foundation
import TestSupport
import Testing

/// Partition sets that are not all of one cut: what is not understood stays and is reported, the
/// rest goes on.
@Suite struct OddSets {
    private func ready(_ sql: String, _ policy: String = Scene.policy()) throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-02-01", months: 2, rows: 20)
        try scene.database.psql(sql)
        try scene.configure(policy)
        try scene.approve()
        return scene
    }

    @Test func whatHasNoEndStaysAndWhatHasNoBeginningShrinks() throws {
        let scene = try ready(
            """
            CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2025-02-01');
            CREATE TABLE logs_far PARTITION OF logs FOR VALUES FROM ('2090-01-01') TO (MAXVALUE);
            INSERT INTO logs (level, created_at) VALUES ('OLD', '2020-01-01');
            """)
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("has MINVALUE, MAXVALUE or infinity as a bound"))
        #expect(try scene.night(nil).status == 0)
        let left = try scene.partitions()
        #expect(left.contains("logs_old") && left.contains("logs_far"))
        #expect(!left.contains("logs_2025_02"))
        #expect(try scene.database.psql("SELECT count(*) FROM logs_old") == "0", "2020 left")
        #expect(try scene.slices().contains("public.logs/year=2020/month=01"))
    }

    @Test func subpartitionsStay() throws {
        let scene = try ready(
            """
            ALTER TABLE logs DROP CONSTRAINT logs_pkey;
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01') PARTITION BY LIST (level);
            CREATE TABLE logs_2025_01_all PARTITION OF logs_2025_01 DEFAULT;
            INSERT INTO logs (level, created_at) VALUES ('SUB', '2025-01-10');
            """)
        #expect(try scene.pgretain("plan").stdout.contains("is partitioned itself"))
        #expect(try scene.night(nil).status == 0)
        let left = try scene.partitions()
        #expect(left.contains("logs_2025_01") && !left.contains("logs_2025_02"))
        #expect(try scene.database.psql("SELECT count(*) FROM logs WHERE level = 'SUB'") == "1")
    }

    @Test func whatForeignKeysPointAtStays() throws {
        let scene = try ready(
            """
            CREATE TABLE notes (log_id int, log_at timestamptz,
                FOREIGN KEY (log_id, log_at) REFERENCES logs (id, created_at) ON DELETE CASCADE);
            """)
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("foreign keys point at"))
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions().contains("logs_2025_02"))
        // Archiving removes nothing: it needs no leave.
        try scene.configure(Scene.policy(then: "keep"))
        #expect(try scene.night(nil).status == 0)
        #expect(try scene.slices().count == 2)
    }

    @Test func somebodyElsesPendingDetachIsNeverTouched() throws {
        let scene = try ready("SELECT 1")
        let reader = try scene.database.session()
        reader.ask("BEGIN; SELECT count(*) FROM logs;")
        let detacher = try scene.database.session()
        detacher.send(
            "SET statement_timeout = '2s'; ALTER TABLE logs DETACH PARTITION logs_2025_02 CONCURRENTLY;"
        )
        #expect(detacher.answer().contains("statement timeout"))
        reader.ask("COMMIT;")
        let pending = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"
        try #require(try scene.database.superuser(pending) == "1")
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("somebody else has begun to detach it"))
        let night = try scene.night(nil)
        #expect(try scene.database.superuser(pending) == "1", "\(night.stderr)")
        #expect(try scene.database.superuser("SELECT count(*) FROM logs_2025_02") == "20")
        #expect(try scene.quarantined() == 0)
    }

    @Test func aForeignTableStays() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-02-01", months: 2, rows: 20)
        try scene.database.superuser(
            """
            CREATE FOREIGN DATA WRAPPER nowhere;
            CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
            ALTER TABLE logs DROP CONSTRAINT logs_pkey;
            CREATE FOREIGN TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01') SERVER elsewhere;
            ALTER FOREIGN TABLE logs_2025_01 OWNER TO logs_owner;
            """)
        try scene.configure(Scene.policy())
        try scene.approve()
        #expect(try scene.pgretain("plan").stdout.contains("is not a plain table"))
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions().contains("logs_2025_01"))
        #expect(try !scene.partitions().contains("logs_2025_02"))
    }

    @Test func aRowOfTwentyMegabytesGoesAndComesBack() throws {
        let scene = try ready(
            """
            INSERT INTO logs (id, level, message, created_at)
                VALUES (-1, 'HUGE', repeat('ab"\\c ', 3500000), '2025-02-10');
            """)
        let before = try scene.digest(of: "logs_2025_02")
        #expect(try scene.night(nil).status == 0)
        #expect(try !scene.partitions().contains("logs_2025_02"))
        let back = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-02", "--into", "public.back")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(try scene.digest(of: "back") == before)
    }
}
