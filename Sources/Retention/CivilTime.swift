/// A date of the proleptic Gregorian calendar.
public struct CivilDate: Hashable, Sendable, Comparable {
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int

    /// Nil when there is no such date.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day) else {
            return nil
        }
        self.init(year: year, month: month, unchecked: day)
    }

    private init(year: Int, month: Int, unchecked day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The first day of a month; months outside 1 to 12 count into other years.
    public init(year: Int, month: Int) {
        let months = year * 12 + month - 1
        let floor = months >= 0 ? months / 12 : (months - 11) / 12
        self.init(year: floor, month: months - floor * 12 + 1, unchecked: 1)
    }

    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    public init(daysSinceEpoch days: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        self.init(year: Int(year), month: Int(month), unchecked: Int(day))
    }

    /// Days since 1970-01-01 (Hinnant, days_from_civil).
    public var daysSinceEpoch: Int64 {
        let year = Int64(month <= 2 ? self.year - 1 : self.year)
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// 1 is Monday, 7 is Sunday (ISO 8601).
    public var weekday: Int {
        let remainder = Int((daysSinceEpoch + 3) % 7)
        return (remainder < 0 ? remainder + 7 : remainder) + 1
    }

    public func adding(days: Int) -> CivilDate {
        CivilDate(daysSinceEpoch: daysSinceEpoch + Int64(days))
    }

    /// The same day in another month, or that month's last day, as PostgreSQL's `interval` counts.
    public func adding(months: Int) -> CivilDate {
        let first = CivilDate(year: year, month: month + months)
        let last = Self.days(in: first.month, of: first.year)
        return CivilDate(year: first.year, month: first.month, unchecked: min(day, last))
    }

    public static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// ISO 8601 week and the year it belongs to: week 1 holds the year's first Thursday.
    public var isoWeek: (year: Int, week: Int) {
        let thursday = adding(days: 4 - weekday)
        let firstOfYear = CivilDate(year: thursday.year, month: 1)
        let days = thursday.daysSinceEpoch - firstOfYear.daysSinceEpoch
        return (thursday.year, Int(days / 7) + 1)
    }

    public static func < (a: CivilDate, b: CivilDate) -> Bool {
        (a.year, a.month, a.day) < (b.year, b.month, b.day)
    }
}

extension CivilDate: CustomStringConvertible {
    /// `2025-01-31`
    public var description: String {
        "\(year.padded(4))-\(month.padded(2))-\(day.padded(2))"
    }
}

/// What a calendar and a clock on a wall show.
public struct CivilDateTime: Hashable, Sendable, Comparable {
    public var date: CivilDate
    /// Since midnight.
    public var microseconds: Int64

    public init(date: CivilDate, microseconds: Int64 = 0) {
        self.date = date
        self.microseconds = microseconds
    }

    /// The wall in UTC.
    public init(utc instant: Instant) {
        let perDay = Instant.microsecondsPerDay
        let whole = instant.microseconds / perDay
        let days = instant.microseconds < whole * perDay ? whole - 1 : whole
        self.init(
            date: CivilDate(daysSinceEpoch: days),
            microseconds: instant.microseconds - days * perDay)
    }

    /// The instant at which a wall in UTC shows this.
    public var asUTC: Instant {
        Instant(
            microseconds: date.daysSinceEpoch * Instant.microsecondsPerDay + microseconds)
    }

    public static func < (a: CivilDateTime, b: CivilDateTime) -> Bool {
        (a.date, a.microseconds) < (b.date, b.microseconds)
    }

    /// `2025-01-01T00:00:00`, with as many decimals as are needed, up to six.
    public func text(separator: Character = "T") -> String {
        let seconds = Int(microseconds / Instant.microsecondsPerSecond)
        var text = "\(date)\(separator)\((seconds / 3600).padded(2)):"
        text += "\((seconds / 60 % 60).padded(2)):\((seconds % 60).padded(2))"
        let fraction = Int(microseconds % Instant.microsecondsPerSecond)
        guard fraction != 0 else { return text }
        var decimals = fraction.padded(6)
        while decimals.last == "0" { decimals.removeLast() }
        return text + "." + decimals
    }
}

extension Int {
    /// Decimal digits with zeros in front, at least `width` of them.
    func padded(_ width: Int) -> String {
        let digits = String(abs(self))
        let zeros = String(repeating: "0", count: Swift.max(0, width - digits.count))
        return (self < 0 ? "-" : "") + zeros + digits
    }
}
