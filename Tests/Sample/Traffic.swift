import Retention

/// When requests come: by weekday and working hours, a little more each month, and five times
/// as many on the day of an incident.
struct Traffic {
    /// One day's rows.
    struct Day {
        let date: CivilDate
        let rows: Int
        /// Where the hours begin, as a share of the day's rows; the last is 1.
        let hours: [Double]
    }

    let days: [Day]

    /// Spreads so many rows over the months of a shape; their sum is exactly that.
    init(rows: Int, over shape: SampleShape) {
        let first = shape.firstMonth.daysSinceEpoch
        let count = Int(shape.end.daysSinceEpoch - first)
        let dates = (0..<count).map { CivilDate(daysSinceEpoch: first + Int64($0)) }
        // In the middle of the second third: neither first nor last.
        let incident = count / 2
        let weights = dates.enumerated().map { index, date in
            let growth = 1 + 0.015 * Double(index) / 30
            return growth * (index == incident ? 5 : 1) * (date.weekday >= 6 ? 0.3 : 1)
        }
        let total = weights.reduce(0, +)
        var reached = 0.0
        var given = 0
        days = zip(dates, weights).map { date, weight in
            reached += weight
            let upTo = date == dates.last ? rows : Int(Double(rows) * reached / total)
            defer { given = upTo }
            return Day(
                date: date, rows: upTo - given,
                hours: date.weekday >= 6 ? Self.weekend : Self.working)
        }
    }

    private static let working = shares(
        [2, 1, 1, 1, 1, 2, 4, 10, 22, 30, 32, 30, 24, 28, 32, 30, 26, 18, 10, 8, 6, 5, 4, 3])
    private static let weekend = shares(
        [3, 2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 8, 8, 8, 8, 7, 7, 7, 8, 8, 7, 6, 5, 4])

    private static func shares(_ weights: [Double]) -> [Double] {
        let total = weights.reduce(0, +)
        var sum = 0.0
        return [0]
            + weights.map {
                sum += $0
                return sum / total
            }
    }
}
