import Retention

/// A table as it was seen: its identity, and the name it had.
public struct Relation: Hashable, Sendable {
    public var oid: UInt32
    public var name: QualifiedName

    public init(oid: UInt32, name: QualifiedName) {
        self.oid = oid
        self.name = name
    }

    public init(_ partition: Partition) {
        self.init(oid: partition.oid, name: partition.name)
    }

    public init(_ table: PartitionedTable) {
        self.init(oid: table.oid, name: table.name)
    }

    public init(_ quarantined: Quarantined) {
        self.init(oid: quarantined.oid, name: quarantined.name)
    }
}
