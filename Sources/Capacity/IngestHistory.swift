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
    /// Where its range begins; nil for open ends and DEFAULT.
    public var begins: Instant?
    public var bytes: Int64

    public init(at: Instant, partition: UInt32, begins: Instant?, bytes: Int64) {
        self.at = at
        self.partition = partition
        self.begins = begins
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
    ///   before took nothing away from what came in: only growth counts. One that is there for the
    ///   first time counts where its range is as young; an older one was attached, with its rows.
    public init(samples: [SizeSample], periods: [IngestSegment], zone: Zone) {
        self.periods = periods.sorted { $0.firstDay < $1.firstDay }
        daily = []
        // Of several runs in a day, the first.
        var byTime: [Instant: [UInt32: SizeSample]] = [:]
        for sample in samples { byTime[sample.at, default: [:]][sample.partition] = sample }
        var last: (at: Instant, day: Int, sizes: [UInt32: SizeSample])?
        for (at, sizes) in byTime.sorted(by: { $0.key < $1.key }) {
            let day = Int(zone.civil(at).date.daysSinceEpoch)
            guard let before = last else {
                last = (at, day, sizes)
                continue
            }
            guard day > before.day else { continue }
            let grown = sizes.values.reduce(into: 0.0) { sum, one in
                if let old = before.sizes[one.partition] {
                    sum += Double(max(0, one.bytes - old.bytes))
                } else if let begins = one.begins, begins >= before.at {
                    sum += Double(one.bytes)
                }
            }
            // Nights that were missed have an equal share each.
            let days = day - before.day
            for missed in 0..<days where days <= 7 {
                daily.append(
                    IngestSegment(
                        firstDay: before.day + missed, days: 1, bytes: grown / Double(days)))
            }
            last = (at, day, sizes)
        }
    }

    /// Days that anything is known of.
    public var days: Int {
        var covered = Set(daily.map(\.firstDay))
        for period in periods { covered.formUnion(period.firstDay..<period.endDay) }
        return covered.count
    }
}
