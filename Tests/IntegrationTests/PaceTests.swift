import Foundation
import TestSupport
import Testing

/// How fast a night goes, and when it ends: the rate, the deadline, the workers.
@Suite struct PaceOfTheNight {
    /// January alone may go, and holds about 2 MB of COPY text.
    private func scene(_ extra: String, then: String = "drop") throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 10)
        try scene.database.psql(
            """
            INSERT INTO logs (level, message, created_at)
            SELECT 'INFO', repeat(md5(n::text), 3), '2025-01-02'::timestamptz + n * interval '1 s'
            FROM generate_series(1, 16000) n;
            """)
        try scene.configure(Scene.policy(then: then, more: ["premake: 0"]), extra: extra)
        try scene.approve()
        return scene
    }

    private func entries(_ night: Outcome) throws -> [JSONView] {
        try JSONView(night.stdout)["report"]["tables"][0]["done"].list
    }

    // MARK: limits.rate

    @Test func theRateSlowsTheExportAndTheReportSaysSo() throws {
        let scene = try scene("limits:\n  rate: 1 MB/s")
        let night = try scene.night(nil, "--only", "retire", "--json")
        #expect(night.status == 0, "\(night.stderr)")
        let done = try entries(night)
        let note = try #require(done.first { $0["action"].text == "archive" }?["note"].text)
        #expect(note.hasPrefix("limits.rate of 1 MB/s held it back "), "\(note)")
        #expect(done.last?["rows"].number == 16_010)
        #expect(try scene.partitions() == ["logs_2025_02"])
    }

    @Test func aRateBeyondTheServersIsNotMentioned() throws {
        for extra in ["", "limits:\n  rate: 1000 GB/s", "limits:\n  rate: none"] {
            let night = try scene(extra).night(nil, "--only", "retire", "--json")
            #expect(night.status == 0, "\(night.stderr)")
            #expect(try entries(night).allSatisfy { $0["note"].text == "" })
        }
    }

    @Test func theRateHoldsWhenAnArchiveIsProvenAgain() throws {
        let scene = try scene("", then: "keep")
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        try scene.configure(
            Scene.policy(more: ["premake: 0"]), extra: "limits:\n  rate: 1 MB/s")
        try scene.approve()
        let night = try scene.night(nil, "--only", "retire", "--json")
        #expect(night.status == 0, "\(night.stderr)")
        let note = try entries(night).first?["note"].text ?? ""
        #expect(note.hasPrefix("was archived; proven again; limits.rate of 1 MB/s"), "\(note)")
    }

    @Test func aSignalEndsAnExportThatIsHeldBack() throws {
        let scene = try scene("limits:\n  rate: 10 kB/s")
        let before = try scene.digest(of: "logs")
        let night = try scene.start("run", "--only", "retire")
        try scene.waitForStep("pgretain: export logs_2025_01")
        night.signal(SIGINT)
        #expect(night.wait().status == 130)
        #expect(try scene.slices() == [], "it did not wait for the end of the part")
        #expect(try scene.digest(of: "logs") == before)
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        #expect(try scene.partitions() == ["logs_2025_02"])
    }

    // MARK: The deadline

    @Test func whatIsUnderWayAtTheDeadlineEndsAndNothingElseBegins() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 4)
        try scene.configure(
            Scene.policy(more: ["premake: 0"]), extra: "limits:\n  max_retire: 9")
        try scene.approve()
        let reader = try scene.database.session()
        reader.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
        let night = try scene.start("run", "--only", "retire", "--json", "--deadline", "8 s")
        try scene.waitForStep("pgretain: detach logs_2025_01")
        Thread.sleep(forTimeInterval: 8)
        reader.ask("COMMIT;")
        let outcome = night.wait()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02", "logs_2025_03", "logs_2025_04"])
        #expect(try scene.quarantined() == 0, "January went the whole way")
        #expect(try scene.slices() == ["public.logs/year=2025/month=01"])
        #expect(
            try scene.notes(outcome).contains(
                "the deadline has passed: logs_2025_02 and 1 more wait for the next run"))
    }

    @Test func aDeadlineThatIsMetIsNotMentioned() throws {
        let scene = try scene("")
        let night = try scene.night(nil, "--only", "retire", "--json", "--deadline", "2h")
        #expect(night.status == 0)
        #expect(try !scene.notes(night).contains { $0.contains("deadline") })
        for wrong in ["2", "soon", "1 month"] {
            #expect(try scene.night(nil, "--only", "retire", "--deadline", wrong).status == 64)
        }
    }

    // MARK: The configuration

    @Test func limitsThatMakeNoSenseAreAllListed() throws {
        let scene = try Scene()
        try scene.configure(
            Scene.policy(),
            extra: """
                limits:
                  rate: 50 MB
                  replica_lag: 2 days
                  slot_wal: lots
                  archive_failures: waits
                  pressure_wait: 10
                  replica_lags: 3 s
                """)
        let config = try scene.pgretain("config")
        #expect(config.status == 78)
        for said in [
            "line 4: limits.rate: `50 MB` must be a rate of at least `10 kB/s`",
            "limits.replica_lag: must be from 1 s to 24 h",
            "limits.slot_wal: `lots` must be a size such as `10 GB`",
            "limits.archive_failures: must be one of ignore, wait, not `waits`; did you mean wait?",
            "limits.pressure_wait: `10`: a unit is missing",
            "limits.replica_lags: unknown key; did you mean replica_lag?",
        ] { #expect(config.stderr.contains(said), "\(said) is not in \(config.stderr)") }
    }
}
