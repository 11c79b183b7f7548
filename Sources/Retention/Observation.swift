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

    public var policy: RetentionPolicy
    /// Nil when the table could not be observed: `problems` says why.
    public var table: PartitionedTable?
    public var partitions: [Partition]
    /// Every name that a table or index of the schema has: a premade one must be another.
    public var takenNames: Set<String>
    public var archives: [Archive]
    /// Slices of which the store keeps two generations because rows have vanished.
    public var superseded: Set<Slice>
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
        superseded: Set<Slice> = [], quarantine: [Quarantined] = [],
        detaching: Set<UInt32> = [], approved: ApprovedPolicy? = nil,
        orders: StandingOrders = StandingOrders(), problems: [Problem] = []
    ) {
        self.policy = policy
        self.table = table
        self.partitions = partitions
        self.takenNames = takenNames
        self.archives = archives
        self.superseded = superseded
        self.quarantine = quarantine
        self.detaching = detaching
        self.approved = approved
        self.orders = orders
        self.problems = problems
    }
}
