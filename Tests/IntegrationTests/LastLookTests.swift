import Foundation
import TestSupport
import Testing

/// What changes between the plan, the proof and the drop is seen at the last moment.
@Suite struct LastLooks {
    private func scene(months: Int = 1, grace: String = "0 days", more: [String] = []) throws
        -> Scene
    {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: months, rows: 40)
        try scene.configure(Scene.policy(grace: grace, more: ["premake: 0"] + more))
        try scene.approve()
        return scene
    }

    private static let orders = [
        """
        INSERT INTO pgretain.holds (table_schema, table_name, bounds_from, bounds_to, reason, until)
            VALUES ('public', 'logs', '2025-01-10', '2025-01-11', 'legal', 'infinity')
        """,
        "INSERT INTO pgretain.pauses (reason) VALUES ('stop')",
    ]

    @Test(arguments: ["night.recorded", "night.detached"], orders)
    func anOrderThatComesMeanwhileIsObeyed(place: String, order: String) throws {
        let scene = try scene()
        let rows = try Conservation(scene)
        let outcome = try scene.night(standingAt: place) { try scene.database.superuser(order) }
        #expect(outcome.status == 76, "\(outcome.stderr)")
        #expect(outcome.stderr.contains("retire.held"))
        let isThere = try scene.partitions().contains("logs_2025_01")
        #expect(isThere == (place == "night.recorded"))
        #expect(try scene.quarantined() == (isThere ? 0 : 1))
        try rows.expectNothingLost("an order at \(place)")
    }

    @Test(arguments: ["night.recorded", "night.detached"])
    func aStoreThatGoesMeanwhileIsNoticed(place: String) throws {
        let scene = try scene()
        let outcome = try scene.night(standingAt: place) {
            try FileManager.default.moveItem(
                atPath: scene.archives + "/public.logs", toPath: scene.archives + ".gone")
        }
        #expect(outcome.status == 66, "\(outcome.stderr)")
        #expect(outcome.stderr.contains("archive.gone"))
        let there = try scene.database.superuser(
            """
            SELECT count(*) FROM pg_class WHERE relkind = 'r'
                AND (relname = 'logs_2025_01' OR relname LIKE 'q\\_%')
            """)
        #expect(there == "1", "its rows are where they were")
    }

    @Test func aStoreThatIsNotMountedIsNotTakenForANewOne() throws {
        let scene = try scene(months: 2)
        #expect(try scene.night(nil, "--max-retire", "1").status == 0)
        try FileManager.default.moveItem(atPath: scene.archives, toPath: scene.archives + ".away")
        try FileManager.default.createDirectory(
            atPath: scene.archives, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750])
        let night = try scene.night(nil)
        #expect(night.status == 69, "\(night.stderr)")
        #expect(night.stderr.contains("store.unbound"))
        #expect(try scene.partitions().contains("logs_2025_02"))
        try FileManager.default.removeItem(atPath: scene.archives)
        try FileManager.default.moveItem(atPath: scene.archives + ".away", toPath: scene.archives)
        #expect(try scene.night(nil).status == 0)
    }

    // MARK: Rows that come back

    private func endPins(_ scene: Scene) throws {
        try scene.database.superuser("UPDATE pgretain.pins SET until = now() - interval '1 day'")
    }

    private func restored(_ scene: Scene) throws -> String {
        try scene.database.superuser("DROP TABLE IF EXISTS public.again")
        let outcome = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--into", "public.again")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        return try scene.database.superuser("SELECT count(*), count(DISTINCT id) FROM again")
    }

    @Test func rowsThatWereAttachedAgainAreNotNew() throws {
        let scene = try scene(grace: "1 s")
        #expect(try scene.night(nil).status == 0)
        let attach = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--attach")
        #expect(attach.status == 0, "\(attach.stderr)")
        try scene.database.psql(
            "INSERT INTO logs (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20')")
        try endPins(scene)
        Thread.sleep(forTimeInterval: 1.2)
        // The quarantined table goes, and then the one that was attached.
        for _ in 0..<2 {
            let night = try scene.night(nil)
            #expect(night.status == 0, "\(night.stderr)")
            Thread.sleep(forTimeInterval: 1.2)
        }
        #expect(try restored(scene) == "41|41")
    }

    @Test func aTableToLookAtChangesNothingForLateRows() throws {
        let scene = try scene()
        #expect(try scene.night(nil).status == 0)
        #expect(try restored(scene) == "40|40")
        try endPins(scene)
        try scene.database.psql(
            """
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            INSERT INTO logs (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20');
            """)
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try restored(scene) == "41|41")
    }

    @Test func rowsBroughtBackByHandAreNotNew() throws {
        let scene = try scene()
        #expect(try scene.night(nil).status == 0)
        #expect(try restored(scene) == "40|40")
        try endPins(scene)
        try scene.database.superuser(
            """
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            ALTER TABLE logs_2025_01 OWNER TO logs_owner;
            INSERT INTO logs SELECT * FROM again;
            INSERT INTO logs (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20');
            """)
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try restored(scene) == "41|41")
    }

    @Test(arguments: [
        "ALTER TABLE logs ALTER message TYPE varchar(5) USING 'x'",
        "UPDATE logs SET message = ''; ALTER TABLE logs ALTER message SET NOT NULL",
    ])
    func lateRowsOfANarrowerTableDoNotLockTheOldOnesIn(change: String) throws {
        let scene = try scene()
        try scene.database.psql("UPDATE logs SET message = NULL WHERE id = 3")
        #expect(try scene.night(nil).status == 0)
        try scene.database.psql(
            """
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            \(change);
            INSERT INTO logs (id, level, message, created_at)
                VALUES (-1, 'LATE', 'late', '2025-01-20');
            """)
        let night = try scene.night(nil)
        let rows = try restored(scene)
        if night.status == 0 {
            #expect(rows == "41|41")
        } else {
            #expect(night.status == 65, "\(night.stderr)")
            #expect(rows == "40|40")
            #expect(try scene.partitions().contains("logs_2025_01"), "the late row stays")
        }
    }

    @Test func whatSomebodyAttachedAgainIsNoQuarantine() throws {
        let scene = try scene(grace: "1 s")
        #expect(try scene.night(nil).status == 0)
        let table = try scene.database.superuser(
            "SELECT relname FROM pg_class WHERE relname LIKE 'q\\_%' AND relkind = 'r'")
        try scene.database.superuser(
            """
            ALTER TABLE logs ATTACH PARTITION pgretain.\(table)
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            INSERT INTO pgretain.holds (table_schema, table_name, bounds_from, bounds_to, reason)
                VALUES ('public', 'logs', '2025-01-01', '2025-02-01', 'we want it back');
            """)
        Thread.sleep(forTimeInterval: 1.2)
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.database.superuser("SELECT count(*) FROM logs") == "40")
    }

    @Test func aSequenceThatOthersUseStays() throws {
        let scene = try scene()
        try scene.database.psql("ALTER SEQUENCE logs_id_seq OWNED BY logs_2025_01.id")
        let night = try scene.night(nil)
        #expect(night.status == 1, "\(night.stderr)")
        #expect(night.stderr.contains("OWNED BY"))
        #expect(try scene.partitions().contains("logs_2025_01"))
        try scene.database.psql("ALTER SEQUENCE logs_id_seq OWNED BY logs.id")
        #expect(try scene.night(nil).status == 0)
        #expect(try scene.database.psql("SELECT nextval('public.logs_id_seq') > 0") == "t")
    }
}
