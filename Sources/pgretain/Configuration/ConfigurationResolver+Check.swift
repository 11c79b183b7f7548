import Maintenance
import Retention
import Yams

// What monitoring is alarmed by.
extension ConfigurationResolver {
    private static let checkKeys = ["missed_warning", "missed_critical", "timeout", "ignore"]

    mutating func check(_ node: Node?) -> CheckSettings {
        let entries = node.map { reader.entries($0, of: "check", known: Self.checkKeys) } ?? [:]
        let defaults = HealthThresholds()
        let warning = seconds(
            entries["missed_warning"], "check.missed_warning", in: 60...366 * HealthThresholds.day,
            default: defaults.missedWarningSeconds)
        let critical = seconds(
            entries["missed_critical"], "check.missed_critical",
            in: 60...366 * HealthThresholds.day, default: defaults.missedCriticalSeconds)
        if critical < warning {
            reader.complain(
                "must not be shorter than check.missed_warning, which is "
                    + "\(Span(microseconds: warning * 1_000_000))",
                key: "check.missed_critical", at: entries["missed_critical"] ?? node)
        }
        let timeout = seconds(
            entries["timeout"], "check.timeout", in: 1...600,
            default: Int64(CheckSettings.defaultTimeoutSeconds))
        return CheckSettings(
            thresholds: HealthThresholds(
                missedWarningSeconds: warning, missedCriticalSeconds: critical,
                ignored: ignored(entries["ignore"], "check.ignore")),
            timeoutSeconds: Int(timeout))
    }

    /// A length of time by the clock; a day is 24 hours.
    private mutating func seconds(
        _ node: Node?, _ key: String, in range: ClosedRange<Int64>, default: Int64
    ) -> Int64 {
        guard let node, let span = reader.span(node, key: key) else {
            _ = note(key, Span(microseconds: `default` * 1_000_000).description, .default)
            return `default`
        }
        let seconds = Int64(span.days) * HealthThresholds.day + span.microseconds / 1_000_000
        guard span.months == 0, range.contains(seconds) else {
            let ends = [range.lowerBound, range.upperBound].map {
                Span(
                    days: Int($0 / HealthThresholds.day),
                    microseconds: $0 % HealthThresholds.day * 1_000_000
                ).description
            }
            reader.complain("must be from \(ends[0]) to \(ends[1])", key: key, at: node)
            return `default`
        }
        _ = note(key, span.description, source(node))
        return seconds
    }

    private mutating func ignored(_ node: Node?, _ key: String) -> Set<Finding.ID> {
        guard let node else {
            _ = note(key, "none", .default)
            return []
        }
        guard case .sequence(let sequence) = node else {
            reader.complain("must be a list of message ids", key: key, at: node)
            return []
        }
        let ids = sequence.compactMap { reader.choice($0, key: key) as Finding.ID? }
        _ = note(key, ids.map(\.rawValue).joined(separator: ", "), source(node))
        return Set(ids)
    }
}
