import Foundation
import TestSupport
import Testing

/// A restore may be stopped at any point: nothing is seen of it, and nothing of it stays.
@Suite struct RestoreCrashes {
    enum Phase: CaseIterable {
        /// Sessions are sending rows.
        case load
        /// All rows are there; the table is about to be sealed and read back.
        case seal
        /// The rows are proven; the table is about to get its name.
        case publish
    }

    /// A restore that stands at a phase, and what to call so that it goes on.
    private func restore(
        in world: RestoreScene, at phase: Phase, _ ending: [String] = ["--into", "public.back"]
    ) throws -> (running: Running, table: String, goOn: () -> Void) {
        let gate = try world.closedGate()
        let running = try Program.start(
            ["restore", "--table", "public.logs", "--period", "2025-01"] + ending
                + ["--config", world.scene.configuration])
        let table = try world.hiddenAtGate(sessions: 3)
        guard phase != .load else { return (running, table, { world.open(gate) }) }
        let other = try world.scene.database.session()
        let mode = phase == .seal ? "SHARE UPDATE EXCLUSIVE" : "ACCESS SHARE"
        other.ask("BEGIN; LOCK TABLE \(table) IN \(mode) MODE;")
        world.open(gate)
        try world.waitForWaiter(
            phase == .seal ? "ExclusiveLock" : "AccessExclusiveLock", on: table)
        return (running, table, { other.ask("COMMIT;") })
    }

    // MARK: Killed

    @Test(arguments: Phase.allCases)
    func aKilledOneLeavesNothingToBeSeenAndTheNextGoesOn(phase: Phase) throws {
        let world = try RestoreScene()
        let (running, table, goOn) = try restore(in: world, at: phase)
        running.signal(SIGKILL)
        _ = running.wait()
        goOn()
        try world.waitForEnd()
        #expect(try !world.exists("public.back"))
        #expect(try world.hidden() == [table])

        let again = try world.restore("--into", "public.back")
        #expect(again.status == 0, "\(again.stderr)")
        let parts = try world.parts
        let goesOn = "goes on with \(parts) of \(parts) parts that were loaded before"
        #expect(again.stderr.contains(goesOn) == (phase != .load), "\(again.stderr)")
        #expect(try world.scene.digest(of: "back") == world.before)
        #expect(try world.hidden() == [])
    }

    @Test func aNightRemovesWhatAKilledOneLeftADayAgo() throws {
        let world = try RestoreScene()
        let table = try world.killedHalfway("--into", "public.back")
        #expect(try world.scene.night(nil, "--only", "retire").status == 0)
        #expect(try world.hidden() == [table], "somebody may go on with it in the morning")

        let text = "public.back, of public.logs: 3 of \(try world.parts) parts in \(table), "
        let status = try world.scene.pgretain("status")
        #expect(status.stdout.contains(text), "\(status.stdout)")
        let uninstall = try world.scene.pgretain("uninstall", "--print")
        let parts = table.replacingOccurrences(of: ".r_", with: ".parts_")
        let drop =
            "DROP TABLE \(table), \(parts) RESTRICT;".replacingOccurrences(
                of: #"(pgretain)\.(\w+)"#, with: "\"$1\".\"$2\"", options: .regularExpression)
        #expect(uninstall.stdout.contains(drop), "\(uninstall.stdout)")
        #expect(try CheckScene.check(world.scene, now: nil).findings[.restoreUnfinished] == "info")

        try world.age(table, by: "3 days")
        #expect(
            try CheckScene.check(world.scene, now: nil).findings[.restoreUnfinished] == "warning")
        let night = try world.scene.night(nil, "--only", "retire", "--json")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(night.stdout.contains(table))
        #expect(try world.hidden() == [])
        let kinds = try world.scene.database.superuser(
            """
            SELECT string_agg(kind, ' ' ORDER BY id) FROM pgretain.ledger
            WHERE kind IN ('restoring', 'abandoned', 'restored')
            """)
        #expect(kinds == "restoring abandoned")
        #expect(try CheckScene.check(world.scene, now: nil).findings[.restoreUnfinished] == nil)
    }

    @Test func aKilledAttachLeavesTheTableAsItWas() throws {
        let world = try RestoreScene()
        let (running, _, goOn) = try restore(in: world, at: .publish, ["--attach"])
        running.signal(SIGKILL)
        _ = running.wait()
        goOn()
        try world.waitForEnd()
        #expect(try world.scene.partitions() == ["logs_2025_02"])
        #expect(try !world.exists("public.logs_2025_01"))
        let again = try world.restore("--attach")
        #expect(again.status == 0, "\(again.stderr)")
        #expect(again.stderr.contains("that were loaded before"), "\(again.stderr)")
        #expect(try world.scene.digest(of: "logs_2025_01") == world.before)
        #expect(try world.hidden() == [])
    }

    // MARK: Interrupted

    @Test(arguments: Phase.allCases, [SIGINT, SIGTERM])
    func aSignalLeavesNothing(phase: Phase, signal: Int32) throws {
        let world = try RestoreScene()
        let (running, table, goOn) = try restore(in: world, at: phase)
        let moment = try world.scene.database.superuser("SELECT clock_timestamp()")
        running.signal(signal)
        // Whoever holds the table keeps it from being dropped, for three seconds at most. Were it
        // let go before the signal is noticed, the restore would be done.
        if phase != .load {
            try world.waitForWaiter(on: table, since: moment)
            goOn()
        }
        let outcome = running.wait()
        #expect(outcome.status == 128 + signal, "\(outcome.stderr)")
        #expect(try !world.exists("public.back"))
        #expect(try world.hidden() == [], "\(table)")
        if phase == .load { goOn() }
    }

    // MARK: Beside others

    @Test func aLiveOneIsLeftAlone() throws {
        let world = try RestoreScene()
        let (running, table, goOn) = try restore(in: world, at: .seal)
        let other = try world.restore("--into", "public.other")
        #expect(other.status == 0, "\(other.stderr)")
        #expect(try world.scene.night(nil, "--only", "retire").status == 0)
        let same = try world.restore("--into", "public.back")
        #expect(same.status == 75 && same.stderr.contains("under way"), "\(same.stderr)")
        #expect(try world.hidden() == [table])
        goOn()
        let outcome = running.wait()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try world.scene.digest(of: "back") == world.before)
        #expect(try world.scene.digest(of: "other") == world.before)
    }

    @Test(arguments: [
        "UPDATE %@ SET level = 'OTHER' WHERE id = 1",
        "DELETE FROM %@ WHERE id = 1",
        "INSERT INTO %@ SELECT * FROM %@ LIMIT 1",
    ])
    func whatSomebodyWritesBeforeTheProofIsFound(statement: String) throws {
        let world = try RestoreScene()
        let gate = try world.closedGate()
        let running = try world.start("--into", "public.back")
        let table = try world.hiddenAtGate(sessions: 3)
        let other = try world.scene.database.session()
        other.ask("BEGIN; LOCK TABLE \(table) IN SHARE UPDATE EXCLUSIVE MODE;")
        world.open(gate)
        try world.waitForWaiter("ExclusiveLock", on: table)
        let said = other.ask(
            statement.replacingOccurrences(of: "%@", with: table) + ";\nCOMMIT;")
        #expect(said == "")
        let outcome = running.wait()
        #expect(outcome.status == 65, "\(outcome.stderr)")
        #expect(try !world.exists("public.back"))
        #expect(try world.hidden() == [])
    }

    @Test func nobodyWritesBetweenProofAndPublication() throws {
        let world = try RestoreScene()
        let (running, table, goOn) = try restore(in: world, at: .publish)
        for statement in [
            "INSERT INTO \(table) (id, level, created_at) VALUES (-1, 'LATE', '2025-01-02')",
            "UPDATE \(table) SET level = 'OTHER'", "DELETE FROM \(table)", "TRUNCATE \(table)",
            "ALTER TABLE \(table) ADD COLUMN more int",
        ] {
            #expect(throws: PsqlError.self, "\(statement)") {
                try world.scene.database.superuser("SET lock_timeout = '100ms'; \(statement)")
            }
        }
        goOn()
        let outcome = running.wait()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try world.scene.digest(of: "back") == world.before)
    }
}
