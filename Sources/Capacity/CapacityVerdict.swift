import Retention

/// Until when the room is enough. Never a date: a number of days with its range, or why there is
/// none.
public enum CapacityVerdict: Equatable, Sendable, Codable {
    case notEnoughHistory
    /// It is passed already.
    case passed
    /// Days from now, and what they lie between.
    case days(Int, from: Int, to: Int)
    /// The size has an end, below: percent of the room at its likely and at its largest peak.
    case never(peakPercent: Int, atMost: Int)
    case moreThanTwoYears
    /// Days are too unlike each other to say; not before so many days, if at all.
    case fluctuating(notBefore: Int?)

    /// - Parameters:
    ///   - forecasts: of all tables that share the room.
    ///   - others: bytes of whatever else is in it, which stay as they are.
    ///   - room: bytes that are not to be passed.
    ///   - whole: what percent are of; nil: of `room`.
    public init(_ forecasts: [Forecast], others: Double, room: Double, whole: Double? = nil) {
        func sum(_ curve: KeyPath<Forecast, [Double]>) -> [Double] {
            forecasts.reduce(
                into: Array(repeating: others, count: Forecast.horizon + 1)
            ) { sum, one in
                for (day, bytes) in one[keyPath: curve].enumerated() { sum[day] += bytes }
            }
        }
        func passes(_ curve: [Double]) -> Int? { curve.firstIndex { $0 >= room } }
        guard !forecasts.isEmpty else {
            self = .notEnoughHistory
            return
        }
        let (low, middle, high) = (sum(\.low), sum(\.middle), sum(\.high))
        if passes(middle) == 0 {
            self = .passed
            return
        }
        let earliest = passes(high)
        guard let earliest else {
            let tops = forecasts.map { max($0.peak.high, $0.steadyPeak?.high ?? 0) }
            let end = others + tops.reduce(0) { $0 + Double($1) }
            if forecasts.allSatisfy(\.isBounded), end < room {
                let top = max(
                    middle.max() ?? 0,
                    others + forecasts.reduce(0) { $0 + Double($1.steadyPeak?.middle ?? 0) })
                self = .never(
                    peakPercent: Self.percent(top, of: whole ?? room),
                    atMost: Self.percent(end, of: whole ?? room))
            } else {
                self = .moreThanTwoYears
            }
            return
        }
        guard let likely = passes(middle), let latest = passes(low),
            !forecasts.contains(where: \.isErratic)
        else {
            self = .fluctuating(notBefore: earliest)
            return
        }
        self = .days(likely, from: earliest, to: latest)
    }

    private static func percent(_ part: Double, of whole: Double) -> Int {
        Int(min(1e6, 100 * part / max(1, whole)).rounded(.up))
    }

    /// `~47 days (38 to 63)`
    public var sentence: String {
        switch self {
        case .notEnoughHistory:
            "not enough history: it takes \(IngestModel.fewestDays) days of nightly samples, or "
                + "\(IngestModel.fewestPeriods) complete periods"
        case .passed: "passed already"
        case .days(let days, let from, let to): "~\(days) days (\(from) to \(to))"
        case .never(let peak, let most):
            "never under this policy (peaks at \(peak) %, at most \(most) %)"
        case .moreThanTwoYears: "more than 2 years"
        case .fluctuating(let earliest):
            "fluctuating" + (earliest.map { " (not before \($0) days, if at all)" } ?? "")
        }
    }
}
