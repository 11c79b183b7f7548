import Retention

extension Catalog {
    /// A table's own indexes, by name; those of partitions belong to them.
    public func indexes(of table: PartitionedTable) throws -> [TableIndex] {
        let result = try connection.run(
            "catalog.indexes",
            """
            SELECT x.relname, m.amname, i.indisunique OR i.indisexclusion OR i.indisreplident,
                i.indisvalid, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true),
                (SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_relation_size(t.oid)), 0)::bigint
                FROM (\(Self.indexTree)) AS t (oid)),
                k.number, k.number > i.indnkeyatts,
                pg_catalog.pg_get_indexdef(i.indexrelid, k.number::integer, true),
                COALESCE(i.indclass[k.number - 1], 0), COALESCE(i.indcollation[k.number - 1], 0),
                COALESCE(i.indoption[k.number - 1], 0)
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
            JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
            CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnatts) AS k (number)
            WHERE i.indrelid = \(value: table.oid)::oid
            ORDER BY x.relname COLLATE "C", k.number
            """)
        let missing = try missingIndexes(of: table)
        var indexes: [TableIndex] = []
        for row in result.rows {
            let name = try row.text(0)
            if indexes.last?.name != name {
                indexes.append(
                    TableIndex(
                        name: name, method: try row.text(1), keys: [],
                        predicate: row.optionalText(4), isConstraint: try row.bool(2),
                        isValid: try row.bool(3), bytes: try row.int(5),
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
