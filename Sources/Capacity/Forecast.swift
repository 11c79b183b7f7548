import Retention

/// How large a table will be: a simulation of its nights with what is likely to come in, and twice
/// more with what is just about possible.
public struct Forecast: Equatable, Sendable {
    /// A value and what it lies between, 95 times of 100.
    public struct Estimate: Equatable, Sendable, Codable {
        public var low: Int64
        public var middle: Int64
        public var high: Int64
    }

    public static let horizon = 730

    /// Bytes now and at the end of each of the coming days, two years.
    public var low: [Double]
    public var middle: [Double]
    public var high: [Double]
    /// The largest it becomes within two years.
    public var peak: Estimate
    /// Between what it swings in the end, at today's ingest: the mean. Nil where nothing leaves.
    public var steady: Estimate?
    /// The top of that swing.
    public var steadyPeak: Estimate?
    /// What the nights give back, two years ahead.
    public var freed: [RetentionSimulation.Freed]
    /// Whether the size has an end: the policy drops, and nothing hints that ever more comes in.
    public var isBounded: Bool
    /// Whether ever more comes in, for sure.
    public var isGrowing: Bool
    public var isErratic: Bool

    /// - Parameter factor: what comes in, times this.
    public init(_ simulation: RetentionSimulation, _ model: IngestModel, factor: Double = 1) {
        let cycle = simulation.cycle
        let window = Double(cycle?.settled ?? Self.horizon)
        func course(_ side: IngestModel.Side, days: Int, isFlat: Bool = false)
            -> RetentionSimulation.Course
        {
            simulation.run(days: days) {
                factor * model.rate($0, side, window: window, isFlat: isFlat)
            }
        }
        let likely = course(.middle, days: Self.horizon)
        middle = likely.bytes
        freed = likely.freed
        low = course(.low, days: Self.horizon).bytes
        high = course(.high, days: Self.horizon).bytes
        peak = Self.estimate(low.max(), middle.max(), high.max())
        isErratic = model.isErratic
        isGrowing = model.slope > 0
        isBounded = cycle != nil && model.slope <= 0 && !model.isSuspect
        guard let cycle else { return }
        let ends = [IngestModel.Side.low, .middle, .high].map { side in
            Array(
                course(side, days: cycle.settled + cycle.length, isFlat: true).bytes
                    .suffix(cycle.length))
        }
        let means = ends.map(Statistics.mean)
        steady = Self.estimate(means[0], means[1], means[2])
        let tops = ends.map { $0.max() ?? 0 }
        steadyPeak = Self.estimate(tops[0], tops[1], tops[2])
    }

    private static func estimate(_ low: Double?, _ middle: Double?, _ high: Double?) -> Estimate {
        func whole(_ value: Double?) -> Int64 { Int64(min(9e18, value ?? 0).rounded()) }
        return Estimate(low: whole(low), middle: whole(middle), high: whole(high))
    }
}
