import Foundation
import TestSupport
import Testing

/// What others feel while a night waits for a strong lock.
@Suite struct Waiters {
    /// A night looks on until a report is done, and asks for its lock then: whoever reads the table
    /// meanwhile finds nobody in the queue.
    @Test(
        .enabled(
            if: !Cluster.asMember,
            "from a member the ages of others' transactions are hidden: it tries once, for 100 ms"))
    func nobodyQueuesBehindAReport() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 1)
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        try scene.approve()
        try scene.database.superuser("CREATE TABLE seen (waiters bigint)")
        let report = try scene.database.session()
        let night = try scene.night(standingAt: "night.recorded") {
            report.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
            // Until it is no longer one of those that are gone at once.
            Thread.sleep(forTimeInterval: 0.2)
            report.send(
                """
                DO $$
                    DECLARE waiters bigint := 0;
                    BEGIN
                        FOR look IN 1..100 LOOP
                            waiters := waiters + (
                                SELECT count(*) FROM pg_locks
                                WHERE relation = 'logs'::regclass AND NOT granted);
                            PERFORM pg_sleep(0.01);
                        END LOOP;
                        INSERT INTO seen VALUES (waiters);
                    END
                $$;
                COMMIT;
                """)
        }
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try !scene.partitions().contains("logs_2025_01"))
        #expect(report.answer() == "")
        #expect(try scene.database.superuser("SELECT * FROM seen") == "0")
    }
}
