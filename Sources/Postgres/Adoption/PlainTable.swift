import Retention

/// A plain table that is to become a partitioned one: all of it that has to move.
public struct PlainTable: Equatable, Sendable {
    public var relation: Relation
    public var key: String
    public var keyType: KeyType
    public var owner: String
    /// Heap, indexes and TOAST, in bytes.
    public var bytes: Int64
    public var columns: [Column]
    public var indexes: [PlainIndex]
    /// Checks and foreign keys; those with an index are among the indexes.
    public var constraints: [PlainConstraint]
    public var triggers: [PlainTrigger]
    /// Extended statistics.
    public var statistics: [PlainStatistics]
    /// Sequences that columns own, those of identity columns among them.
    public var sequences: [OwnedSequence]
    /// Views that read the table itself.
    public var views: [DependentView]
    public var comment: String?

    var primaryKey: PlainIndex? { indexes.first(where: \.isPrimary) }

    /// What a row gets that says nothing of its time; nil: NULL, which is refused from now on.
    public var keyDefault: String? { columns.first { $0.name == key }?.expression }

    public var isKeyNullable: Bool { columns.first { $0.name == key }?.isNullable ?? true }
}

/// An index of a plain table, be it a constraint's or not.
public struct PlainIndex: Equatable, Sendable {
    public var oid: UInt32
    public var name: String
    public var isUnique: Bool
    public var isPrimary: Bool
    public var isValid: Bool
    /// Whether the time column is one of those it orders by: else no partitioned table can have it,
    /// where it is unique.
    public var holdsKey: Bool
    /// The part of `pg_get_indexdef` after the table's name: `USING btree (level)`.
    public var definition: String
    /// Of the constraint it belongs to, as `pg_get_constraintdef` prints it.
    public var constraint: String?
    public var isReplicaIdentity: Bool
    /// The columns it orders by, where they all are columns.
    public var columns: [String]
    public var comment: String?

    /// Whether a partitioned table can have it.
    var isShareable: Bool { !isUnique || holdsKey }
}

/// A check or a foreign key.
public struct PlainConstraint: Equatable, Sendable {
    public var name: String
    public var isForeignKey: Bool
    public var isValidated: Bool
    /// `NO INHERIT`: for this table alone.
    public var isLocal: Bool
    /// As `pg_get_constraintdef` prints it.
    public var definition: String
    public var comment: String?
}

public struct PlainTrigger: Equatable, Sendable {
    public var name: String
    /// As `pg_get_triggerdef` prints it, with the table's name.
    public var definition: String
    /// `O`, `D`, `R` or `A`, as in `pg_trigger.tgenabled`.
    public var enabled: String
    /// For each row, with the rows before or after as a table: no partitioned table has such.
    public var hasRowTables: Bool
    public var comment: String?
}

public struct PlainStatistics: Equatable, Sendable {
    public var oid: UInt32
    public var name: QualifiedName
    /// As `pg_get_statisticsobjdef` prints it, with the table's name.
    public var definition: String
}

public struct OwnedSequence: Equatable, Sendable {
    public var oid: UInt32
    public var name: QualifiedName
    public var column: String
    /// `ALWAYS` or `BY DEFAULT`, where it is an identity column's.
    public var identity: String?
    /// `AS integer INCREMENT BY 1 …`, as CREATE SEQUENCE reads it.
    public var options: String
    public var increment: Int64
}

public struct DependentView: Equatable, Sendable {
    public var oid: UInt32
    public var name: QualifiedName
    /// As `pg_get_viewdef` prints it, with the table's name.
    public var definition: String
    /// `security_barrier = 'true'`
    public var options: String?
    public var mayReplace: Bool
}
