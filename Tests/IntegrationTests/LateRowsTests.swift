import Foundation
import TestSupport
import Testing

/// Whatever is written to an aged partition while it is on its way out is found again: in the live
/// table, in quarantine or in an archive; or the writer was told that it was not written.
@Suite struct LateRows {
    /// A scene whose January is ready to go.
    private func scene(grace: String = "0 days", rows: Int = 300, extra: String = "") throws
        -> Scene
    {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: rows)
        try scene.configure(Scene.policy(grace: grace, more: ["premake: 0"]), extra: extra)
        try scene.approve()
        return scene
    }

    /// A night that is stopped between export and detach by a reader, until something has happened.
    private func night(in scene: Scene, meanwhile: () throws -> Void) throws -> Outcome {
        let reader = try scene.database.session()
        // The parent alone: the partition is free for whatever happens meanwhile.
        reader.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
        let night = try scene.start("run", "--only", "retire")
        try scene.waitForStep("pgretain: detach logs_2025_01")
        try meanwhile()
        reader.ask("COMMIT;")
        return night.wait()
    }

    /// The rows of January's archive, as `id level`.
    private func archived(_ scene: Scene) throws -> Set<String> {
        try scene.database.superuser("DROP TABLE IF EXISTS public.back")
        let outcome = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        return try rows(of: "public.back", in: scene)
    }

    private func rows(of table: String, in scene: Scene) throws -> Set<String> {
        let text = try scene.database.superuser("SELECT id || ' ' || level FROM \(table)")
        return Set(text.split(separator: "\n").map(String.init))
    }

    private func quarantine(_ scene: Scene) throws -> String {
        try scene.database.superuser(
            """
            SELECT 'pgretain.' || relname FROM pg_class
            WHERE relname LIKE 'q\\_%' AND relkind = 'r'
            """)
    }

    // MARK: Between export and detach

    @Test(arguments: [
        "INSERT INTO logs (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20');",
        "INSERT INTO logs_2025_01 (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20');",
        "COPY logs (id, level, created_at) FROM STDIN;\n-1\tLATE\t2025-01-20\n\\.\n",
    ])
    func anInsertIsArchived(statement: String) throws {
        let scene = try scene()
        let night = try night(in: scene) { try scene.database.superuser(statement) }
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
        let back = try archived(scene)
        #expect(back.count == 301 && back.contains("-1 LATE"))
    }

    @Test func anInsertThatWasOpenDuringTheExportIsArchived() throws {
        let scene = try scene()
        let writer = try scene.database.session()
        writer.ask(
            "BEGIN; INSERT INTO logs (id, level, created_at) VALUES (-1, 'OPEN', '2025-01-20');")
        let night = try scene.start("run", "--only", "retire")
        try scene.waitForStep("pgretain: detach logs_2025_01")
        writer.ask("COMMIT;")
        let outcome = night.wait()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try archived(scene).contains("-1 OPEN"))
    }

    @Test(arguments: [
        "UPDATE logs SET level = 'LATE' WHERE id = 7;", "DELETE FROM logs_2025_01 WHERE id = 7;",
        "TRUNCATE logs_2025_01;",
    ])
    func whatVanishedIsKeptInTheOlderArchive(statement: String) throws {
        let scene = try scene()
        let night = try night(in: scene) { try scene.database.superuser(statement) }
        #expect(night.status == 65, "\(night.stderr)")
        #expect(night.stderr.contains("archive.vanished"))
        #expect(try scene.quarantined() == 1, "it was detached, and is not dropped")
        let files = try scene.archiveFiles().filter { $0.contains("_manifest.json") }
        #expect(files.count == 2, "\(files)")
        let list = try scene.pgretain("archives", "list")
        #expect(list.stdout.contains("superseded"), "\(list.stdout)")
        let live = try rows(of: quarantine(scene), in: scene)
        #expect(try archived(scene) == live, "the newest generation is what the table holds")
        let again = try scene.night(nil, "--only", "retire")
        #expect(again.status == 65 || again.status == 0, "\(again.stderr)")
        #expect(try scene.quarantined() == 1, "not until somebody has looked")
    }

    /// Of many parts most hold the same rows in both generations, and none is taken for another.
    @Test func whatVanishedIsCountedAmongManyParts() throws {
        let scene = try scene(rows: 40_000, extra: "part_size: 1 MiB")
        let night = try night(in: scene) {
            try scene.database.superuser(
                """
                DELETE FROM logs_2025_01 WHERE id IN (20000, 20001);
                UPDATE logs_2025_01 SET level = 'LATE' WHERE id = 7;
                INSERT INTO logs (id, level, created_at) VALUES (-1, 'NEW', '2025-01-20');
                """)
        }
        #expect(night.status == 65, "\(night.stderr)")
        #expect(night.stderr.contains(" 3 rows that the archive"), "\(night.stderr)")
        let parts = try scene.archiveFiles().filter { $0.contains("part-") }
        #expect(parts.count > 4, "\(parts)")
    }

    // MARK: After the detach

    @Test func aStatementPreparedBeforeIsTold() throws {
        let scene = try scene()
        let writer = try scene.database.session()
        writer.ask(
            """
            PREPARE named AS INSERT INTO logs_2025_01 (id, level, created_at)
                VALUES (-1, 'NAMED', '2025-01-20');
            PREPARE routed AS INSERT INTO logs (id, level, created_at)
                VALUES (-2, 'ROUTED', '2025-01-20');
            EXECUTE named; EXECUTE routed;
            """)
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(writer.ask("EXECUTE named;").contains("does not exist"))
        #expect(writer.ask("EXECUTE routed;").contains("no partition of relation"))
        #expect(try archived(scene).isSuperset(of: ["-1 NAMED", "-2 ROUTED"]))
    }

    @Test(arguments: ["INSERT", "UPDATE"])
    func aWriteIntoQuarantineIsNoticed(verb: String) throws {
        let scene = try scene(grace: "1 s")
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        #expect(try scene.quarantined() == 1)
        let table = try quarantine(scene)
        try scene.database.superuser(
            verb == "INSERT"
                ? "INSERT INTO \(table) (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20')"
                : "UPDATE \(table) SET level = 'LATE' WHERE id = 7")
        Thread.sleep(forTimeInterval: 1.5)
        let night = try scene.night(nil, "--only", "retire")
        if verb == "INSERT" {
            #expect(night.status == 0, "\(night.stderr)")
            #expect(try scene.quarantined() == 0)
            let back = try archived(scene)
            #expect(back.count == 301 && back.contains("-1 LATE"))
        } else {
            #expect(night.status == 65, "\(night.stderr)")
            #expect(try scene.quarantined() == 1)
        }
    }

    /// The night that detached a table ended before it could look for rows that came between the
    /// export and the detach: the next one looks, whenever the table is to be dropped; and once.
    @Test(arguments: ["detach", "drop"])
    func whatCameBeforeTheDetachIsArchivedByTheNextNight(then: String) throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 300)
        try scene.configure(
            Scene.policy(then: then, grace: "7 days", more: ["premake: 0"]))
        try scene.approve()
        let night = try scene.pgretain(
            "run", "--only", "retire",
            environment: ["PGRETAIN_FAIL_AT": "night.detached#1=crash"])
        #expect(night.status == 128 + SIGKILL)
        let table = try quarantine(scene)
        try scene.database.superuser(
            "INSERT INTO \(table) (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20')")
        let next = try scene.nightOnceFree("--only", "retire")
        #expect(next.status == 0, "\(next.stderr)")
        #expect(try scene.quarantined() == 1)
        let back = try archived(scene)
        #expect(back.count == 301 && back.contains("-1 LATE"))
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        let settled = try scene.database.superuser(
            "SELECT count(*) FROM pgretain.ledger WHERE kind = 'settled'")
        #expect(settled == "1")
    }

    @Test func rowsForAMonthLongGoneAreAdded() throws {
        let scene = try scene()
        #expect(try scene.night(nil).status == 0)
        for level in ["SECOND", "THIRD"] {
            try scene.database.psql(
                """
                CREATE TABLE logs_2025_01 PARTITION OF logs
                    FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
                INSERT INTO logs (id, level, created_at) VALUES (-1, '\(level)', '2025-01-20');
                """)
            let night = try scene.night(nil)
            #expect(night.status == 0, "\(night.stderr)")
            #expect(try scene.partitions().contains("logs_2025_01") == false)
        }
        let back = try archived(scene)
        #expect(back.count == 302 && back.isSuperset(of: ["-1 SECOND", "-1 THIRD"]))
    }

    // MARK: All the time

    /// Writers that never stop: each row whose INSERT was confirmed is somewhere afterwards.
    @Test func nothingConfirmedIsLostWhileWritersGoOn() throws {
        let scene = try scene(rows: 2000)
        let writers = try (0..<3).map { _ in try scene.database.session() }
        for (index, writer) in writers.enumerated() {
            let table = index == 0 ? "logs" : "logs_2025_01"
            for number in 1...3000 {
                let id = -(index * 100_000 + number)
                writer.send(
                    """
                    INSERT INTO \(table) (id, level, created_at) VALUES (\(id), 'W', '2025-01-20')
                    RETURNING 'written ' || id;
                    """)
            }
        }
        let night = try scene.night(nil, "--only", "retire")
        let answers = writers.map { $0.answer() }
        let written = answers.flatMap { $0.split(separator: "\n") }
            .filter { $0.hasPrefix("written ") }.map { "\($0.dropFirst(8)) W" }
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
        let back = try archived(scene)
        #expect(back.isSuperset(of: written), "\(written.count) written, \(back.count) archived")
        #expect(back.count == 2000 + written.count)
    }
}
