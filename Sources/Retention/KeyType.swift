/// How the key column holds time.
///
/// The one place that turns an instant into the key's SQL literal and the key's text into an instant.
public enum KeyType: String, Hashable, Sendable, Codable, CaseIterable {
    case timestampWithTimeZone = "timestamptz"
    case timestamp
    case date
    /// An integer that counts seconds since 1970-01-01 00:00 UTC.
    case epochSeconds = "epoch_seconds"
    /// The same in milliseconds.
    case epochMilliseconds = "epoch_milliseconds"
    /// The same in microseconds.
    case epochMicroseconds = "epoch_microseconds"
    /// A `uuid` whose first 48 bits count milliseconds since 1970-01-01 00:00 UTC (RFC 9562, 5.7).
    case uuidv7
    /// A text of 26 digits to the base 32 that begins with the same 48 bits
    /// (https://github.com/ulid/spec).
    case ulid

    /// Whether the values have no zone; they are handled as though it were UTC.
    public var isNaive: Bool { self == .timestamp || self == .date }

    /// Whether no type of PostgreSQL says that the values are times: an operator has to.
    public var isEncoded: Bool { isIdentifier || microsecondsPerUnit != nil }

    /// Whether the values begin with a time, and go on with something else.
    public var isIdentifier: Bool { self == .uuidv7 || self == .ulid }

    /// Whether a value shows by itself that it is of this type; of others only bounds do.
    public var isSelfEvident: Bool { !isEncoded || self == .uuidv7 }

    /// Itself where it is encoded: what has to be stated to read the key so.
    public var encoded: KeyType? { isEncoded ? self : nil }

    /// Of an epoch: how long one unit is; nil for a type that is a time.
    public var microsecondsPerUnit: Int64? {
        switch self {
        case .timestampWithTimeZone, .timestamp, .date, .uuidv7, .ulid: nil
        case .epochSeconds: 1_000_000
        case .epochMilliseconds: 1000
        case .epochMicroseconds: 1
        }
    }

    /// An instant as SQL text of this type, in UTC. An instant between two values is the later one,
    /// so that the keys of `[from, to)` are those at or after the one literal and before the other.
    public func literal(_ instant: Instant) -> String {
        switch self {
        case .timestampWithTimeZone: return instant.text(separator: " ", zone: "+00")
        case .timestamp: return instant.text(separator: " ", zone: "")
        case .date: return CivilDateTime(utc: instant).date.description
        case .epochSeconds, .epochMilliseconds, .epochMicroseconds:
            let (units, rest) = instant.microseconds.quotientAndRemainder(
                dividingBy: microsecondsPerUnit ?? 1)
            return String(rest > 0 ? units + 1 : units)
        case .uuidv7, .ulid: return firstIdentifier(of: instant)
        }
    }

    /// The instant that an epoch means; nil where it is too far away to be counted in microseconds,
    /// or the type is none.
    public func instant(ofEpoch units: Int64) -> Instant? {
        guard let microsecondsPerUnit else { return nil }
        let product = units.multipliedReportingOverflow(by: microsecondsPerUnit)
        return product.overflow ? nil : Instant(microseconds: product.partialValue)
    }

    /// How many whole units an instant is from 1970; nil where the type is no epoch.
    public func epoch(of instant: Instant) -> Int64? {
        microsecondsPerUnit.map { instant.microseconds / $0 }
    }

    /// Epochs of other units.
    public var otherUnits: [KeyType] {
        microsecondsPerUnit == nil
            ? [] : Self.allCases.filter { $0.microsecondsPerUnit != nil && $0 != self }
    }

    /// Epochs of larger units.
    public var coarser: [KeyType] {
        otherUnits.filter { ($0.microsecondsPerUnit ?? 0) > (microsecondsPerUnit ?? 0) }
    }

    /// The literal before which no key is a time that a period has: the year 1, and of an epoch the
    /// smallest number of seconds that 32 bits hold, in 1901; of an identifier the first of all.
    public var earliestLiteral: String {
        isEncoded
            ? literal(Instant(microseconds: Int64(Int32.min) * Instant.microsecondsPerSecond))
            : "0001-01-01"
    }
}
