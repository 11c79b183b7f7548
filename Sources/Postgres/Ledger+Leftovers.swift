import Retention

/// A hidden table that a restore has begun to fill.
public struct Leftover: Equatable, Sendable {
    public let relation: Relation
    /// The event that announced it, or that somebody goes on with it.
    public let event: LedgerEvent
    /// The event's place in the ledger.
    let id: Int64
    let announcedAt: Instant
    /// Of what it is to hold and to be; nil: nobody can go on with it.
    public let fingerprint: String?
    /// Whether a restore lives that fills it.
    public let isUnderWay: Bool

    /// What it is to become.
    public var target: QualifiedName { event.relation ?? relation.name }

    /// The tables that go with it.
    public var besides: [QualifiedName] {
        fingerprint == nil ? [] : [LoadedParts(of: relation.oid).name]
    }

    func isSame(as other: Leftover) -> Bool { relation == other.relation && id == other.id }
}

extension Ledger {
    /// Hidden tables, whether somebody is still at them or not.
    public func leftovers() throws -> [Leftover] {
        let found = try connection.run(
            "ledger.leftovers",
            """
            SELECT c.oid, pg_catalog.obj_description(p.oid, 'pg_class'), EXISTS (
                SELECT FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
                    AND l.classid = \(value: HiddenTable.lockClass)::oid AND l.objid = c.oid
                    AND l.database = (
                        SELECT d.oid FROM pg_catalog.pg_database AS d
                        WHERE d.datname = pg_catalog.current_database())
                    AND l.pid <> pg_catalog.pg_backend_pid())
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_class AS p
                ON p.relnamespace = n.oid AND p.relname = pg_catalog.concat('parts_', c.oid)
            WHERE n.nspname = 'pgretain' AND c.relkind = 'r'
                AND c.relname = pg_catalog.concat('r_', c.oid)
            ORDER BY c.oid
            """
        ).rows.map {
            (oid: try $0.oid(0), fingerprint: $0.optionalText(1), isUnderWay: try $0.bool(2))
        }
        guard !found.isEmpty else { return [] }
        let latest = try latestEvents(
            of: found.map(\.oid), kinds: [.restoring, .restored, .abandoned])
        return found.compactMap { table in
            guard let recorded = latest[table.oid], recorded.event.kind == .restoring else {
                return nil
            }
            return Leftover(
                relation: Relation(oid: table.oid, name: HiddenTable.name(of: table.oid)),
                event: recorded.event, id: recorded.id, announcedAt: recorded.at,
                fingerprint: table.fingerprint, isUnderWay: table.isUnderWay)
        }
    }

    /// What killed restores have left, without what somebody is at.
    public func unfinishedRestores() throws -> [UnfinishedRestore] {
        try leftovers().filter { !$0.isUnderWay }.compactMap { try unfinished($0) }
    }

    /// Nil where it is gone meanwhile.
    public func unfinished(_ leftover: Leftover) throws -> UnfinishedRestore? {
        let name = LoadedParts(of: leftover.relation.oid).name
        do {
            let row = try connection.run(
                "leftover.facts",
                """
                SELECT pg_catalog.pg_total_relation_size(\(value: leftover.relation.oid)::oid),
                    pg_catalog.has_table_privilege(
                        pg_catalog.to_regclass(\(value: name.schema + "." + name.name)), 'SELECT')
                """
            ).one()
            guard let bytes = try row.optionalInt(0) else { return nil }
            var found = UnfinishedRestore(
                table: leftover.event.table, relation: leftover.target,
                hidden: leftover.relation.name, bytes: bytes, parts: nil,
                partsInAll: leftover.event.details["parts"].flatMap { Int($0) },
                lastStepAt: leftover.announcedAt)
            guard row.optionalText(1) == "t" else { return found }
            let loaded = try connection.run(
                "leftover.parts",
                "SELECT pg_catalog.count(*), pg_catalog.max(p.loaded_at) FROM \(name) AS p"
            ).one()
            found.parts = Int(try loaded.int(0))
            if let last = try loaded.optionalInstant(1) {
                found.lastStepAt = max(found.lastStepAt, last)
            }
            return found
        } catch let error as PostgresError where error.sqlState == "42P01" {
            return nil
        }
    }

    /// Waits for the end of whoever fills a hidden table, for two seconds: the server takes a moment
    /// to see that a client is gone. False where it goes on.
    public func awaitEnd(of leftover: Leftover) throws -> Bool {
        do {
            try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: 2000)
                try connection.run(
                    "leftover.await",
                    """
                    SELECT pg_catalog.pg_advisory_xact_lock(
                        \(value: HiddenTable.lockClass)::int,
                        \(value: Int32(bitPattern: leftover.relation.oid))::int)
                    """)
            }
            return true
        } catch let error as PostgresError where error.isLockTimeout {
            return false
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
                guard try leftovers().contains(where: { $0.isSame(as: leftover) }) else {
                    return false
                }
                try connection.setLocal(lockTimeout: 3000)
                try connection.lockOnly(relation.name, .accessExclusive)
                try connection.requireSame(relation)
                try connection.run("leftover.drop", "DROP TABLE \(relation.name) RESTRICT")
                if leftover.fingerprint != nil {
                    try LoadedParts(of: relation.oid).drop(on: connection)
                }
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
