import Foundation
import TestSupport
import Testing

/// Ctrl-C and SIGTERM: an orderly end, soon, with a report of what was reached.
@Suite struct Interruptions {
    static let signals: [(Int32, Int32)] = [(SIGINT, 130), (SIGTERM, 143)]

    private func scene(isLarge: Bool = false, compression: Int = 5) throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(months: 2, rows: isLarge ? 40_000 : 200)
        if isLarge {
            try scene.database.psql("UPDATE logs_2025_01 SET message = repeat(md5(id::text), 40)")
        }
        try scene.configure(
            Scene.policy(more: ["premake: 1", "compression: \(compression)"]),
            extra: "part_size: 1 MiB\nlimits: { lock_attempts: 1000 }")
        try scene.approve()
        return scene
    }

    /// No statement of pgretain runs on the server.
    private func expectQuietServer(_ scene: Scene) throws {
        try scene.waitUntil(
            """
            NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                AND application_name LIKE 'pgretain%')
            """)
    }

    private func expectNextRunCompletes(_ scene: Scene, _ all: [Int]) throws {
        let next = try scene.nightOnceFree("--max-retire", "9")
        #expect(next.status == 0, "\(next.stderr)")
        #expect(try scene.unfinished() == [])
        #expect(try !scene.partitions().contains("logs_2025_01"))
        #expect(try (scene.ids() + scene.idsInArchives()).sorted() == all)
    }

    @Test(arguments: signals)
    func duringTheCopyOfAnExport(signal: Int32, status: Int32) throws {
        let scene = try scene(isLarge: true, compression: 12)
        let all = try scene.ids()
        let night = try scene.start("run", "--json")
        try scene.waitForStatement("COPY%")
        night.signal(signal)
        let outcome = night.wait()
        #expect(outcome.status == status, "\(outcome.stderr)")
        #expect(outcome.stderr.contains("run.interrupted"), "\(outcome.stderr)")
        let report = try JSONView(outcome.stdout)["report"]
        #expect(report["interruption"].exists)
        let done = report["tables"][0]["done"].list.compactMap { $0["action"].text }
        #expect(done == ["premake", "premake"], "what was reached: \(done)")
        #expect(try scene.slices() == [], "nothing half-done is published")
        #expect(try scene.unfinished() == [], "and nothing is left")
        let recorded = try scene.database.superuser("SELECT status FROM pgretain.runs")
        #expect(recorded == "\(status)")
        try expectQuietServer(scene)
        try expectNextRunCompletes(scene, all)
    }

    @Test(arguments: signals)
    func onTheLadder(signal: Int32, status: Int32) throws {
        let scene = try scene()
        let all = try scene.ids()
        let reader = try scene.database.session()
        reader.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
        let night = try scene.start("run", "-v")
        try scene.waitForStep("pgretain: detach logs_2025_01")
        night.signal(signal)
        // The reader is still there: it is not the lock that ends the run.
        let outcome = night.wait()
        #expect(outcome.status == status, "\(outcome.stderr)")
        #expect(outcome.stderr.contains("archive") && outcome.stderr.contains("logs_2025_01"))
        #expect(try scene.slices() == ["public.logs/year=2025/month=01"], "that was reached")
        #expect(try scene.partitions().contains("logs_2025_01"))
        #expect(try scene.events(of: "logs_2025_01") == ["archived"])
        reader.ask("COMMIT;")
        try expectNextRunCompletes(scene, all)
    }

    @Test(arguments: signals)
    func whileARestoreLoads(signal: Int32, status: Int32) throws {
        let scene = try scene(isLarge: true)
        #expect(try scene.night(nil, "--max-retire", "1").status == 0)
        let restore = try scene.start(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        try scene.waitForStatement("COPY%")
        restore.signal(signal)
        let outcome = restore.wait()
        #expect(outcome.status == status, "\(outcome.stderr)")
        #expect(outcome.stdout.isEmpty)
        try expectQuietServer(scene)
        #expect(try scene.database.superuser("SELECT to_regclass('public.back')") == "")
        #expect(try scene.database.superuser("SELECT count(*) FROM pgretain.pins") == "0")
        #expect(
            try scene.database.superuser(
                "SELECT count(*) FROM pgretain.ledger WHERE kind = 'restored'") == "0")
        let again = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        #expect(again.status == 0, "\(again.stderr)")
    }

    @Test(arguments: signals)
    func whileARestoreWaitsToAttach(signal: Int32, status: Int32) throws {
        let scene = try scene()
        #expect(try scene.night(nil, "--max-retire", "1").status == 0)
        let holder = try scene.database.session()
        holder.ask("BEGIN; LOCK TABLE ONLY logs IN SHARE UPDATE EXCLUSIVE MODE;")
        let restore = try scene.start(
            "restore", "--table", "public.logs", "--period", "2025-01", "--attach")
        try scene.waitForStep("pgretain: restore logs_2025_01")
        try scene.waitUntil(
            """
            EXISTS (SELECT FROM pg_locks WHERE relation = 'logs'::regclass
                AND pid IN (SELECT pid FROM pg_stat_activity
                    WHERE application_name LIKE 'pgretain: restore%'))
            """)
        restore.signal(signal)
        let outcome = restore.wait()
        #expect(outcome.status == status, "\(outcome.stderr)")
        #expect(try !scene.partitions().contains("logs_2025_01"))
        holder.ask("COMMIT;")
        #expect(
            try scene.pgretain(
                "restore", "--table", "public.logs", "--period", "2025-01", "--attach"
            ).status == 0)
    }

    /// A server process that does not answer at all: the first signal asks, the second insists.
    @Test(arguments: signals)
    func aSecondSignalEndsAtOnce(signal: Int32, status: Int32) throws {
        let scene = try scene(isLarge: true, compression: 12)
        let all = try scene.ids()
        let night = try scene.start("run")
        try scene.waitForStatement("COPY%")
        let copying = try scene.ids(
            """
            SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                AND application_name LIKE 'pgretain: export%'
            """)
        let backend = try #require(copying.first.map(Int32.init))
        kill(backend, SIGSTOP)
        defer { kill(backend, SIGCONT) }
        night.signal(signal)
        Thread.sleep(forTimeInterval: 1)
        #expect(night.isRunning, "it waits for an orderly end")
        night.signal(signal)
        #expect(night.wait().status == status)
        kill(backend, SIGCONT)
        try expectNextRunCompletes(scene, all)
    }
}
