import Retention

/// One table at one instant, while readers and writers go on.
///
/// The lock comes before the snapshot: a snapshot taken before a rewrite commits would read an
/// empty table afterwards.
public final class TableSnapshot {
    public let relation: Relation
    public let definition: TableDefinition
    public let fingerprint: SchemaFingerprint
    /// By the server's clock.
    public let takenAt: Instant
    /// The rows it is limited to.
    let rows: KeySpan?
    /// `pg_snapshot_xmin`: whatever older transactions wrote and did not take back was seen.
    let horizon: UInt64
    let connection: Connection
    private var isOpen = true

    /// `boundsSQL`: the bounds that a partition has to have, as `Partition` has them; `rows`: those
    /// that it is to speak of, where they are not all.
    public init(
        of relation: Relation, boundsSQL: String? = nil, rows: KeySpan? = nil,
        on connection: Connection,
        ladder: LockLadder = LockLadder()
    ) throws {
        self.relation = relation
        self.rows = rows
        self.connection = connection
        let wanted = WantedLock(table: relation.oid, mode: .accessShare)
        try ladder.climb("\(relation.name)", wanting: [wanted], on: connection) { rung in
            try connection.begin(.snapshot)
            do {
                try connection.setLocal(lockTimeout: rung)
                try connection.lockOnly(relation.name, .accessShare)
            } catch {
                connection.rollback()
                throw error
            }
        }
        do {
            try connection.requireSame(relation, boundsSQL: boundsSQL)
            let row = try connection.run(
                "table.snapshot",
                """
                SELECT pg_catalog.transaction_timestamp(),
                    pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())
                """
            ).one()
            takenAt = try row.instant(0)
            horizon = UInt64(clamping: try row.int(1))
            definition = try connection.catalog.definition(of: relation.oid)
            fingerprint = try connection.catalog.fingerprint(of: relation.oid)
        } catch {
            connection.rollback()
            throw error
        }
    }

    deinit { if isOpen { connection.rollback() } }

    /// Not while a COPY is under way.
    public func witness() throws -> TableWitness {
        try connection.witness(
            of: relation, fingerprint: fingerprint, horizon: horizon, where: condition(.all))
    }

    func condition(_ pages: PageSpan) -> SQL {
        guard let rows else { return pages.test }
        return "\(pages.test) AND \(rows.test)"
    }

    /// The rows of the table itself, without those of children.
    public func copyOut(columns: [String]) throws -> CopyOut {
        try CopyOut(
            columns.map(Identifier.init), from: relation.name, where: condition(.all),
            on: connection)
    }

    /// Lets the lock and the snapshot go.
    public func end() throws {
        guard isOpen else { return }
        isOpen = false
        do { try connection.commit() } catch {
            connection.rollback()
            throw error
        }
    }
}

extension Connection {
    /// Locks a table and none of its children.
    func lockOnly(_ name: QualifiedName, _ mode: LockMode, noWait: Bool = false) throws {
        let ending: SQL = noWait ? " NOWAIT" : ""
        try run("table.lock", "LOCK TABLE ONLY \(name) IN \(mode.sql) MODE\(ending)")
    }

    /// Locks a table in a strong mode: first in one that stops only autovacuum, which gives way
    /// after `deadlock_timeout` and never to a shorter wait.
    func lockPastAutovacuum(
        _ name: QualifiedName, _ mode: LockMode = .accessExclusive, rung: Int
    ) throws {
        try setLocal(lockTimeout: 3000)
        try lockOnly(name, .shareUpdateExclusive)
        try setLocal(lockTimeout: rung)
        try lockOnly(name, mode)
    }
}
