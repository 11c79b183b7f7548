import Retention

extension Connection {
    /// Takes away what splittings of a table have left that did not end well, while nobody else
    /// works on the table; which wide partitions that were.
    public func removeUnfinishedSplits(
        of table: PartitionedTable, ladder: LockLadder, by run: RunIdentity
    ) throws -> [QualifiedName] {
        try ledger.splitsUnderWay(of: table.name).map { event in
            guard let oid = event.relationOID, let name = event.relation else {
                throw PostgresError.unexpected(
                    "a splitting of no table", statement: "split.unfinished")
            }
            let names = SplitNames(oid: oid)
            let wide = try catalog.name(of: oid)
            let wanted = WantedLock(table: oid, mode: .accessExclusive)
            try ladder.climb("\(name)", wanting: wide == nil ? [] : [wanted], on: self) { rung in
                try transaction(.readCommitted) {
                    if let wide {
                        try lockPastAutovacuum(wide, rung: rung)
                        for statement in names.unwatching(wide) {
                            try self.run("split.unwatch", statement)
                        }
                    }
                    for statement in names.removal { try self.run("split.remove", statement) }
                    var event = event
                    event.kind = .unsplit
                    try ledger.append(event, by: run)
                }
            }
            return wide ?? name
        }
    }
}

extension Ledger {
    /// Splittings that have begun and not ended.
    func splitsUnderWay(of table: QualifiedName) throws -> [LedgerEvent] {
        try events(
            """
            WHERE l.kind = 'splitting' AND l.id IN (
                SELECT pg_catalog.max(m.id) FROM pgretain.ledger AS m
                WHERE m.table_schema = \(value: table.schema)
                    AND m.table_name = \(value: table.name)
                    AND m.kind IN ('splitting', 'split', 'unsplit')
                GROUP BY m.relation_oid)
            """
        ).map(\.event)
    }
}
