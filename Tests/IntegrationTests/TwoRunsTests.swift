import Foundation
import TestSupport
import Testing

/// Many hosts, one database: each table is worked on by one run at a time.
@Suite struct TwoRuns {
    /// Events of a kind for each range: `2025-01-01 1`.
    private func events(_ kind: String, in scene: Scene) throws -> [String] {
        try scene.database.superuser(
            """
            SELECT (bounds_from AT TIME ZONE 'UTC')::date || ' ' || count(*) FROM pgretain.ledger
            WHERE kind = '\(kind)' GROUP BY bounds_from ORDER BY bounds_from
            """
        ).split(separator: "\n").map(String.init)
    }

    /// `PGRETAIN_FAULTS=N` makes N starts, eight at a time.
    @Test func ofEightStartsOneDoesTheWork() throws {
        for _ in 0..<(Faults.count(otherwise: 8) + 7) / 8 { try ofEightStarts() }
    }

    private func ofEightStarts() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 4, rows: 50)
        try scene.configure(Scene.policy())
        try scene.approve()
        // The one that gets there waits for this reader, so that the others cannot miss it.
        let reader = try scene.database.session()
        reader.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
        let runs = try (0..<8).map { _ in try scene.start("run", "--max-retire", "9") }
        var waited = 0
        while runs.filter(\.isRunning).count > 1, waited < 600 {
            Thread.sleep(forTimeInterval: 0.1)
            waited += 1
        }
        #expect(runs.filter(\.isRunning).count == 1, "one is left, at the detach")
        reader.ask("COMMIT;")
        let outcomes = runs.map { $0.wait() }
        #expect(outcomes.filter { $0.status == 0 }.count == 1, "\(outcomes)")
        let others = outcomes.filter { $0.status != 0 }
        #expect(others.allSatisfy { $0.status == 75 }, "\(others)")
        #expect(others.allSatisfy { $0.stderr.contains("Another run works on public.logs: ") })
        // One that let go of the lock just then has no name any more.
        #expect(others.contains { $0.stderr.contains("Another run works on public.logs: pid") })

        let once = ["2025-01-01 1", "2025-02-01 1", "2025-03-01 1", "2025-04-01 1"]
        #expect(try events("detached", in: scene) == once)
        #expect(try events("dropped", in: scene) == once)
        #expect(try events("archived", in: scene) == once)
        let made = try scene.partitions()
        #expect(made.count == Set(made).count && !made.contains("logs_2025_01"))
    }

    /// Nothing holds them up, on a database and a store that have never been used.
    @Test func aRaceOnVirginGroundIsHarmless() throws {
        for _ in 0..<3 {
            let scene = try Scene()
            try scene.makeLogs(months: 3, rows: 20)
            try scene.configure(Scene.policy(then: "keep", more: ["premake: 2"]))
            let runs = try (0..<8).map { _ in try scene.start("run") }
            let outcomes = runs.map { $0.wait() }
            #expect(outcomes.contains { $0.status == 0 })
            #expect(
                outcomes.allSatisfy { $0.status == 0 || $0.status == 75 },
                "\(outcomes.filter { $0.status != 0 && $0.status != 75 })")
            #expect(try scene.night(nil).status == 0)
            #expect(try scene.slices().count == 3)
            #expect(try events("archived", in: scene).allSatisfy { $0.hasSuffix(" 1") })
        }
    }

    @Test func otherTablesAreNotHeldUp() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 2)
        try scene.database.psql(
            """
            CREATE TABLE other (id int, created_at timestamptz NOT NULL)
                PARTITION BY RANGE (created_at);
            CREATE TABLE other_2025_01 PARTITION OF other
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            """)
        try scene.configure(Scene.policy() + Scene.policy("public.other"))
        try scene.approve()
        let holder = try scene.database.session()
        holder.ask("SELECT pg_advisory_lock(1885827685, 'logs'::regclass::oid::int);")
        let night = try scene.night(nil, "--json")
        #expect(night.status == 75, "\(night.stderr)")
        let tables = try JSONView(night.stdout)["report"]["tables"]
        #expect(tables[0]["done"].list.isEmpty)
        #expect(!tables[1]["done"].list.isEmpty)
        #expect(try scene.partitions(of: "other").count == 4)
        #expect(try !scene.partitions(of: "other").contains("other_2025_01"))
    }
}
