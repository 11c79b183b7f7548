/// All that a health verdict is made of.
public struct HealthFacts: Sendable {
    /// A run that has ended, and what went wrong in it.
    public struct EndedRun: Equatable, Sendable {
        public struct Trouble: Equatable, Sendable {
            /// Nil: of no single table.
            public var table: QualifiedName?
            public var id: String
            public var message: String
            public var hint: String

            public init(table: QualifiedName?, id: String, message: String, hint: String) {
                self.table = table
                self.id = id
                self.message = message
                self.hint = hint
            }
        }

        public var finishedAt: Instant
        public var host: String
        public var status: Int32
        public var troubles: [Trouble]

        public init(finishedAt: Instant, host: String, status: Int32, troubles: [Trouble]) {
            self.finishedAt = finishedAt
            self.host = host
            self.status = status
            self.troubles = troubles
        }
    }

    public struct Runs: Equatable, Sendable {
        /// When the ledger was made; nil: there is none, and no run was ever here.
        public var ledgerMadeAt: Instant?
        /// The end of the last run that did all it might: status 0, or 76 where a brake is to be
        /// released by somebody.
        public var lastSuccessAt: Instant?
        public var last: EndedRun?
        /// The latest run, where it has begun and not ended and its session is gone.
        public var abandoned: (startedAt: Instant, host: String)?

        public init(
            ledgerMadeAt: Instant? = nil, lastSuccessAt: Instant? = nil, last: EndedRun? = nil,
            abandoned: (startedAt: Instant, host: String)? = nil
        ) {
            self.ledgerMadeAt = ledgerMadeAt
            self.lastSuccessAt = lastSuccessAt
            self.last = last
            self.abandoned = abandoned
        }

        public static func == (a: Runs, b: Runs) -> Bool {
            a.ledgerMadeAt == b.ledgerMadeAt && a.lastSuccessAt == b.lastSuccessAt
                && a.last == b.last && a.abandoned?.startedAt == b.abandoned?.startedAt
                && a.abandoned?.host == b.abandoned?.host
        }
    }

    public struct Store: Equatable, Sendable {
        public var root: String
        /// Why it cannot be used; nil where it can.
        public var problem: Problem?
        public var freeBytes: Int64?
        /// What tonight's archives may need, about.
        public var neededBytes: Int64
        /// Whether it shares a file system with the database; nil where that cannot be known.
        public var sharesTheDatabasesDisk: Bool?

        public init(
            root: String, problem: Problem? = nil, freeBytes: Int64? = nil, neededBytes: Int64 = 0,
            sharesTheDatabasesDisk: Bool? = nil
        ) {
            self.root = root
            self.problem = problem
            self.freeBytes = freeBytes
            self.neededBytes = neededBytes
            self.sharesTheDatabasesDisk = sharesTheDatabasesDisk
        }
    }

    /// Something that could not be looked at: a lock was in the way, or it took too long.
    public struct Skipped: Equatable, Sendable {
        public var table: QualifiedName?
        /// `the rows of DEFAULT`
        public var what: String
        public var problem: Problem

        public init(table: QualifiedName?, what: String, problem: Problem) {
            self.table = table
            self.what = what
            self.problem = problem
        }
    }

    /// The clock of the check.
    public var now: Instant
    public var runs: Runs
    public var store: Store
    public var tables: [TableHealthFacts]
    public var skipped: [Skipped]

    public init(
        now: Instant, runs: Runs, store: Store, tables: [TableHealthFacts], skipped: [Skipped] = []
    ) {
        self.now = now
        self.runs = runs
        self.store = store
        self.tables = tables
        self.skipped = skipped
    }
}

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

    public var seen: TableObservation
    /// What a run would do now.
    public var plan: TablePlan
    /// In the ledger, and not on the store; nil where the store or the ledger could not be read.
    public var lostArchives: [Slice]?
    /// On the store, and in no ledger row that says it was proven; nil as above.
    public var unprovenArchives: [Slice]?
    public var pauses: [PauseInForce]
    /// Rows in DEFAULT, counted up to `strayLimit`; nil where they were not counted.
    public var strayRows: Int64?
    public var sequences: [Sequence]
    public var otherOwners: [OtherOwner]

    /// More rows in DEFAULT than that are not counted.
    public static let strayLimit: Int64 = 10_000

    public init(
        seen: TableObservation, plan: TablePlan, lostArchives: [Slice]? = nil,
        unprovenArchives: [Slice]? = nil, pauses: [PauseInForce] = [], strayRows: Int64? = nil,
        sequences: [Sequence] = [], otherOwners: [OtherOwner] = []
    ) {
        self.seen = seen
        self.plan = plan
        self.lostArchives = lostArchives
        self.unprovenArchives = unprovenArchives
        self.pauses = pauses
        self.strayRows = strayRows
        self.sequences = sequences
        self.otherOwners = otherOwners
    }
}
