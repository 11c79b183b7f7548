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
    private let span: PartitionBounds

    /// Nil where the table has no DEFAULT partition.
    public init?(
        of parent: PartitionedTable, within span: PartitionBounds, on connection: Connection
    ) throws {
        guard let other = try connection.ddl.bystanders(of: parent).defaultPartition else {
            return nil
        }
        self.connection = connection
        self.parent = parent
        source = other
        key = Identifier(parent.key)
        self.span = span
        from = parent.keyType.literal(span.from)
        to = parent.keyType.literal(span.to)
        test = "(\(key) IS NULL OR \(key) < \(literal: from) OR \(key) >= \(literal: to))"
        guard try isPlain(other) else {
            throw Problem(
                "park.partitioned", .brake,
                "The DEFAULT partition \(other.name) is no plain table. Nothing was moved.",
                hint: "What it is made of has to be looked at by hand.")
        }
    }

    private func isPlain(_ relation: Relation) throws -> Bool {
        try connection.run(
            "park.plain",
            """
            SELECT FROM pg_catalog.pg_class AS c
            WHERE c.oid = \(value: relation.oid)::oid AND c.relkind = 'r'
                AND c.relpersistence = 'p'
            """
        ).count == 1
    }

    /// Reads DEFAULT once.
    public func outliers() throws -> Outliers {
        try requireUnit()
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

    /// Where no row of an epoch's table is within the span, and outliers were in another unit, it is the
    /// unit that is wrong.
    private func requireUnit() throws {
        for other in parent.keyType.otherUnits {
            let fits = try connection.run(
                "park.unit",
                """
                SELECT NOT EXISTS (SELECT FROM \(parent.name) WHERE \(isWithin(parent.keyType)))
                    AND EXISTS (
                        SELECT FROM ONLY \(source.name) WHERE \(isWithin(other)))
                """
            ).one().bool(0)
            if fits { throw TableProblem.unit(of: parent, insteadOf: other) }
        }
    }

    private func isWithin(_ type: KeyType) -> SQL {
        """
        (\(key)::bigint >= \(literal: type.literal(span.from))::bigint
            AND \(key)::bigint < \(literal: type.literal(span.to))::bigint)
        """
    }

    /// Moves them, 128 MiB a transaction, each with its ledger row. The table is made where it is
    /// not there, with the columns of the parent, its owner, and no key; one that is there must have
    /// been made so.
    public func move(into aside: QualifiedName, by run: RunIdentity, _ goOn: () throws -> Void)
        throws -> Int64
    {
        let target = try table(aside, by: run)
        let columns = try connection.catalog.definition(of: parent.oid).writtenColumns
        var moved: Int64 = 0
        for pages in try connection.catalog.pageSpans(of: source) {
            try goOn()
            moved += try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: 3000)
                let row = try connection.run(
                    "park.move",
                    """
                    WITH gone AS (
                        DELETE FROM ONLY \(source.name) WHERE \(pages.test) AND \(test)
                        RETURNING \(columns)),
                    came AS (
                        INSERT INTO \(aside) (\(columns)) SELECT \(columns) FROM gone
                        RETURNING 1)
                    SELECT (SELECT pg_catalog.count(*) FROM gone),
                        (SELECT pg_catalog.count(*) FROM came)
                    """
                ).one()
                let (gone, came) = (try row.int(0), try row.int(1))
                guard gone == came else {
                    throw Problem(
                        "park.swallowed", .data,
                        "\(aside) took \(came) of \(gone) rows. None of them was moved.",
                        hint: "Look for triggers and rules on \(aside).")
                }
                guard gone > 0 else { return 0 }
                try connection.ledger.append(event(target, moved: gone), by: run)
                return gone
            }
        }
        return moved
    }

    private func event(_ target: Relation, moved: Int64) -> LedgerEvent {
        LedgerEvent(
            .parked, table: parent.name, relation: target.name, relationOID: target.oid,
            details: ["rows moved": "\(moved)", "from": "\(source.name)"])
    }

    private func table(_ name: QualifiedName, by run: RunIdentity) throws -> Relation {
        guard let found = try connection.catalog.relation(named: name) else {
            return try connection.transaction(.readCommitted) {
                let made = try makeTable(name)
                try connection.ledger.append(event(made, moved: 0), by: run)
                return made
            }
        }
        let wasMade =
            try connection.ledger.latestEvents(of: [found.oid], kinds: [.parked])[found.oid] != nil
        let (own, other) = (
            try connection.catalog.definition(of: parent.oid).columns,
            try connection.catalog.definition(of: found.oid).columns
        )
        guard wasMade, try isPlain(found), own.map(\.name) == other.map(\.name),
            own.map(\.type) == other.map(\.type)
        else {
            throw Problem(
                "park.table", .cannotCreate,
                "\(name) is there already, and is not what an earlier parking has made for these "
                    + "columns. Nothing was moved.",
                hint: "Choose another name for --aside.")
        }
        return found
    }

    private func makeTable(_ name: QualifiedName) throws -> Relation {
        try connection.run(
            "park.create",
            """
            CREATE TABLE \(name) (LIKE \(parent.name) INCLUDING GENERATED INCLUDING STORAGE
                INCLUDING COMPRESSION INCLUDING COMMENTS)
            """)
        guard let made = try connection.catalog.relation(named: name) else {
            throw PostgresError.unexpected("the new table is not there", statement: "park.create")
        }
        // What has no time is to be held too.
        try connection.run(
            "park.nullable", "ALTER TABLE \(name) ALTER COLUMN \(key) DROP NOT NULL")
        try TableModel(of: parent.oid, on: connection)
            .applyAside(to: made, owner: parent.owner, on: connection)
        return made
    }
}
