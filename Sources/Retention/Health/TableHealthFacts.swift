/// What a verdict is made of for one table.
public struct TableHealthFacts: Sendable {
    /// A sequence that fills a column of the table.
    public struct Sequence: Equatable, Sendable {
        public var column: String
        public var name: QualifiedName
        public var last: Int64
        /// Where it ends, or where its column's type does.
        public var limit: Int64

        public init(column: String, name: QualifiedName, last: Int64, limit: Int64) {
            self.column = column
            self.name = name
            self.last = last
            self.limit = limit
        }

        public var usedPercent: Int {
            limit > 0 ? Int(Double(max(last, 0)) / Double(limit) * 100) : 0
        }
    }

    /// Somebody else who takes rows or partitions away.
    public struct OtherOwner: Equatable, Sendable {
        /// `pg_partman`, `the pg_cron job 7`
        public var who: String
        /// What it does to the table.
        public var does: String
        /// Whether it drops or deletes what no archive may have.
        public var removes: Bool

        public init(who: String, does: String, removes: Bool) {
            self.who = who
            self.does = does
            self.removes = removes
        }
    }

    public struct PauseInForce: Equatable, Sendable {
        public var pause: Pause
        public var madeAt: Instant

        public init(pause: Pause, madeAt: Instant) {
            self.pause = pause
            self.madeAt = madeAt
        }
    }

    /// What another store lacks, or has in another generation.
    public struct Uncopied: Equatable, Sendable {
        public var root: String
        public var slices: [Slice]

        public init(root: String, slices: [Slice]) {
            self.root = root
            self.slices = slices
        }
    }

    public var seen: TableObservation
    /// What a run would do now.
    public var plan: TablePlan
    /// Whether what has aged in wide partitions and by rules was looked for.
    public var isLookedInto = true
    /// In the ledger, and not on the store; nil where the store or the ledger could not be read.
    public var lostArchives: [Slice]?
    /// The same, and an operator has said that they are lost.
    public var acceptedLosses: [Slice] = []
    /// On the store, and in no ledger row that says it was proven; nil as above.
    public var unprovenArchives: [Slice]?
    /// On the store, and not good when they were last read back by a scrub.
    public var archivesThatFailed: [Slice] = []
    /// One entry a copy that could be read.
    public var uncopied: [Uncopied]
    public var pauses: [PauseInForce]
    /// Rows in DEFAULT, counted up to `strayLimit`; nil where they were not counted.
    public var strayRows: Int64?
    public var sequences: [Sequence]
    public var otherOwners: [OtherOwner]

    /// More rows in DEFAULT than that are not counted.
    public static let strayLimit: Int64 = 10_000

    public init(
        seen: TableObservation, plan: TablePlan, lostArchives: [Slice]? = nil,
        unprovenArchives: [Slice]? = nil, uncopied: [Uncopied] = [], pauses: [PauseInForce] = [],
        strayRows: Int64? = nil,
        sequences: [Sequence] = [], otherOwners: [OtherOwner] = []
    ) {
        self.seen = seen
        self.plan = plan
        self.lostArchives = lostArchives
        self.unprovenArchives = unprovenArchives
        self.uncopied = uncopied
        self.pauses = pauses
        self.strayRows = strayRows
        self.sequences = sequences
        self.otherOwners = otherOwners
    }
}
