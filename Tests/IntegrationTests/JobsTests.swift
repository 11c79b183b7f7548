import Foundation
import TestSupport
import Testing

/// Several partitions are archived at a time, and leave one after the other, oldest first.
@Suite struct Jobs {
    private func scene(rows: Int = 100, jobs: Int = 3) throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 5, rows: rows)
        try scene.configure(
            Scene.policy(more: ["premake: 1", "compression: 12"]),
            extra: "jobs: \(jobs)\npart_size: 1 MiB\nlimits: { max_retire: 20 }")
        try scene.approve()
        return scene
    }

    private func published(_ months: [Int], _ scene: Scene) throws -> Bool {
        let slices = try scene.slices()
        return months.allSatisfy { slices.contains("public.logs/year=2025/month=0\($0)") }
    }

    /// Those before the one that stands leave meanwhile.
    @Test(arguments: [1, 3])
    func othersAreArchivedWhileOneStandsStill(number: Int) throws {
        let scene = try scene()
        let rows = try Conservation(scene)
        let night = try scene.night(standingAt: "night.exported", number) {
            for _ in 0..<1200 where try scene.slices().count < 2 {
                Thread.sleep(forTimeInterval: 0.05)
            }
            #expect(try (2..<5).contains(scene.slices().count))
            try rows.expectNothingLost("while one stands still")
        }
        #expect(night.status == 0, "\(night.stderr)")
        try rows.expectEachOnce("jobs: 3")
        #expect(try published([1, 2, 3, 4, 5], scene))
        let order = try scene.database.superuser(
            """
            SELECT string_agg(relation_name, ' ' ORDER BY id) FROM pgretain.ledger
            WHERE kind = 'dropped'
            """)
        #expect(order == (1...5).map { "logs_2025_0\($0)" }.joined(separator: " "))
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func aSignalEndsThemAll(signal: Int32) throws {
        let scene = try scene(rows: 12_000)
        let rows = try Conservation(scene)
        let night = try scene.start("run")
        try scene.waitForFile(of: night) { $0.contains("/.partial-") && $0.contains("/part-") }
        night.signal(signal)
        let outcome = night.wait()
        #expect(outcome.status == 128 + signal, "\(outcome.stderr)")
        try rows.expectNothingLost("after signal \(signal)")
        if signal == SIGTERM { #expect(try scene.unfinished() == []) }
        #expect(try scene.nightOnceFree().status == 0)
        try rows.expectEachOnce("after signal \(signal)")
    }

    /// One session and one thread suffice where the server gives no more.
    @Test func fewerSessionsDoToo() throws {
        let scene = try scene(jobs: 4)
        let rows = try Conservation(scene)
        try scene.database.superuser(
            "ALTER DATABASE \(scene.database.name) CONNECTION LIMIT 4")
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        try rows.expectEachOnce("few connections")
    }

    /// What fails in one of them is told of that one, and the others go on.
    @Test func oneThatFailsStopsNoOther() throws {
        let scene = try scene()
        // Published, and without a manifest: somebody's, or damaged.
        let directory = scene.archives + "/public.logs/year=2025"
        try FileManager.default.createDirectory(
            atPath: directory + "/month=02", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o750])
        try Data("?".utf8).write(to: URL(fileURLWithPath: directory + "/month=02/notes.txt"))
        let night = try scene.night(nil)
        #expect(night.status == 65, "\(night.stderr)")
        #expect(try published([1, 3, 4, 5], scene))
        #expect(try scene.partitions().contains("logs_2025_02"))
    }
}
