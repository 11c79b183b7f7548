import Retention

/// Rows of a DEFAULT partition that no partition will ever be made for: without a time, at an
/// infinity, long gone or far ahead.
public struct Outliers: Equatable, Sendable, Encodable {
    public var withoutKey: Int64
    public var tooOld: Int64
    public var tooLate: Int64

    public var count: Int64 { withoutKey + tooOld + tooLate }
}

/// Moves the outliers of a DEFAULT partition into a table of their own, where they are in nobody's
/// way: ATTACH reads all of DEFAULT while nobody can write to it.
public struct Parking {
    private let connection: Connection
    private let parent: PartitionedTable
    private let source: Relation
    private let test: SQL
    private let key: Identifier
    /// What is older than `span` is an outlier, and what is not before its end.
    private let from: String
    private let to: String

    /// Nil where the table has no DEFAULT partition.
    public init?(
        of parent: PartitionedTable, within span: PartitionBounds, on connection: Connection
    )
        throws
    {
        guard let other = try connection.ddl.bystanders(of: parent).defaultPartition else {
            return nil
        }
        self.connection = connection
        self.parent = parent
        source = other
        key = Identifier(parent.key)
        from = parent.keyType.literal(span.from)
        to = parent.keyType.literal(span.to)
        test = "(\(key) IS NULL OR \(key) < \(literal: from) OR \(key) >= \(literal: to))"
    }

    /// Reads DEFAULT once.
    public func outliers() throws -> Outliers {
        let row = try connection.run(
            "park.count",
            """
            SELECT pg_catalog.count(*) FILTER (WHERE \(key) IS NULL),
                pg_catalog.count(*) FILTER (WHERE \(key) < \(literal: from)),
                pg_catalog.count(*) FILTER (WHERE \(key) >= \(literal: to))
            FROM ONLY \(source.name)
            """
        ).one()
        return Outliers(
            withoutKey: try row.int(0), tooOld: try row.int(1), tooLate: try row.int(2))
    }

    /// Moves them, 128 MiB a transaction, each with its ledger row. The table is made where it is
    /// not there: with the columns of the parent, its owner and its privileges, and no key.
    public func move(into aside: QualifiedName, by run: RunIdentity, _ goOn: () throws -> Void)
        throws -> Int64
    {
        try makeTable(aside)
        let columns = try connection.catalog.definition(of: parent.oid).columns
            .filter { !$0.isGenerated }.map { Identifier($0.name) }
        var moved: Int64 = 0
        for pages in try connection.catalog.pageSpans(of: source) {
            try goOn()
            moved += try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: 3000)
                let rows = try connection.run(
                    "park.move",
                    """
                    WITH gone AS (
                        DELETE FROM ONLY \(source.name) WHERE \(pages.test) AND \(test)
                        RETURNING \(columns))
                    INSERT INTO \(aside) (\(columns)) SELECT \(columns) FROM gone
                    """
                ).affected
                guard rows > 0 else { return 0 }
                try connection.ledger.append(
                    LedgerEvent(
                        .parked, table: parent.name, relation: aside,
                        details: ["rows moved": "\(rows)", "from": "\(source.name)"]),
                    by: run)
                return rows
            }
        }
        return moved
    }

    private func makeTable(_ name: QualifiedName) throws {
        if let found = try connection.catalog.relation(named: name) {
            let plain = try connection.run(
                "park.table",
                """
                SELECT FROM pg_catalog.pg_class AS c
                WHERE c.oid = \(value: found.oid)::oid AND c.relkind = 'r'
                    AND NOT c.relispartition
                """)
            guard plain.count == 1 else {
                throw Problem(
                    "park.table", .cannotCreate,
                    "\(name) is there already, and is no table of its own. Nothing was moved.",
                    hint: "Choose another name for --aside.")
            }
            return
        }
        try connection.transaction(.readCommitted) {
            try connection.run(
                "park.create",
                """
                CREATE TABLE \(name) (LIKE \(parent.name) INCLUDING GENERATED INCLUDING STORAGE
                    INCLUDING COMPRESSION INCLUDING COMMENTS)
                """)
            guard let made = try connection.catalog.relation(named: name) else {
                throw PostgresError.unexpected(
                    "the new table is not there", statement: "park.create")
            }
            // What has no time is to be held too.
            try connection.run(
                "park.nullable", "ALTER TABLE \(name) ALTER COLUMN \(key) DROP NOT NULL")
            try TableModel(of: parent.oid, on: connection)
                .apply(to: made, owner: parent.owner, on: connection)
        }
    }
}
