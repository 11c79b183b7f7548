import Retention

/// A table that foreign keys of another name, so that DDL on the other locks it too.
struct ForeignKeyTarget {
    let relation: Relation
    /// LOCK TABLE needs a right of its own; without it only the DDL itself can take the lock.
    let mayLock: Bool
}

extension [ForeignKeyTarget] {
    func wanted(_ mode: LockMode) -> [WantedLock] {
        map { WantedLock(table: $0.relation.oid, mode: mode) }
    }
}

extension Connection {
    /// Without waiting: others may wait behind us for these while we wait for anything else.
    func lock(_ targets: [ForeignKeyTarget], _ mode: LockMode) throws {
        for target in targets where target.mayLock {
            try lockOnly(target.relation.name, mode, noWait: true)
        }
    }

    /// Without the table itself, by OID, so that two runs lock in the same order.
    func foreignKeyTargets(of oid: UInt32) throws -> [ForeignKeyTarget] {
        try run(
            "table.foreign-key-targets",
            """
            SELECT DISTINCT c.oid, n.nspname, c.relname,
                pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
            FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS c ON c.oid = k.confrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE k.contype = 'f' AND k.conrelid = \(value: oid)::oid
                AND k.confrelid <> k.conrelid
            ORDER BY c.oid
            """
        ).rows.map { row in
            ForeignKeyTarget(
                relation: Relation(oid: try row.oid(0), name: try row.name(1)),
                mayLock: try row.bool(3))
        }
    }
}
