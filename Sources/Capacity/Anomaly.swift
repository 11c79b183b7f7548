import Retention

/// A day or a period in which far more or far less came in than usual.
public struct Anomaly: Equatable, Sendable {
    public var date: CivilDate
    public var days: Int
    public var value: Double
    /// The median of the others: of the same weekday, for days.
    public var usual: Double

    /// Those that are further from the median of their like than six times the spread of these, in
    /// ratios; the one that is judged is left out of both.
    ///
    /// - Parameter floor: smaller differences are nothing, whatever the ratio.
    public static func among(
        _ segments: [IngestSegment], floor: Double, value: (IngestSegment) -> Double?
    ) -> [Anomaly] {
        let known = segments.compactMap { one in value(one).map { (segment: one, value: $0) } }
        return known.enumerated().compactMap { place, one in
            let others = known.enumerated().filter {
                $0.offset != place
                    && (one.segment.days > 1
                        || $0.element.segment.date.weekday
                            == one.segment.date.weekday)
            }.map(\.element.value)
            guard others.count >= 4, let usual = Statistics.median(others), usual > 0 else {
                return nil
            }
            func ratio(_ value: Double) -> Double {
                value >= usual ? value / usual : usual / max(value, usual / 1e6)
            }
            let spread = max(1.1, Statistics.median(others.map(ratio)) ?? 1)
            let limit = spread * spread * spread * spread * spread * spread
            guard ratio(one.value) > limit, abs(one.value - usual) >= floor else { return nil }
            return Anomaly(
                date: one.segment.date, days: one.segment.days, value: one.value, usual: usual)
        }
    }
}

extension Anomaly {
    private static let weekdayNames = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]

    /// `2026-03-14: 4.8 × the usual Saturday (1.9 GB against 400 MB)`
    ///
    /// - Parameter amount: writes a value down.
    public func sentence(_ amount: (Double) -> String) -> String {
        let like = days == 1 ? Self.weekdayNames[date.weekday - 1] : "day of other periods"
        let tenths = Int((10 * value / usual).rounded())
        return "\(date): \(tenths / 10).\(tenths % 10) × the usual \(like) "
            + "(\(amount(value)) against \(amount(usual)))"
    }
}
