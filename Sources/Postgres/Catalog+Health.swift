import Retention

// What monitoring asks of the catalogue: nothing here takes more than a moment, or the statement
// ends.
extension Catalog {
    /// Rows of a partition, counted up to a limit and one more.
    public func rows(of partition: Partition, upTo limit: Int64) throws -> Int64 {
        try connection.run(
            "health.rows",
            """
            SELECT pg_catalog.count(*) FROM (
                SELECT FROM \(partition.name) LIMIT \(number: limit + 1)) AS r
            """
        ).one().int(0)
    }

    /// Sequences that fill columns of a table or its partitions, by what they own or default to;
    /// those that go round or backwards, and those that may not be read, are left out.
    public func sequences(of table: PartitionedTable) throws -> [TableHealthFacts.Sequence] {
        try connection.run(
            "health.sequences",
            """
            SELECT pg_catalog.min(a.attname), n.nspname, s.relname,
                pg_catalog.pg_sequence_last_value(pg_catalog.min(q.seqrelid)),
                pg_catalog.min(LEAST(q.seqmax, CASE a.atttypid WHEN 21 THEN 32767
                    WHEN 23 THEN 2147483647 ELSE q.seqmax END))
            FROM (
                SELECT \(number: table.oid)::oid AS oid
                UNION SELECT i.oid FROM (\(Self.children(of: table))) AS i
            ) AS t
            JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND a.atttypid IN (20, 21, 23)
            CROSS JOIN LATERAL (
                SELECT d.objid AS oid FROM pg_catalog.pg_depend AS d
                WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = a.attrelid
                    AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')
                    AND d.classid = 'pg_catalog.pg_class'::regclass
                UNION
                SELECT d.refobjid FROM pg_catalog.pg_attrdef AS f
                JOIN pg_catalog.pg_depend AS d
                    ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
                    AND d.refclassid = 'pg_catalog.pg_class'::regclass
                WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum
            ) AS x
            JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = x.oid
            JOIN pg_catalog.pg_class AS s ON s.oid = x.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
            WHERE q.seqincrement > 0 AND NOT q.seqcycle
                -- Of pg_sequence's column, not of pg_class's: before the join that has tables too.
                AND pg_catalog.has_sequence_privilege(q.seqrelid, 'SELECT, USAGE')
            GROUP BY s.oid, n.nspname, s.relname
            ORDER BY n.nspname COLLATE "C", s.relname COLLATE "C"
            """
        ).rows.compactMap { row in
            guard let last = try row.optionalInt(3) else { return nil }
            return TableHealthFacts.Sequence(
                column: try row.text(0), name: try row.name(1), last: last, limit: try row.int(4))
        }
    }
}
