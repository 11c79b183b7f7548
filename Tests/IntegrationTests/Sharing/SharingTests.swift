import Foundation
import TestSupport
import Testing

/// Several hosts work at one backlog, and what comes of it is what one would have made.
@Suite struct Sharing {
    /// One run that shares nothing.
    private func alone(_ scene: Scene) throws {
        let outcome = try scene.night(nil, "--max-retire", "99")
        #expect(outcome.status == 0, "\(outcome.stderr)")
    }

    /// Hosts of which the first waits, with one partition claimed, until another has archived one.
    private func together(_ hosts: Int, _ scene: Scene) throws {
        let mark = scene.newMark()
        let first = try scene.host(
            "--max-retire", "99", failing: "night.claimed#1=pause:\(mark)")
        try scene.waitFor(mark, of: first)
        let others = try (1..<hosts).map { _ in try scene.host("--max-retire", "99") }
        try scene.wait(
            for: "t", from: "SELECT count(*) > 0 FROM pgretain.ledger WHERE kind = 'archived'")
        try scene.letGo(mark)
        for host in [first] + others {
            let outcome = host.wait()
            #expect(outcome.status == 0, "\(outcome.stderr)")
            #expect(outcome.stderr.isEmpty, "\(outcome.stderr)")
        }
        #expect(try scene.archivers() >= 2)
    }

    @Test(arguments: [2, 4], [false, true])
    func manyMakeWhatOneDoes(hosts: Int, inBucket: Bool) throws {
        let store: ObjectStoreServer? = inBucket ? .shared : nil
        let (one, many) = (try Scene.backlog(in: store), try Scene.backlog(in: store))
        let (oneRows, rows) = (try Conservation(one), try Conservation(many))
        try alone(one)
        try together(hosts, many)
        #expect(try many.aged() == [] && many.quarantined() == 0)
        #expect(try many.partitions() == one.partitions())
        #expect(try many.contentsOfArchives() == one.contentsOfArchives())
        #expect(try many.history() == one.history())
        try many.expectLinked()
        #expect(try many.unfinished() == [])
        try oneRows.expectEachOnce("one")
        try rows.expectEachOnce("\(hosts) hosts")
    }

    /// What waits out a grace, what was never settled, and what is due: in one night of four.
    @Test func quarantineIsShared() throws {
        let scene = try Scene.backlog(months: 8, extra: "jobs: 2")
        try scene.configure(Scene.policy(grace: "30 days", more: ["premake: 0"]))
        try scene.approve()
        let rows = try Conservation(scene)
        let crashed = try scene.pgretain(
            "run", environment: ["PGRETAIN_FAIL_AT": "night.detached#1=crash"])
        #expect(crashed.status == 128 + 9)
        _ = try scene.nightOnceFree("--max-retire", "3")
        #expect(try scene.quarantined() == 4)
        try scene.database.superuser(
            """
            ALTER TABLE pgretain.ledger DISABLE TRIGGER USER;
            UPDATE pgretain.ledger SET drop_after = now() - interval '1 day'
                WHERE drop_after IS NOT NULL;
            """)
        let hosts = try (0..<4).map { _ in try scene.host("--max-retire", "99") }
        for host in hosts {
            let outcome = host.wait()
            #expect(outcome.status == 0, "\(outcome.stderr)")
        }
        #expect(try scene.aged() == [] && scene.quarantined() == 4)
        let events = try scene.database.superuser(
            """
            SELECT kind, count(*), count(DISTINCT relation_name) FROM pgretain.ledger
            WHERE kind IN ('archived', 'detached', 'settled', 'dropped') GROUP BY kind ORDER BY kind
            """)
        #expect(events == "archived|8|8\ndetached|8|8\ndropped|4|4\nsettled|8|8")
        try rows.expectEachOnce("quarantine")
    }

    /// Several tables, rules, slices of a plain table and copies, which one host does for all.
    @Test func whatOnlyOneMayDoIsDoneOnce() throws {
        let scene = try Scene.backlog(months: 4)
        let second = scene.archives + "-second"
        try FileManager.default.createDirectory(
            atPath: second, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750])
        try scene.database.psql(
            """
            CREATE TABLE plain (id serial PRIMARY KEY, created_at timestamptz NOT NULL, t text);
            INSERT INTO plain (created_at, t)
                SELECT '2025-01-01'::timestamptz + n * interval '1 day', 'x' || n
                FROM generate_series(0, 80) AS n;
            """)
        try scene.configure(
            Scene.policy(more: ["premake: 1"])
                + Scene.policy("public.plain", more: ["partitioned: false"]),
            extra: "copies: [\(second)]")
        try scene.approve()
        let rows = try Conservation(scene)
        let hosts = try (0..<3).map { _ in try scene.host() }
        for host in hosts {
            let outcome = host.wait()
            #expect(outcome.status == 0, "\(outcome.stderr)")
        }
        #expect(try scene.aged() == ["logs_2025_03", "logs_2025_04"])
        let events = try scene.database.superuser(
            """
            SELECT table_name, kind, count(*) FROM pgretain.ledger
            WHERE kind IN ('archived', 'dropped', 'deleting', 'deleted')
            GROUP BY 1, 2 ORDER BY 1, 2
            """)
        #expect(
            events == "logs|archived|2\nlogs|dropped|2\nplain|archived|2\nplain|deleted|2\n"
                + "plain|deleting|2")
        let samples = try scene.database.superuser(
            """
            SELECT table_name, count(DISTINCT run) FROM pgretain.growth GROUP BY 1 ORDER BY 1
            """)
        #expect(samples == "logs|1\nplain|1")
        let different = try Program.run("/usr/bin/diff", ["-r", scene.archives, second])
        #expect(different.status == 0, "\(different.stdout)")
        try rows.expectNothingLost("two tables")
    }

    // MARK: Brakes

    @Test func theBrakesCountForAllTogether() throws {
        let scene = try Scene.backlog(months: 9)
        func gone() throws -> Int { try 9 - scene.aged().count }
        for _ in 0..<2 {
            let hosts = try (0..<4).map { _ in try scene.host() }
            let outcomes = hosts.map { $0.wait() }
            #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes)")
            #expect(try gone() == 2, "however many, and the second time nothing")
        }
        let hosts = try (0..<3).map { _ in try scene.host("--max-retire", "5", "--json") }
        let outcomes = hosts.map { $0.wait() }
        #expect(try gone() == 5)
        #expect(try scene.notes(outcomes[0]).contains("backlog 4, done in 1 night"))
        #expect(try scene.night(nil).status == 0)
        #expect(try gone() == 7, "a run of its own is a night of its own")
        try scene.database.superuser(
            """
            ALTER TABLE pgretain.ledger DISABLE TRIGGER USER;
            UPDATE pgretain.ledger SET at = at - interval '12 hours 1 second';
            """)
        #expect(try scene.host().wait().status == 0)
        #expect(try gone() == 9, "and so is the next one that is shared")
    }

    /// A host that has planned, and waits, when others take what it wanted.
    @Test func aPlanThatIsOldTakesNoMore() throws {
        let scene = try Scene.backlog(months: 6)
        let mark = scene.newMark()
        let slow = try scene.host("--json", failing: "night.exported#1=pause:\(mark)")
        try scene.waitFor(mark, of: slow)
        let quick = try scene.host()
        try scene.wait(
            for: "1", from: "SELECT count(*) FROM pgretain.ledger WHERE kind = 'dropped'")
        // Somebody else takes one more meanwhile, as the slow one cannot know.
        try scene.database.superuser(
            """
            INSERT INTO pgretain.ledger (run, host, tool, kind, table_schema, table_name, relation_oid)
            VALUES (gen_random_uuid(), 'h', 't', 'detached', 'public', 'logs', 1)
            """)
        try scene.letGo(mark)
        let outcome = slow.wait()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(quick.wait().status == 0)
        #expect(try scene.aged().count == 5)
        #expect(
            try scene.notes(outcome).contains {
                $0.hasPrefix("logs_2025_01 is archived and stays: other hosts have taken the 2")
            })
    }

    // MARK: Who is let in

    @Test func oneThatDoesNotShareIsKeptOut() throws {
        let scene = try Scene.backlog(months: 3)
        let mark = scene.newMark()
        let sharing = try scene.host(failing: "night.claimed#1=pause:\(mark)")
        try scene.waitFor(mark, of: sharing)
        let other = try scene.night(nil)
        #expect(other.status == 75)
        #expect(other.stderr.contains("run.locked") && other.stderr.contains("run --share"))
        try scene.letGo(mark)
        #expect(sharing.wait().status == 0)

        let own = scene.newMark()
        let alone = try scene.start(
            "run", environment: ["PGRETAIN_FAIL_AT": "night.exported#1=pause:\(own)"])
        try scene.waitFor(own, of: alone)
        let late = try scene.host().wait()
        #expect(late.status == 75 && late.stderr.contains("run.locked"), "\(late.stderr)")
        try scene.letGo(own)
        #expect(alone.wait().status == 0)
    }

    @Test func aDeadlineEndsTheWait() throws {
        let scene = try Scene.backlog(months: 3)
        let mark = scene.newMark()
        let slow = try scene.host(failing: "night.exported#1=pause:\(mark)")
        try scene.waitFor(mark, of: slow)
        let other = try scene.host("--deadline", "2s", "--json").wait()
        #expect(other.status == 0, "\(other.stderr)")
        #expect(try scene.notes(other).contains { $0.contains("other hosts are still at it") })
        try scene.letGo(mark)
        #expect(slow.wait().status == 0)
        #expect(try scene.aged() == ["logs_2025_03"])
    }

    /// Nothing holds them up, on a database and a store that have never been used.
    @Test func aRaceOnVirginGroundIsHarmless() throws {
        for _ in 0..<3 {
            let scene = try Scene()
            try scene.makeLogs(months: 3, rows: 20)
            try scene.configure(Scene.policy(then: "keep", more: ["premake: 2"]))
            let outcomes = try (0..<6).map { _ in try scene.host() }.map { $0.wait() }
            #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes)")
            #expect(try scene.slices().count == 3)
            let twice = try scene.database.superuser(
                """
                SELECT relation_name FROM pgretain.ledger WHERE kind = 'archived'
                GROUP BY relation_name HAVING count(*) > 1
                """)
            #expect(twice.isEmpty)
        }
    }

    /// Where the parent is never idle, a partition goes the slow way: by one host, alone.
    @Test func theSlowWayIsGoneAlone() throws {
        let scene = try Scene.backlog(months: 3, extra: "limits: { lock_attempts: 2 }")
        let reader = try scene.database.session()
        reader.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
        let hosts = try (0..<2).map { _ in try scene.host("--max-retire", "99") }
        try scene.waitForStatement("%DETACH PARTITION%CONCURRENTLY%")
        reader.ask("COMMIT;")
        for host in hosts {
            let outcome = host.wait()
            #expect(outcome.status == 0, "\(outcome.stderr)")
        }
        #expect(try scene.aged() == [])
    }
}
