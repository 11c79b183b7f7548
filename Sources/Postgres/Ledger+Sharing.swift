import Retention

// What hosts that share a night have to know of each other.
extension Ledger {
    /// What any run has taken of a table's `max_retire` since a time. What began twice counts twice.
    public func spent(of table: QualifiedName, since: Instant) throws -> TableObservation.Spent {
        let row = try connection.run(
            "ledger.spent",
            """
            SELECT pg_catalog.count(DISTINCT l.relation_oid)
                    FILTER (WHERE l.kind IN ('detaching', 'detached'))
                + pg_catalog.count(*)
                    FILTER (WHERE l.kind = 'deleting' AND l.details ->> 'where' IS NULL),
                pg_catalog.count(*) FILTER (WHERE l.kind = 'purging'
                    OR l.kind = 'deleting' AND l.details ->> 'where' IS NOT NULL),
                pg_catalog.count(*) FILTER (WHERE l.kind = 'expiring')
            FROM pgretain.ledger AS l
            WHERE \(Self.isOf(table)) AND l.at >= \(value: since)
                AND l.kind IN ('detaching', 'detached', 'deleting', 'purging', 'expiring')
            """
        ).one()
        return TableObservation.Spent(
            partitions: Int(try row.int(0)), ruled: Int(try row.int(1)),
            archives: Int(try row.int(2)))
    }

    /// How many events there are about each relation of a table, and about one of them alone.
    public func eventCounts(of table: QualifiedName, relation: UInt32? = nil) throws
        -> [UInt32: Int64]
    {
        try connection.run(
            "ledger.event-counts",
            """
            SELECT l.relation_oid, pg_catalog.count(*) FROM pgretain.ledger AS l
            WHERE \(Self.isOf(table)) AND l.relation_oid IS NOT NULL
                AND (\(value: relation.map { "\($0)" })::oid IS NULL
                    OR l.relation_oid = \(value: relation.map { "\($0)" })::oid)
            GROUP BY l.relation_oid
            """
        ).rows.reduce(into: [:]) { counts, row in counts[try row.oid(0)] = try row.int(1) }
    }

    /// Whether the growth of a table was measured since a time.
    public func hasGrowth(of table: QualifiedName, since: Instant) throws -> Bool {
        try connection.run(
            "ledger.has-growth",
            """
            SELECT EXISTS (
                SELECT FROM pgretain.growth AS l
                WHERE \(Self.isOf(table)) AND l.sampled_at >= \(value: since))
            """
        ).one().bool(0)
    }
}
