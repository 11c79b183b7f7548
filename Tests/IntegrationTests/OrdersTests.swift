import Foundation
import TestSupport
import Testing

/// Holds, pauses, pins and detaches that are undone: what operators say to a night.
@Suite struct OperatorsOrders {
    static let now = "2025-06-20T00:00:00Z"

    private func scene(grace: String = "0 days", zone: String = "UTC") throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(months: 6, rows: 20)
        try scene.configure(
            Scene.policy(grace: grace, more: ["premake: 0", "timezone: \(zone)"]),
            extra: "limits: {max_retire: 9}")
        try scene.approve()
        return scene
    }

    @Test func aHoldKeepsAndItsReleaseLetsGo() throws {
        let scene = try scene()
        let held = try scene.pgretain(
            "hold", "add", "--table", "logs", "--period", "2025-02", "--reason", "case 4711")
        #expect(held.status == 0, "\(held.stderr)")
        #expect(held.stdout.hasPrefix("held: 1  public.logs [2025-02-01, 2025-03-01), by "))
        #expect(try scene.night(Self.now).status == 0)
        #expect(try scene.partitions().prefix(2) == ["logs_2025_02", "logs_2025_03"])
        // What has ended already would hold nothing.
        for order in [["hold", "add", "--period", "2025-03"], ["pause"]] {
            let past = try scene.pgretain(
                order + ["--table", "logs", "--until", "2020-01-01", "--reason", "x"])
            #expect(past.status == 64 && past.stderr.contains("in the past"), "\(past.stderr)")
        }
        let list = try scene.pgretain("hold", "list")
        #expect(list.stdout.contains("case 4711"), "\(list.stdout)")
        #expect(try scene.pgretain("status").stdout.contains("held: [2025-02-01, 2025-03-01)"))

        let released = try scene.pgretain("hold", "release", "1", "--reason", "it is closed")
        #expect(released.status == 0, "\(released.stderr)")
        #expect(try scene.pgretain("hold", "list").stdout == "nothing is held\n")
        let again = try scene.pgretain("hold", "release", "1", "--reason", "it is closed")
        #expect(again.status == 66 && again.stderr.contains("[hold.unknown]"), "\(again.stderr)")
        #expect(try scene.night(Self.now).status == 0)
        #expect(try scene.partitions().first == "logs_2025_03")
        let words = try scene.database.superuser(
            """
            SELECT kind, details ->> 'hold', details ->> 'reason' FROM pgretain.ledger
            WHERE kind IN ('held', 'released') ORDER BY id
            """)
        #expect(words == "held|1|case 4711\nreleased|1|it is closed")
    }

    /// What was said of a table stands when the configuration says nothing of it any more.
    @Test func whatLeftTheConfigurationIsStillHeldAndFound() throws {
        let scene = try scene()
        try scene.pgretain(
            "hold", "add", "--table", "logs", "--period", "2025-02", "--reason", "case 4711")
        #expect(try scene.night(Self.now).status == 0)
        try scene.configure(Scene.policy("public.other", more: ["premake: 0"]))
        for arguments in [["hold", "list"], ["hold", "list", "--table", "logs"]] {
            let list = try scene.pgretain(arguments)
            #expect(list.stdout.contains("case 4711"), "\(arguments): \(list.stdout)")
        }
        #expect(try scene.pgretain("hold", "list", "--table", "no_such").status == 66)
        let found = try scene.pgretain("search", "--table", "logs", "--to", "2025-02-01", "--count")
        #expect(found.status == 0 && found.stdout == "20\n", "\(found.stderr)")
        let shown = try scene.pgretain(
            "archives", "show", "--table", "logs", "--period", "2025-01")
        #expect(shown.status == 0 && shown.stdout.contains("month=01"), "\(shown.stderr)")
        let released = try scene.pgretain("hold", "release", "1", "--reason", "it is closed")
        #expect(released.status == 0, "\(released.stderr)")
        #expect(try scene.pgretain("hold", "list").stdout == "nothing is held\n")
    }

    @Test func aHoldOfARangeTouchesEveryPartitionThatHasADayOfIt() throws {
        let scene = try scene()
        let held = try scene.pgretain(
            "hold", "add", "--table", "logs", "--from", "2025-01-31T23:30", "--to", "2025-02-02",
            "--reason", "both", "--until", "2099-01-01")
        #expect(held.status == 0, "\(held.stderr)")
        #expect(try scene.night(Self.now).status == 0)
        #expect(try scene.partitions().prefix(2) == ["logs_2025_01", "logs_2025_02"])
        for wrong in [
            ["--from", "2025-02-02", "--to", "2025-02-02"], ["--period", "2025-w01"],
            ["--period", "2025-01", "--from", "2025-01-01", "--to", "2025-02-01"],
            ["--from", "2025-01-01"], ["--from", "soon", "--to", "later"], [],
        ] {
            let outcome = try scene.pgretain(
                ["hold", "add", "--table", "logs", "--reason", "x"] + wrong)
            #expect(outcome.status == 64, "\(wrong): \(outcome.stderr)")
        }
        let ended = try scene.pgretain(
            "hold", "add", "--table", "no_such", "--period", "2025-01", "--reason", "x")
        #expect(ended.status == 66, "\(ended.stderr)")
    }

    @Test func datesAreMidnightsOfTheTablesZone() throws {
        let scene = try scene(zone: "Europe/Berlin")
        let right = try scene.pgretain(
            "hold", "add", "--table", "logs", "--from", "2025-07-01", "--to",
            "2025-07-01T12:00Z", "--reason", "zones")
        #expect(
            right.stdout.contains("[2025-06-30T22:00:00Z, 2025-07-01T12:00:00Z)"),
            "\(right.stdout) \(right.stderr)")
    }

    @Test func aPauseStopsEveryTableUntilItIsResumed() throws {
        let scene = try scene()
        #expect(try scene.pgretain("pause", "--reason", "migration").status == 0)
        #expect(try scene.night(Self.now).status == 0)
        #expect(try scene.partitions().count == 6)
        #expect(try scene.pgretain("status").stdout.contains("paused by "))
        let none = try scene.pgretain("resume", "--table", "logs")
        #expect(none.status == 66 && none.stderr.contains("[pause.none]"), "\(none.stderr)")
        #expect(try scene.pgretain("resume", "--reason", "it is over").status == 0)
        #expect(
            try scene.pgretain(
                "pause", "--table", "logs", "--until", "2999-06-19", "--reason", "short"
            ).status == 0)
        try scene.database.superuser("UPDATE pgretain.pauses SET until = '2025-06-19'")
        #expect(try scene.night(Self.now).status == 0, "it has ended")
        #expect(try scene.partitions().first == "logs_2025_03")
        let words = try scene.database.superuser(
            """
            SELECT string_agg(kind, ' ' ORDER BY id) FROM pgretain.ledger
            WHERE kind IN ('paused', 'resumed')
            """)
        #expect(words == "paused resumed paused")
    }

    @Test func aPauseStopsARunThatIsUnderWay() throws {
        let scene = try scene()
        let night = try scene.start(
            "run", "--now", Self.now,
            environment: ["PGRETAIN_FAIL_AT": "night.published#1=pause:\(scene.configuration).mark"]
        )
        while !FileManager.default.fileExists(atPath: scene.configuration + ".mark.reached") {
            try #require(night.isRunning)
            Thread.sleep(forTimeInterval: 0.02)
        }
        #expect(try scene.pgretain("pause", "--reason", "stop").status == 0)
        try Data().write(to: URL(fileURLWithPath: scene.configuration + ".mark.go"))
        let ended = night.wait()
        #expect(ended.status == 76, "\(ended.stderr)")
        #expect(try scene.partitions().count == 6)
    }

    @Test func aDetachIsUndoneWithNamesIndexesAndLateRows() throws {
        let scene = try scene(grace: "7 days")
        func looks() throws -> String {
            try scene.database.superuser(
                """
                SELECT string_agg(indexname || ' ' || indexdef, E'\\n' ORDER BY indexname)
                FROM pg_indexes WHERE tablename = 'logs_2025_01'
                """)
        }
        let (before, rows) = try (looks(), scene.digest(of: "logs"))
        #expect(try scene.night(Self.now).status == 0)
        #expect(try scene.quarantined() == 2)
        let back = try scene.pgretain("reattach", "--table", "logs", "--period", "2025-01")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(
            back.stdout.hasPrefix("reattached public.logs_2025_01 [2025-01-01, 2025-02-01)\npinned")
        )
        #expect(try looks() == before)
        #expect(
            try scene.database.superuser(
                "SELECT count(*) FROM logs_2025_01 WHERE created_at < '2025-02-01 00:00+00'")
                == "20")
        #expect(
            try scene.database.superuser(
                "SELECT count(*) FROM pg_constraint WHERE conname = 'pgretain_attach_bounds'")
                == "0")
        #expect(try scene.night(Self.now).status == 0, "it is pinned")
        #expect(try scene.partitions().first == "logs_2025_01")

        let twice = try scene.pgretain("reattach", "--table", "logs", "--period", "2025-01")
        #expect(twice.status == 66, "\(twice.stderr)")
        #expect(twice.stderr.contains("There are: logs_2025_02 [2025-02-01, 2025-03-01)."))
        #expect(
            try scene.pgretain("reattach", "--table", "logs", "--period", "2025-02").status == 0)
        #expect(try scene.digest(of: "logs") == rows)

        // A dry run releases nothing.
        let dry = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--release", "--dry-run")
        #expect(dry.status == 64, "\(dry.stdout)")
        // Released, it leaves against the archive that it has.
        let released = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--release")
        #expect(released.stdout == "released: public.logs_2025_01 [2025-01-01, 2025-02-01)\n")
        #expect(try scene.night(Self.now).status == 0)
        #expect(!(try scene.partitions().contains("logs_2025_01")))
        let archived = try scene.database.superuser(
            """
            SELECT count(*) FROM pgretain.ledger
            WHERE kind = 'archived' AND relation_name = 'logs_2025_01'
            """)
        #expect(archived == "1", "it was not archived again")
    }

    /// Rows of the range that came to DEFAULT meanwhile are in the way, and said to be.
    @Test func whatStandsInTheWayOfAReattachIsSaid() throws {
        let scene = try scene(grace: "7 days")
        #expect(try scene.night(Self.now).status == 0)
        try scene.database.psql(
            """
            CREATE TABLE logs_default PARTITION OF logs DEFAULT;
            INSERT INTO logs (level, message, created_at) VALUES ('LATE', '', '2025-01-05 00:00+00')
            """)
        let blocked = try scene.pgretain("reattach", "--table", "logs", "--period", "2025-01")
        #expect(blocked.status == 1 && blocked.stderr.contains("holds 1 row of that range"))
        #expect(!blocked.stderr.contains("default: drain"), "that is for periods ahead")
        #expect(try scene.quarantined() == 2)
        try scene.database.psql("DELETE FROM logs_default")
        #expect(
            try scene.pgretain("reattach", "--table", "logs", "--period", "2025-01").status == 0)
    }

    /// Regression: what ATTACH refuses was called a bug, and a partition that was restored meanwhile
    /// was to be removed.
    @Test func whatHasChangedSinceADetachIsSaid() throws {
        let scene = try scene(grace: "7 days")
        #expect(try scene.night(Self.now).status == 0)
        func reattach(_ month: String) throws -> Outcome {
            try scene.pgretain("reattach", "--table", "logs", "--period", "2025-\(month)")
        }
        try scene.database.psql(
            """
            CREATE TABLE logs_2025_02 PARTITION OF logs
                FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
            ALTER TABLE logs ADD COLUMN tenant int NOT NULL DEFAULT 7,
                ALTER COLUMN message TYPE varchar(200), ALTER COLUMN message SET NOT NULL;
            """)
        let there = try reattach("02")
        #expect(there.status == 73 && there.stderr.contains("[reattach.overlap]"), "\(there)")
        // One ALTER makes the types fit, and the next one what may be NULL.
        for _ in 1...2 {
            let other = try reattach("01")
            #expect(other.status == 65 && other.stderr.contains("[attach.columns]"), "\(other)")
            let start = try #require(other.stderr.range(of: "ALTER TABLE pgretain.q_"))
            let statement = other.stderr[start.lowerBound...].prefix { $0 != ";" }
            try scene.database.superuser(String(statement))
        }
        let back = try reattach("01")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(
            try scene.database.superuser("SELECT count(*), min(tenant) FROM logs_2025_01") == "20|7"
        )
    }
}
