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

    /// A run that has begun; whether it goes on is not known of it.
    public struct BegunRun: Equatable, Sendable {
        public var startedAt: Instant
        public var host: String

        public init(startedAt: Instant, host: String) {
            self.startedAt = startedAt
            self.host = host
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
        public var abandoned: BegunRun?

        public init(
            ledgerMadeAt: Instant? = nil, lastSuccessAt: Instant? = nil, last: EndedRun? = nil,
            abandoned: BegunRun? = nil
        ) {
            self.ledgerMadeAt = ledgerMadeAt
            self.lastSuccessAt = lastSuccessAt
            self.last = last
            self.abandoned = abandoned
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

    /// What was brought back to see that it can be.
    public struct Drills: Equatable, Sendable {
        /// How often that is to be done.
        public var rhythm: DrillRhythm
        /// Since when there are archives; nil: there are none.
        public var since: Instant?
        /// The last one of each archive, in the order of their archives.
        public var outcomes: [DrillOutcome]

        public init(
            rhythm: DrillRhythm = .never, since: Instant? = nil, outcomes: [DrillOutcome] = []
        ) {
            self.rhythm = rhythm
            self.since = since
            self.outcomes = outcomes
        }

        public var lastSuccess: DrillOutcome? {
            outcomes.filter { $0.failure == nil }.max { $0.at < $1.at }
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
    /// The other stores that are to hold each archive.
    public var copies: [Store]
    public var drills: Drills
    public var unfinishedRestores: [UnfinishedRestore]
    public var patterns: PatternFindings
    public var tables: [TableHealthFacts]
    public var skipped: [Skipped]

    public init(
        now: Instant, runs: Runs, store: Store, copies: [Store] = [],
        drills: Drills = Drills(), unfinishedRestores: [UnfinishedRestore] = [],
        patterns: PatternFindings = PatternFindings(), tables: [TableHealthFacts],
        skipped: [Skipped] = []
    ) {
        self.now = now
        self.runs = runs
        self.store = store
        self.copies = copies
        self.drills = drills
        self.unfinishedRestores = unfinishedRestores
        self.patterns = patterns
        self.tables = tables
        self.skipped = skipped
    }
}
