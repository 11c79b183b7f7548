/// Robust summaries of a few numbers. No logarithm is taken: a median and a spread of ratios are the
/// same thing.
enum Statistics {
    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    /// The median distance from the median, as a standard deviation of normal noise.
    static func spread(_ values: [Double], around center: Double) -> Double {
        1.4826 * (median(values.map { abs($0 - center) }) ?? 0)
    }

    static func deviation(_ values: [Double], freedom: Int) -> Double {
        let center = mean(values)
        let squares = values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
        return (squares / Double(max(1, values.count - freedom))).squareRoot()
    }

    /// By how much neighbours resemble each other: 0 to 0.8.
    static func persistence(_ residuals: [Double]) -> Double {
        let squares = residuals.reduce(0) { $0 + $1 * $1 }
        guard squares > 0 else { return 0 }
        let products = zip(residuals, residuals.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
        return min(0.8, max(0, products / squares))
    }

    /// The median of the slopes of all pairs (Sen 1968): a few wild points do not move it.
    static func theilSenSlope(_ points: [(x: Double, y: Double)]) -> Double {
        var slopes: [Double] = []
        for (index, a) in points.enumerated() {
            for b in points[(index + 1)...] where b.x != a.x {
                slopes.append((b.y - a.y) / (b.x - a.x))
            }
        }
        return median(slopes) ?? 0
    }

    /// How surely the points rise or fall, in standard deviations (Mann 1945, Kendall 1975).
    static func trendScore(_ values: [Double]) -> Double {
        var sum = 0.0
        for (index, a) in values.enumerated() {
            for b in values[(index + 1)...] { sum += b > a ? 1 : b < a ? -1 : 0 }
        }
        let count = Double(values.count)
        let variance = count * (count - 1) * (2 * count + 5) / 18
        guard variance > 0, abs(sum) >= 1 else { return 0 }
        return (abs(sum) - 1) / variance.squareRoot()
    }
}
