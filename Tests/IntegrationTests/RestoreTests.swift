import Foundation
import TestSupport
import Testing

/// What was archived comes back, whole or not at all.
@Suite struct Restores {
    /// January is archived and gone, February is the newest of the old ones and stays.
    private func scene(
        rows: Int = 300, then: String = "drop", more: String = "", text: String? = nil
    )
        throws -> Scene
    {
        let scene = try Scene()
        try scene.makeLogs(months: 2, rows: rows)
        if !more.isEmpty { try scene.database.psql(more) }
        if let text {
            try scene.database.psql("UPDATE logs_2025_01 SET message = \(text)")
        }
        try scene.configure(Scene.policy(then: then, more: ["premake: 0"]))
        try scene.approve()
        let night = try scene.night(nil, "--max-retire", "1", "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        return scene
    }

    private func restore(_ scene: Scene, _ more: String...) throws -> Outcome {
        try scene.pgretain(["restore", "--table", "public.logs", "--period", "2025-01"] + more)
    }

    private func indexes(of table: String, in scene: Scene) throws -> [String] {
        try scene.database.superuser(
            """
            SELECT regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '') || indisprimary
            FROM pg_index WHERE indrelid = '\(table)'::regclass ORDER BY 1
            """
        ).split(separator: "\n").map(String.init)
    }

    // MARK: Into a table

    @Test func intoATableWithAndWithoutIndexes() throws {
        let scene = try scene(more: "CREATE INDEX logs_own ON logs_2025_01 (message)")
        #expect(try restore(scene, "--into", "public.bare").status == 0)
        #expect(try restore(scene, "--into", "public.\"Full\"", "--indexes").status == 0)
        #expect(try scene.digest(of: "public.bare") == scene.digest(of: "public.\"Full\""))
        #expect(try scene.ids(of: "public.bare") == scene.idsInArchives().sorted())
        #expect(try indexes(of: "public.bare", in: scene) == [])
        let full = try indexes(of: "public.\"Full\"", in: scene)
        #expect(full.count == 3 && full.contains { $0.contains("(message)") }, "\(full)")
        #expect(full.contains { $0.hasSuffix("true") }, "the primary key: \(full)")
        #expect(try !scene.partitions().contains("logs_2025_01"))
    }

    @Test func nothingIsOverwritten() throws {
        let scene = try scene()
        try scene.database.psql("CREATE TABLE back AS SELECT 'mine' AS whose")
        let refused = try restore(scene, "--into", "public.back")
        #expect(refused.status == 1 && refused.stderr.contains("restore.exists"))
        #expect(try scene.database.superuser("SELECT whose FROM back") == "mine")
        #expect(try scene.database.superuser("SELECT count(*) FROM pgretain.pins") == "0")

        #expect(try restore(scene, "--attach").status == 0)
        let again = try restore(scene, "--attach")
        #expect(again.status == 73 && again.stderr.contains("restore.overlap"))
        #expect(try scene.ids(of: "logs_2025_01") == scene.idsInArchives().sorted())
    }

    @Test func whatWasNeverArchivedIsMissing() throws {
        let scene = try scene()
        let missing = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2024-01", "--into", "public.back")
        #expect(missing.status == 66 && missing.stderr.contains("archive.missing"))
        let nonsense = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2024-13", "--into", "public.back")
        #expect(nonsense.status == 64 && nonsense.stderr.contains("2025-01"))
    }

    // MARK: Pins

    @Test func aPinHoldsUntilItsDateAndThenTheOldArchiveProves() throws {
        let scene = try scene()
        let archive = try scene.database.superuser(
            "SELECT digest FROM pgretain.ledger WHERE kind = 'archived'")
        let files = try inodes(scene)
        #expect(try restore(scene, "--attach").status == 0)
        #expect(try scene.pgretain("plan").stdout.contains("restored, and pinned until"))
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        #expect(try scene.partitions() == ["logs_2025_01", "logs_2025_02"])

        try scene.database.superuser("UPDATE pgretain.pins SET until = now()")
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
        #expect(try inodes(scene) == files, "no new generation")
        let events = try scene.events(of: "logs_2025_01")
        #expect(
            events == ["archived", "detached", "dropped", "restored", "detached", "dropped"])
        let digests = try scene.database.superuser(
            "SELECT DISTINCT digest FROM pgretain.ledger WHERE digest IS NOT NULL")
        #expect(digests == archive)
    }

    private func inodes(_ scene: Scene) throws -> String {
        try Program.run(
            "/bin/sh", ["-c", "cd \"$0\" && ls -iR public.logs", scene.archives]
        ).stdout
    }

    @Test func rowsThatJoinARestoredPartitionAreArchivedWithIt() throws {
        let scene = try scene()
        #expect(try restore(scene, "--attach", "--pin", "1ms").status == 0)
        try scene.database.psql(
            "INSERT INTO logs (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20')")
        let all = try scene.ids()
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
        #expect(try (scene.ids() + scene.idsInArchives()).sorted() == all)
    }

    // MARK: A table that has changed

    /// Regression: a column more made every archived row count as vanished, so that a restored
    /// partition, and one archived under `then: keep`, could never be retired any more.
    @Test(arguments: [
        "int", "int NOT NULL DEFAULT 7", "int GENERATED ALWAYS AS (length(level)) STORED",
    ])
    func aColumnThatCameIsFilledAndArchived(column: String) throws {
        let scene = try scene()
        try scene.database.psql("ALTER TABLE logs ADD COLUMN tenant \(column)")
        let restored = try restore(scene, "--attach", "--pin", "1ms")
        #expect(restored.status == 0, "\(restored.stderr)")
        let ids = try scene.ids(of: "logs_2025_01")
        #expect(ids == (try scene.idsInArchives().sorted()))
        let rows = try scene.digest(of: "logs_2025_01")
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
        #expect(try restore(scene, "--into", "public.back").status == 0)
        #expect(try scene.digest(of: "public.back") == rows, "with the new column")
    }

    @Test func aColumnThatCameAfterKeepDoesNotStopTheRetirement() throws {
        let scene = try scene(then: "keep")
        try scene.database.psql("ALTER TABLE logs ADD COLUMN tenant int DEFAULT 7")
        let rows = try scene.digest(of: "logs_2025_01")
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        try scene.approve()
        let night = try scene.night(nil, "--only", "retire", "--max-retire", "1")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
        #expect(try restore(scene, "--into", "public.back").status == 0)
        #expect(try scene.digest(of: "public.back") == rows)
    }

    /// A column more does not hide that a row is gone.
    @Test func aColumnThatCameAndARowThatVanished() throws {
        let scene = try scene(then: "keep")
        try scene.database.psql(
            "ALTER TABLE logs ADD COLUMN tenant int; DELETE FROM logs_2025_01 WHERE id = 7")
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        try scene.approve()
        let night = try scene.night(nil, "--only", "retire", "--max-retire", "1")
        #expect(night.status == 65 && night.stderr.contains("archive.vanished"), "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_01", "logs_2025_02"])
        #expect(try scene.pgretain("archives", "list").stdout.contains("superseded"))
    }

    @Test func aColumnThatWentIsARefusal() throws {
        let scene = try scene()
        try scene.database.psql("ALTER TABLE logs DROP COLUMN message")
        let refused = try restore(scene, "--attach")
        #expect(refused.status == 65, "\(refused.stderr)")
        #expect(refused.stderr.contains("has the column message"), "\(refused.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
        let leftover = try scene.database.superuser("SELECT to_regclass('public.logs_2025_01')")
        #expect(leftover == "")
        #expect(try restore(scene, "--into", "public.back").status == 0)
        #expect(try scene.ids(of: "public.back") == scene.idsInArchives().sorted())
    }

    @Test func aColumnThatMustBeGivenIsARefusal() throws {
        let scene = try scene()
        try scene.database.psql(
            """
            ALTER TABLE logs ADD COLUMN tenant int;
            UPDATE logs SET tenant = 1;
            ALTER TABLE logs ALTER COLUMN tenant SET NOT NULL;
            """)
        let refused = try restore(scene, "--attach")
        #expect(refused.status == 65 && refused.stderr.contains("\"tenant\""), "\(refused.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
        #expect(try scene.database.superuser("SELECT to_regclass('public.logs_2025_01')") == "")
    }

    // MARK: Killed

    @Test(arguments: [["--into", "public.back"], ["--attach"]])
    func killedWhileItLoads(target: [String]) throws {
        let scene = try scene(rows: 40_000, text: "repeat(md5(id::text), 40)")
        let ledger = "SELECT count(*) FROM pgretain.ledger WHERE kind = 'restored'"
        let before = try scene.database.superuser(ledger)
        let running = try Program.start(
            ["restore", "--table", "public.logs", "--period", "2025-01"] + target
                + ["--config", scene.configuration])
        try scene.waitForStatement("COPY%")
        running.signal(SIGKILL)
        #expect(running.wait().status == 128 + SIGKILL)
        try scene.waitUntil(
            """
            NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                AND application_name LIKE 'pgretain%')
            """)
        let visible = try scene.database.superuser(
            "SELECT to_regclass('public.back'), to_regclass('public.logs_2025_01')")
        #expect(visible == "|")
        #expect(try scene.database.superuser("SELECT count(*) FROM pgretain.pins") == "0")
        #expect(try scene.database.superuser(ledger) == before, "nothing is said to be restored")
        let again = try scene.pgretain(
            ["restore", "--table", "public.logs", "--period", "2025-01"] + target)
        #expect(again.status == 0, "\(again.stderr)")
    }
}
