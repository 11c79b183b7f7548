/// A column, with all that an archive needs to bring it back.
public struct Column: Equatable, Sendable, Codable {
    public var name: String
    /// As SQL writes it: `character varying(20)`, `public.mood[]`.
    public var type: String
    /// The type's OID after domains are followed to their base.
    public var baseTypeOID: UInt32
    public var isNullable: Bool
    /// A generated column is archived; a restore leaves it out and lets the server make it again.
    public var isGenerated: Bool
    /// The default, or the generation expression, as SQL.
    public var expression: String?
    /// `ALWAYS` or `BY DEFAULT` for an identity column.
    public var identity: String?
    /// Quoted and qualified, when it is not the type's own.
    public var collation: String?
    /// Whether text that was written out may fail to read back in (an overloaded `regproc`,
    /// `pg_node_tree` and kin); a restore makes such a column `text`.
    public var isUnreadable: Bool

    public init(
        name: String, type: String, baseTypeOID: UInt32, isNullable: Bool, isGenerated: Bool,
        expression: String?, identity: String?, collation: String?, isUnreadable: Bool
    ) {
        self.name = name
        self.type = type
        self.baseTypeOID = baseTypeOID
        self.isNullable = isNullable
        self.isGenerated = isGenerated
        self.expression = expression
        self.identity = identity
        self.collation = collation
        self.isUnreadable = isUnreadable
    }
}

/// An index that no constraint owns.
public struct IndexDefinition: Equatable, Sendable, Codable {
    public var name: String
    public var isUnique: Bool
    /// The part of `pg_get_indexdef` after the table's name: `USING btree (level)`.
    public var definition: String

    public init(name: String, isUnique: Bool, definition: String) {
        self.name = name
        self.isUnique = isUnique
        self.definition = definition
    }
}

/// A check, unique, primary key, foreign key or exclusion constraint.
public struct ConstraintDefinition: Equatable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable {
        case check, unique, primaryKey, foreignKey, exclusion
    }

    public var name: String
    public var kind: Kind
    /// As `pg_get_constraintdef` prints it.
    public var definition: String

    public init(name: String, kind: Kind, definition: String) {
        self.name = name
        self.kind = kind
        self.definition = definition
    }
}

/// The shape of a table, enough to make it again on an empty server.
public struct TableDefinition: Equatable, Sendable, Codable {
    public var columns: [Column]
    public var constraints: [ConstraintDefinition]
    public var indexes: [IndexDefinition]

    public init(
        columns: [Column], constraints: [ConstraintDefinition], indexes: [IndexDefinition]
    ) {
        self.columns = columns
        self.constraints = constraints
        self.indexes = indexes
    }

    /// What somebody who relies on an archive of the table should know.
    public var warnings: [String] {
        columns.filter(\.isUnreadable).map {
            "the text of \($0.name) (\($0.type)) may not read back; a restore makes it text"
        }
    }
}

extension TableDefinition {
    /// Whether rows of another shape fit into this one, and the other way round, but for NULLs.
    public func hasTypes(of other: TableDefinition) -> Bool {
        columns.count == other.columns.count && beginsLike(other)
    }

    /// Whether it has the columns of another first, and then at least one more.
    public func isWider(than other: TableDefinition) -> Bool {
        columns.count > other.columns.count && beginsLike(other)
    }

    private func beginsLike(_ other: TableDefinition) -> Bool {
        zip(columns, other.columns).allSatisfy {
            $0.name == $1.name && $0.type == $1.type && $0.isGenerated == $1.isGenerated
        }
    }

    /// A column that may be NULL in either is NULL in some row, and so is one that the other has
    /// not.
    public func allowingNulls(of other: TableDefinition) -> TableDefinition {
        var result = self
        for index in result.columns.indices.dropFirst(other.columns.count) {
            result.columns[index].isNullable = true
        }
        for (index, column) in other.columns.enumerated() where column.isNullable {
            result.columns[index].isNullable = true
        }
        return result
    }
}
