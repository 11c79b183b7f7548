import Retention

/// A hidden table that a restore has begun to fill.
public struct Leftover: Equatable, Sendable {
    public let relation: Relation
    /// The event that announced it.
    public let event: LedgerEvent
}

extension Ledger {
    /// Hidden tables, whether somebody is still at them or not.
    public func leftovers() throws -> [Leftover] {
        let found = try connection.run(
            "ledger.leftovers",
            """
            SELECT c.oid FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = 'pgretain' AND c.relkind = 'r'
                AND c.relname = pg_catalog.concat('r_', c.oid)
            ORDER BY c.oid
            """)
        let oids = try found.rows.map { try $0.oid(0) }
        guard !oids.isEmpty else { return [] }
        let latest = try latestEvents(of: oids, kinds: [.restoring, .restored, .abandoned])
        return oids.compactMap { oid in
            guard let event = latest[oid]?.event, event.kind == .restoring else { return nil }
            return Leftover(
                relation: Relation(oid: oid, name: HiddenTable.name(of: oid)), event: event)
        }
    }

    /// Drops a hidden table, if nobody else restores into it; false where somebody does, or reads
    /// it. What it held is in its archive, or was never anywhere else.
    public func remove(_ leftover: Leftover, by run: RunIdentity) throws -> Bool {
        let relation = leftover.relation
        do {
            return try connection.transaction(.readCommitted) {
                // The lock is taken before anybody sees the table, and held by the session that
                // fills it: while it is to be had, there is no such session.
                let row = try connection.run(
                    "leftover.claim",
                    """
                    SELECT pg_catalog.pg_try_advisory_xact_lock(
                        \(value: HiddenTable.lockClass)::int,
                        \(value: Int32(bitPattern: relation.oid))::int)
                    """
                ).one()
                guard try row.bool(0) else { return false }
                // It may have been published or dropped before the lock was free.
                guard try leftovers().contains(leftover) else { return false }
                try connection.setLocal(lockTimeout: 3000)
                try connection.lockOnly(relation.name, .accessExclusive)
                try connection.requireSame(relation)
                try connection.run("leftover.drop", "DROP TABLE \(relation.name) RESTRICT")
                var event = leftover.event
                event.kind = .abandoned
                try connection.ledger.append(event, by: run)
                return true
            }
        } catch let error as PostgresError where error.isLockTimeout {
            return false
        }
    }
}
