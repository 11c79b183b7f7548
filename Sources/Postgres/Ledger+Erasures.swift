import Retention

extension Ledger {
    /// Erasures of a table's archives that were begun, and of which nothing says that they have ended;
    /// the latest of each archive.
    public func pendingErasures(of table: QualifiedName) throws -> [LedgerEvent] {
        try events(
            """
            WHERE l.kind = 'erasing' AND l.id IN (
                SELECT pg_catalog.max(m.id) FROM pgretain.ledger AS m
                WHERE m.table_schema = \(value: table.schema)
                    AND m.table_name = \(value: table.name)
                    AND m.kind IN ('archived', 'erasing', 'erased', 'expiring', 'expired')
                GROUP BY m.archive)
            """
        ).map(\.event)
    }

    /// Tables of their own that rows of a table were restored to, and that are still there.
    public func restoredTables(of table: QualifiedName) throws -> [LedgerEvent] {
        try events(
            """
            WHERE \(Self.isOf(table)) AND l.kind = 'restored'
                AND l.details ->> 'attached' IS DISTINCT FROM 'yes'
                AND EXISTS (
                    SELECT FROM pg_catalog.pg_class AS c
                    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE c.oid = l.relation_oid OR l.relation_oid IS NULL
                        AND n.nspname = l.relation_schema AND c.relname = l.relation_name)
            """
        ).map(\.event)
    }

    /// The roots of stores that have been taken into use for copies.
    public func storesOfCopies(of table: QualifiedName) throws -> [String] {
        let events = try events("WHERE \(Self.isOf(table)) AND l.kind = 'copying'")
        return Set(events.compactMap { $0.event.details["store"] }).sorted()
    }
}
