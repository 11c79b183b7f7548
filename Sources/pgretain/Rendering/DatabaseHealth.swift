import Maintenance
import Retention

/// What `check` found, and of which of several databases; without a name there is one alone.
typealias DatabaseHealth = (name: String?, report: HealthReport)

extension [DatabaseHealth] {
    /// Among equals in the order of the configuration.
    var worstFirst: [DatabaseHealth] {
        HealthVerdict.State.worstFirst.flatMap { state in filter { $0.report.state == state } }
    }
}

extension HealthVerdict.State {
    /// What is known to be bad outranks that nothing is known.
    fileprivate static let worstFirst: [Self] = [.critical, .unknown, .warning, .ok]

    static func worst(of states: [Self]) -> Self {
        worstFirst.first(where: states.contains) ?? .ok
    }
}
