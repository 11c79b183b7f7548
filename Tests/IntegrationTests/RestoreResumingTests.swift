import Foundation
import TestSupport
import Testing

/// A restore that was killed is gone on with by the same command: what it has committed is not read
/// again, and all rows are proven as though one had loaded them.
@Suite struct RestoreResuming {
    private func said(_ loaded: Int, _ world: RestoreScene) throws -> String {
        "goes on with \(loaded) of \(try world.parts) parts that were loaded before\n"
    }

    @Test(arguments: [["--into", "public.back"], ["--attach"]])
    func partsThatWereLoadedAreNotReadAgain(ending: [String]) throws {
        let world = try RestoreScene()
        let (running, table, gate) = try world.halfway(ending)
        running.signal(SIGKILL)
        _ = running.wait()
        world.open(gate)
        try world.waitForEnd()
        let loaded = try world.partsLoaded(into: table)
        #expect(loaded.count == 3)

        let plan = try world.restore(ending + ["--dry-run"])
        let begun =
            "goes on with\n  3 of \(try world.parts) parts that were loaded before, \(table)"
        #expect(plan.stdout.contains(begun), "\(plan.stdout)")
        let directory = world.scene.archives + "/public.logs/year=2025/month=01/"
        for file in loaded {
            let place = URL(fileURLWithPath: directory + file)
            let size = try Data(contentsOf: place).count
            try FileManager.default.removeItem(at: place)
            try Data(count: size).write(to: place)
        }
        let again = try world.restore(ending + ["--json"])
        #expect(again.status == 0, "\(again.stderr)")
        #expect(again.stderr.contains(try said(3, world)), "\(again.stderr)")
        #expect(try JSONView(again.stdout)["restored"]["parts_loaded_before"].number == 3)
        let relation = ending == ["--attach"] ? "logs_2025_01" : "back"
        #expect(try world.scene.digest(of: relation) == world.before)
        #expect(try world.hidden() == [])
        #expect(try world.scene.pgretain("status", "--ledger").status == 0)
    }

    @Test func anotherOneBeginsAnew() throws {
        let world = try RestoreScene()
        let table = try world.killedHalfway("--into", "public.back")
        let other = try world.restore("--into", "public.other")
        #expect(other.status == 0 && !other.stderr.contains("before"), "\(other.stderr)")
        #expect(try world.hidden() == [table], "of another target, it is left")

        let some = try world.restore("--into", "public.back", "--where", "level=INFO")
        #expect(some.status == 0 && !some.stderr.contains("before"), "\(some.stderr)")
        #expect(try world.hidden() == [], "nobody can make that table of it any more")
        let count = try world.scene.database.superuser(
            "SELECT count(*) FROM back WHERE level IS DISTINCT FROM 'INFO'")
        #expect(count == "0")
    }

    @Test func aChangedArchiveBeginsAnew() throws {
        let world = try RestoreScene()
        let table = try world.killedHalfway("--into", "public.back")
        let erased = try world.scene.pgretain(
            "archives", "erase", "--table", "public.logs", "--where", "id=1", "--reason", "asked",
            "--yes")
        #expect(erased.status == 0, "\(erased.stderr)")
        #expect(erased.stdout.contains("\(table), which a restore fills"), "\(erased.stdout)")
        #expect(try world.hidden() == [table])
        let again = try world.restore("--into", "public.back")
        #expect(again.status == 0 && !again.stderr.contains("before"), "\(again.stderr)")
        #expect(try world.hidden() == [])
        #expect(try world.scene.database.superuser("SELECT count(*) FROM back WHERE id = 1") == "0")
    }

    /// The session that led it is gone, and those that it led are not yet.
    @Test func sessionsThatOutliveTheirRestoreAreEnded() throws {
        let world = try RestoreScene()
        let (running, table, gate) = try world.halfway(["--into", "public.back"])
        running.signal(SIGKILL)
        _ = running.wait()
        try world.scene.database.superuser(
            """
            SELECT pg_terminate_backend(pid) FROM pg_locks
            WHERE locktype = 'advisory' AND classid = x'70677273'::int AND granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """)
        let again = try world.start("--into", "public.back")
        #expect(try world.hiddenAtGate(sessions: 3) == table)
        world.open(gate)
        let outcome = again.wait()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(outcome.stderr.contains(try said(3, world)), "\(outcome.stderr)")
        #expect(try world.scene.digest(of: "back") == world.before)
    }

    @Test func aPartIsNeverLoadedTwice() throws {
        let world = try RestoreScene()
        let (running, table, gate) = try world.halfway(["--into", "public.back"])
        // As a session of a dead restore would, that was between two transactions.
        let parts = table.replacingOccurrences(of: ".r_", with: ".parts_")
        try world.scene.database.superuser(
            """
            INSERT INTO \(parts) SELECT archive, format('part-%s.ndjson.gz', lpad(n::text, 5, '0')),
                rows, digest
            FROM (SELECT * FROM \(parts) LIMIT 1) AS p, generate_series(0, 99) AS n
            ON CONFLICT DO NOTHING
            """)
        world.open(gate)
        let outcome = running.wait()
        #expect(outcome.status == 75 && outcome.stderr.contains("restore.twice"), "\(outcome)")
        #expect(try !world.exists("public.back"))
        #expect(try world.hidden() == [])
    }

    @Test func aSignalRemovesWhatItWentOnWith() throws {
        let world = try RestoreScene()
        let table = try world.killedHalfway("--into", "public.back")
        let gate = try world.closedGate()
        let again = try world.start("--into", "public.back")
        #expect(try world.hiddenAtGate(sessions: 3) == table)
        again.signal(SIGTERM)
        #expect(again.wait().status == 128 + SIGTERM)
        world.open(gate)
        #expect(try world.hidden() == [])
    }
}
