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
    private let parts: LoadedParts?
    private let connection: Connection

    /// Hides a table that the current transaction has made, and commits. The ledger learns of it
    /// in the same transaction: that event and the name are what a leftover is known by.
    /// `name` is the one that it will have.
    init(
        _ made: Relation, until name: QualifiedName, fingerprint: String?, event: LedgerEvent,
        by run: RunIdentity, on connection: Connection
    ) throws {
        self.connection = connection
        self.name = name
        relation = Relation(oid: made.oid, name: Self.name(of: made.oid))
        parts = fingerprint == nil ? nil : LoadedParts(of: made.oid)
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
        if let fingerprint { try parts?.create(fingerprint: fingerprint, on: connection) }
        try Self.announce(event, of: made.oid, until: name, by: run, on: connection)
        try connection.commit()
    }

    private init(_ leftover: Leftover, on connection: Connection) {
        self.connection = connection
        relation = leftover.relation
        name = leftover.target
        parts = LoadedParts(of: leftover.relation.oid)
    }

    private static func announce(
        _ event: LedgerEvent, of oid: UInt32, until name: QualifiedName, by run: RunIdentity,
        on connection: Connection
    ) throws {
        var event = event
        event.kind = .restoring
        event.relation = name
        event.relationOID = oid
        try connection.ledger.append(event, by: run)
    }

    // MARK: What a killed restore has left

    /// Makes a leftover ours, and commits that; nil where it is gone, or somebody is at it.
    ///
    /// Sessions of the dead restore may live on for a while, without the one that held the lock. They
    /// are ended or waited for, so that all that they commit is among the parts that are read here. One
    /// that was between two transactions, and comes back, finds our notes or we find its: a part is
    /// noted once.
    static func takeOver(
        _ leftover: Leftover, event: LedgerEvent, by run: RunIdentity, on connection: Connection
    ) throws -> (table: HiddenTable, parts: [LoadedPart])? {
        let relation = leftover.relation
        let claimed = try connection.run(
            "restore.claim",
            """
            SELECT pg_catalog.pg_try_advisory_lock(
                \(value: lockClass)::int, \(value: Int32(bitPattern: relation.oid))::int)
            """
        ).one()
        guard try claimed.bool(0) else { return nil }
        guard try connection.ledger.leftovers().contains(where: { $0.isSame(as: leftover) }) else {
            try connection.run(
                "restore.disclaim",
                """
                SELECT pg_catalog.pg_advisory_unlock(
                    \(value: lockClass)::int, \(value: Int32(bitPattern: relation.oid))::int)
                """)
            return nil
        }
        try endStragglers(of: relation, on: connection)
        try connection.setLocal(lockTimeout: 10_000)
        try connection.lockOnly(relation.name, .exclusive)
        try connection.requireSame(relation)
        let hidden = HiddenTable(leftover, on: connection)
        let parts = try LoadedParts(of: relation.oid).all(on: connection)
        var event = event
        event.details["parts_before"] = "\(parts.count)"
        try announce(event, of: relation.oid, until: hidden.name, by: run, on: connection)
        try connection.commit()
        return (hidden, parts)
    }

    /// Ends sessions that write to the table though the one that leads them is gone. Those of another
    /// role are left to end by themselves.
    private static func endStragglers(of relation: Relation, on connection: Connection) throws {
        try connection.run(
            "restore.end-stragglers",
            """
            SELECT pg_catalog.pg_terminate_backend(a.pid)
            FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'relation' AND l.relation = \(value: relation.oid)::oid
                AND l.database = (
                    SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
                AND l.mode = 'RowExclusiveLock' AND a.pid <> pg_catalog.pg_backend_pid()
                AND a.application_name LIKE 'pgretain: restore%'
                AND pg_catalog.pg_has_role(a.usesysid, 'USAGE')
            """)
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
        try parts?.drop(on: connection)
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
