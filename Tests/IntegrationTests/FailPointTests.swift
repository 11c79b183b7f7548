import Foundation
import TestSupport
import Testing

/// A night dies or fails at every place where it can, and the next one finishes it: nothing is lost,
/// nothing is doubled, nothing is left behind, and no failure looks like success.
///
/// `PGRETAIN_FAULTS=N` tries N places (0: all of them) instead of the short slice;
/// `PGRETAIN_FAULTS_SEED` chooses which.
@Suite struct FailPoints {
    private struct Place: Hashable {
        var name: String
        var number: Int
    }

    private static let environment = ProcessInfo.processInfo.environment
    private static let wanted = environment["PGRETAIN_FAULTS"].flatMap(Int.init) ?? 24
    private static let seed = environment["PGRETAIN_FAULTS_SEED"].flatMap(UInt64.init) ?? 1

    /// Two months that go, and months to be made.
    private func scene() throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 40)
        try scene.configure(Scene.policy(more: ["premake: 1"]))
        try scene.approve()
        return scene
    }

    private func night(_ scene: Scene, _ environment: [String: String] = [:]) throws -> Outcome {
        try scene.pgretain(["run"], environment: environment)
    }

    /// Partitions that should have gone.
    private func aged(_ scene: Scene) throws -> Int {
        try scene.partitions().filter { $0.hasPrefix("logs_2025") }.count
    }

    /// Every place that an undisturbed night passes, each time it passes.
    private func places() throws -> [Place] {
        let scene = try scene()
        let trace = scene.configuration + ".trace"
        let outcome = try night(scene, ["PGRETAIN_FAIL_TRACE": trace])
        #expect(outcome.status == 0, "\(outcome.stderr)")
        var numbers: [String: Int] = [:]
        let text = try String(contentsOfFile: trace, encoding: .utf8)
        return text.split(separator: "\n").map { name in
            numbers[String(name), default: 0] += 1
            return Place(name: String(name), number: numbers[String(name)]!)
        }
    }

    /// All of them, or an even choice that has each name before it has one twice.
    private static func chosen(_ places: [Place]) -> [Place] {
        guard wanted > 0, wanted < places.count else { return places }
        var random = Numbers(state: seed)
        let shuffled = places.shuffled(using: &random)
        var seen: Set<String> = []
        let firsts = shuffled.filter { seen.insert($0.name).inserted }
        return Array((firsts + shuffled.filter { !firsts.contains($0) }).prefix(wanted))
    }

    @Test func thereAreManyPlaces() throws {
        let names = Set(try places().map(\.name))
        #expect(names.count >= 40, "\(names.sorted())")
        for step in [
            "healed", "premade", "exported", "verified", "published", "recorded", "detached",
            "dropped", "retired",
        ] { #expect(names.contains("night.\(step)")) }
    }

    @Test(arguments: ["crash", "error"])
    func aNightThatEndsAnywhereIsFinishedByTheNext(action: String) throws {
        let all = try places().filter { action == "crash" || !$0.name.hasPrefix("night.") }
        for place in Self.chosen(all) {
            let what = "\(place.name)#\(place.number)=\(action)"
            let scene = try scene()
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
            try rows.expectNothingLost(what)
            let healed = try night(scene)
            #expect(healed.status == 0, "after \(what): \(healed.stderr)")
            #expect(try aged(scene) == 0, "after \(what)")
            #expect(try scene.quarantined() == 0, "after \(what)")
            try rows.expectEachOnce("after \(what)")
            let left = try scene.archiveFiles().filter { $0.contains("/.") || $0.hasPrefix(".") }
            #expect(left.isEmpty, "after \(what): \(left)")
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

/// S. Vigna's splitmix64: a seed gives the same choice each time.
private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
