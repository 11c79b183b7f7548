import Retention

/// What a table took in during a stretch of whole days.
public struct IngestSegment: Equatable, Sendable {
    /// Counted from 1970-01-01, in the table's zone.
    public var firstDay: Int
    public var days: Int
    /// Heap, indexes and TOAST, in all of its days.
    public var bytes: Double
    /// Nil where nobody knows.
    public var rows: Double?

    public init(firstDay: Int, days: Int, bytes: Double, rows: Double? = nil) {
        self.firstDay = firstDay
        self.days = max(1, days)
        self.bytes = bytes
        self.rows = rows
    }

    public var date: CivilDate { CivilDate(daysSinceEpoch: Int64(firstDay)) }
    public var endDay: Int { firstDay + days }
    public var bytesADay: Double { bytes / Double(days) }
    public var rowsADay: Double? { rows.map { $0 / Double(days) } }
}

/// A partition's size at one time.
public struct SizeSample: Equatable, Sendable {
    public var at: Instant
    public var partition: UInt32
    public var bytes: Int64

    public init(at: Instant, partition: UInt32, bytes: Int64) {
        self.at = at
        self.partition = partition
        self.bytes = bytes
    }
}

/// What a table took in, by what is known of it: night by night where sizes were sampled, and by
/// period before that.
public struct IngestHistory: Equatable, Sendable {
    /// One a day, oldest first.
    public var daily: [IngestSegment]
    /// One a complete period, oldest first.
    public var periods: [IngestSegment]

    public init(daily: [IngestSegment], periods: [IngestSegment]) {
        self.daily = daily
        self.periods = periods
    }

    /// - Parameter samples: of all partitions, in any order. A partition that left since the sample
    ///   before took nothing away from what came in: only growth counts.
    public init(samples: [SizeSample], periods: [IngestSegment], zone: Zone) {
        self.periods = periods.sorted { $0.firstDay < $1.firstDay }
        daily = []
        // Of several runs in a day, the first.
        var byTime: [Instant: [UInt32: Int64]] = [:]
        for sample in samples { byTime[sample.at, default: [:]][sample.partition] = sample.bytes }
        var last: (day: Int, sizes: [UInt32: Int64])?
        for (at, sizes) in byTime.sorted(by: { $0.key < $1.key }) {
            let day = Int(zone.civil(at).date.daysSinceEpoch)
            guard let before = last else {
                last = (day, sizes)
                continue
            }
            guard day > before.day else { continue }
            let grown = sizes.reduce(into: 0.0) { sum, one in
                sum += Double(max(0, one.value - (before.sizes[one.key] ?? 0)))
            }
            // Nights that were missed have an equal share each.
            let days = day - before.day
            for missed in 0..<days where days <= 7 {
                daily.append(
                    IngestSegment(
                        firstDay: before.day + missed, days: 1, bytes: grown / Double(days)))
            }
            last = (day, sizes)
        }
    }

    /// Days that anything is known of.
    public var days: Int {
        var covered = Set(daily.map(\.firstDay))
        for period in periods { covered.formUnion(period.firstDay..<period.endDay) }
        return covered.count
    }
}
