import Foundation
import TestSupport
import Testing

/// A night that waits for a server in trouble: on a cluster of its own, with a real replica, real
/// slots and a real archiver. One test at a time, since all of that is the whole server's.
@Suite(.serialized) struct PressureOnTheServer {
    private static let primary = Cluster(settings: ["archive_mode=on"])
    private static let standby = Cluster(
        standbyOf: primary, settings: ["wal_receiver_status_interval=1s"])

    /// January may go tonight, and February too.
    private func scene(_ limits: [String], then: String = "drop", user: String? = nil) throws
        -> Scene
    {
        let scene = try Scene(on: Self.primary)
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try configure(scene, limits, then: then, user: user)
        try scene.approve()
        return scene
    }

    private func configure(
        _ scene: Scene, _ limits: [String], then: String = "drop", user: String? = nil
    ) throws {
        let lines = limits.map { "  " + $0 }.joined(separator: "\n")
        try scene.configure(
            Scene.policy(then: then, more: ["premake: 0"]),
            extra: limits.isEmpty ? "" : "limits:\n" + lines, user: user)
    }

    private static let both = ["logs_2025_01", "logs_2025_02", "logs_2025_03"]

    private func limitNotes(_ night: Outcome, _ scene: Scene) throws -> [String] {
        try scene.notes(night).filter { $0.hasPrefix("limits.") }
    }

    /// Expects that January and February went, and that a note says what was waited for.
    private func expectItWentOn(_ night: Outcome, _ scene: Scene, waitedFor key: String) throws {
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_03"])
        #expect(try scene.quarantined() == 0)
        let notes = try scene.notes(night)
        #expect(notes.contains { $0.hasPrefix("\(key): waited ") }, "\(notes)")
    }

    /// Expects 75 with the reason, and that nothing at all was done.
    private func expectItWasLeft(_ night: Outcome, _ scene: Scene, becauseOf reason: String) throws
    {
        #expect(night.status == 75, "\(night.stderr)")
        let problem = try JSONView(night.stdout)["report"]["tables"][0]["problems"][0]
        #expect(problem["id"].text == "pressure.wait")
        let message = try #require(problem["message"].text)
        #expect(message.contains(reason), "\(message)")
        #expect(
            message.contains("Nothing was retired: logs_2025_01 and 1 more wait for the next run"))
        #expect(try scene.partitions() == Self.both)
        #expect(try scene.slices() == [])
        #expect(try scene.quarantined() == 0)
    }

    /// A few megabytes of WAL.
    private func writeWAL(_ scene: Scene) throws {
        try scene.database.superuser(
            """
            CREATE TABLE IF NOT EXISTS ballast (t text);
            INSERT INTO ballast SELECT repeat(md5(n::text), 10) FROM generate_series(1, 20000) n;
            """)
    }

    // MARK: A replica

    private func pauseReplay(_ scene: Scene) throws {
        // By name: another's replica would be another's concern.
        _ = Self.standby
        try Self.standby.psql("postgres", "SELECT pg_wal_replay_pause()")
        try Self.standby.wait(until: "pg_get_wal_replay_pause_state() = 'paused'")
        try writeWAL(scene)
        try Self.primary.wait(until: "SELECT max(replay_lag) > '2 s' FROM pg_stat_replication")
    }

    private func resumeReplay() throws {
        try Self.standby.psql("postgres", "SELECT pg_wal_replay_resume()")
    }

    /// The role under test, and what it needs to see replicas.
    private func watcher(_ scene: Scene) throws -> String? {
        guard Cluster.asMember else { return nil }
        try scene.database.superuser(
            """
            DO $$ BEGIN
                CREATE ROLE logs_watcher LOGIN IN ROLE logs_owner, pg_monitor;
            EXCEPTION WHEN duplicate_object THEN NULL; END $$;
            GRANT CREATE ON DATABASE \(scene.database.name) TO logs_watcher;
            GRANT USAGE, CREATE ON SCHEMA pgretain TO logs_watcher;
            GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA pgretain TO logs_watcher;
            """)
        return "logs_watcher"
    }

    @Test func aReplicaThatLagsIsWaitedFor() throws {
        let scene = try scene([])
        try configure(scene, ["replica_lag: 1 s"], user: try watcher(scene))
        try pauseReplay(scene)
        defer { #expect(throws: Never.self) { try resumeReplay() } }
        let night = try scene.start("run", "--json", "--only", "retire")
        try scene.waitForStep("pgretain: wait for limits.replica_lag")
        #expect(try scene.partitions() == Self.both)
        try resumeReplay()
        try expectItWentOn(night.wait(), scene, waitedFor: "limits.replica_lag")
    }

    @Test func aReplicaThatGoesOnLaggingLeavesTheRest() throws {
        let scene = try scene([])
        try configure(
            scene, ["replica_lag: 1 s", "pressure_wait: 2 s"], user: try watcher(scene))
        try pauseReplay(scene)
        defer { #expect(throws: Never.self) { try resumeReplay() } }
        let plan = try scene.pgretain("plan")
        #expect(plan.status == 0)
        #expect(
            plan.stdout.contains("warning: limits.replica_lag: the replica walreceiver lags"),
            "\(plan.stdout)")
        let night = try scene.night(nil, "--only", "retire", "--json")
        try expectItWasLeft(
            night, scene, becauseOf: "limits.replica_lag: the replica walreceiver lags")
    }

    @Test func aReplicaThatHasCaughtUpIsNotWaitedFor() throws {
        let scene = try scene([])
        try configure(
            scene, ["replica_lag: 1 s", "pressure_wait: 0 s"], user: try watcher(scene))
        _ = Self.standby
        try Self.primary.wait(
            until: """
                SELECT bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication
                """)
        let night = try scene.night(nil, "--only", "retire", "--json")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_03"])
        #expect(try limitNotes(night, scene) == [])
    }

    @Test func aRoleThatMayNotSeeReplicasIsToldOnce() throws {
        let scene = try scene([], user: "logs_member")
        try configure(scene, ["replica_lag: 1 s"], user: "logs_member")
        _ = Self.standby
        try Self.primary.wait(until: "SELECT count(*) = 1 FROM pg_stat_replication")
        let night = try scene.night(nil, "--only", "retire", "--json")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_03"], "it is no reason to stop")
        let notes = try limitNotes(night, scene)
        #expect(notes.count == 1)
        #expect(notes.first?.hasSuffix("GRANT pg_monitor TO logs_member") == true, "\(notes)")
        #expect(
            try scene.pgretain("plan").stdout.contains("warning: limits.replica_lag sees nothing"))
    }

    // MARK: A slot

    private func makeSlot(_ scene: Scene) throws {
        try scene.database.superuser("SELECT pg_create_physical_replication_slot('held', true)")
        try writeWAL(scene)
    }

    private func dropSlot() throws {
        try Self.primary.psql(
            "postgres",
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
    }

    @Test func aSlotThatRetainsTooMuchIsWaitedFor() throws {
        let scene = try scene(["slot_wal: 1 MB"])
        try makeSlot(scene)
        defer { #expect(throws: Never.self) { try dropSlot() } }
        let night = try scene.start("run", "--json", "--only", "retire")
        try scene.waitForStep("pgretain: wait for limits.slot_wal")
        let holding = try scene.database.superuser(
            """
            SELECT count(*) FILTER (WHERE a.xact_start IS NOT NULL OR a.backend_xmin IS NOT NULL)
                || ' transactions, '
                || (SELECT count(*) FROM pg_locks l WHERE l.locktype = 'relation'
                    AND l.pid = ANY (array_agg(a.pid))) || ' locks'
            FROM pg_stat_activity a
            WHERE datname = current_database() AND application_name LIKE 'pgretain: wait%'
            """)
        #expect(holding == "0 transactions, 0 locks", "who waits stops nobody, and pins no xmin")
        try dropSlot()
        try expectItWentOn(night.wait(), scene, waitedFor: "limits.slot_wal")
    }

    @Test func aSlotThatGoesOnRetainingLeavesTheRest() throws {
        let scene = try scene(["slot_wal: 1 MB", "pressure_wait: 0 s"])
        try makeSlot(scene)
        defer { #expect(throws: Never.self) { try dropSlot() } }
        try expectItWasLeft(
            try scene.night(nil, "--only", "retire", "--json"), scene,
            becauseOf: "limits.slot_wal: the replication slot held retains ")
    }

    @Test func aSlotWithinItsLimitIsNotWaitedFor() throws {
        let scene = try scene(["slot_wal: 100 GB", "pressure_wait: 0 s"])
        try makeSlot(scene)
        defer { #expect(throws: Never.self) { try dropSlot() } }
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        #expect(try scene.partitions() == ["logs_2025_03"])
    }

    @Test func pressureThatComesLaterLeavesWhatIsLeft() throws {
        let scene = try scene(["slot_wal: 1 MB", "pressure_wait: 0 s"])
        defer { #expect(throws: Never.self) { try dropSlot() } }
        let reader = try scene.database.session()
        reader.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
        let running = try scene.start("run", "--json", "--only", "retire")
        try scene.waitForStep("pgretain: detach logs_2025_01")
        try makeSlot(scene)
        reader.ask("COMMIT;")
        let night = running.wait()
        #expect(night.status == 0, "something was done: \(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02", "logs_2025_03"])
        #expect(try scene.quarantined() == 1, "the drop would have been the next step")
        #expect(try scene.slices() == ["public.logs/year=2025/month=01"])
        let notes = try scene.notes(night)
        #expect(
            notes.contains {
                $0.hasPrefix("limits.slot_wal: ")
                    && $0.hasSuffix("logs_2025_01 and 1 more wait for the next run")
            }, "\(notes)")

        try dropSlot()
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        #expect(try scene.partitions() == ["logs_2025_03"])
        #expect(try scene.quarantined() == 0)
    }

    @Test func monthsAreMadeAheadAllTheSame() throws {
        let scene = try scene([])
        try scene.configure(
            Scene.policy(more: ["premake: 1"]),
            extra: "limits:\n  slot_wal: 1 MB\n  pressure_wait: 0 s")
        try makeSlot(scene)
        defer { #expect(throws: Never.self) { try dropSlot() } }
        let night = try scene.night("2025-06-15T00:00:00Z")
        #expect(night.status == 75, "\(night.stderr)")
        #expect(night.stderr.contains("pressure.wait") && night.stderr.contains("next: "))
        #expect(try scene.partitions() == Self.both + ["logs_2025_06", "logs_2025_07"])
    }

    @Test func nothingToDoIsNothingToWaitFor() throws {
        let scene = try scene(["slot_wal: 1 MB", "pressure_wait: 0 s"])
        try makeSlot(scene)
        defer { #expect(throws: Never.self) { try dropSlot() } }
        let night = try scene.night("2025-02-15T00:00:00Z", "--json")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try limitNotes(night, scene) == [])
    }

    @Test func theDeadlineEndsTheWait() throws {
        let scene = try scene(["slot_wal: 1 MB", "pressure_wait: 24 h"])
        try makeSlot(scene)
        defer { #expect(throws: Never.self) { try dropSlot() } }
        try expectItWasLeft(
            try scene.night(nil, "--only", "retire", "--json", "--deadline", "8 s"), scene,
            becauseOf: "and the deadline has passed")
    }

    @Test func aSignalEndsTheWait() throws {
        let scene = try scene(["slot_wal: 1 MB", "pressure_wait: 24 h"])
        try makeSlot(scene)
        defer { #expect(throws: Never.self) { try dropSlot() } }
        let night = try scene.start("run", "--json", "--only", "retire")
        try scene.waitForStep("pgretain: wait for limits.slot_wal")
        night.signal(SIGTERM)
        #expect(night.wait().status == 143)
        #expect(try scene.partitions() == Self.both)
        #expect(try scene.slices() == [])
    }

    // MARK: The archiver

    private func archiveCommand(_ command: String) throws {
        try Self.primary.psql("postgres", "ALTER SYSTEM SET archive_command = '\(command)'")
        try Self.primary.psql("postgres", "SELECT pg_reload_conf()")
    }

    private func failToArchive(_ scene: Scene) throws {
        try archiveCommand("false")
        try writeWAL(scene)
        try Self.primary.psql("postgres", "SELECT pg_switch_wal()")
        try Self.primary.wait(
            until: """
                SELECT last_failed_time > COALESCE(last_archived_time, '-infinity')
                FROM pg_stat_archiver
                """)
    }

    private func archiveAgain(_ scene: Scene) throws {
        try archiveCommand("true")
        try writeWAL(scene)
        try Self.primary.psql("postgres", "SELECT pg_switch_wal()")
    }

    @Test func anArchiverThatFailsIsWaitedFor() throws {
        let scene = try scene(["archive_failures: wait"])
        try failToArchive(scene)
        defer { #expect(throws: Never.self) { try archiveAgain(scene) } }
        let night = try scene.start("run", "--json", "--only", "retire")
        try scene.waitForStep("pgretain: wait for limits.archive_failures")
        try archiveAgain(scene)
        try expectItWentOn(night.wait(), scene, waitedFor: "limits.archive_failures")
    }

    @Test func anArchiverThatGoesOnFailingLeavesTheRest() throws {
        let scene = try scene(["archive_failures: wait", "pressure_wait: 2 s"])
        try failToArchive(scene)
        defer { #expect(throws: Never.self) { try archiveAgain(scene) } }
        try expectItWasLeft(
            try scene.night(nil, "--only", "retire", "--json"), scene,
            becauseOf: "limits.archive_failures: the server fails to archive its WAL (0000")

        try configure(scene, ["archive_failures: ignore", "pressure_wait: 2 s"])
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        #expect(try scene.partitions() == ["logs_2025_03"])
    }
}
