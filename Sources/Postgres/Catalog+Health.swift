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
            -- From the sequences to what they fill: of the columns of thousands of partitions each
            -- would have to be looked up.
            WITH q AS MATERIALIZED (
                SELECT q.seqrelid AS oid, q.seqmax FROM pg_catalog.pg_sequence AS q
                WHERE q.seqincrement > 0 AND NOT q.seqcycle
                    -- Of pg_sequence's column, not of pg_class's, which has tables too.
                    AND pg_catalog.has_sequence_privilege(q.seqrelid, 'SELECT, USAGE')),
            filled (relation, number, oid, seqmax) AS (
                SELECT d.refobjid, d.refobjsubid, q.oid, q.seqmax FROM q
                JOIN pg_catalog.pg_depend AS d
                    ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = q.oid
                    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
                UNION
                SELECT f.adrelid, f.adnum, q.oid, q.seqmax FROM q
                JOIN pg_catalog.pg_depend AS d
                    ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = q.oid
                    AND d.classid = 'pg_catalog.pg_attrdef'::regclass
                JOIN pg_catalog.pg_attrdef AS f ON f.oid = d.objid)
            SELECT pg_catalog.min(a.attname), n.nspname, s.relname,
                pg_catalog.pg_sequence_last_value(pg_catalog.min(w.oid)),
                pg_catalog.min(LEAST(w.seqmax, CASE a.atttypid WHEN 21 THEN 32767
                    WHEN 23 THEN 2147483647 ELSE w.seqmax END))
            FROM filled AS w
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = w.relation AND a.attnum = w.number
                AND NOT a.attisdropped AND a.atttypid IN (20, 21, 23)
            JOIN pg_catalog.pg_class AS s ON s.oid = w.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
            WHERE w.relation IN (
                SELECT \(number: table.oid)::oid
                UNION ALL SELECT i.oid FROM (\(Self.children(of: table))) AS i)
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
