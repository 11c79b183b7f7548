import Retention

/// Rows on their way into a table that is there already: into a temporary table first, then all at
/// once, in the same transaction. Nothing of it outlives the session unless it commits.
public final class Appending {
    /// A temporary one: no other session sees it, no publication sends it on, and whatever becomes
    /// of us, the server removes it.
    private static let waiting = QualifiedName(schema: "pg_temp", name: "pgretain_rows")

    private let connection: Connection
    private let target: Relation
    private var isOpen = true

    public init(to target: Relation, on connection: Connection) throws {
        self.connection = connection
        self.target = target
        try connection.begin(.readCommitted)
    }

    deinit { rollback() }

    /// Where the rows wait: these columns, of the types that the target has, all of which may be
    /// NULL.
    public func makeRoom(for columns: [String]) throws -> Relation {
        try makeRoom(
            "AS SELECT \(columns.map(Identifier.init)) FROM \(target.name) WITH NO DATA")
    }

    /// Where lines of JSON wait.
    public func makeRoomForLines() throws -> Relation {
        try makeRoom("AS SELECT NULL::json AS line WITH NO DATA")
    }

    private func makeRoom(_ definition: SQL) throws -> Relation {
        try connection.run(
            "append.create", "CREATE TEMPORARY TABLE pgretain_rows ON COMMIT DROP \(definition)")
        let oid = try connection.run(
            "append.oid", "SELECT 'pg_temp.pgretain_rows'::pg_catalog.regclass::oid"
        ).one().oid(0)
        return Relation(oid: oid, name: Self.waiting)
    }

    /// How many rows that wait have a key that the target has already, by unique index: those on
    /// plain columns of the server's own types, which can be compared without knowing more. Others are
    /// found when the rows are added.
    public func conflicts(_ columns: [String]) throws -> [(index: String, rows: Int64)] {
        let indexes = try connection.run(
            "append.unique",
            """
            SELECT c.relname, pg_catalog.string_agg(
                pg_catalog.format('w.%1$I = t.%1$I', a.attname), ' AND ')
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY
                AS k (attnum, place)
            LEFT JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnum > 0
            LEFT JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
            WHERE i.indrelid = \(value: target.oid)::oid AND i.indisunique AND i.indisvalid
                AND i.indpred IS NULL AND k.place <= i.indnkeyatts
            GROUP BY c.oid, c.relname
            HAVING pg_catalog.bool_and(COALESCE(
                a.attname = ANY (\(values: columns)::text[])
                    AND y.typnamespace = 'pg_catalog'::pg_catalog.regnamespace, false))
            ORDER BY c.relname
            """)
        return try indexes.rows.compactMap { row in
            let test = try row.text(1)
            let count = try connection.run(
                "append.conflicts",
                """
                SELECT pg_catalog.count(*) FROM \(Self.waiting) AS w
                WHERE EXISTS (SELECT FROM \(target.name) AS t WHERE \(printed: test))
                """
            ).one().int(0)
            return count > 0 ? (try row.text(0), count) : nil
        }
    }

    /// Adds the rows that wait, and gives them as the table has them then: with what defaults,
    /// triggers and generated columns made of them.
    public func add(_ columns: [String], givingBack returned: [String]) throws -> CopyOut {
        let names = columns.map(Identifier.init)
        return try add(
            names, "SELECT \(names) FROM \(Self.waiting)", returned.map(Identifier.init))
    }

    /// Adds lines that wait, by the names of their keys: what the server's own `json_to_record`
    /// makes of the values, in the types of the table's columns.
    ///
    /// - Parameter fields: keys, with the columns that their values go to, and those's types.
    public func addLines(_ fields: [(key: String, column: Column)]) throws -> CopyOut {
        let record = SQL.list(
            fields.map { "\(Identifier($0.key)) \(printed: $0.column.type)" })
        let keys = SQL.list(fields.map { "r.\(Identifier($0.key))" })
        return try add(
            fields.map { Identifier($0.column.name) },
            """
            SELECT \(keys) FROM \(Self.waiting) AS w
            CROSS JOIN LATERAL pg_catalog.json_to_record(w.line) AS r (\(record))
            """, nil)
    }

    private func add(_ columns: [Identifier], _ rows: SQL, _ returned: [Identifier]?) throws
        -> CopyOut
    {
        let back: SQL = returned.map { "\($0)" } ?? "1"
        return try CopyOut(
            """
            COPY (INSERT INTO \(target.name) (\(columns)) OVERRIDING SYSTEM VALUE
                \(rows) RETURNING \(back)) TO STDOUT
            """, on: connection)
    }

    public func append(_ event: LedgerEvent, by run: RunIdentity) throws {
        try connection.ledger.append(event, by: run)
    }

    public func commit() throws {
        isOpen = false
        do { try connection.commit() } catch {
            connection.rollback()
            throw error
        }
    }

    public func rollback() {
        guard isOpen else { return }
        isOpen = false
        connection.rollback()
    }
}
