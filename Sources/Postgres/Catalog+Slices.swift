import Retention

// What a wide partition, or a plain table, holds that has aged.
extension Catalog {
    /// Periods that lie wholly between two instants and of which there are rows, oldest first: a
    /// hundred at most, and two of a large table where no index helps to find them.
    ///
    /// - Parameter start: nil: from the year 1 on, of others from their first on. Rows before it, and those at
    ///   `-infinity`, belong to no period.
    public func occupiedPeriods(
        of partition: Partition, in table: PartitionedTable, _ calendar: TableCalendar,
        from start: Instant? = nil, until end: Instant
    ) throws -> [PartitionBounds] {
        let isQuick = try partition.bytes < 256 << 20 || isIndexed(table.key, of: partition)
        let most = isQuick ? 100 : 2
        var periods: [PartitionBounds] = []
        var from = start.map(table.keyType.literal) ?? table.keyType.earliestLiteral
        while periods.count < most {
            guard let oldest = try oldestKey(of: partition, in: table, from: from, until: end)
            else { break }
            let bounds = calendar.period.bounds(containing: oldest, in: calendar.zone)
            guard bounds.to <= end else { break }
            if case .open(_, let to?) = partition.extent, bounds.to > to { break }
            periods.append(bounds)
            from = table.keyType.literal(bounds.to)
        }
        return periods
    }

    /// The oldest key of a partition that is a time, from the year 1 on; nil where there is none.
    public func oldestKey(of partition: Partition, in table: PartitionedTable, until end: Instant)
        throws -> Instant?
    {
        try oldestKey(of: partition, in: table, from: table.keyType.earliestLiteral, until: end)
    }

    private func oldestKey(
        of partition: Partition, in table: PartitionedTable, from: String, until end: Instant
    ) throws -> Instant? {
        let key = Identifier(table.key)
        return try connection.run(
            "slice.oldest",
            """
            SELECT \(table.keyType.time("\(key)")) FROM ONLY \(partition.name)
            WHERE \(key) >= \(literal: from) AND \(key) < \(literal: table.keyType.literal(end))
                AND \(table.keyType.hasTime(key) ?? "true")
            ORDER BY \(key) LIMIT 1
            """
        ).first?.instant(0)
    }

    public func isEmpty(_ partition: Partition) throws -> Bool {
        try connection.run(
            "slice.empty", "SELECT EXISTS (SELECT FROM ONLY \(partition.name))"
        ).one().bool(0) == false
    }

    private func isIndexed(_ column: String, of partition: Partition) throws -> Bool {
        try connection.run(
            "slice.indexed",
            """
            SELECT EXISTS (
                SELECT FROM pg_catalog.pg_index AS i
                JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                JOIN pg_catalog.pg_am AS m ON m.oid = c.relam AND m.amname = 'btree'
                JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                WHERE i.indrelid = \(value: partition.oid)::oid AND i.indisvalid
                    AND i.indpred IS NULL AND a.attname = \(value: column))
            """
        ).one().bool(0)
    }

    /// Whether deleted rows would be deleted at subscribers too.
    public func publishesDeletes(of table: PartitionedTable) throws -> Bool {
        try isPublished(table, "p.pubdelete")
    }

    /// Whether a publication has the table or one of its partitions.
    public func isPublished(_ table: PartitionedTable) throws -> Bool {
        try isPublished(table, "true")
    }

    private func isPublished(_ table: PartitionedTable, _ how: SQL) throws -> Bool {
        try connection.run(
            "slice.published",
            """
            SELECT EXISTS (
                SELECT FROM pg_catalog.pg_publication AS p
                JOIN pg_catalog.pg_publication_tables AS t ON t.pubname = p.pubname
                JOIN pg_catalog.pg_namespace AS n ON n.nspname = t.schemaname
                JOIN pg_catalog.pg_class AS c
                    ON c.relnamespace = n.oid AND c.relname = t.tablename
                WHERE \(how) AND (c.oid = \(value: table.oid)::oid OR c.oid IN (
                    SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i
                    WHERE i.inhparent = \(value: table.oid)::oid)))
            """
        ).one().bool(0)
    }
}
