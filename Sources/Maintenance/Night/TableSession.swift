import Archives
import Postgres
import Retention

/// All that the steps of one table's night share: one connection, which holds the table's lock
/// from before the first export until the last drop.
final class TableSession {
    let site: Site
    let settings: TableSettings
    let connection: Connection
    let stores: Stores
    let table: PartitionedTable
    let lock: RunLock
    let run: RunIdentity
    private let now: Instant
    let calendar: TableCalendar
    let interruption: Interruption
    let progress: ProgressSink?
    let pressure: PressureWatch
    /// Nil: as fast as it goes.
    let pace: Pace?
    /// How much time there is, and how much things need.
    let timeBudget: TimeBudget
    /// While other hosts are at the table too.
    var share: TableShare?

    init(
        site: Site, settings: TableSettings, connection: Connection, stores: Stores,
        table: PartitionedTable, lock: RunLock, run: RunIdentity, now: Instant,
        interruption: Interruption, progress: ProgressSink?, pressure: PressureWatch, pace: Pace?,
        timeBudget: TimeBudget
    ) {
        self.site = site
        self.settings = settings
        self.connection = connection
        self.stores = stores
        self.table = table
        self.lock = lock
        self.run = run
        self.now = now
        calendar = TableCalendar(policy: settings.policy, keyType: table.keyType, now: now)
        self.interruption = interruption
        self.progress = progress
        self.pressure = pressure
        self.pace = pace
        self.timeBudget = timeBudget
    }

    var store: DirectoryStore { stores.main }

    var ladder: LockLadder { site.ladder(interruption) }

    var verifier: Verifier {
        Verifier(
            workers: site.workersInMemory, interruption: interruption, progress: progress,
            keepAlive: keepAlive())
    }

    var copies: Copies {
        Copies(
            stores: stores.copies, source: store, verifier: verifier,
            interruption: interruption, keepAlive: keepAlive())
    }

    /// The same for a thread that archives in a session of its own, beside the one that has the
    /// lock.
    func working(on connection: Connection) -> TableSession {
        TableSession(
            site: site, settings: settings, connection: connection, stores: stores, table: table,
            lock: lock, run: run, now: now, interruption: interruption, progress: progress,
            pressure: pressure, pace: pace, timeBudget: timeBudget)
    }

    /// Load balancers cut what is idle for minutes: ask something every half a minute.
    func keepAlive() -> () throws -> Void {
        var last = Stopwatch()
        return { [connection] in
            guard last.seconds > 30 else { return }
            try connection.ping()
            last = Stopwatch()
        }
    }
}

/// A relation on its way into the store: a partition, or a quarantined table that was one.
struct Departing {
    let relation: Relation
    /// The name it is known by.
    let name: QualifiedName
    let bounds: PartitionBounds
    let slice: Slice
    private(set) var bytes: Int64
    /// By the server's statistics.
    private(set) var estimatedRows: UInt64?
    /// The bounds it must still have; a quarantined table has none any more.
    let boundsSQL: String?
    /// Which of its rows it is about: all of them, unless it is a slice.
    let rows: KeySpan?
    /// Where it is a slice of a rule.
    let rule: RowRule?

    init(_ partition: Partition, bounds: PartitionBounds, slice: Slice) {
        relation = Relation(partition)
        name = partition.name
        self.bounds = bounds
        self.slice = slice
        bytes = partition.bytes
        boundsSQL = partition.boundsSQL
        estimatedRows = partition.estimatedRows.map { UInt64(clamping: $0) }
        rows = nil
        rule = nil
    }

    /// A period of a wide partition, or of a plain table.
    init(_ entry: TablePlan.SliceEntry, of table: PartitionedTable) {
        let partition = entry.partition
        relation = Relation(partition)
        name = partition.name
        bounds = entry.bounds
        slice = entry.slice
        bytes = entry.bytes
        boundsSQL = partition.isWholeTable ? nil : partition.boundsSQL
        estimatedRows = nil
        rule = entry.rule
        rows = KeySpan(aging: entry.bounds, of: table, rule: rule)
    }

    /// Of a slice whose rows have been counted: what they may take, as though rows were alike.
    mutating func expect(rows: Int64, of partition: Partition) {
        let all = max(partition.estimatedRows ?? rows, rows)
        if all > 0 { bytes = Int64(Double(bytes) * Double(rows) / Double(all)) }
        estimatedRows = UInt64(clamping: rows)
    }

    init(_ table: Quarantined, slice: Slice) {
        relation = Relation(table)
        name = table.formerName
        bounds = table.bounds
        self.slice = slice
        bytes = table.bytes
        boundsSQL = nil
        estimatedRows = nil
        rows = nil
        rule = nil
    }

    /// The same rows after their table was detached.
    init(_ earlier: Departing, now relation: Relation) {
        self.relation = relation
        name = earlier.name
        bounds = earlier.bounds
        slice = earlier.slice
        bytes = earlier.bytes
        boundsSQL = nil
        estimatedRows = earlier.estimatedRows
        rows = nil
        rule = nil
    }
}

extension TableSession {
    /// The relation's rows at this instant, if it still is what was planned for.
    func snapshot(of subject: Departing) throws -> TableSnapshot {
        try TableSnapshot(
            of: subject.relation, boundsSQL: subject.boundsSQL, rows: subject.rows,
            on: connection, ladder: ladder)
    }
}

extension Site {
    /// Bytes that buffers may hold at a time, whatever the number of cores.
    private static let bufferBytes = 192 << 20

    /// As many partitions as the buffers in flight allow: each of them has one worker at least.
    var jobsInMemory: Int { max(1, min(jobs, Self.bufferBytes / (2 * blockBytes + partBytes))) }

    /// As many workers as the buffers in flight allow: each holds a block of COPY text, which is
    /// about two thirds of what it becomes, and the NDJSON made of it; the reader of each job holds
    /// one more.
    public var workersInMemory: Int {
        let affordable = (Self.bufferBytes / jobsInMemory - blockBytes) / (blockBytes + partBytes)
        return max(1, min(workers, affordable))
    }

    private var blockBytes: Int { partBytes * 2 / 3 }
}
