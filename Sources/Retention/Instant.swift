/// A point in time: whole microseconds since 1970-01-01 00:00 UTC, the resolution of PostgreSQL's
/// `timestamptz`.
///
/// A key without a zone (`timestamp`, `date`) is handled as though its zone were UTC, throughout.
public struct Instant: Hashable, Sendable, Comparable {
    public var microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    public static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }

    public static let microsecondsPerSecond: Int64 = 1_000_000
    public static let microsecondsPerDay: Int64 = 86_400 * microsecondsPerSecond
}

extension Instant: CustomStringConvertible {
    /// ISO 8601 in UTC: `2025-01-01T00:00:00Z`, with as many decimals as are needed, up to six.
    public var description: String { text(zone: "Z") }

    /// ISO 8601 in UTC, ending in `zone` (`Z`, `+00`, `+00:00` or nothing).
    public func text(separator: Character = "T", zone: String) -> String {
        let civil = CivilDateTime(utc: self)
        return civil.text(separator: separator) + zone
    }
}

extension Instant {
    /// Reads `2025-01-01T00:00:00[.ffffff](Z|±hh[:mm[:ss]])`, a blank in place of the T, or a bare
    /// date or date and time without a zone, which is taken as UTC. Nil when it is none of these, or too far
    /// away to be counted in microseconds.
    public init?(iso text: some StringProtocol) {
        var scanner = DigitScanner(text)
        guard let date = scanner.date() else { return nil }
        var ofDay: Int64 = 0
        if scanner.take(anyOf: "T ") {
            guard let time = scanner.time() else { return nil }
            ofDay = time
        }
        guard let offset = scanner.offset(), scanner.isAtEnd else { return nil }
        let days = date.daysSinceEpoch.multipliedReportingOverflow(by: Self.microsecondsPerDay)
        let sum = days.partialValue.addingReportingOverflow(
            ofDay - offset * Self.microsecondsPerSecond)
        guard !days.overflow, !sum.overflow else { return nil }
        self.init(microseconds: sum.partialValue)
    }
}

extension Instant: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let instant = Instant(iso: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a time: \(text)"))
        }
        self = instant
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Reads dates and times out of ASCII text, strictly.
private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: some StringProtocol) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(anyOf characters: StaticString) -> Bool {
        guard let first = rest.first else { return false }
        let wanted = characters.withUTF8Buffer { $0.contains(first) }
        if wanted { rest.removeFirst() }
        return wanted
    }

    /// Between `digits` and `most` digits, as a number.
    mutating func number(_ digits: Int, atMost most: Int? = nil) -> Int64? {
        let run = rest.prefix(most ?? digits).prefix { (48...57).contains($0) }
        guard run.count >= digits else { return nil }
        rest.removeFirst(run.count)
        return run.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    mutating func date() -> CivilDate? {
        guard let year = number(4, atMost: 6), take(anyOf: "-"), let month = number(2),
            take(anyOf: "-"), let day = number(2)
        else { return nil }
        return CivilDate(year: Int(year), month: Int(month), day: Int(day))
    }

    /// Microseconds since midnight.
    mutating func time() -> Int64? {
        guard let hour = number(2), take(anyOf: ":"), let minute = number(2), hour < 24,
            minute < 60
        else { return nil }
        var second: Int64 = 0
        var fraction: Int64 = 0
        if take(anyOf: ":") {
            guard let value = number(2), value < 60 else { return nil }
            second = value
            if take(anyOf: ".") {
                let before = rest.count
                guard let value = number(1, atMost: 6) else { return nil }
                fraction = (before - rest.count..<6).reduce(value) { scaled, _ in scaled * 10 }
            }
        }
        return ((hour * 60 + minute) * 60 + second) * Instant.microsecondsPerSecond + fraction
    }

    /// Seconds east of UTC; zero when nothing is left.
    mutating func offset() -> Int64? {
        if isAtEnd || take(anyOf: "Z") { return 0 }
        let west = rest.first == UInt8(ascii: "-")
        guard take(anyOf: "+-"), let hours = number(2) else { return nil }
        var seconds = hours * 3600
        if take(anyOf: ":") {
            guard let minutes = number(2), minutes < 60 else { return nil }
            seconds += minutes * 60
            if take(anyOf: ":") {
                guard let rest = number(2), rest < 60 else { return nil }
                seconds += rest
            }
        }
        return west ? -seconds : seconds
    }
}
