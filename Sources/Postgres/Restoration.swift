import Retention

/// Rows on their way back: a table is made, filled, read back, and attached where that is wanted.
/// Nothing is seen under its name before `commit`.
///
/// All in one transaction, unless `hide` lets other sessions take part: then one transaction makes
/// the table out of sight, and another, begun by `seal`, proves and publishes it.
public final class Restoration {
    private let connection: Connection
    private var isOpen = true
    private var model: TableModel?
    private var hidden: HiddenTable?

    public init(on connection: Connection) throws {
        self.connection = connection
        try connection.begin(.readCommitted)
    }

    deinit { rollback() }

    /// A stand-alone table with the definition's columns, and no index yet. Columns whose values
    /// cannot be read back are `text`; identity and sequences stay behind. One that is not
    /// `isLogged` is never published, and goes with a crash.
    public func createTable(
        _ name: QualifiedName, _ definition: TableDefinition, isLogged: Bool = true
    ) throws -> Relation {
        let columns = definition.columns.map(Self.column)
        let kind: SQL = isLogged ? "" : "UNLOGGED "
        try create(name, "CREATE \(kind)TABLE \(name) (\(SQL.list(columns)))")
        guard let made = try connection.catalog.relation(named: name) else {
            throw PostgresError.unexpected(
                "the new table is not there", statement: "restore.create")
        }
        return made
    }

    /// For a table whose schema is not there.
    public func createSchema(_ name: String) throws {
        try connection.run("restore.schema", "CREATE SCHEMA \(Identifier(name))")
    }

    static func column(_ column: Column) -> SQL {
        let name = Identifier(column.name)
        guard !column.isUnreadable else { return "\(name) text" }
        var sql: SQL = "\(name) \(printed: column.type)"
        if let collation = column.collation { sql = sql + " COLLATE \(printed: collation)" }
        if let expression = column.expression {
            if column.isGenerated {
                sql = sql + " GENERATED ALWAYS AS (\(printed: expression)) STORED"
            } else if !expression.contains("nextval(") {
                sql = sql + " DEFAULT \(printed: expression)"
            }
        }
        return column.isNullable ? sql : sql + " NOT NULL"
    }

    private func create(_ name: QualifiedName, _ sql: SQL) throws {
        do {
            try connection.run("restore.create", sql)
        } catch let error as PostgresError where error.isNameTaken {
            throw Problem.restoreExists(name)
        } catch let error as PostgresError
            where (error.sqlState ?? "").hasPrefix("42") && !error.isPermission
        {
            throw Problem.restoreForeign(error.message)
        }
    }

    /// A stand-alone table that can become a partition, with the looks of a sibling (or of the
    /// parent), and no index yet.
    public func createPartition(
        _ name: QualifiedName, of parent: PartitionedTable, like sibling: UInt32?
    ) throws -> Relation {
        let model = try TableModel(of: sibling ?? parent.oid, on: connection)
        self.model = model
        let made = try connection.ddl.create(name, of: parent, model, withIndexes: false)
        for rule in try unvalidatedNotNulls(of: parent) {
            try connection.run(
                "restore.allow-null",
                "ALTER TABLE \(made.name) ALTER COLUMN \(rule.column) DROP NOT NULL")
        }
        return made
    }

    /// What the parent was given as NOT NULL … NOT VALID (from 18 on): rows that come back may break
    /// it, new ones may not, and ATTACH wants it.
    private func unvalidatedNotNulls(of parent: PartitionedTable) throws
        -> [(constraint: Identifier, column: Identifier)]
    {
        try connection.run(
            "restore.not-null",
            """
            SELECT k.conname, a.attname FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
            WHERE k.conrelid = \(value: parent.oid)::oid AND k.contype = 'n'
                AND NOT k.convalidated
            """
        ).rows.map { (Identifier(try $0.text(0)), Identifier(try $0.text(1))) }
    }

    // MARK: Out of sight

    /// Commits the empty table under a name of its own, which it gives, for others to fill.
    ///
    /// - Parameters:
    ///   - name: the one that it will have, where that is not the one it was made with.
    ///   - fingerprint: of what it is to hold and to be; a later restore of the same goes on with
    ///     it, should this one be killed. Nil: nobody does.
    public func hide(
        _ made: Relation, until name: QualifiedName? = nil, fingerprint: String? = nil,
        event: LedgerEvent, by run: RunIdentity
    ) throws -> Relation {
        let hidden = try HiddenTable(
            made, until: name ?? made.name, fingerprint: fingerprint, event: event, by: run,
            on: connection)
        isOpen = false
        self.hidden = hidden
        return hidden.relation
    }

    /// Goes on with a hidden table that a killed restore has left: commits that it is ours now, and
    /// gives the parts that it holds. Nil where it is gone, or somebody is at it again.
    public func takeOver(_ leftover: Leftover, event: LedgerEvent, by run: RunIdentity) throws
        -> (relation: Relation, parts: [LoadedPart])?
    {
        guard
            let (hidden, parts) = try HiddenTable.takeOver(
                leftover, event: event, by: run, on: connection)
        else { return nil }
        isOpen = false
        self.hidden = hidden
        return (hidden.relation, parts)
    }

    /// To be called once the table is filled: nobody can write to it from now on.
    public func seal() throws {
        guard let hidden else { return }
        try hidden.seal()
        isOpen = true
    }

    /// What others would find of it, should it end here.
    public var leftBehind: Relation? { hidden?.relation }

    /// The table under the name that it is to have, once it is proven.
    public func unhide(_ relation: Relation) throws -> Relation {
        try hidden?.unhide() ?? relation
    }

    // MARK: Finishing

    /// As `PartitionDDL.createIndexes`.
    public func createIndexes(_ definition: TableDefinition, on relation: Relation) throws {
        try connection.ddl.createIndexes(definition, on: relation)
    }

    /// Attaches a loaded table. A CHECK of its bounds, validated before the parent is locked,
    /// spares ATTACH the reading; it is dropped again.
    public func attach(
        _ relation: Relation, to parent: PartitionedTable, bounds: PartitionBounds,
        ladder: LockLadder
    ) throws {
        let ddl = connection.ddl
        let bystanders = try ddl.bystanders(of: parent)
        try ddl.refuseRowsInDefault(bystanders, bounds: bounds, of: parent)
        for rule in try unvalidatedNotNulls(of: parent) {
            try connection.run(
                "restore.not-null-later",
                """
                ALTER TABLE \(relation.name)
                    ADD CONSTRAINT \(rule.constraint) NOT NULL \(rule.column) NOT VALID
                """)
        }
        try ddl.addBoundsCheck(to: relation, parent: parent, bounds: bounds)
        let locks =
            [WantedLock(table: parent.oid, mode: .shareUpdateExclusive)] + bystanders.wanted
        try ladder.climb("\(parent.name)", wanting: locks, on: connection) { rung in
            try connection.savepoint {
                try ddl.attach(relation, to: parent, bounds: bounds, bystanders, rung: rung)
            }
        }
        try connection.setLocal(lockTimeout: 0)
        try ddl.dropBoundsCheck(of: relation)
        try model?.applyOnceAttached(to: relation, on: connection)
    }

    /// Drops a table that has served its purpose, before anybody has seen it.
    public func drop(_ relation: Relation) throws {
        try connection.run("restore.drop", "DROP TABLE \(relation.name) RESTRICT")
    }

    public func append(_ event: LedgerEvent, by run: RunIdentity) throws {
        try connection.ledger.append(event, by: run)
    }

    public func addPin(
        table: QualifiedName, relation: QualifiedName, bounds: PartitionBounds, until: Instant
    ) throws -> Pin {
        try connection.ledger.addPin(
            table: table, relation: relation, bounds: bounds, until: until)
    }

    public func commit() throws {
        isOpen = false
        do { try connection.commit() } catch {
            connection.rollback()
            throw error
        }
    }

    /// The transaction's work is undone; a hidden table is left for `Ledger.remove`.
    public func rollback() {
        guard isOpen else { return }
        isOpen = false
        connection.rollback()
    }
}

extension Connection {
    /// Fills a table through one COPY. In the transaction that made it its rows are frozen: no
    /// vacuum has to come back to them. In a transaction of its own they are not.
    public func load(
        _ relation: Relation, columns: [String], _ body: (CopyIn) throws -> Void
    ) throws -> Int64 {
        let freeze = isInTransaction
        return try inSomeTransaction {
            try load(relation, columns: columns, freeze: freeze, body)
        }
    }

    func load(
        _ relation: Relation, columns: [String], freeze: Bool, _ body: (CopyIn) throws -> Void
    ) throws -> Int64 {
        let copy = try CopyIn(
            columns.map(Identifier.init), into: relation.name, freeze: freeze, on: self)
        do {
            try body(copy)
            return try copy.finish()
        } catch {
            copy.cancel()
            throw error
        }
    }

    /// Reads back what was loaded.
    public func readBack(_ relation: Relation, columns: [String], in pages: PageSpan) throws
        -> CopyOut
    {
        try CopyOut(
            columns.map(Identifier.init), from: relation.name, where: pages.test, on: self)
    }
}
