import Foundation
import TestSupport
import Testing

/// An application made with SQLAlchemy inserts and reads with eight threads while its table is
/// adopted, crashed in the middle, adopted again, undone, and nights go by.
@Suite struct AdoptionsBesideTheTraffic {
    private static let python = Cluster.repository.path + "/.build/python/bin/python"
    private static let script = Cluster.repository.path + "/Tests/Support/application.py"

    private func rows(_ scene: Scene) throws -> Int {
        Int(try scene.database.superuser("SELECT count(*) FROM system_logs")) ?? -1
    }

    /// Waits until the application has put some more rows in.
    private func goOn(_ scene: Scene, rows more: Int = 60) throws {
        var wanted: Int?
        for _ in 0..<1200 {
            let isThere = try scene.database.superuser("SELECT to_regclass('system_logs')")
            if !isThere.isEmpty {
                let now = try rows(scene)
                if now >= wanted ?? .max { return }
                wanted = wanted ?? now + more
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        throw NeverReached(text: "the application does not go on")
    }

    private func adopt(_ scene: Scene, _ more: String..., at place: String? = nil) throws -> Outcome
    {
        try scene.pgretain(
            ["adopt", "system_logs"] + more,
            environment: place.map { ["PGRETAIN_FAIL_AT": "\($0)=crash"] } ?? [:])
    }

    @Test func theApplicationGoesOn() throws {
        let scene = try Scene()
        try scene.configure(Scene.policy("public.system_logs", then: "keep"))
        let url =
            "postgresql+psycopg2://logs_member@/\(scene.database.name)"
            + "?host=\(scene.database.cluster.socketDirectory)&port=\(scene.database.cluster.port)"
        let application = try Program.start(Self.python, [Self.script, url, "5", "3"])
        defer { application.signal(SIGKILL) }
        try goOn(scene)

        for place in [
            "adopt.bounded#1", "adopt.indexed#1", "adopt.made#1", "sql.adopt.swap.after#9",
        ] {
            let crashed = try adopt(scene, at: place)
            #expect(crashed.status == 137, "\(place): \(crashed.stderr)")
            try goOn(scene)
        }
        for round in ["first", "second"] {
            let adopted = try adopt(scene)
            #expect(adopted.status == 0, "\(round): \(adopted.stdout) \(adopted.stderr)")
            try goOn(scene)
            let night = try scene.night(nil)
            #expect(night.status == 0, "\(round): \(night.stderr)")
            try goOn(scene)
            guard round == "first" else { continue }
            let crashed = try adopt(scene, "--undo", at: "sql.unadopt.swap.after#5")
            #expect(crashed.status == 137, "\(crashed.stderr)")
            try goOn(scene)
            let undone = try adopt(scene, "--undo")
            #expect(undone.status == 0, "\(undone.stdout) \(undone.stderr)")
            try goOn(scene)
        }
        #expect(try adopt(scene, "--split", at: "split.proven#1").status == 137)
        try goOn(scene)
        let split = try adopt(scene, "--split")
        #expect(split.status == 0, "\(split.stdout) \(split.stderr)")
        #expect(try scene.partitions(of: "system_logs").allSatisfy { !$0.contains("_to_") })
        try goOn(scene)

        application.signal(SIGTERM)
        let ended = application.wait()
        #expect(ended.status == 0, "\(ended.stderr)")
        let report = try JSONView(ended.stdout)
        let errors = report["errors"].list.compactMap(\.text)
        #expect(errors.isEmpty, "\(errors.count): \(errors.first ?? "")")
        let ids = report["ids"].list.compactMap(\.number)
        #expect(ids.count > 500, "it did work: \(ids.count)")
        #expect(Set(ids).count == ids.count, "an id came twice")
        let found = try scene.database.superuser("SELECT id FROM system_logs ORDER BY id")
            .split(separator: "\n").compactMap { Int($0) }
        #expect(found == ids.sorted(), "rows lost or doubled")
        // Its start-up found all of its indexes by name, and made none anew.
        let indexes = try scene.database.superuser(
            """
            SELECT count(*), count(*) FILTER (WHERE indisvalid), count(DISTINCT c.relname)
            FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid
            WHERE indrelid = 'system_logs'::regclass
            """)
        #expect(indexes == "12|12|12")
    }

    /// The usual queries go by the same indexes as before, and leave out the partitions that
    /// cannot have an answer.
    @Test func queriesGoByTheSameIndexes() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE system_logs (id serial PRIMARY KEY, level varchar NOT NULL,
                component varchar NOT NULL, error_type varchar,
                created_at timestamptz DEFAULT now());
            CREATE INDEX ix_created ON system_logs (created_at);
            CREATE INDEX ix_level_created ON system_logs (level, created_at DESC);
            CREATE INDEX ix_errors ON system_logs (error_type, created_at)
                WHERE error_type IS NOT NULL;
            INSERT INTO system_logs (level, component, error_type, created_at)
                SELECT CASE n % 100 WHEN 0 THEN 'ERROR' ELSE 'INFO' END, 'api',
                    CASE n % 100 WHEN 0 THEN 'ValueError' END, now() - n * interval '1 minute'
                FROM generate_series(1, 50000) AS n;
            ANALYZE system_logs;
            """)
        let queries = [
            ("SELECT * FROM system_logs WHERE id = 77", "system_logs_pkey"),
            ("SELECT * FROM system_logs ORDER BY created_at DESC OFFSET 20 LIMIT 20", "ix_created"),
            (
                "SELECT * FROM system_logs WHERE level = 'ERROR' ORDER BY created_at DESC LIMIT 20",
                "ix_level_created"
            ),
            (
                "SELECT count(*) FROM system_logs WHERE error_type = 'ValueError' "
                    + "AND created_at > now() - interval '1 day'", "ix_errors"
            ),
        ]
        func plan(_ query: String) throws -> String {
            try scene.database.superuser("EXPLAIN (COSTS off) \(query)")
        }
        for (query, index) in queries {
            #expect(try plan(query).contains(index), "before: \(query)")
        }
        try scene.configure(Scene.policy("public.system_logs", then: "keep"))
        let adopted = try adopt(scene)
        try #require(adopted.status == 0, "\(adopted.stderr)")
        let names = try scene.database.superuser(
            """
            SELECT c.relname, p.relname FROM pg_inherits
            JOIN pg_class AS c ON c.oid = inhrelid JOIN pg_class AS p ON p.oid = inhparent
            WHERE c.relkind = 'i' AND c.relname LIKE '%\\_to\\_%'
            """
        ).split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
        for (query, index) in queries {
            let own = try #require(names.first { $0[1] == index }?[0])
            let after = try plan(query)
            #expect(after.contains(own), "after: \(query): \(after)")
        }
        let lastDay = try plan(
            "SELECT count(*) FROM system_logs WHERE created_at < now() - interval '1 day'")
        #expect(lastDay.contains("_to_"), "\(lastDay)")
        let premade = try scene.partitions(of: "system_logs").filter { !$0.contains("_to_") }
        #expect(premade.count > 1)
        #expect(premade.allSatisfy { !lastDay.contains($0) }, "not pruned: \(lastDay)")
    }
}
