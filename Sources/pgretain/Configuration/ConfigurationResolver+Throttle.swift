import Maintenance
import Retention
import Yams

// The limits by which a night spares the server.
extension ConfigurationResolver {
    static let throttleKeys = [
        "rate", "replica_lag", "slot_wal", "archive_failures", "pressure_wait", "snapshot_age",
    ]

    private enum ArchiveFailures: String, CaseIterable {
        case ignore, wait
    }

    /// Nothing is waited for that the file does not name.
    mutating func throttle(_ limits: [String: Node]) -> ThrottleSettings {
        let failures: ArchiveFailures = choice(
            limits["archive_failures"], "limits.archive_failures", default: .ignore)
        return ThrottleSettings(
            rate: rate(limits["rate"], "limits.rate"),
            pressure: PressureLimits(
                replicaLag: clockSpan(
                    limits["replica_lag"], "limits.replica_lag", from: 1, default: nil),
                slotWAL: size(limits["slot_wal"], "limits.slot_wal"),
                waitsForArchiver: failures == .wait),
            pressureWait: clockSpan(
                limits["pressure_wait"], "limits.pressure_wait", from: 0,
                default: ThrottleSettings().pressureWait)!,
            snapshotAge: clockSpan(
                limits["snapshot_age"], "limits.snapshot_age", from: 1,
                default: ThrottleSettings().snapshotAge)!)
    }

    /// `50 MB/s`
    private mutating func rate(_ node: Node?, _ key: String) -> ByteCount? {
        guard let text = given(node, key) else { return nil }
        let count = text.hasSuffix("/s") ? ByteCount(String(text.dropLast(2))) : nil
        guard let count, count.bytes >= 10_000 else {
            reader.complain(
                "`\(text)` must be a rate of at least `10 kB/s`, such as `50 MB/s`, or `none`",
                key: key, at: node)
            return nil
        }
        _ = note(key, "\(count)/s", node.map(source) ?? .default)
        return count
    }

    mutating func size(_ node: Node?, _ key: String) -> ByteCount? {
        guard let text = given(node, key) else { return nil }
        guard let count = ByteCount(text), count.bytes > 0 else {
            reader.complain(
                "`\(text)` must be a size such as `10 GB`, or `none`", key: key, at: node)
            return nil
        }
        _ = note(key, count.description, node.map(source) ?? .default)
        return count
    }

    /// A length of time by the clock, up to a day.
    mutating func clockSpan(
        _ node: Node?, _ key: String, from seconds: Int64, default: Span?
    ) -> Span? {
        if `default` == nil, given(node, key) == nil { return nil }
        guard let node, let span = reader.span(node, key: key) else {
            _ = note(key, `default`?.description ?? "none", .default)
            return `default`
        }
        let range = (seconds * 1_000_000)...86_400_000_000
        guard span.months == 0, span.days == 0, range.contains(span.microseconds) else {
            reader.complain("must be from \(seconds) s to 24 h", key: key, at: node)
            return `default`
        }
        _ = note(key, span.description, source(node))
        return span
    }

    /// The text of a limit that may be `none`, which it is when the file says nothing.
    private mutating func given(_ node: Node?, _ key: String) -> String? {
        guard let node, let text = reader.text(node, key: key), text != "none" else {
            _ = note(key, "none", node.map(source) ?? .default)
            return nil
        }
        return text
    }
}
