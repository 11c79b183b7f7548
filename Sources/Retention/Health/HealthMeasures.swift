/// The numbers of a check, as perfdata, metrics and JSON have them. Nil where they are not known.
public struct HealthMeasures: Equatable, Sendable, Codable {
    public struct Table: Equatable, Sendable, Codable {
        public var table: QualifiedName
        /// Nil for a plain table, and where the partitions have no end.
        public var premakeHeadroomSeconds: Int64?
        public var premakeHeadroomPeriods: Int?
        public var premakeWarningPeriods: Int?
        public var premakeCriticalPeriods: Int?
        public var premakeCriticalSeconds: Int64?
        /// Nil for a plain table.
        public var takesThePresent: Bool?
        /// Expired, and not of the coming night; nil where not all of it was looked for.
        public var backlog: Int?
        public var defaultRows: Int64?
        public var quarantined: Int
        public var quarantineOverdue: Int
        /// Nil, as the next two, where the store could not be read.
        public var archives: Int?
        public var archivesLost: Int?
        public var archivesUnverified: Int?
        /// Of all copies together; nil where there is none.
        public var archivesUncopied: Int?
        /// Archives whose last drill failed.
        public var drillsFailed: Int
        public var awaitsApproval: Bool
        public var paused: Bool
        public var sequences: [Sequence]
    }

    public struct Sequence: Equatable, Sendable, Codable {
        public var sequence: QualifiedName
        public var last: Int64
        public var limit: Int64
    }

    public var now: Instant
    public var lastSuccessAt: Instant?
    public var lastRunAt: Instant?
    public var lastRunStatus: Int32?
    public var storeFreeBytes: Int64?
    public var storeNeededBytes: Int64
    /// When an archive last came back whole, and how long that took.
    public var lastDrillAt: Instant?
    public var lastDrillSeconds: Double?
    public var lastDrillRows: UInt64?
    public var tables: [Table]
}

extension HealthMeasures {
    public init(_ facts: HealthFacts, _ thresholds: HealthThresholds) {
        let now = facts.now
        self.now = now
        lastSuccessAt = facts.runs.lastSuccessAt
        lastRunAt = facts.runs.last?.finishedAt
        lastRunStatus = facts.runs.last?.status
        storeFreeBytes = facts.store.freeBytes
        storeNeededBytes = facts.store.neededBytes
        let drill = facts.drills.lastSuccess
        lastDrillAt = drill?.at
        lastDrillSeconds = drill?.measure?.seconds
        lastDrillRows = drill?.measure?.rows
        // What could not be looked at has no numbers: a zero would look like health.
        tables = facts.tables.filter { $0.seen.table != nil }.map { table in
            Table(table, facts.drills, now: now, thresholds)
        }
    }
}

extension HealthMeasures.Table {
    fileprivate init(
        _ facts: TableHealthFacts, _ drills: HealthFacts.Drills, now: Instant,
        _ thresholds: HealthThresholds
    ) {
        table = facts.seen.policy.table
        let headroom = PremakeHeadroom(facts.seen, now: now)
        premakeHeadroomSeconds = headroom?.seconds
        premakeHeadroomPeriods = headroom?.periods
        premakeWarningPeriods = headroom?.warningPeriods
        premakeCriticalPeriods = headroom?.criticalPeriods
        premakeCriticalSeconds = headroom?.criticalSeconds
        takesThePresent = headroom?.takesThePresent
        backlog = facts.isLookedInto ? facts.plan.backlog : nil
        defaultRows = facts.strayRows
        quarantined = facts.seen.quarantine.count
        quarantineOverdue = facts.overdue(at: now, after: thresholds.missedWarningSeconds).count
        archives = facts.lostArchives == nil ? nil : facts.seen.archives.count
        archivesLost = facts.lostArchives?.count
        archivesUnverified = facts.unprovenArchives?.count
        archivesUncopied =
            facts.uncopied.isEmpty ? nil : facts.uncopied.reduce(0) { $0 + $1.slices.count }
        drillsFailed = drills.outcomes.count {
            $0.slice.table == facts.seen.policy.table && $0.failure != nil
        }
        awaitsApproval = facts.plan.problems.contains { $0.id == "policy.approval" }
        paused = facts.seen.orders.pauses.contains { $0.until.map { $0 > now } ?? true }
        sequences = facts.sequences.map {
            .init(sequence: $0.name, last: $0.last, limit: $0.limit)
        }
    }
}
