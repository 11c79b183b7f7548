import Retention

extension Ledger {
    /// Detached tables of a table that are still there, oldest first.
    public func quarantine(of table: QualifiedName) throws -> [Quarantined] {
        try connection.whileLocksAreShort {
            let found = try connection.run(
                "ledger.quarantine",
                """
                SELECT c.oid, n.nspname, c.relname, pg_catalog.pg_total_relation_size(c.oid)
                FROM pg_catalog.pg_class AS c
                JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE n.nspname = 'pgretain' AND c.relkind = 'r' AND NOT c.relispartition
                    AND c.relname = pg_catalog.concat('q_', c.oid)
                """)
            let tables = try found.rows.map { row in
                (oid: try row.oid(0), name: try row.name(1), bytes: try row.int(3))
            }
            let latest = try latestEvents(of: tables.map(\.oid))
            let settled = try latestEvents(of: tables.map(\.oid), kinds: [.settled])
            return tables.compactMap { entry -> Quarantined? in
                guard let recorded = latest[entry.oid], recorded.event.kind == .detached,
                    recorded.event.table == table, let former = recorded.event.relation,
                    let bounds = recorded.event.bounds, let boundsSQL = recorded.event.boundsSQL
                else { return nil }
                return Quarantined(
                    oid: entry.oid, name: entry.name, formerName: former, bounds: bounds,
                    boundsSQL: boundsSQL, bytes: entry.bytes, detachedAt: recorded.at,
                    dropAfter: recorded.event.dropAfter,
                    isSettled: settled[entry.oid].map { $0.id > recorded.id } ?? false)
            }.sorted { ($0.bounds, $0.oid) < ($1.bounds, $1.oid) }
        }
    }

    /// Detaches of ours that were announced, and of which no end is recorded; the tables exist.
    public func detaching(of table: QualifiedName) throws -> [PendingDetach] {
        let announced = try events(
            """
            WHERE \(Self.isOf(table)) AND l.kind = 'detaching' AND NOT EXISTS (
                SELECT FROM pgretain.ledger AS m
                WHERE m.relation_oid = l.relation_oid AND m.id > l.id
                    AND m.kind IN ('detaching', 'detached', 'reattached', 'dropped'))
            """)
        return try announced.compactMap { recorded -> PendingDetach? in
            guard let oid = recorded.event.relationOID, let name = recorded.event.relation,
                try connection.catalog.relation(named: name)?.oid == oid
            else { return nil }
            let link = try connection.run(
                "ledger.detaching-state",
                """
                SELECT i.inhdetachpending FROM pg_catalog.pg_inherits AS i
                WHERE i.inhrelid = \(value: oid)::oid
                """)
            let isPending = try link.first.map { try $0.bool(0) }
            return PendingDetach(
                relation: Relation(oid: oid, name: name),
                state: isPending.map { $0 ? .pending : .attached } ?? .detached,
                event: recorded.event)
        }
    }

    /// By the names that indexes and sequences have in quarantine, those they had before.
    func companionNames(of oid: UInt32) throws -> [String: String] {
        var names: [String: String] = [:]
        for (key, value) in try latestEvents(of: [oid])[oid]?.event.details ?? [:]
        where key.hasPrefix("name of ") {
            names[String(key.dropFirst(8))] = value
        }
        return names
    }
}
