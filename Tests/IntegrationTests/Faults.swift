import Foundation
import SampleLogs

/// How many of all faults a run of the tests tries, and which.
enum Faults {
    private static let environment = ProcessInfo.processInfo.environment
    private static let wanted = environment["PGRETAIN_FAULTS"].flatMap(Int.init) ?? 8
    static let seed = environment["PGRETAIN_FAULTS_SEED"].flatMap(UInt64.init) ?? 1

    /// How many to try of what has no end.
    static func count(otherwise usual: Int) -> Int {
        environment["PGRETAIN_FAULTS"] == nil ? usual : max(wanted, 1)
    }

    /// All of them where `PGRETAIN_FAULTS=0`; else a choice that has each kind before it has one
    /// twice, the same for the same `PGRETAIN_FAULTS_SEED`.
    /// `cost`: how many plain faults one of these takes the time of.
    static func chosen<Fault>(
        _ all: [Fault], costing cost: Int = 1, of kind: (Fault) -> String
    ) -> [Fault] {
        let wanted = wanted == 0 ? 0 : max(1, wanted / cost)
        guard wanted > 0, wanted < all.count else { return all }
        var random = SplitMix64(seed: seed)
        var seen: Set<String> = []
        var firsts: [Fault] = []
        var others: [Fault] = []
        for fault in all.shuffled(using: &random) {
            if seen.insert(kind(fault)).inserted {
                firsts.append(fault)
            } else {
                others.append(fault)
            }
        }
        return Array((firsts + others).prefix(wanted))
    }
}
