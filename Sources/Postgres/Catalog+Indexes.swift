import Retention

extension Catalog {
    /// A table's own indexes, by name; those of partitions belong to them.
    public func indexes(of table: PartitionedTable) throws -> [TableIndex] {
        let result = try connection.whileLocksAreShort {
            try connection.run(
                "catalog.indexes",
                """
                -- Once for each index, and not for each of its columns, nor for one that has to be
                -- there anyway: of thousands of partitions that is what takes the time.
                WITH u AS MATERIALIZED (
                    SELECT i.indexrelid AS oid, w.bytes, w.scans
                    FROM pg_catalog.pg_index AS i
                    CROSS JOIN LATERAL (
                        SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_relation_size(t.oid)), 0)::bigint
                                AS bytes,
                            COALESCE(pg_catalog.sum(pg_catalog.pg_stat_get_numscans(t.oid)), 0)::bigint
                                AS scans
                        FROM (\(Self.indexTree)) AS t (oid)
                        WHERE NOT (i.indisunique OR i.indisexclusion OR i.indisreplident)) AS w
                    WHERE i.indrelid = \(value: table.oid)::oid)
                SELECT x.relname, m.amname, i.indisunique OR i.indisexclusion OR i.indisreplident,
                    i.indisvalid, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true), u.bytes,
                    k.number, k.number > i.indnkeyatts,
                    pg_catalog.pg_get_indexdef(i.indexrelid, k.number::integer, true),
                    COALESCE(i.indclass[k.number - 1], 0),
                    COALESCE(i.indcollation[k.number - 1], 0),
                    COALESCE(i.indoption[k.number - 1], 0), u.scans
                FROM u
                JOIN pg_catalog.pg_index AS i ON i.indexrelid = u.oid
                JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
                JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
                CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnatts) AS k (number)
                ORDER BY x.relname COLLATE "C", k.number
                """)
        }
        // The server calls a table's index valid once every partition has it.
        let isComplete = try result.rows.allSatisfy { try $0.bool(3) }
        let missing = isComplete ? [:] : try missingIndexes(of: table)
        var indexes: [TableIndex] = []
        for row in result.rows {
            let name = try row.text(0)
            if indexes.last?.name != name {
                indexes.append(
                    TableIndex(
                        name: name, method: try row.text(1), keys: [],
                        predicate: row.optionalText(4), isConstraint: try row.bool(2),
                        isValid: try row.bool(3), bytes: try row.int(5), scans: try row.int(12),
                        missingFrom: missing[name] ?? []))
            }
            if try row.bool(7) {
                indexes[indexes.count - 1].included.append(try row.text(8))
            } else {
                indexes[indexes.count - 1].keys.append(
                    .init(
                        text: try row.text(8), operatorClass: try row.oid(9),
                        collation: try row.oid(10), option: Int(try row.int(11))))
            }
        }
        return indexes
    }

    /// An index `i` of a table and those of its partitions that belong to it. Unlike
    /// `pg_partition_tree` it locks none of them.
    private static let indexTree: SQL = """
        WITH RECURSIVE tree (oid) AS (
            SELECT i.indexrelid
            UNION ALL
            SELECT h.inhrelid FROM tree
            JOIN pg_catalog.pg_inherits AS h ON h.inhparent = tree.oid)
        SELECT tree.oid FROM tree
        """

    /// Partitions without a valid index of their own, by the name of the table's.
    private func missingIndexes(of table: PartitionedTable) throws -> [String: [String]] {
        let result = try connection.run(
            "catalog.missing-indexes",
            """
            SELECT x.relname, c.relname
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'I'
            JOIN pg_catalog.pg_inherits AS h ON h.inhparent = i.indrelid
            JOIN pg_catalog.pg_class AS c ON c.oid = h.inhrelid AND c.relkind <> 'f'
            WHERE i.indrelid = \(value: table.oid)::oid AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_inherits AS own
                JOIN pg_catalog.pg_index AS o ON o.indexrelid = own.inhrelid AND o.indisvalid
                WHERE own.inhparent = i.indexrelid AND o.indrelid = c.oid)
            ORDER BY x.relname COLLATE "C", c.relname COLLATE "C"
            """)
        var missing: [String: [String]] = [:]
        for row in result.rows { missing[try row.text(0), default: []].append(try row.text(1)) }
        return missing
    }
}
