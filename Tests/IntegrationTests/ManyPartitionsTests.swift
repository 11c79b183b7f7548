import Foundation
import TestSupport
import Testing

/// A table may have thousands of partitions: the server is asked no more often for that.
/// `PGRETAIN_TEST_PARTITIONS=5000` takes as many; 1000 otherwise.
@Suite struct ManyPartitions {
    private static let many =
        Int(ProcessInfo.processInfo.environment["PGRETAIN_TEST_PARTITIONS"] ?? "") ?? 1000

    /// Daily partitions up to today and three ahead, approved.
    private func scene(partitions: Int) throws -> Scene {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE logs (id bigint, message text, created_at timestamptz NOT NULL)
                PARTITION BY RANGE (created_at);
            DO $$
            DECLARE f date;
            BEGIN
                FOR i IN 1..\(partitions) LOOP
                    f := current_date + 4 - i;
                    EXECUTE format(
                        'CREATE TABLE logs_%s PARTITION OF logs FOR VALUES FROM (%L) TO (%L)',
                        to_char(f, 'YYYY_MM_DD'), f, f + 1);
                    -- Each holds its locks until here.
                    IF i % 50 = 0 THEN COMMIT; END IF;
                END LOOP;
            END $$;
            """)
        try scene.configure(
            Scene.policy(retain: "10 days", then: "detach", more: ["period: day", "premake: 3"]))
        try scene.approve()
        return scene
    }

    /// The statements that the server of a scene's database gets while something is done. Nobody
    /// else's are logged.
    private func statements(_ scene: Scene, _ body: () throws -> Void) throws -> Int {
        let log = scene.database.cluster.socketDirectory + "/server.log"
        let name = scene.database.name
        func count() throws -> Int {
            try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
                .count { $0.contains("LOG:  statement: ") || $0.contains("LOG:  execute ") }
        }
        try scene.database.superuser("ALTER DATABASE \(name) SET log_statement = 'all'")
        let before = try count()
        try body()
        let after = try count()
        try scene.database.superuser("ALTER DATABASE \(name) RESET log_statement")
        return after - before
    }

    @Test func aPlanTakesTheSameStatementsForThousands() throws {
        let few = try scene(partitions: 50)
        let many = try scene(partitions: Self.many)
        let ofFew = try statements(few) {
            let plan = try few.pgretain("plan")
            #expect(plan.status == 0, "\(plan.stderr)")
        }
        var seconds = 0.0
        let ofMany = try statements(many) {
            let start = Date()
            let plan = try many.pgretain("plan", "--json")
            seconds = Date().timeIntervalSince(start)
            #expect(plan.status == 0, "\(plan.stderr)")
            let entries = try JSONView(plan.stdout)["preview"]["plan"]["tables"][0]["entries"].list
            #expect(entries.count == Self.many)
        }
        print("plan over \(Self.many) partitions: \(seconds) s, \(ofMany) statements")
        #expect(ofFew == ofMany)
        #expect(ofFew > 10, "they are counted at all")
        // So does a report.
        let reports = try [few, many].map { scene in
            try statements(scene) {
                let report = try scene.pgretain("report", "--partitions")
                #expect(report.status == 0, "\(report.stderr)")
            }
        }
        #expect(reports[0] == reports[1])
    }
}
