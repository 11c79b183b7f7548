import Capacity
import Retention

/// How big, how fast, until when.
public struct GrowthReport: Sendable, Encodable {
    /// What may be filled, and until when that is enough.
    public struct Room: Sendable, Encodable {
        /// `capacity: 500 GB`, or the disk it was measured on.
        public var source: String
        public var bytes: Int64
        /// Filled now, whatever by.
        public var usedBytes: Int64
        /// Filled by what is no table of this report; it is taken to stay as it is.
        public var othersBytes: Int64
        /// The bytes that are not to be passed.
        public var thresholdBytes: Int64
        public var verdict: CapacityVerdict
        /// The verdict in words.
        public var forecast: String
        /// With another policy or ingest.
        public var whatIf: String?
    }

    public var database: String
    public var server: String
    public var now: Instant
    public var tables: [TableGrowth]
    public var room: Room?
    public var databaseXidAge: Int64
    /// As it was asked for.
    public var whatIf: String?
    public var problems: [Problem]

    /// Percent of the room that is called full: a database needs some to work.
    public static let fullPercent: Int64 = 90

    public var exitStatus: ExitStatus {
        .of((problems + tables.flatMap(\.problems)).map(\.status))
    }

    public var bytes: Int64 { tables.reduce(0) { $0 + $1.bytes } }
}

/// What is known of one table's growth.
public struct TableGrowth: Sendable, Encodable {
    public struct Part: Sendable, Encodable {
        public var name: QualifiedName
        public var bounds: PartitionBounds?
        public var heapBytes: Int64
        public var indexBytes: Int64
        public var toastBytes: Int64
        public var rows: Int64?
        /// Counted when it was archived, and no estimate of the statistics.
        public var rowsAreExact: Bool
        public var deadRows: Int64
        /// Somebody held it exclusively, and it was not waited for.
        public var isSkipped: Bool
        public var bytes: Int64 { heapBytes + indexBytes + toastBytes }
    }

    /// Of all partitions.
    public struct Total: Sendable, Encodable {
        public var heapBytes: Int64 = 0
        public var indexBytes: Int64 = 0
        public var toastBytes: Int64 = 0
        public var deadRows: Int64 = 0
        /// Nil where any partition that has rows was never analysed.
        public var rows: Int64?
        /// In the table and in quarantine.
        public var bytes: Int64 = 0
    }

    /// A period: of a partition, or of an archive whose partition is gone.
    public struct PeriodGrowth: Sendable, Encodable {
        public var period: String
        public var bounds: PartitionBounds
        public var rows: Int64?
        public var bytes: Int64?
        /// Nobody measured its bytes: they are its rows times what rows take elsewhere.
        public var bytesAreEstimated: Bool
        public var archiveBytes: Int64?
        /// It has begun and not ended.
        public var isCurrent: Bool
        /// In the table, or in quarantine.
        public var isInDatabase: Bool
        /// It was detached, and waits out its grace.
        public var isQuarantined = false
        /// Against the period before, in percent of rows.
        public var changePercent: Int?
    }

    /// The table's size on one night.
    public struct Size: Sendable, Encodable {
        public var at: Instant
        public var heapBytes: Int64
        public var indexBytes: Int64
        public var toastBytes: Int64
    }

    public struct Day: Sendable, Encodable {
        public var date: String
        /// Nil where nights took no samples.
        public var bytes: Int64?
        /// Reckoned from a sample of the rows; nil where none was taken.
        public var rows: Int64?
        public var isAnomaly: Bool
    }

    public struct Ingest: Sendable, Encodable {
        public var bytesADay: Int64
        public var rowsADay: Int64?
        /// More each 30 days; 0 where no trend is sure.
        public var trendBytes: Int64
        public var stalledSince: String?
        public var isErratic: Bool
        /// Days that it was taken from.
        public var days: Int
        /// `samples`: of nights, or what periods hold; `rows`: counted by day, where nights and periods
        /// are too few.
        public var source: String
    }

    public struct Archives: Sendable, Encodable {
        public var count = 0
        public var rows: UInt64 = 0
        public var bytes: Int64 = 0
        /// Once inflated.
        public var ndjsonBytes: Int64 = 0
    }

    public struct Index: Sendable, Encodable {
        public var name: String
        public var bytes: Int64
    }

    public struct Sequence: Sendable, Encodable {
        public var column: String
        public var last: Int64
        /// The sequence's own, or where the column's type ends.
        public var end: Int64
        /// At today's pace; nil where that is not known or not within fifty years.
        public var daysLeft: Int?
        public var usedFraction: Double { Double(last) / Double(max(1, end)) }
    }

    /// A day of the forecast's curve, counted from now.
    public struct Point: Sendable, Encodable {
        public var day: Int
        public var low: Int64
        public var middle: Int64
        public var high: Int64
    }

    public struct Outlook: Sendable, Encodable {
        public var peak: Forecast.Estimate
        public var steady: Forecast.Estimate?
        public var steadyPeak: Forecast.Estimate?
        /// Whether anything is ever dropped.
        public var isDropping: Bool
        /// Whether the size has an end.
        public var isBounded: Bool
        /// Whether ever more comes in, for sure.
        public var isGrowing: Bool
        /// A point a week, two years.
        public var curve: [Point]
        /// What nights give back, soonest first.
        public var freed: [RetentionSimulation.Freed]
        public var promise: String
    }

    public var table: QualifiedName
    public var policy: String
    public var promise: String
    public var isApproved: Bool
    /// Whether it could be looked at; else its problems say why not.
    public var isSeen = false
    public var parts: [Part] = []
    public private(set) var total = Total()
    /// Detached, and still on the disk.
    public var quarantineBytes: Int64 = 0
    public var periods: [PeriodGrowth] = []
    public var days: [Day] = []
    /// Night by night, half a year.
    public var sizes: [Size] = []
    public var ingest: Ingest?
    public var archives = Archives()
    /// The recovery time that was measured last.
    public var drill: LastDrill?
    /// Of partitions that were dropped.
    public var freedBytes: Int64 = 0
    public var droppedPartitions = 0
    /// Dropped without ever having been measured.
    public var unmeasuredDrops = 0
    /// What tonight gives back.
    public var freedTonight: Int64 = 0
    public var outlook: Outlook?
    public var whatIf: Outlook?
    /// What it is filled with; nil where its rows were not read.
    public var drivers: GrowthDrivers?
    public var anomalies: [String] = []
    public var indexFindings: [String] = []
    public var unusedIndexes: [Index] = []
    public var sequences: [Sequence] = []
    /// Days until rows find no partition made ahead; nil for a plain table.
    public var premakeDays: Int?
    public var defaultRows: Int64?
    public var xidAge: Int64 = 0
    public var notes: [String] = []
    public var problems: [Problem] = []

    init(_ policy: RetentionPolicy, calendar: TableCalendar?, isApproved: Bool) {
        table = policy.table
        let end =
            switch policy.then {
            case .keep: "keep"
            case .detach: "detach"
            case .drop: "drop after \(policy.grace)"
            }
        self.policy = "retain \(policy.retain), then \(end), by \(policy.period.rawValue)"
        promise = calendar.map { RetentionPromise(policy, $0).sentence } ?? ""
        self.isApproved = isApproved
    }

    // MARK: Sums

    mutating func sumUp() {
        total = Total()
        for part in parts {
            total.heapBytes += part.heapBytes
            total.indexBytes += part.indexBytes
            total.toastBytes += part.toastBytes
            total.deadRows += part.deadRows
        }
        total.bytes = total.heapBytes + total.indexBytes + total.toastBytes + quarantineBytes
        let known = parts.compactMap(\.rows)
        total.rows = known.count == parts.count ? known.reduce(0, +) : nil
    }

    public var heapBytes: Int64 { total.heapBytes }
    public var indexBytes: Int64 { total.indexBytes }
    public var toastBytes: Int64 { total.toastBytes }
    public var deadRows: Int64 { total.deadRows }
    public var bytes: Int64 { total.bytes }
    public var rows: Int64? { total.rows }

    public var bytesPerRow: Int64? {
        guard let rows, rows > 0 else { return nil }
        return (bytes - quarantineBytes) / rows
    }
}
