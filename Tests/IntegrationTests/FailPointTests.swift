import Foundation
import TestSupport
import Testing

/// A night dies or fails at every place where it can, and the next one finishes it: nothing is lost,
/// nothing is doubled, nothing is left behind, and no failure looks like success.
///
/// `PGRETAIN_FAULTS=N` tries N places (0: all of them) instead of the short slice;
/// `PGRETAIN_FAULTS_SEED` chooses which.
@Suite struct FailPoints {
    enum Size: String, CaseIterable, CustomTestStringConvertible {
        /// A partition goes under one snapshot.
        case small
        /// It takes too long for that, by what is known, and goes page by page.
        case large

        var testDescription: String { rawValue }
    }

    /// Two months that go, and months to be made.
    private func scene(_ size: Size) throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: size == .small ? 40 : 250)
        try scene.configure(
            Scene.policy(more: ["premake: 1"]), extra: "limits: { snapshot_age: 1 s }")
        try scene.approve()
        if size == .large { try scene.makeSlow() }
        return scene
    }

    private func night(_ scene: Scene, _ environment: [String: String] = [:]) throws -> Outcome {
        try scene.pgretain(["run"], environment: environment)
    }

    /// Partitions that should have gone.
    private func aged(_ scene: Scene) throws -> Int {
        try scene.partitions().filter { $0.hasPrefix("logs_2025") }.count
    }

    @Test func thereAreManyPlaces() throws {
        let names = Set(try scene(.large).placesOfANight().map(\.name))
        #expect(names.count >= 40, "\(names.sorted())")
        for step in [
            "healed", "premade", "range-verified", "range-kept", "exported", "verified",
            "published", "recorded", "detached", "dropped", "retired",
        ] { #expect(names.contains("night.\(step)")) }
    }

    @Test(arguments: ["crash", "error"], Size.allCases)
    func aNightThatEndsAnywhereIsFinishedByTheNext(action: String, size: Size) throws {
        let all = try scene(size).placesOfANight().filter {
            action == "crash" || !$0.name.hasPrefix("night.")
        }
        for place in Faults.chosen(all, of: { $0.name }) {
            let what = "\(place)=\(action)"
            let scene = try scene(size)
            let rows = try Conservation(scene)
            let broken = try night(scene, ["PGRETAIN_FAIL_AT": what])
            if action == "crash" {
                #expect(broken.status == 128 + 9, "\(what): \(broken.status) \(broken.stderr)")
            } else if broken.status == 0 {
                // What was made whole by another try within the night is no failure.
                #expect(try aged(scene) == 0, "\(what)")
            } else {
                #expect(!broken.stderr.isEmpty, "\(what) fails and says nothing")
            }
            try rows.expectHealed(what)
            let events = try scene.database.superuser(
                """
                SELECT relation_name, count(*) FILTER (WHERE kind = 'archived') > 0,
                    count(*) FILTER (WHERE kind = 'detached'), count(*) FILTER (WHERE kind = 'dropped')
                FROM pgretain.ledger WHERE relation_name IS NOT NULL
                GROUP BY relation_name ORDER BY relation_name
                """)
            #expect(events == "logs_2025_01|t|1|1\nlogs_2025_02|t|1|1", "after \(what): \(events)")
        }
    }
}
