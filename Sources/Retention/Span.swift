/// A length of time as people say it: months, days and a rest, each counted in its own way.
public struct Span: Hashable, Sendable {
    public var months: Int
    public var days: Int
    public var microseconds: Int64

    public init(months: Int = 0, days: Int = 0, microseconds: Int64 = 0) {
        self.months = months
        self.days = days
        self.microseconds = microseconds
    }

    /// The instant this long before another: months and days by the calendar of the zone, the
    /// rest by the clock.
    public func before(_ instant: Instant, in zone: Zone) -> Instant {
        moved(instant, sign: -1, zone)
    }

    /// The instant this long after another.
    public func after(_ instant: Instant, in zone: Zone) -> Instant {
        moved(instant, sign: 1, zone)
    }

    private func moved(_ instant: Instant, sign: Int, _ zone: Zone) -> Instant {
        var result = instant
        if months != 0 || days != 0 {
            var civil = zone.civil(instant)
            civil.date = civil.date.adding(months: sign * months).adding(days: sign * days)
            result = zone.instant(civil)
        }
        return Instant(microseconds: result.microseconds + Int64(sign) * microseconds)
    }
}

extension Span {
    private static let units: [(names: [String], span: Span)] = [
        (["year", "years", "y"], Span(months: 12)),
        (["month", "months"], Span(months: 1)),
        (["week", "weeks", "w"], Span(days: 7)),
        (["day", "days", "d"], Span(days: 1)),
        (["h", "hour", "hours"], Span(microseconds: 3_600_000_000)),
        (["min", "minute", "minutes"], Span(microseconds: 60_000_000)),
        (["s", "sec", "second", "seconds"], Span(microseconds: 1_000_000)),
        (["ms", "millisecond", "milliseconds"], Span(microseconds: 1000)),
    ]

    /// Reads `90 days`, `1 year 6 months`, `800ms`. A number without a unit is nothing, and so is
    /// a bare `m`, which some read as minutes and some as months.
    public init?(_ text: String) {
        var rest = Substring(text.lowercased())
        var total = Span()
        repeat {
            rest = rest.drop { $0 == " " }
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest.removeFirst(digits.count)
            rest = rest.drop { $0 == " " }
            let name = rest.prefix { $0.isLetter }
            rest.removeFirst(name.count)
            rest = rest.drop { $0 == " " }
            guard let count = Int(digits), count <= 1_000_000,
                let unit = Self.units.first(where: { $0.names.contains(String(name)) })?.span
            else { return nil }
            total.months += unit.months * count
            total.days += unit.days * count
            total.microseconds += unit.microseconds * Int64(count)
        } while !rest.isEmpty
        self = total
    }
}

extension Span: CustomStringConvertible {
    /// `1 year 6 months`, `90 days`, `800 ms`: a form that reads back as the same span.
    public var description: String {
        var parts: [String] = []
        func add(_ count: Int64, _ unit: String) {
            guard count != 0 else { return }
            let isPlural = count != 1 && ["year", "month", "day"].contains(unit)
            parts.append("\(count) \(unit)\(isPlural ? "s" : "")")
        }
        add(Int64(months / 12), "year")
        add(Int64(months % 12), "month")
        add(Int64(days), "day")
        var rest = microseconds / 1000
        for (unit, length) in [("h", Int64(3_600_000)), ("min", 60_000), ("s", 1000), ("ms", 1)] {
            add(rest / length, unit)
            rest %= length
        }
        return parts.isEmpty ? "0 days" : parts.joined(separator: " ")
    }
}

extension Span: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let span = Span(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a length of time"))
        }
        self = span
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
