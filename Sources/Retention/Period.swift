/// The unit that a table is cut in.
public enum Period: String, Sendable, Codable, CaseIterable {
    case day, week, month, quarter, year

    /// The first day of the period that a date falls into. Weeks begin on Monday (ISO 8601).
    public func start(of date: CivilDate) -> CivilDate {
        switch self {
        case .day: date
        case .week: date.adding(days: 1 - date.weekday)
        case .month: CivilDate(year: date.year, month: date.month)
        case .quarter: CivilDate(year: date.year, month: (date.month - 1) / 3 * 3 + 1)
        case .year: CivilDate(year: date.year, month: 1)
        }
    }

    /// The first day of a later period, `count` periods after the one that begins on `start`.
    public func start(_ count: Int, after start: CivilDate) -> CivilDate {
        switch self {
        case .day: start.adding(days: count)
        case .week: start.adding(days: 7 * count)
        case .month: start.adding(months: count)
        case .quarter: start.adding(months: 3 * count)
        case .year: start.adding(months: 12 * count)
        }
    }

    /// The bounds of the period `count` periods after the one that an instant falls into.
    public func bounds(containing instant: Instant, plus count: Int = 0, in zone: Zone)
        -> PartitionBounds
    {
        let first = start(count, after: start(of: zone.civil(instant).date))
        let from = zone.instant(first)
        var next = start(1, after: first)
        // Where the clocks skip a whole day, as at the date line, the day after begins with it.
        while zone.instant(next) <= from { next = start(1, after: next) }
        let to = zone.instant(next)
        guard let bounds = PartitionBounds(from: from, to: to) else {
            preconditionFailure("a period of no length: \(first) in \(zone.name)")
        }
        return bounds
    }

    /// Whether bounds are exactly one period.
    public func matches(_ bounds: PartitionBounds, in zone: Zone) -> Bool {
        self.bounds(containing: bounds.from, in: zone) == bounds
    }

    /// The first day of the period that bounds begin with.
    public func firstDay(of bounds: PartitionBounds, in zone: Zone) -> CivilDate {
        start(of: zone.civil(bounds.from).date)
    }
}

extension Period {
    /// Where a slice lives below its table's directory: `year=2025/month=01` for a whole period,
    /// `from=20250105T000000Z/to=20250120T000000Z` for any other range.
    public func slicePath(of bounds: PartitionBounds, in zone: Zone) -> String {
        guard matches(bounds, in: zone) else {
            return "from=\(Self.compact(bounds.from))/to=\(Self.compact(bounds.to))"
        }
        let first = firstDay(of: bounds, in: zone)
        let year = "year=\(first.year.padded(4))"
        switch self {
        case .year: return year
        case .quarter: return "\(year)/quarter=\((first.month + 2) / 3)"
        case .month: return "\(year)/month=\(first.month.padded(2))"
        case .week:
            let week = first.isoWeek
            return "year=\(week.year.padded(4))/week=\(week.week.padded(2))"
        case .day: return "\(year)/month=\(first.month.padded(2))/day=\(first.day.padded(2))"
        }
    }

    private static func compact(_ instant: Instant) -> String {
        instant.description.filter { $0 != "-" && $0 != ":" }
    }

    /// Reads what an operator calls a period: `2025`, `2025-q1`, `2025-01`, `2025-w01`,
    /// `2025-01-05`; nil when it is not the form of this period.
    public func firstDay(named name: String) -> CivilDate? {
        let parts = name.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        guard let first = parts.first, first.count == 4, let year = Int(first) else { return nil }
        func number(_ index: Int, digits: Int, prefix: String = "") -> Int? {
            guard parts[index].hasPrefix(prefix) else { return nil }
            let rest = parts[index].dropFirst(prefix.count)
            return rest.count == digits ? Int(rest) : nil
        }
        switch (self, parts.count) {
        case (.year, 1):
            return CivilDate(year: year, month: 1)
        case (.quarter, 2):
            guard let quarter = number(1, digits: 1, prefix: "q"), (1...4).contains(quarter) else {
                return nil
            }
            return CivilDate(year: year, month: quarter * 3 - 2)
        case (.month, 2):
            return number(1, digits: 2).flatMap { CivilDate(year: year, month: $0, day: 1) }
        case (.week, 2):
            guard let week = number(1, digits: 2, prefix: "w"),
                let fourth = CivilDate(year: year, month: 1, day: 4)
            else { return nil }
            let monday = start(of: fourth).adding(days: 7 * (week - 1))
            return monday.isoWeek == (year, week) ? monday : nil
        case (.day, 3):
            guard let month = number(1, digits: 2), let day = number(2, digits: 2) else {
                return nil
            }
            return CivilDate(year: year, month: month, day: day)
        default:
            return nil
        }
    }

    /// What an operator calls the period that begins on a day: the form `firstDay(named:)` reads.
    public func name(ofFirstDay first: CivilDate) -> String {
        let year = first.year.padded(4)
        switch self {
        case .year: return year
        case .quarter: return "\(year)-q\((first.month + 2) / 3)"
        case .month: return "\(year)-\(first.month.padded(2))"
        case .week:
            let week = first.isoWeek
            return "\(week.year.padded(4))-w\(week.week.padded(2))"
        case .day: return first.description
        }
    }
}
