import Retention

/// What a slice's path says of the archive below it: `year=2025`, `year=2025/month=01`,
/// `year=2025/month=01/day=05`, `year=2025/quarter=1`, `year=2025/week=01` (ISO 8601), or
/// `from=20250105T000000Z/to=20250120T000000Z` for bounds that are not one period.
enum SlicePath {
    /// Wherever midnight is, it is less than this away from midnight in UTC.
    private static let largestOffset = Int64(16 * 3600) * Instant.microsecondsPerSecond

    /// Whether a directory can be a component of a slice's path. It cannot be hidden, cannot leave
    /// the table's directory, and says what it is.
    static func isComponent(_ name: some StringProtocol) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false)
        guard parts.count == 2, name.utf8.count <= 100 else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty && part.allSatisfy { isPlain($0) }
        } && parts[0].allSatisfy { (97...122).contains($0) }
    }

    /// Whether a path is one that a slice can have.
    static func isPath(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { isComponent($0) }
    }

    /// Whether an archive of these bounds belongs at this path. A period's bounds are midnights
    /// somewhere; bounds of their own are written exactly.
    static func admits(_ bounds: PartitionBounds, at path: String) -> Bool {
        guard let claimed = claimedBounds(of: path) else { return false }
        let tolerance = claimed.isExact ? 0 : largestOffset
        return abs(claimed.from.microseconds - bounds.from.microseconds) <= tolerance
            && abs(claimed.to.microseconds - bounds.to.microseconds) <= tolerance
    }

    /// Nil when the path is of none of the known forms.
    static func claimedBounds(of path: String) -> (from: Instant, to: Instant, isExact: Bool)? {
        let parts = path.split(separator: "/").map { $0.split(separator: "=", maxSplits: 1) }
        guard parts.allSatisfy({ $0.count == 2 }) else { return nil }
        let values = parts.map { $0[1] }
        let names = parts.map { String($0[0]) }
        if names == ["from", "to"] {
            guard let from = compactInstant(values[0]), let to = compactInstant(values[1]) else {
                return nil
            }
            return (from, to, true)
        }
        let numbers = values.compactMap { Int($0) }
        guard numbers.count == values.count, let dates = dates(names, numbers) else { return nil }
        return (CivilDateTime(date: dates.0).asUTC, CivilDateTime(date: dates.1).asUTC, false)
    }

    private static func dates(_ names: [String], _ numbers: [Int]) -> (CivilDate, CivilDate)? {
        guard let year = numbers.first, (-9999...300_000).contains(year) else { return nil }
        switch names {
        case ["year"]:
            return (CivilDate(year: year, month: 1), CivilDate(year: year + 1, month: 1))
        case ["year", "quarter"] where (1...4).contains(numbers[1]):
            let first = CivilDate(year: year, month: 3 * numbers[1] - 2)
            return (first, first.adding(months: 3))
        case ["year", "month"] where (1...12).contains(numbers[1]):
            let first = CivilDate(year: year, month: numbers[1])
            return (first, first.adding(months: 1))
        case ["year", "week"] where (1...53).contains(numbers[1]):
            // 4 January is always in week 1.
            let fourth = CivilDate(year: year, month: 1).adding(days: 3)
            let monday = fourth.adding(days: 1 - fourth.weekday + 7 * (numbers[1] - 1))
            return (monday, monday.adding(days: 7))
        case ["year", "month", "day"]:
            guard let day = CivilDate(year: year, month: numbers[1], day: numbers[2]) else {
                return nil
            }
            return (day, day.adding(days: 1))
        default:
            return nil
        }
    }

    /// `20250105T000000Z`, with decimals of the second where they are needed.
    private static func compactInstant(_ text: Substring) -> Instant? {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count >= 8, parts[1].utf8.count >= 7,
            parts[1].hasSuffix("Z")
        else { return nil }
        let date = parts[0]
        let time = parts[1]
        let year = date.dropLast(4)
        let month = date.dropLast(2).suffix(2)
        let minute = time.dropFirst(2).prefix(2)
        let iso = "\(year)-\(month)-\(date.suffix(2))T\(time.prefix(2)):\(minute):"
        return Instant(iso: iso + time.dropFirst(4))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
