import Foundation
import TestSupport
import Testing

/// Archives stay where they are, whatever a policy says later of periods and zones.
@Suite struct ChangedPolicies {
    private static let berlin = ["premake: 0", "timezone: Europe/Berlin"]

    /// January waits in its grace, archived in UTC, and the calendar is another.
    private func scene(meanwhile: String = "") throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(months: 1)
        try scene.configure(Scene.policy(grace: "7 days", more: ["premake: 0"]))
        try scene.approve()
        #expect(try scene.night(nil).status == 0)
        try scene.database.superuser(meanwhile)
        try scene.configure(Scene.policy(grace: "7 days", more: Self.berlin))
        return scene
    }

    private func drop(_ scene: Scene) throws -> Outcome {
        try scene.pgretain(
            "drop", "--table", "logs", "--from", "2025-01-01T00:00:00Z", "--to",
            "2025-02-01T00:00:00Z", "--skip-grace", "--reason", "full")
    }

    /// Regression: it was archived a second time, in a place of the new calendar.
    @Test func aNewTimezoneMovesNoArchive() throws {
        let scene = try scene()
        let dropped = try drop(scene)
        #expect(dropped.status == 0, "\(dropped.stderr)")
        #expect(try scene.quarantined() == 0)
        #expect(try scene.slices() == ["public.logs/year=2025/month=01"])
        let rows = try scene.idsInArchives()
        #expect(rows.count == Set(rows).count)
    }

    /// Regression: the second archive knew nothing of the first one's rows, and the table was
    /// dropped without a word from its operator.
    @Test func aNewTimezoneForgetsNoVanishedRow() throws {
        let scene = try scene(
            meanwhile: """
                DO $$ BEGIN
                    EXECUTE (SELECT format('DELETE FROM %s WHERE id = (SELECT min(id) FROM %1$s)',
                        oid::regclass) FROM pg_class WHERE relname LIKE 'q\\_%' AND relkind = 'r');
                END $$
                """)
        #expect(try drop(scene).status == 65)
        let second = try drop(scene)
        #expect(second.status == 76, "\(second.stderr)")
        #expect(try scene.quarantined() == 1)
    }

    /// Regression: a plain table's weeks were archived beside its months, and every row was found
    /// twice.
    @Test func aNewPeriodArchivesNothingTwice() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE logs (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
            INSERT INTO logs SELECT n, timestamptz '2025-01-01 12:00Z' + n * interval '1 day'
                FROM generate_series(0, 58) AS n
            """)
        func configure(_ period: String, then: String) throws {
            try scene.configure(
                Scene.policy(then: then, more: ["partitioned: false", "period: \(period)"]))
        }
        try configure("month", then: "keep")
        #expect(try scene.pgretain("run").status == 0)
        try configure("week", then: "keep")
        let night = try scene.pgretain("run")
        #expect(night.status == 76 && night.stderr.contains("[period.changed]"), "\(night.stderr)")
        #expect(try scene.idsInArchives().sorted() == Array(0...58))
        let shown = try scene.pgretain("archives", "show", "--table", "logs", "--period", "2025-01")
        #expect(shown.status == 0, "\(shown.stderr)")

        // Once its rows may leave, they leave against the archives that they have.
        try configure("month", then: "drop")
        try scene.approve()
        #expect(try scene.pgretain("run", "--max-retire", "9").status == 0)
        #expect(try scene.ids() == [])
        #expect(try scene.idsInArchives().sorted() == Array(0...58))
    }
}
