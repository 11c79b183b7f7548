import Retention

/// A table that several sessions fill, out of sight as `pgretain.r_<oid>`.
///
/// Whoever restores holds the advisory lock of its OID, taken before others can see the table and
/// kept until the session ends. A hidden table whose lock is free is a leftover.
final class HiddenTable {
    /// "pgrs" in ASCII.
    static let lockClass: Int32 = 0x7067_7273

    static func name(of oid: UInt32) -> QualifiedName {
        QualifiedName(schema: "pgretain", name: "r_\(oid)")
    }

    let relation: Relation
    private let name: QualifiedName
    private let connection: Connection

    /// Hides a table that the current transaction has made, and commits. The ledger learns of it
    /// in the same transaction: that event and the name are what a leftover is known by.
    /// `name` is the one that it will have.
    init(
        _ made: Relation, until name: QualifiedName, event: LedgerEvent, by run: RunIdentity,
        on connection: Connection
    ) throws {
        self.connection = connection
        self.name = name
        relation = Relation(oid: made.oid, name: Self.name(of: made.oid))
        // In the session, not the transaction: it outlives the commit.
        try connection.run(
            "restore.own",
            """
            SELECT pg_catalog.pg_advisory_lock(
                \(value: Self.lockClass)::int, \(value: Int32(bitPattern: made.oid))::int)
            """)
        try connection.run(
            "restore.hide",
            "ALTER TABLE \(made.name) RENAME TO \(Identifier(relation.name.name))")
        let renamed = QualifiedName(schema: made.name.schema, name: relation.name.name)
        try connection.run("restore.hide-schema", "ALTER TABLE \(renamed) SET SCHEMA pgretain")
        var event = event
        event.kind = .restoring
        event.relation = name
        event.relationOID = made.oid
        try connection.ledger.append(event, by: run)
        try connection.commit()
    }

    /// Begins the transaction that proves and publishes: from here until it ends nobody can write
    /// to the table, and everybody who ever did has ended.
    ///
    /// No ladder: there is no application behind us on a table that none knows of, and a waiter of
    /// more than `deadlock_timeout` makes autovacuum give way.
    func seal() throws {
        try connection.begin(.readCommitted)
        do {
            try connection.lockOnly(relation.name, .exclusive)
            try connection.requireSame(relation)
        } catch {
            connection.rollback()
            throw error
        }
    }

    /// Gives the sealed table its name; others see it so once the transaction commits.
    func unhide() throws -> Relation {
        try connection.run(
            "restore.unhide",
            "ALTER TABLE \(relation.name) SET SCHEMA \(Identifier(name.schema))")
        let moved = QualifiedName(schema: name.schema, name: relation.name.name)
        do {
            try connection.run(
                "restore.rename", "ALTER TABLE \(moved) RENAME TO \(Identifier(name.name))")
        } catch let error as PostgresError where error.isNameTaken {
            throw Problem.restoreExists(name)
        }
        return Relation(oid: relation.oid, name: name)
    }
}

extension PostgresError {
    /// A relation or a type of that name is there already.
    var isNameTaken: Bool { sqlState == "42P07" || sqlState == "42710" }
}

extension Problem {
    public static func restoreExists(_ name: QualifiedName) -> Problem {
        Problem(
            "restore.exists", .partial,
            "There is a table or type \(name) already. Nothing was restored.",
            hint:
                "Choose another name with --into; --append adds the rows to a table that is there.")
    }

    /// On a server that lacks something of what the table was made of.
    public static func restoreForeign(_ what: String) -> Problem {
        Problem(
            "restore.foreign", .missing,
            "Not all that the table was made of is here: \(what). Nothing was restored.",
            hint: "--create makes do without; --create --dry-run lists what that means.")
    }
}
