/// How far ahead of the present a table has partitions, without a gap.
public struct PremakeHeadroom: Equatable, Sendable {
    /// Whether a partition other than DEFAULT takes rows of the present.
    public var takesThePresent: Bool
    /// Up to where; nil: without an end.
    public var until: Instant?
    /// From now to there; nil: without an end.
    public var seconds: Int64?
    /// Whole periods after the present one; nil: without an end.
    public var periods: Int?
    /// Below these it is bad.
    public var warningPeriods: Int
    public var criticalPeriods: Int
    public var criticalSeconds: Int64

    /// Nil for what has no partitions to be made ahead.
    public init?(_ seen: TableObservation, now: Instant) {
        guard let table = seen.table, !table.isPlain else { return nil }
        let calendar = TableCalendar(policy: seen.policy, keyType: table.keyType, now: now)
        let present = calendar.now
        takesThePresent = false
        var reached = present
        var isEndless = false
        for (from, to) in Self.ranges(seen.partitions) where from ?? present <= reached {
            guard let to else {
                (takesThePresent, isEndless) = (true, true)
                break
            }
            guard to > reached else { continue }
            reached = to
            takesThePresent = true
        }
        if !isEndless {
            until = reached
            seconds =
                (reached.microseconds - present.microseconds) / Instant.microsecondsPerSecond
            var count = 0
            while count <= Self.most,
                calendar.period.bounds(containing: present, plus: count + 1, in: calendar.zone).to
                    <= reached
            {
                count += 1
            }
            periods = count
        }
        (warningPeriods, criticalPeriods, criticalSeconds) = Self.thresholds(seen.policy, calendar)
    }

    private static let most = 1000

    /// By where they begin; nil: without a beginning, or an end.
    private static func ranges(_ partitions: [Partition]) -> [(from: Instant?, to: Instant?)] {
        partitions.compactMap { partition -> (from: Instant?, to: Instant?)? in
            guard !partition.isDetachPending else { return nil }
            switch partition.extent {
            case .range(let bounds): return (bounds.from, bounds.to)
            // Without any end: bounds that were not understood.
            case .open(nil, nil), .default: return nil
            case .open(let from, let to): return (from, to)
            }
        }.sorted { a, b in
            switch (a.from, b.from) {
            case (nil, nil): false
            case (nil, _): true
            case (_, nil): false
            case (let x?, let y?): x < y
            }
        }
    }

    /// Between the beginning of a period and the night that follows, one period less than `premake`
    /// is there: nobody is to be woken by that. So much is asked for, and never more.
    private static func thresholds(_ policy: RetentionPolicy, _ calendar: TableCalendar) -> (
        warning: Int, critical: Int, seconds: Int64
    ) {
        guard policy.premake > 0 else { return (0, 0, 0) }
        let promised = policy.premake - 1
        func bounds(_ ahead: Int) -> PartitionBounds {
            calendar.period.bounds(containing: calendar.now, plus: ahead, in: calendar.zone)
        }
        let length = bounds(promised).to.microseconds - bounds(0).from.microseconds
        let night = 26 * HealthThresholds.hour
        let least = max(0, length / Instant.microsecondsPerSecond - night)
        return (
            min((policy.premake + 1) / 2, promised),
            min(HealthThresholds.premakeCriticalPeriods, promised),
            min(HealthThresholds.premakeCriticalSeconds, least)
        )
    }

    /// Nil: there is enough.
    public var severity: Severity? {
        guard takesThePresent else { return .critical }
        guard let periods, let seconds else { return nil }
        if periods < criticalPeriods || seconds < criticalSeconds { return .critical }
        return periods < warningPeriods ? .warning : nil
    }
}
