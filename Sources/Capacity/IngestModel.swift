import Retention

/// How much a table takes in a day, from now on.
///
/// Level and slope are robust: the slope is Theil and Sen's over whole weeks, and is believed only
/// where Mann and Kendall's test is sure of it; the level is a mean without the days that stick out.
public struct IngestModel: Equatable, Sendable {
    /// Bytes a day, at `today`.
    public private(set) var level: Double
    /// Bytes a day, more each day; 0 where no trend is sure.
    public private(set) var slope: Double
    /// By weekday, Monday first; 1 is the mean.
    public private(set) var weekdays: [Double]
    /// Since when next to nothing has come in, where that is so.
    public private(set) var stalledSince: CivilDate?
    /// Days are so unlike each other that no number is worth printing.
    public private(set) var isErratic: Bool
    /// It may grow, and is not sure to: only the high side reckons with it.
    public private(set) var isSuspect: Bool
    /// Days that it was made from.
    public private(set) var days: Int

    /// What a stall of a few days may end in again; 0 without one.
    private var resumption = 0.0
    private let suspicion: Double
    private let today: Int
    /// Of the days: where they lie, how they scatter, and how many independent ones they are worth.
    private let center: Double
    private let extent: Double
    private let noise: Double
    private let count: Double

    public static let fewestDays = 14
    public static let fewestPeriods = 3
    /// Older days say little of tomorrow.
    public static let longestLook = 182
    private static let mostPeriods = 24

    /// Nil where there are neither fourteen days nor three complete periods.
    public init?(_ history: IngestHistory, today: Int) {
        let recent = history.daily.filter { $0.firstDay >= today - Self.longestLook }
        let isDaily = recent.count >= Self.fewestDays
        let points = isDaily ? recent : Array(history.periods.suffix(Self.mostPeriods))
        // The shape of the week and the trend are those of whole weeks: each weekday counts as often
        // as the others. The level is that of all days.
        let odd = isDaily ? points.count % 7 : 0
        let covered = points.reduce(0) { $0 + $1.days }
        guard isDaily || points.count >= Self.fewestPeriods, covered >= Self.fewestDays else {
            return nil
        }
        self.today = today
        days = covered
        let middles = points.map { Double($0.firstDay) + Double($0.days) / 2 - Double(today) }
        var rates = points.map(\.bytesADay)
        weekdays = isDaily ? Self.weekdays(Array(points[odd...])) : Array(repeating: 1, count: 7)
        if isDaily {
            for (index, point) in points.enumerated() {
                rates[index] /= max(0.02, weekdays[point.date.weekday - 1])
            }
        }

        let stall = Self.stall(points, rates)
        if let stall {
            stalledSince = points[stall].date
            let isLong = points[stall...].reduce(0) { $0 + $1.days } >= Self.fewestDays
            level = Statistics.mean(Array(rates[stall...]))
            resumption = isLong ? 0 : Statistics.median(Array(rates[..<stall])) ?? 0
            slope = 0
            (center, extent, noise, count) = (0, 0, level, Double(points.count - stall))
            isErratic = false
            isSuspect = false
            suspicion = 0
            return
        }

        let blocks = isDaily ? 7 : 1
        func blocked(_ values: [Double], _ summary: ([Double]) -> Double) -> [Double] {
            stride(from: odd, to: values.count, by: blocks).map {
                summary(Array(values[$0..<min($0 + blocks, values.count)]))
            }
        }
        let times = blocked(middles, Statistics.mean)
        let medians = blocked(rates) { Statistics.median($0) ?? 0 }
        let score = Statistics.trendScore(medians)
        let isTrend = times.count >= 6 && score > 3
        let sen = Statistics.theilSenSlope(Array(zip(times, medians)))
        var slope = isTrend ? sen : 0
        isSuspect = !isTrend && sen > 0 && score > (times.count >= 6 ? 1.96 : 1.6)
        suspicion = isSuspect ? sen : 0
        // What is left without trend; days that stick out are cut to what others reach.
        func leveled(_ slope: Double) -> [Double] { zip(rates, middles).map { $0 - slope * $1 } }
        let flat = leveled(slope)
        let middle = Statistics.median(flat) ?? 0
        let reach = 3.5 * max(Statistics.spread(flat, around: middle), 0.01 * middle)
        rates = zip(flat, middles).map { min(max($0, middle - reach), middle + reach) + slope * $1 }
        if isTrend {
            slope = Statistics.theilSenSlope(Array(zip(times, blocked(rates, Statistics.mean))))
        }
        let base = leveled(slope)
        let level = max(0, Statistics.mean(base))
        self.level = level
        self.slope = slope
        let residuals = base.map { $0 - level }
        let persistence = Statistics.persistence(residuals)
        let inflation = ((1 + persistence) / (1 - persistence)).squareRoot()
        let scatter = Statistics.deviation(residuals, freedom: isTrend ? 2 : 1)
        // Of one day: a period's mean scatters less.
        noise = scatter * inflation
        count = Double(points.count)
        center = Statistics.mean(middles)
        let from = center
        extent = middles.reduce(0) { $0 + ($1 - from) * ($1 - from) }
        isErratic = level > 0 && scatter / level > (isDaily ? 1.2 : 0.8)
        stalledSince = nil
    }

    /// Where the trailing points begin in which next to nothing came in; three days at least.
    private static func stall(_ points: [IngestSegment], _ rates: [Double]) -> Int? {
        guard let usual = Statistics.median(rates.filter { $0 > 0 }), usual > 0 else {
            return rates.isEmpty ? nil : 0
        }
        var start = points.count
        while start > 0, rates[start - 1] < 0.05 * usual { start -= 1 }
        let days = points[start...].reduce(0) { $0 + $1.days }
        return days >= 3 ? start : nil
    }

    private static func weekdays(_ points: [IngestSegment]) -> [Double] {
        var ratios: [[Double]] = Array(repeating: [], count: 7)
        for week in stride(from: 0, to: points.count, by: 7) {
            let days = points[week..<min(week + 7, points.count)]
            guard let middle = Statistics.median(days.map(\.bytes)), middle > 0 else { continue }
            for day in days { ratios[day.date.weekday - 1].append(day.bytes / middle) }
        }
        let raw = ratios.map { Statistics.median($0) ?? 1 }
        let mean = Statistics.mean(raw)
        return mean > 0 ? raw.map { $0 / mean } : Array(repeating: 1, count: 7)
    }

    // MARK: What comes

    public enum Side: Sendable, CaseIterable {
        case low, middle, high
    }

    /// Bytes on the day that begins `ahead` days from now.
    ///
    /// - Parameter window: days that stay in the table: over so many, chance evens out.
    func rate(_ ahead: Int, _ side: Side, window: Double, isFlat: Bool = false) -> Double {
        let time = Double(ahead)
        let trend = isFlat ? 0 : slope * time
        let shape = weekdays[CivilDate(daysSinceEpoch: Int64(today + ahead)).weekday - 1]
        let expected = max(0, level + trend)
        guard side != .middle else { return expected * shape }
        // Student's t, about, for 95 of 100.
        let surety = 2 + 3 / max(1, count - 1)
        let farther =
            extent > 0 && slope != 0 && !isFlat ? (time - center) / extent.squareRoot() : 0
        let doubt = noise * (1 / count + farther * farther).squareRoot()
        let chance =
            noise * max(0.5 / max(1, time).squareRoot(), 1 / max(1, window).squareRoot())
        let off = surety * (doubt * doubt + chance * chance).squareRoot()
        switch side {
        case .low: return max(0, expected - off) * shape
        case .high:
            let growth = isFlat ? 0 : 1.5 * suspicion * time
            return max(expected + growth + off, resumption) * shape
        case .middle: return expected * shape
        }
    }
}
