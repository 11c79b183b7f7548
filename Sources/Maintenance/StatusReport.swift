import Archives
import Capacity
import Postgres
import Retention

/// How things stand: tables, archives, quarantine, holds, pins, last runs.
public struct StatusReport: Sendable, Encodable {
    public struct Table: Sendable, Encodable {
        public var table: QualifiedName
        public var then: RetentionAction
        public var partitions: Int
        public var bytes: Int64
        public var oldest: Instant?
        /// Up to where partitions exist.
        public var newest: Instant?
        /// Nil where no partition is complete yet.
        public var growth: DailyGrowth?
        public var archives: Int
        public var archiveBytes: Int64
        public var archivedRows: UInt64
        public var approved: ApprovedPolicy?
        public var quarantine: [Quarantined]
        public var holds: [Hold]
        public var pins: [Pin]
        public var pauses: [Pause]
        /// The last time that one of its archives was brought back to see that it can be.
        public var drill: LastDrill?
        /// Archives that could not be, the last time.
        public var failedDrills: [DrillOutcome]
        /// What is amiss with its indexes, a sentence each.
        public var indexFindings: [String]
        public var problems: [Problem]
    }

    public struct Run: Sendable, Encodable {
        public var id: String
        public var startedAt: Instant
        /// Nil: it runs, or it died.
        public var finishedAt: Instant?
        public var host: String
        public var status: Int32?
    }

    public var database: String
    public var server: String
    public var tables: [Table]
    /// Of whatever table.
    public var unfinishedRestores: [UnfinishedRestore]
    public var runs: [Run]
    public var problems: [Problem]

    public static func look(site: Site, tables: [QualifiedName]) throws -> StatusReport {
        let connection = try site.connect(as: "pgretain: status")
        var report = StatusReport(
            database: connection.facts.database, server: connection.facts.version, tables: [],
            unfinishedRestores: [], runs: [], problems: [])
        var store: DirectoryStore?
        do {
            store = try site.openStore(.readOnly, .short)
        } catch {
            report.problems.append(Problem(explaining: error))
        }
        let hasLedger = try connection.ledger.state() != .absent
        for name in tables {
            let settings = try site.settings(of: name)
            let now = try connection.serverClock()
            let seen = TableObservation.observe(settings, on: connection, store: store, now: now)
            var table = Table(seen, now: now, findings: try findings(seen, on: connection))
            if hasLedger {
                let drills = try connection.ledger.drills(of: name)
                table.drill = LastDrill(of: drills)
                table.failedDrills = drills.values.filter { $0.failure != nil }.sorted {
                    $0.at < $1.at
                }
            }
            report.tables.append(table)
        }
        if hasLedger {
            report.unfinishedRestores = try connection.ledger.unfinishedRestores()
            report.runs = try connection.ledger.lastRuns(5).map {
                Run(
                    id: $0.id, startedAt: $0.startedAt, finishedAt: $0.finishedAt, host: $0.host,
                    status: $0.status)
            }
        }
        return report
    }

    private static func findings(
        _ seen: TableObservation, on connection: Connection
    ) throws -> [String] {
        guard let table = seen.table else { return [] }
        return IndexReview.findings(try connection.catalog.indexes(of: table), key: table.key)
    }

    public var exitStatus: ExitStatus {
        .of((problems + tables.flatMap(\.problems)).map(\.status))
    }
}

extension StatusReport.Table {
    fileprivate init(_ seen: TableObservation, now: Instant, findings: [String]) {
        let ranges = seen.partitions.compactMap(\.bounds)
        self.init(
            table: seen.policy.table, then: seen.policy.then, partitions: seen.partitions.count,
            bytes: seen.partitions.reduce(0) { $0 + $1.bytes }, oldest: ranges.map(\.from).min(),
            newest: ranges.map(\.to).max(), growth: DailyGrowth(seen.partitions, now: now),
            archives: seen.archives.count,
            archiveBytes: seen.archives.reduce(0) { $0 + $1.bytes },
            archivedRows: seen.archives.reduce(0) { $0 + $1.digest.rows }, approved: seen.approved,
            quarantine: seen.quarantine, holds: seen.orders.holds, pins: seen.orders.pins,
            pauses: seen.orders.pauses, drill: nil, failedDrills: [], indexFindings: findings,
            problems: seen.problems)
    }
}
