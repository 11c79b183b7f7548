/// All that a planner may look at.
public struct Observation: Sendable {
    /// The clock of this run.
    public var now: Instant
    /// One entry a policy, in the order of the policies.
    public var tables: [TableObservation]

    public init(now: Instant, tables: [TableObservation]) {
        self.now = now
        self.tables = tables
    }
}

/// What was seen of one table.
public struct TableObservation: Sendable {
    /// An archive in the store.
    public struct Archive: Equatable, Sendable {
        public var bounds: PartitionBounds
        public var digest: ContentDigest
        public var bytes: Int64

        public init(bounds: PartitionBounds, digest: ContentDigest, bytes: Int64) {
            self.bounds = bounds
            self.digest = digest
            self.bytes = bytes
        }
    }

    /// A period of a wide partition, or of a plain table, that is older than the cutoff and has
    /// rows; or one of any partition that a rule has not been applied to yet.
    public struct AgedPeriod: Equatable, Sendable {
        public var partition: Partition
        public var bounds: PartitionBounds
        /// Nil: it is about all of its rows.
        public var rule: RowRule?
        /// When its archive was published last, by the ledger.
        public var archivedAt: Instant?
        /// All of its rows were being deleted when a run ended.
        public var isBeingDeleted: Bool

        public init(
            partition: Partition, bounds: PartitionBounds, rule: RowRule? = nil,
            archivedAt: Instant? = nil, isBeingDeleted: Bool = false
        ) {
            self.partition = partition
            self.bounds = bounds
            self.rule = rule
            self.archivedAt = archivedAt
            self.isBeingDeleted = isBeingDeleted
        }
    }

    /// An archive that is older than archives are kept, in the store or in the ledger.
    public struct AgedArchive: Equatable, Sendable {
        public var bounds: PartitionBounds
        public var slice: Slice
        public var digest: ContentDigest
        public var bytes: Int64
        /// The ledger's last word on it is that it holds this.
        public var isOnRecord: Bool
        /// A run has begun to remove it; it may be gone.
        public var isBeingRemoved: Bool

        public init(
            bounds: PartitionBounds, slice: Slice, digest: ContentDigest, bytes: Int64,
            isOnRecord: Bool, isBeingRemoved: Bool = false
        ) {
            self.bounds = bounds
            self.slice = slice
            self.digest = digest
            self.bytes = bytes
            self.isOnRecord = isOnRecord
            self.isBeingRemoved = isBeingRemoved
        }
    }

    /// What of the most that a table may lose in a night is used up, by whatever run.
    public struct Spent: Equatable, Sendable {
        /// Partitions, and slices of wide ones.
        public var partitions = 0
        /// Slices of rules.
        public var ruled = 0
        public var archives = 0

        public init(partitions: Int = 0, ruled: Int = 0, archives: Int = 0) {
            self.partitions = partitions
            self.ruled = ruled
            self.archives = archives
        }
    }

    public var policy: RetentionPolicy
    /// Nil when the table could not be observed: `problems` says why.
    public var table: PartitionedTable?
    public var partitions: [Partition]
    /// Every name that a table or index of the schema has: a premade one must be another.
    public var takenNames: Set<String>
    public var archives: [Archive]
    /// Where archives of each range are, by the store or by the ledger.
    public var places: [PartitionBounds: Set<Slice>] = [:]
    /// For each range the latest event that says where its rows are.
    public var states: [PartitionBounds: LedgerEvent]
    /// Oldest first.
    public var agedPeriods: [AgedPeriod]
    /// What rules are to be applied to: each has its rule.
    public var ruledPeriods: [AgedPeriod]
    /// Wide partitions that hold no row any more.
    public var emptied: Set<UInt32>
    /// Whether deletes of rows would reach subscribers.
    public var isPublished: Bool
    /// Where archives have a retention of their own.
    public var agedArchives: [AgedArchive] = []
    /// Slices of which two generations are kept, and somebody has accepted it.
    public var accepted: [Slice] = []
    /// Slices of which the store keeps two generations because rows have vanished, and nobody has
    /// accepted it.
    public var superseded: Set<Slice>
    /// Slices that the ledger has archives of, and the store has not.
    public var lostArchives: [Slice] = []
    /// Nothing where a night is one run's own.
    public var spent = Spent()
    public var quarantine: [Quarantined]
    /// Partitions whose DETACH CONCURRENTLY we began.
    public var detaching: Set<UInt32>
    public var approved: ApprovedPolicy?
    public var orders: StandingOrders
    /// What stands in the way of the whole table.
    public var problems: [Problem]

    public init(
        policy: RetentionPolicy, table: PartitionedTable?, partitions: [Partition] = [],
        takenNames: Set<String> = [], archives: [Archive] = [],
        states: [PartitionBounds: LedgerEvent] = [:],
        agedPeriods: [AgedPeriod] = [], ruledPeriods: [AgedPeriod] = [], emptied: Set<UInt32> = [],
        isPublished: Bool = false,
        superseded: Set<Slice> = [], quarantine: [Quarantined] = [],
        detaching: Set<UInt32> = [], approved: ApprovedPolicy? = nil,
        orders: StandingOrders = StandingOrders(), problems: [Problem] = []
    ) {
        self.policy = policy
        self.table = table
        self.partitions = partitions
        self.takenNames = takenNames
        self.archives = archives
        self.states = states
        self.agedPeriods = agedPeriods
        self.ruledPeriods = ruledPeriods
        self.emptied = emptied
        self.isPublished = isPublished
        self.superseded = superseded
        self.quarantine = quarantine
        self.detaching = detaching
        self.approved = approved
        self.orders = orders
        self.problems = problems
    }
}
