/// One event of the ledger: something that was done, and cannot be undone by forgetting it.
public struct LedgerEvent: Equatable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// An operator's yes to a policy.
        case approved
        /// An archive was published and verified.
        case archived
        /// A DETACH CONCURRENTLY is about to begin.
        case detaching
        /// A partition left its table and waits in quarantine.
        case detached
        /// A quarantined table was found to hold, after its detach, the rows of its archive.
        case settled
        /// A quarantined table was dropped against a proof.
        case dropped
        /// A restore is about to fill a hidden table.
        case restoring
        /// A hidden table that was never finished was dropped again.
        case abandoned
        /// An archive came back as a table, or as a partition.
        case restored
        /// An archive was brought back to see that it can be, and how long that takes: `seconds`
        /// among the details.
        case drilled
        /// It could not be: the problem's id and status are among the details.
        case drillFailed = "drill failed"
        /// An operator said that a range stays.
        case held
        /// A hold ended, or a pin was lifted: its number is among the details.
        case released
        /// An operator stopped the retirement of the table, and let it go on.
        case paused, resumed
        /// A quarantined table went back to its place.
        case reattached
        /// An operator said that a store belongs to this database.
        case rebound
        /// Rows of a slice are about to be deleted against a proof: `horizon` among the details says
        /// which.
        case deleting
        /// The rows of a slice that its archive holds were deleted.
        case deleted
        /// Rows of a rule that keeps no archive are about to be deleted for good.
        case purging
        /// They were.
        case purged
        /// A rule found no row of its own in a range.
        case swept
        /// A plain table was bounded, to become a partition: `to` among the details says where.
        case adopting
        /// An archive is about to be removed, since its own retention has ended.
        case expiring
        /// It was.
        case expired
        /// An operator has looked at an older generation that holds rows which the newer does not, or
        /// at an archive that is lost for good: `lost` among the details.
        case accepted
        /// Rows are about to be erased from an archive: the digest is that of what stays, and how many
        /// go is among the details.
        case erasing
        /// They were.
        case erased
        /// An operator has ended the grace of a quarantined table: `reason` among the details.
        case hastened
        /// The plain table is a partition, and another has its name.
        case adopted
        /// The table is a plain one again, or the bound of one that was never adopted is gone.
        case unadopted
        /// The rows of a wide partition are about to be copied into partitions of their own.
        case splitting
        /// These took its place.
        case split
        /// What a splitting had made was taken away again.
        case unsplit
        /// Another store gets each archive from now on: `store` among the details.
        case copying
        /// Rows of the DEFAULT partition that belong to no period to come were moved aside.
        case parked
    }

    /// Whether the range's rows are in the archive alone from then on.
    public var rowsAreGone: Bool { kind == .dropped || kind == .deleted }

    /// Whether, as far as it says, its archive is in the store.
    public var hasArchive: Bool { kind == .archived || kind == .erased }

    /// Where the event is about the rows of a rule: the rule's condition.
    public var condition: String? {
        get { details["where"] }
        set { details["where"] = newValue }
    }

    public var kind: Kind
    /// The parent.
    public var table: QualifiedName
    /// The relation the event is about, under its readable name.
    public var relation: QualifiedName?
    public var relationOID: UInt32?
    public var bounds: PartitionBounds?
    /// `FOR VALUES FROM (…) TO (…)`, to attach it again.
    public var boundsSQL: String?
    /// Not before then may the quarantined table be dropped; nil: never (`then: detach`).
    public var dropAfter: Instant?
    /// What the archive held.
    public var digest: ContentDigest?
    /// The archive's place in the store.
    public var archive: String?
    /// Whatever else explains it; an approved policy's fields among it.
    public var details: [String: String]

    public init(
        _ kind: Kind, table: QualifiedName, relation: QualifiedName? = nil,
        relationOID: UInt32? = nil, bounds: PartitionBounds? = nil, boundsSQL: String? = nil,
        dropAfter: Instant? = nil, digest: ContentDigest? = nil, archive: String? = nil,
        details: [String: String] = [:]
    ) {
        self.kind = kind
        self.table = table
        self.relation = relation
        self.relationOID = relationOID
        self.bounds = bounds
        self.boundsSQL = boundsSQL
        self.dropAfter = dropAfter
        self.digest = digest
        self.archive = archive
        self.details = details
    }
}

/// A detached, renamed table that waits out its grace in the schema `pgretain`.
public struct Quarantined: Equatable, Sendable, Codable {
    public var oid: UInt32
    /// Its name now: `pgretain.q_16412`.
    public var name: QualifiedName
    /// Its name when it was a partition.
    public var formerName: QualifiedName
    public var bounds: PartitionBounds
    public var boundsSQL: String
    public var bytes: Int64
    public var detachedAt: Instant
    /// Nil: it waits for ever (`then: detach`).
    public var dropAfter: Instant?
    /// Whether its archive was found to hold its rows since it was detached; until then it may
    /// hold rows that came between the export and the detach.
    public var isSettled: Bool

    public init(
        oid: UInt32, name: QualifiedName, formerName: QualifiedName, bounds: PartitionBounds,
        boundsSQL: String, bytes: Int64, detachedAt: Instant, dropAfter: Instant?, isSettled: Bool
    ) {
        self.oid = oid
        self.name = name
        self.formerName = formerName
        self.bounds = bounds
        self.boundsSQL = boundsSQL
        self.bytes = bytes
        self.detachedAt = detachedAt
        self.dropAfter = dropAfter
        self.isSettled = isSettled
    }
}

/// Restored rows that retention leaves alone until a date.
public struct Pin: Equatable, Sendable, Codable {
    public var id: Int64
    public var table: QualifiedName
    /// The table or partition that holds the restored rows.
    public var relation: QualifiedName
    public var bounds: PartitionBounds
    public var until: Instant

    public init(
        id: Int64, table: QualifiedName, relation: QualifiedName, bounds: PartitionBounds,
        until: Instant
    ) {
        self.id = id
        self.table = table
        self.relation = relation
        self.bounds = bounds
        self.until = until
    }
}

/// "Keep this range, whatever the policy says."
public struct Hold: Equatable, Sendable, Codable {
    public var id: Int64
    public var table: QualifiedName
    public var bounds: PartitionBounds
    public var reason: String
    public var by: String
    /// Nil: until it is released.
    public var until: Instant?

    public init(
        id: Int64, table: QualifiedName, bounds: PartitionBounds, reason: String, by: String,
        until: Instant?
    ) {
        self.id = id
        self.table = table
        self.bounds = bounds
        self.reason = reason
        self.by = by
        self.until = until
    }
}

/// The stop switch: while it stands, nothing of the table (or of any table) is retired.
public struct Pause: Equatable, Sendable, Codable {
    /// Nil: every table.
    public var table: QualifiedName?
    public var reason: String
    public var by: String
    public var until: Instant?

    public init(table: QualifiedName?, reason: String, by: String, until: Instant?) {
        self.table = table
        self.reason = reason
        self.by = by
        self.until = until
    }
}
