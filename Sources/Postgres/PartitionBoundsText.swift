import Retention

/// Times as the server prints them under `DateStyle=ISO` and `TimeZone=UTC`.
enum TimeText {
    /// The first and the last instant that bounds are counted in; what lies beyond is cut to them.
    static let earliest = Instant(microseconds: -8_000_000_000_000_000_000)
    static let latest = Instant(microseconds: 8_000_000_000_000_000_000)

    /// Nil for anything but a plain time of the years 1 to 9999.
    static func instant(_ text: some StringProtocol) -> Instant? {
        let year = text.utf8.prefix { (48...57).contains($0) }
        guard year.count == 4, !year.elementsEqual("0000".utf8) else { return nil }
        return Instant(iso: text)
    }
}

/// A partition's bounds as `pg_get_expr(relpartbound, oid)` prints them, for one key column.
enum PartitionBoundsText {
    private enum End: Equatable {
        case finite(Instant)
        /// Before all finite ones: MINVALUE, `-infinity`, a year BC.
        case beforeAll
        /// After all finite ones: MAXVALUE, `infinity`, a year past 9999.
        case afterAll
    }

    /// Nil when it is not the text of a DEFAULT or of a RANGE partition with one key.
    ///
    /// MINVALUE, MAXVALUE, infinities and years outside 1 to 9999 make an open extent: such a
    /// partition is never retired, and nothing is made ahead where it reaches.
    static func extent(_ text: String, of type: KeyType = .timestampWithTimeZone)
        -> Partition.Extent?
    {
        if text == "DEFAULT" { return .default }
        var rest = Substring(text)
        guard take("FOR VALUES FROM (", from: &rest), let from = end(&rest, type),
            take(") TO (", from: &rest), let to = end(&rest, type), rest == ")"
        else { return nil }
        switch (from, to) {
        case (.finite(let from), .finite(let to)):
            return PartitionBounds(from: from, to: to).map { .range($0) }
        default:
            return .open(
                from: from == .beforeAll ? nil : instant(from),
                to: to == .afterAll ? nil : instant(to))
        }
    }

    private static func instant(_ end: End) -> Instant {
        switch end {
        case .finite(let instant): instant
        case .beforeAll: TimeText.earliest
        case .afterAll: TimeText.latest
        }
    }

    private static func end(_ rest: inout Substring, _ type: KeyType) -> End? {
        if take("MINVALUE", from: &rest) { return .beforeAll }
        if take("MAXVALUE", from: &rest) { return .afterAll }
        if type.microsecondsPerUnit != nil, let first = rest.first, ("0"..."9").contains(first) {
            // Without quotes: of type integer.
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            return end(ofEpoch: digits, type)
        }
        guard take("'", from: &rest), let close = rest.firstIndex(of: "'") else { return nil }
        let literal = rest[..<close]
        rest = rest[rest.index(after: close)...]
        if type.isIdentifier { return end(ofIdentifier: literal, type) }
        return type.isEncoded ? end(ofEpoch: literal, type) : end(ofTime: literal)
    }

    /// One that is not the first of its instant is none of ours: a partition that we make beside it
    /// would overlap with it, or leave a gap. Behind all times that does not matter.
    private static func end(ofIdentifier literal: Substring, _ type: KeyType) -> End? {
        guard let instant = type.instant(ofIdentifier: literal) else { return nil }
        if instant >= year10000 { return .afterAll }
        return type.literal(instant) == literal ? .finite(instant) : nil
    }

    private static func end(ofEpoch literal: Substring, _ type: KeyType) -> End? {
        guard let units = Int64(literal) else { return nil }
        guard let instant = type.instant(ofEpoch: units), (yearOne..<year10000).contains(instant)
        else {
            return units < 0 ? .beforeAll : .afterAll
        }
        return .finite(instant)
    }

    private static let yearOne = Instant(microseconds: -62_135_596_800_000_000)
    private static let year10000 = Instant(microseconds: 253_402_300_800_000_000)

    private static func end(ofTime literal: Substring) -> End? {
        if literal == "-infinity" || isTime(literal, ending: " BC") { return .beforeAll }
        if literal == "infinity" { return .afterAll }
        if let instant = TimeText.instant(literal) { return .finite(instant) }
        let year = literal.prefix { ("0"..."9").contains($0) }
        return (5...6).contains(year.count) && isTime(literal, ending: "") ? .afterAll : nil
    }

    /// Whether it could be a time, by its characters.
    private static func isTime(_ text: Substring, ending: String) -> Bool {
        guard text.hasSuffix(ending), let first = text.utf8.first, (48...57).contains(first) else {
            return false
        }
        return text.dropLast(ending.count).utf8.allSatisfy {
            (48...58).contains($0) || " +-.".utf8.contains($0)
        }
    }

    private static func take(_ prefix: String, from rest: inout Substring) -> Bool {
        guard rest.hasPrefix(prefix) else { return false }
        rest = rest.dropFirst(prefix.count)
        return true
    }
}
