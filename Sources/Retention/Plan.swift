/// What a run does: a value that `plan` prints and `run` carries out.
public struct Plan: Equatable, Sendable, Codable {
    public var now: Instant
    public var tables: [TablePlan]

    public init(now: Instant, tables: [TablePlan]) {
        self.now = now
        self.tables = tables
    }

    /// The status that a run of this plan ends with when every step succeeds.
    public var exitStatus: ExitStatus {
        .of(tables.lazy.flatMap(\.problems).map(\.status))
    }
}

/// What becomes of one table.
public struct TablePlan: Equatable, Sendable, Codable {
    public struct Premake: Equatable, Sendable, Codable {
        public var name: String
        public var bounds: PartitionBounds
        /// `FROM` and `TO` as literals of the key's type.
        public var from: String
        public var to: String
    }

    public struct Entry: Equatable, Sendable, Codable {
        public var partition: Partition
        public var verdict: Verdict
        public var slice: Slice?
    }

    /// A period of a wide partition or a plain table, or a rule's rows of a period.
    public struct SliceEntry: Equatable, Sendable, Codable {
        public var partition: Partition
        public var bounds: PartitionBounds
        /// Nil: all of its rows.
        public var rule: RowRule?
        public var slice: Slice
        /// Its share of the partition, as though rows came evenly.
        public var bytes: Int64
        public var verdict: Verdict
    }

    public struct QuarantineEntry: Equatable, Sendable, Codable {
        public var table: Quarantined
        public var verdict: Verdict
        public var slice: Slice
    }

    /// An archive that is older than archives are kept.
    public struct ArchiveEntry: Equatable, Sendable, Codable {
        public var slice: Slice
        public var bounds: PartitionBounds
        public var bytes: Int64
        public var digest: ContentDigest
        public var isBeingRemoved: Bool
        public var verdict: Verdict
    }

    public var table: QualifiedName
    public var then: RetentionAction
    /// Whether the table could be looked at; else its problems say why not.
    public var isSeen: Bool
    /// A partition whose upper bound is at or before this has expired.
    public var cutoff: Instant
    public var premakes: [Premake]
    public var entries: [Entry]
    /// Oldest first.
    public var slices: [SliceEntry]
    /// What rules take out of their periods, in the order of the periods and of the rules.
    public var ruled: [SliceEntry]
    /// Wide partitions that all rows have left: they are dropped.
    public var emptied: [Partition]
    public var quarantine: [QuarantineEntry]
    /// Oldest first.
    public var archives: [ArchiveEntry]
    /// Expired partitions that wait for other nights, and how many nights they need.
    public var backlog: Int
    public var backlogNights: Int
    /// What ends in a status other than 0.
    public var problems: [Problem]
    /// What an operator should know, and need not act upon.
    public var notes: [String]

    public init(table: QualifiedName, then: RetentionAction, isSeen: Bool, cutoff: Instant) {
        self.table = table
        self.then = then
        self.isSeen = isSeen
        self.cutoff = cutoff
        premakes = []
        entries = []
        slices = []
        ruled = []
        emptied = []
        quarantine = []
        archives = []
        backlog = 0
        backlogNights = 0
        problems = []
        notes = []
    }

    /// Entries to retire, oldest first.
    public var retirements: [Entry] {
        entries.filter { if case .retire = $0.verdict { true } else { false } }
    }

    /// Slices to archive or to delete, oldest first.
    public var agedSlices: [SliceEntry] {
        slices.filter { if case .retire = $0.verdict { true } else { false } }
    }

    /// Slices of rules to archive or to delete, oldest first.
    public var agedRuled: [SliceEntry] {
        ruled.filter { if case .retire = $0.verdict { true } else { false } }
    }

    /// Quarantined tables that stay and whose archive is yet to be compared with them: the run that
    /// detached them ended before it could. What operators have stopped waits.
    public var unsettled: [QuarantineEntry] {
        quarantine.filter {
            guard case .keep(let reason) = $0.verdict, !$0.table.isSettled else { return false }
            return !reason.isStandingOrder
        }
    }

    /// Archives to remove, oldest first.
    public var expiries: [ArchiveEntry] {
        archives.filter { if case .retire = $0.verdict { true } else { false } }
    }

    /// Quarantined tables to drop, oldest first.
    public var drops: [QuarantineEntry] {
        quarantine.filter { if case .retire = $0.verdict { true } else { false } }
    }
}
