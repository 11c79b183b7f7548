/// A child of a partitioned table, as the catalogue describes it.
public struct Partition: Equatable, Sendable, Codable {
    /// The range of keys that it takes.
    public enum Extent: Equatable, Sendable, Codable {
        case range(PartitionBounds)
        /// An end is MINVALUE, MAXVALUE or an infinity (nil).
        case open(from: Instant?, to: Instant?)
        case `default`
    }

    public var oid: UInt32
    public var name: QualifiedName
    public var extent: Extent
    /// `FOR VALUES FROM (…) TO (…)`, as the server prints it in UTC.
    public var boundsSQL: String
    /// Heap, indexes and TOAST, in bytes.
    public var bytes: Int64
    /// The statistics' estimate; nil when never analysed.
    public var estimatedRows: Int64?
    /// Whether it is partitioned itself.
    public var isPartitioned: Bool
    /// Whether it is a foreign table or anything else that is not a plain table.
    public var isForeign: Bool
    /// Whether a DETACH CONCURRENTLY of it has begun and not ended.
    public var isDetachPending: Bool

    public init(
        oid: UInt32, name: QualifiedName, extent: Extent, boundsSQL: String, bytes: Int64,
        estimatedRows: Int64?, isPartitioned: Bool = false, isForeign: Bool = false,
        isDetachPending: Bool = false
    ) {
        self.oid = oid
        self.name = name
        self.extent = extent
        self.boundsSQL = boundsSQL
        self.bytes = bytes
        self.estimatedRows = estimatedRows
        self.isPartitioned = isPartitioned
        self.isForeign = isForeign
        self.isDetachPending = isDetachPending
    }

    /// Whether it takes all that is older than some instant, or all there is (a plain table): then
    /// what ages leaves it slice by slice.
    public var isWide: Bool {
        guard !isPartitioned, !isForeign, case .open(nil, let to) = extent else { return false }
        return to != nil || isWholeTable
    }

    /// Whether it is no partition but a plain table.
    public var isWholeTable: Bool { extent == .open(from: nil, to: nil) && boundsSQL.isEmpty }

    /// The finite bounds, where it has them.
    public var bounds: PartitionBounds? {
        if case .range(let bounds) = extent { bounds } else { nil }
    }
}

/// A partitioned table, as the catalogue describes it.
public struct PartitionedTable: Equatable, Sendable, Codable {
    public var oid: UInt32
    public var name: QualifiedName
    public var key: String
    public var keyType: KeyType
    public var owner: String
    /// Foreign keys of other tables that point here: `orders.orders_log_id_fkey`.
    public var incomingForeignKeys: [String]
    /// It is no partitioned table at all: it holds its rows itself.
    public var isPlain: Bool

    public init(
        oid: UInt32, name: QualifiedName, key: String, keyType: KeyType, owner: String,
        incomingForeignKeys: [String], isPlain: Bool = false
    ) {
        self.oid = oid
        self.name = name
        self.key = key
        self.keyType = keyType
        self.owner = owner
        self.incomingForeignKeys = incomingForeignKeys
        self.isPlain = isPlain
    }
}
