import Foundation
import TestSupport
import Testing

/// Archives have a retention of their own: what goes then is gone for good.
@Suite struct Expiry {
    /// Three months of 2018 that were dropped at the end of it.
    private func scene(keep: String = "7 years", more: [String] = []) throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2018-01-01", months: 3, rows: 20)
        try FileManager.default.createDirectory(
            atPath: copies(scene), withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750])
        try configure(scene, keep: keep)
        try scene.approve()
        let night = try scene.night("2018-12-01T00:00:00Z", "--max-retire", "9")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2018_12"])
        return scene
    }

    private func copies(_ scene: Scene) -> String { scene.archives + "-2" }

    private func configure(_ scene: Scene, keep: String) throws {
        try scene.configure(
            Scene.policy(more: ["premake: 0", "keep_archives: \(keep)"]),
            extra: "copies: [\(copies(scene))]")
    }

    private func months(_ scene: Scene) throws -> [String] {
        try scene.archiveFiles().filter {
            $0.contains("/year=2018/") && $0.hasSuffix("_manifest.json")
        }.map {
            String($0.split(separator: "/")[2])
        }.filter { $0 < "month=04" }
    }

    private func events(_ scene: Scene) throws -> String {
        try scene.database.superuser(
            """
            SELECT string_agg(kind || ' ' || archive, ', ' ORDER BY id) FROM pgretain.ledger
            WHERE kind IN ('expiring', 'expired')
            """)
    }

    @Test func anArchiveGoesWhenAllOfItIsOldAndNobodyKeepsIt() throws {
        let scene = try scene()
        #expect(try scene.night("2025-01-31T00:00:00Z").status == 0)
        #expect(try months(scene) == ["month=01", "month=02", "month=03"])
        let shown = try scene.pgretain("archives", "expire", "--now", "2025-02-02T00:00:00Z")
        #expect(shown.status == 0 && shown.stdout.contains("expire  year=2018/month=01"))
        #expect(shown.stderr.contains("Nothing was removed"), "\(shown.stderr)")
        #expect(try months(scene).count == 3)

        // A hold, and the one a night.
        try scene.pgretain(
            "hold", "add", "--table", "logs", "--period", "2018-02", "--reason", "case")
        let night = try scene.night("2025-12-01T00:00:00Z", "--max-retire", "1")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try months(scene) == ["month=02", "month=03"])
        let plan = try scene.pgretain("plan", "--now", "2025-12-01T00:00:00Z")
        #expect(plan.stdout.contains("archive: held by"), "\(plan.stdout)")
        let byHand = try scene.pgretain(
            "archives", "expire", "--yes", "--now", "2025-12-01T00:00:00Z")
        #expect(byHand.status == 0, "\(byHand.stderr)")
        #expect(try months(scene) == ["month=02"])
        #expect(
            try events(scene)
                == "expiring year=2018/month=01, expired year=2018/month=01, "
                + "expiring year=2018/month=03, expired year=2018/month=03")

        // What was removed on purpose is missed by nobody; what was lost is.
        for command in ["list", "verify"] {
            let outcome = try scene.pgretain("archives", command)
            #expect(outcome.status == 0, "\(command): \(outcome.stderr)")
        }
        #expect(try !scene.pgretain("check", "--json").stdout.contains("archive.lost"))
        try FileManager.default.moveItem(
            atPath: scene.archives + "/public.logs/year=2018/month=02",
            toPath: scene.archives + "/.away")
        #expect(try scene.pgretain("archives", "list").status == 66)
    }

    /// Rows that come back for a month long gone are archived afresh.
    @Test func rowsOfAnExpiredMonthBeginAnew() throws {
        let scene = try scene()
        #expect(
            try scene.pgretain("archives", "expire", "--yes", "--now", "2026-01-01T00:00:00Z")
                .status == 0)
        #expect(try months(scene) == [])
        try scene.database.psql(
            """
            CREATE TABLE late PARTITION OF logs FOR VALUES FROM ('2018-01-01') TO ('2018-02-01');
            INSERT INTO logs (level, created_at) VALUES ('LATE', '2018-01-05');
            """)
        let night = try scene.night("2026-01-02T00:00:00Z", "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try months(scene) == ["month=01"])
        #expect(try scene.pgretain("archives", "list").status == 0)
    }

    @Test func nothingGoesThatNobodyHasApprovedOrWhoseRowsRemain() throws {
        let scene = try scene(keep: "forever")
        try configure(scene, keep: "5 years")
        let night = try scene.night("2026-01-01T00:00:00Z")
        #expect(night.status == 76 && night.stderr.contains("policy.archives"), "\(night.stderr)")
        let byHand = try scene.pgretain(
            "archives", "expire", "--yes", "--now", "2026-01-01T00:00:00Z")
        #expect(byHand.status == 76 && byHand.stderr.contains("pgretain approve"))
        #expect(try months(scene).count == 3)
        let approved = try scene.pgretain("approve", "--now", "2026-01-01T00:00:00Z")
        #expect(approved.stdout.contains("FOR GOOD: today 4 archives"), "\(approved.stdout)")

        // One is a partition again, and one was put there by somebody.
        let back = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2018-01", "--attach", "--pin", "1h")
        #expect(back.status == 0, "\(back.stderr)")
        try scene.database.superuser("UPDATE pgretain.pins SET released_at = now()")
        try scene.database.superuser(
            """
            ALTER TABLE pgretain.ledger DISABLE TRIGGER never_changed;
            DELETE FROM pgretain.ledger WHERE kind = 'archived' AND archive LIKE '%month=02';
            ALTER TABLE pgretain.ledger ENABLE TRIGGER never_changed
            """)
        let plan = try scene.pgretain("plan", "--now", "2026-01-01T00:00:00Z")
        #expect(plan.stdout.contains("rows of its range are in a table"), "\(plan.stdout)")
        #expect(plan.stdout.contains("does not know this archive"))
        let outcome = try scene.pgretain(
            "archives", "expire", "--yes", "--now", "2026-01-01T00:00:00Z")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try months(scene) == ["month=01", "month=02"])

        try configure(scene, keep: "60 days")
        let wrong = try scene.pgretain("plan")
        #expect(wrong.status == 78 && wrong.stderr.contains("longer than retain"))
    }

    @Test(arguments: [
        "night.expiring", "file.renameat2.after", "file.unlink.before", "file.unlink.after",
        "file.rmdir.before", "night.expired",
    ])
    func whatIsKilledIsFinishedByTheNext(place: String) throws {
        let scene = try scene()
        let arguments = ["archives", "expire", "--yes", "--now", "2025-02-02T00:00:00Z"]
        let killed = try scene.pgretain(
            arguments, environment: ["PGRETAIN_FAIL_AT": "\(place)#1=crash"])
        #expect(killed.status == 128 + 9, "\(place): \(killed.status) \(killed.stderr)")
        let list = try scene.pgretain("archives", "list")
        #expect(list.status == 0, "\(place): \(list.stderr)")
        let again = try scene.pgretain(arguments)
        #expect(again.status == 0, "\(place): \(again.stderr)")
        #expect(try months(scene) == ["month=02", "month=03"])
        #expect(
            try events(scene) == "expiring year=2018/month=01, expired year=2018/month=01")
        #expect(try scene.archiveFiles().allSatisfy { !$0.contains("partial") })
        let copied = try FileManager.default.contentsOfDirectory(
            atPath: copies(scene) + "/public.logs/year=2018")
        #expect(copied.sorted() == ["month=02", "month=03"])
        #expect(try scene.pgretain("archives", "verify").status == 0)
    }
}
