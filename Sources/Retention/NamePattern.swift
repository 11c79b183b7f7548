/// How the partitions of a table are named: a prefix, and the period in digits.
public struct NamePattern: Equatable, Sendable {
    /// The forms of a date in a name, the more telling first. `Y` is the year, `m` the month, `d`
    /// the day, `V` the ISO week, `G` its year, `q` the quarter; two digits but for years, `q`.
    private static let suffixes: [Period: [String]] = [
        .year: ["_Y", "_yY", "_pY", "_pYmd", "_Y_m_d", "Y"],
        .quarter: ["_Y_qq", "_Yqq", "_pY_qq", "_pYqq", "_yYqq", "_Y_m", "_pYmd", "_Y_m_d"],
        .month: [
            "_Y_m", "_Ym", "_yYmm", "_yY_mm", "_pY_m", "_pYm", "_pYmd", "_Y_m_d", "_Ymd",
            "-Y-m", "Y_m", "Ym",
        ],
        .week: [
            "_G_wV", "_GwV", "_GWV", "_pGwV", "_yGwV", "_G_V", "_pYmd", "_Y_m_d", "_Ymd",
        ],
        .day: ["_Y_m_d", "_Ymd", "_pY_m_d", "_pYmd", "_yYmmdd", "-Y-m-d", "Y_m_d", "Ymd"],
    ]

    private let prefix: String
    private let suffix: String
    private let period: Period

    /// `<table>_2025_01` and kin.
    public init(table: String, period: Period) {
        prefix = table
        suffix = Self.suffixes[period]?.first ?? "_Y_m_d"
        self.period = period
    }

    /// The pattern that all siblings follow, if there is one other than the default.
    public init?(siblings: [(name: String, first: CivilDate)], period: Period) {
        guard let newest = siblings.max(by: { $0.first < $1.first }) else { return nil }
        for suffix in Self.suffixes[period] ?? [] {
            let ending = Self.render(suffix, newest.first)
            guard newest.name.hasSuffix(ending) else { continue }
            let prefix = String(newest.name.dropLast(ending.count))
            let follows = siblings.allSatisfy {
                $0.name == prefix + Self.render(suffix, $0.first)
            }
            if follows {
                self.prefix = prefix
                self.suffix = suffix
                self.period = period
                return
            }
        }
        return nil
    }

    /// The name for the period that begins on a day. A long prefix is cut so that the whole fits
    /// into an identifier of 63 bytes (PostgreSQL manual, 4.1.1) and the date stays.
    public func name(_ first: CivilDate) -> String {
        let ending = Self.render(suffix, first)
        var prefix = prefix
        while prefix.utf8.count + ending.utf8.count > 63 { prefix.removeLast() }
        return prefix + ending
    }

    private static func render(_ suffix: String, _ first: CivilDate) -> String {
        var result = ""
        var isLiteral = false
        for (index, character) in suffix.enumerated() {
            // A letter that stands twice in a row, as in `mm`, is itself and then the number.
            let next = suffix.dropFirst(index + 1).first
            if !isLiteral, character == next, "mdq".contains(character) {
                result.append(character)
                isLiteral = true
                continue
            }
            isLiteral = false
            switch character {
            case "Y": result += first.year.padded(4)
            case "G": result += first.isoWeek.year.padded(4)
            case "m": result += first.month.padded(2)
            case "d": result += first.day.padded(2)
            case "V": result += first.isoWeek.week.padded(2)
            case "q": result += String((first.month + 2) / 3)
            default: result.append(character)
            }
        }
        return result
    }
}

extension TableCalendar {
    /// How the partitions of the table are named: as those that are there, where they agree.
    public func namePattern(of partitions: [Partition]) -> NamePattern {
        let siblings = partitions.compactMap { partition -> (name: String, first: CivilDate)? in
            guard let bounds = partition.bounds, period.matches(bounds, in: zone) else {
                return nil
            }
            return (partition.name.name, period.firstDay(of: bounds, in: zone))
        }
        return NamePattern(siblings: siblings, period: period)
            ?? NamePattern(table: table.name, period: period)
    }
}
