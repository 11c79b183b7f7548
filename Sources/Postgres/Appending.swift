import Retention

/// Rows on their way into a table that is there already: into a temporary table first, then all at
/// once, in the same transaction. Nothing of it outlives the session unless it commits.
public final class Appending {
    /// A temporary one: no other session sees it, no publication sends it on, and whatever becomes
    /// of us, the server removes it.
    static let waiting = QualifiedName(schema: "pg_temp", name: "pgretain_rows")
    /// Of the same kind.
    static let lines = QualifiedName(schema: "pg_temp", name: "pgretain_lines")

    let connection: Connection
    public let target: Relation
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
            Self.waiting,
            "AS SELECT \(columns.map(Identifier.init)) FROM \(target.name) WITH NO DATA")
    }

    /// Where lines of JSON wait.
    public func makeRoomForLines() throws -> Relation {
        try makeRoom(Self.lines, "AS SELECT NULL::json AS line WITH NO DATA")
    }

    private func makeRoom(_ name: QualifiedName, _ definition: SQL) throws -> Relation {
        try connection.run(
            "append.create",
            "CREATE TEMPORARY TABLE \(Identifier(name.name)) ON COMMIT DROP \(definition)")
        let oid = try connection.run(
            "append.oid",
            "SELECT pg_catalog.to_regclass(\(value: "\(name.schema).\(name.name)"))::oid"
        ).one().oid(0)
        return Relation(oid: oid, name: name)
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
        try add(fields.map { Identifier($0.column.name) }, Self.rows(of: fields), nil)
    }

    /// Makes rows that wait of the lines that do, to be compared with the table's.
    public func readLines(_ fields: [(key: String, column: Column)]) throws {
        _ = try makeRoom(for: fields.map(\.column.name))
        try connection.run(
            "append.read-lines",
            """
            INSERT INTO \(Self.waiting) (\(fields.map { Identifier($0.column.name) }))
            \(Self.rows(of: fields))
            """)
    }

    private static func rows(of fields: [(key: String, column: Column)]) -> SQL {
        let record = SQL.list(
            fields.map { "\(Identifier($0.key)) \(printed: $0.column.type)" })
        let keys = SQL.list(fields.map { "r.\(Identifier($0.key))" })
        return """
            SELECT \(keys) FROM \(lines) AS w
            CROSS JOIN LATERAL pg_catalog.json_to_record(w.line) AS r (\(record))
            """
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
