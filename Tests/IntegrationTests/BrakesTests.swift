import Foundation
import TestSupport
import Testing

/// What keeps a night from doing more than somebody has said yes to.
@Suite struct Brakes {
    private static let midMay = "2025-05-15T02:17:00Z"

    @Test func aNewPolicyWaitsForApproval() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy(more: ["premake: 2"]))

        let night = try scene.night(Self.midMay)
        #expect(night.status == 76, "\(night.stderr)")
        #expect(night.stderr.contains("policy.approval") && night.stderr.contains("2025-02-14"))
        #expect(night.stderr.contains("1 partition of"), "how many would go: \(night.stderr)")
        #expect(night.stderr.contains("next: pgretain approve --table public.logs"))
        let expected = ["01", "02", "03", "05", "06", "07"].map { "logs_2025_\($0)" }
        #expect(try scene.partitions() == expected, "months are made ahead all the same")
        #expect(try scene.slices() == [], "nothing is archived before a yes")
        #expect(try scene.quarantined() == 0)

        try scene.approve()
        #expect(try scene.night(Self.midMay).status == 0)
        #expect(try scene.partitions() == Array(expected.dropFirst()))
    }

    @Test func approveShowsWhatWillGo() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2024-10-01", months: 6)
        try scene.configure(Scene.policy())
        let yes = try scene.pgretain(
            "approve", "--now", Self.midMay, "--reason", "agreed with legal")
        #expect(yes.status == 0, "\(yes.stderr)")
        #expect(
            yes.stdout.contains("everything before 2025-02-14") && yes.stdout.contains("4 part"))
        #expect(yes.stdout.contains("in 2 nights") && yes.stdout.contains("logs_2025_01"))
        let kept = try scene.database.superuser(
            "SELECT details->>'reason' FROM pgretain.ledger WHERE kind = 'approved'")
        #expect(kept == "agreed with legal")
        let again = try scene.pgretain("approve", "--now", Self.midMay)
        #expect(again.stdout.contains("was approved before"))
        let events = try scene.database.superuser("SELECT count(*) FROM pgretain.ledger")
        #expect(events == "1", "a second yes to the same policy is no event")
    }

    @Test(arguments: [
        (["retain: 30 days"], "retain is 30 days, approved was 90 days"),
        (["retain: 2 months"], "retain is 2 months, approved was 90 days"),
        (["then: drop"], "then is drop, approved was detach"),
        (["period: week"], "period is week, approved was month"),
    ])
    func aHarsherPolicyTripsAgain(lines: [String], why: String) throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 4)
        func policy(_ lines: [String]) -> String {
            var settings = ["retain": "90 days", "then": "detach"]
            var more: [String] = []
            for line in lines {
                let parts = line.components(separatedBy: ": ")
                if settings[parts[0]] == nil {
                    more.append(line)
                } else {
                    settings[parts[0]] = parts[1]
                }
            }
            return Scene.policy(
                retain: settings["retain"]!, then: settings["then"]!, more: more + ["premake: 0"])
        }
        try scene.configure(policy([]))
        try scene.approve()
        try scene.configure(policy(lines))

        let night = try scene.night(Self.midMay)
        #expect(night.status == 76 && night.stderr.contains(why), "\(night.stderr)")
        #expect(try scene.partitions().contains("logs_2025_01"), "nothing leaves")
        #expect(try scene.quarantined() == 0)
        try scene.approve()
        #expect(try scene.night(Self.midMay, "--only", "retire").status == 0)
        #expect(try !scene.partitions().contains("logs_2025_01"))
    }

    @Test(arguments: ["retain: 120 days", "then: keep"])
    func aMilderPolicyDoesNot(line: String) throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2024-12-01", months: 4)
        try scene.configure(Scene.policy())
        try scene.approve()
        let isRetain = line.hasPrefix("retain")
        try scene.configure(
            Scene.policy(
                retain: isRetain ? "120 days" : "90 days", then: isRetain ? "drop" : "keep"))
        let night = try scene.night(Self.midMay)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions().contains("logs_2024_12") != isRetain)
    }

    @Test func keepNeedsNoApprovalAndArchivesOnce() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy(then: "keep"))
        let before = try scene.digest(of: "logs")
        #expect(try scene.night(Self.midMay).status == 0)
        #expect(try scene.slices() == ["public.logs/year=2025/month=01"])
        #expect(try scene.digest(of: "logs") == before)
        #expect(try scene.quarantined() == 0)

        let second = try scene.night(Self.midMay, "--json")
        #expect(second.status == 0)
        let done = try JSONView(second.stdout)["report"]["tables"][0]["done"].list
        #expect(!done.contains { $0["action"].text == "archive" }, "it is not exported again")
    }

    @Test func aBacklogIsWorkedOffTwoANightOldestFirst() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2024-02-01", months: 13, rows: 5)
        try scene.configure(Scene.policy())
        try scene.approve()
        let all = try scene.partitions()
        for night in 1...6 {
            let outcome = try scene.night("2025-04-02T02:17:00Z", "--json")
            #expect(outcome.status == 0, "night \(night): \(outcome.stderr)")
            let left = max(0, 11 - 2 * night)
            let nights = (left + 1) / 2
            let notes = try scene.notes(outcome).filter { $0.hasPrefix("backlog") }
            let note = "backlog \(left), done in \(nights) night\(nights == 1 ? "" : "s")"
            #expect(notes == (left == 0 ? [] : [note]))
            let gone = min(11, 2 * night)
            #expect(
                try scene.partitions().filter(all.contains) == Array(all.dropFirst(gone)),
                "night \(night): the oldest went")
        }
        #expect(try scene.slices().count == 11)
    }

    @Test func theBacklogIsSaidOnStandardErrorToThoseWhoAsk() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2024-02-01", months: 13, rows: 5)
        try scene.configure(Scene.policy())
        try scene.approve()
        let night = try scene.night("2025-04-02T02:17:00Z", "-v")
        #expect(night.stderr.contains("backlog 9, done in 5 nights"), "\(night.stderr)")
        #expect(night.stdout.isEmpty)
    }

    @Test(arguments: [("5", 5), ("0", 0), ("100", 11)])
    func maxRetireIsAFlag(flag: String, gone: Int) throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2024-02-01", months: 13, rows: 5)
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        try scene.approve()
        let all = try scene.partitions()
        let night = try scene.night("2025-04-02T02:17:00Z", "--max-retire", flag)
        #expect(night.status == 0, "\(night.stderr)")
        let left = try scene.partitions().filter(all.contains)
        #expect(left == Array(all.dropFirst(gone)))
    }

    @Test func whatRemovesMoreIsNeverReadFromTheEnvironment() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2024-02-01", months: 13, rows: 5)
        try scene.configure(Scene.policy())
        try scene.approve()
        let all = try scene.partitions()
        let night = try scene.pgretain(
            ["run", "--now", "2025-04-02T02:17:00Z"],
            environment: ["PGRETAIN_MAX_RETIRE": "99", "PGRETAIN_NOW": "2026-01-01T00:00:00Z"])
        #expect(night.status == 0)
        #expect(try scene.partitions().filter(all.contains) == Array(all.dropFirst(2)))
    }

    @Test func theFileMayLowerTheLimitForEveryTable() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2024-02-01", months: 13, rows: 5)
        try scene.configure(Scene.policy(), extra: "limits:\n  max_retire: 1")
        try scene.approve()
        let all = try scene.partitions()
        #expect(try scene.night("2025-04-02T02:17:00Z").status == 0)
        #expect(try scene.partitions().filter(all.contains) == Array(all.dropFirst()))
    }

    @Test func aPolicyLengthenedDuringTheGraceKeepsTheTable() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 1)
        let rows = try scene.digest(of: "logs")
        try scene.configure(Scene.policy(grace: "1 s"))
        try scene.approve()
        #expect(try scene.night(nil).status == 0)
        #expect(try scene.quarantined() == 1)
        Thread.sleep(forTimeInterval: 1.5)

        try scene.configure(Scene.policy(retain: "90 years", grace: "1 s"))
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("the policy of today keeps it until"), "\(plan.stdout)")
        #expect(try scene.night(nil).status == 0)
        #expect(try scene.quarantined() == 1, "the grace is over, and today's policy keeps it")
        let name = try scene.database.superuser(
            "SELECT 'pgretain.' || relname FROM pg_class WHERE relname LIKE 'q\\_%' AND relkind = 'r'"
        )
        #expect(try scene.digest(of: name) == rows)

        try scene.configure(Scene.policy(grace: "1 s"))
        #expect(try scene.night(nil).status == 0)
        #expect(try scene.quarantined() == 0, "back at the approved policy it goes")
    }

    @Test func theGraceIsWaitedOut() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 1)
        try scene.configure(Scene.policy(grace: "7 days"))
        try scene.approve()
        for _ in 1...2 { #expect(try scene.night(nil).status == 0) }
        #expect(try scene.quarantined() == 1)
        let days = try scene.database.superuser(
            "SELECT drop_after::date - current_date FROM pgretain.ledger WHERE kind = 'detached'")
        #expect(days == "7")
    }

    // MARK: What operators say

    private static let wide = "'2025-01-10 00:00+00', '2025-01-11 00:00+00'"

    @Test(arguments: [
        (
            "holds", "(table_schema, table_name, bounds_from, bounds_to, reason)",
            "('public', 'logs', \(wide), 'a law suit')", "a law suit"
        ),
        (
            "pins",
            "(table_schema, table_name, relation_schema, relation_name, bounds_from, bounds_to, until)",
            "('public', 'logs', 'public', 'logs_2025_01', \(wide), '2999-01-01')", "pinned until"
        ),
        ("pauses", "(table_schema, table_name, reason)", "('public', 'logs', 'a move')", "a move"),
        ("pauses", "(reason)", "('everything stops')", "everything stops"),
    ])
    func anOperatorsWordKeeps(table: String, columns: String, values: String, said: String) throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy())
        try scene.approve()
        try scene.database.superuser("INSERT INTO pgretain.\(table) \(columns) VALUES \(values)")
        let plan = try scene.pgretain("plan", "--now", Self.midMay)
        #expect(plan.status == 0 && plan.stdout.contains(said), "\(plan.stdout)")
        #expect(try scene.night(Self.midMay).status == 0)
        #expect(try scene.partitions().contains("logs_2025_01"))
        #expect(try scene.quarantined() == 0)

        try scene.database.superuser("UPDATE pgretain.\(table) SET released_at = now()")
        #expect(try scene.night(Self.midMay).status == 0)
        #expect(try !scene.partitions().contains("logs_2025_01"), "released, it goes")
    }

    @Test func aHoldKeepsAQuarantinedTable() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 1)
        try scene.configure(Scene.policy(grace: "1 s"))
        try scene.approve()
        #expect(try scene.night(nil).status == 0)
        Thread.sleep(forTimeInterval: 1.5)
        try scene.database.superuser(
            """
            INSERT INTO pgretain.holds (table_schema, table_name, bounds_from, bounds_to, reason)
            VALUES ('public', 'logs', \(Self.wide), 'a law suit')
            """)
        #expect(try scene.night(nil).status == 0)
        #expect(try scene.quarantined() == 1)
    }

    @Test func aHoldOfAnotherRangeOrTableKeepsNothing() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy())
        try scene.approve()
        try scene.database.superuser(
            """
            INSERT INTO pgretain.holds (table_schema, table_name, bounds_from, bounds_to, reason)
            VALUES ('public', 'logs', '2025-02-01 00:00+00', '2025-03-01 00:00+00', 'later'),
                ('public', 'other', '2025-01-01 00:00+00', '2025-03-01 00:00+00', 'other')
            """)
        #expect(try scene.night(Self.midMay).status == 0)
        #expect(try !scene.partitions().contains("logs_2025_01"))
    }

    // MARK: Clocks

    @Test func nobodyMakesTheFuture() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy())
        try scene.approve()
        let before = try scene.picture()
        let night = try scene.night("2999-01-01T00:00:00Z")
        #expect(night.status == 64 && night.stderr.contains("ahead of the server's clock"))
        #expect(try scene.picture() == before)
        let plan = try scene.pgretain("plan", "--now", "2999-01-01T00:00:00Z")
        #expect(plan.status == 0, "a plan may look ahead: \(plan.stderr)")
        #expect(try scene.picture() == before)
    }

    @Test func timeDoesNotRunBackwards() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy())
        try scene.approve()
        let before = try scene.picture()
        try scene.database.superuser(
            """
            INSERT INTO pgretain.runs (id, started_at, host, tool, pid)
            VALUES (gen_random_uuid(), now() + interval '1 hour', 'h', 't', 1)
            """)
        let night = try scene.night(nil)
        #expect(night.status == 76 && night.stderr.contains("last run"), "\(night.stderr)")
        #expect(try scene.picture() == before)
    }

    // MARK: Parts of a night

    @Test func onlyPremakeTakesNothingAway() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy(more: ["premake: 1"]))
        try scene.approve()
        #expect(try scene.night(Self.midMay, "--only", "premake").status == 0)
        let expected = ["01", "02", "03", "05", "06"].map { "logs_2025_\($0)" }
        #expect(try scene.partitions() == expected)
        #expect(try scene.archiveFiles() == [])
        #expect(try scene.database.superuser("SELECT count(*) FROM pgretain.growth") == "0")
    }

    @Test func onlySampleMakesAndTakesNothing() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy())
        try scene.approve()
        let before = try scene.picture()
        #expect(try scene.night(Self.midMay, "--only", "sample").status == 0)
        #expect(try scene.picture() == before)
        #expect(try scene.database.superuser("SELECT count(*) FROM pgretain.growth") == "3")
    }

    @Test func onlyRetireMakesNothing() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy())
        try scene.approve()
        #expect(try scene.night(Self.midMay, "--only", "retire").status == 0)
        #expect(try scene.partitions() == ["logs_2025_02", "logs_2025_03"])
    }

    @Test func aDeadlineLetsNoRetirementBegin() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3)
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        try scene.approve()
        let night = try scene.night(Self.midMay, "--deadline", "0 s", "--json")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.notes(night).contains { $0.contains("deadline") })
        let expected = ["01", "02", "03", "05"].map { "logs_2025_\($0)" }
        #expect(try scene.partitions() == expected)
        #expect(try scene.night(Self.midMay, "--deadline", "1h").status == 0)
        #expect(try scene.partitions() == Array(expected.dropFirst()))
    }
}
