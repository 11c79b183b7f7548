import Foundation
import SampleLogs
import TestSupport
import Testing

/// A night that is killed, or whose connections are cut, at a moment that nobody chose: nothing is
/// lost, a cut is no success, and the next night heals.
///
/// `PGRETAIN_FAULTS=N` tries N moments of each kind; `PGRETAIN_FAULTS_SEED` chooses which.
@Suite struct SuddenEnds {
    private static let months = 4

    private func scene() throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: Self.months, rows: 2500)
        // Small parts, so that there are many; and two partitions at a time.
        try scene.configure(
            Scene.policy(more: ["premake: 0"]), extra: "part_size: 1 MiB\njobs: 2")
        try scene.approve()
        return scene
    }

    private func start(_ scene: Scene) throws -> Running {
        try scene.start("run", "--max-retire", "9")
    }

    private func expectHealed(_ scene: Scene, _ rows: Conservation, _ what: String) throws {
        try rows.expectHealed(what, by: "--max-retire", "9")
        #expect(try scene.partitions().count == 1, "after \(what)")
    }

    /// How long an undisturbed night takes here and now.
    private func usualSeconds() throws -> Double {
        let scene = try scene()
        let begin = Date()
        #expect(try start(scene).wait().status == 0)
        return Date().timeIntervalSince(begin)
    }

    private func moments() throws -> [Double] {
        let usual = try usualSeconds()
        var random = SplitMix64(seed: Faults.seed)
        return (0..<Faults.count(otherwise: 4)).map { _ in
            Double.random(in: 0...usual, using: &random)
        }
    }

    @Test func killedAtAnyMoment() throws {
        for moment in try moments() {
            let scene = try scene()
            let rows = try Conservation(scene)
            let night = try start(scene)
            Thread.sleep(forTimeInterval: moment)
            night.signal(SIGKILL)
            let ended = night.wait()
            #expect(ended.status == 128 + SIGKILL || ended.status == 0)
            try expectHealed(scene, rows, "kill -9 after \(moment) s")
        }
    }

    @Test func cutAtAnyMoment() throws {
        for moment in try moments() {
            let scene = try scene()
            let rows = try Conservation(scene)
            let night = try start(scene)
            Thread.sleep(forTimeInterval: moment)
            let cut = try scene.database.superuser(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'pgretain%'
                """)
            let ended = night.wait()
            let what = "\(cut) sessions terminated after \(moment) s"
            if ended.status == 0 {
                #expect(try scene.partitions().count == 1, "\(what): said to be done")
            } else {
                #expect(!ended.stderr.isEmpty, "\(what)")
                #expect(ended.status == 69 || ended.status == 75, "\(what): \(ended.stderr)")
            }
            try expectHealed(scene, rows, what)
        }
    }

    /// Somebody who cancels our statements, again and again.
    @Test func cancelledAtAnyMoment() throws {
        for moment in try moments() {
            let scene = try scene()
            let rows = try Conservation(scene)
            let night = try start(scene)
            Thread.sleep(forTimeInterval: moment)
            for _ in 0..<3 {
                try scene.database.superuser(
                    """
                    SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name LIKE 'pgretain%'
                    """)
            }
            let ended = night.wait()
            #expect(
                ended.status == 0 || !ended.stderr.isEmpty, "cancelled after \(moment) s")
            try expectHealed(scene, rows, "cancelled after \(moment) s")
        }
    }
}
