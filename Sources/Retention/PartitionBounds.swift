/// A half-open range of key values, `[from, to)`.
public struct PartitionBounds: Hashable, Sendable, Codable {
    public var from: Instant
    public var to: Instant

    /// Nil when the range is empty.
    public init?(from: Instant, to: Instant) {
        guard from < to else { return nil }
        self.from = from
        self.to = to
    }

    public func overlaps(_ other: PartitionBounds) -> Bool {
        from < other.to && other.from < to
    }

    public func contains(_ instant: Instant) -> Bool {
        from <= instant && instant < to
    }
}

extension PartitionBounds: Comparable {
    public static func < (a: PartitionBounds, b: PartitionBounds) -> Bool {
        (a.from, a.to) < (b.from, b.to)
    }
}

extension PartitionBounds: CustomStringConvertible {
    /// `[2025-01-01, 2025-02-01)`, with times where the ends are not midnights.
    public var description: String {
        "[\(Self.short(from)), \(Self.short(to)))"
    }

    private static func short(_ instant: Instant) -> String {
        let civil = CivilDateTime(utc: instant)
        return civil.microseconds == 0 ? civil.date.description : instant.description
    }
}
