import Retention

extension Ledger {
    /// How the last drill of each archive of a table ended; those whose archive has been removed since
    /// are left out.
    public func drills(of table: QualifiedName) throws -> [Slice: DrillOutcome] {
        let latest = try events(
            """
            WHERE l.id IN (
                SELECT pg_catalog.max(m.id) FROM pgretain.ledger AS m
                WHERE m.table_schema = \(value: table.schema)
                    AND m.table_name = \(value: table.name) AND m.archive IS NOT NULL
                    AND m.kind IN ('drilled', 'drill failed', 'expired')
                GROUP BY m.archive)
            """)
        return latest.reduce(into: [:]) { outcomes, recorded in
            let event = recorded.event
            guard event.kind != .expired, let path = event.archive else { return }
            var outcome = DrillOutcome(slice: Slice(table: table, path: path), at: recorded.at)
            if event.kind == .drillFailed {
                outcome.failure = .init(
                    problem: event.details["problem"] ?? "",
                    status: event.details["status"].flatMap(Int32.init) ?? 1)
            } else if let digest = event.digest,
                let seconds = event.details["seconds"].flatMap(Double.init)
            {
                outcome.measure = .init(rows: digest.rows, seconds: seconds)
            }
            outcomes[outcome.slice] = outcome
        }
    }

    /// When the first archive of a table was published.
    public func firstArchivedAt(_ table: QualifiedName) throws -> Instant? {
        try connection.run(
            "ledger.first-archived",
            """
            SELECT pg_catalog.min(l.at) FROM pgretain.ledger AS l
            WHERE \(Self.isOf(table)) AND l.kind = 'archived'
            """
        ).one().optionalInstant(0)
    }
}
