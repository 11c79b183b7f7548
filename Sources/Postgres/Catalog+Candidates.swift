import Retention

/// A table that a policy could be written for.
public struct CandidateTable: Sendable, Equatable {
    public var name: QualifiedName
    /// The partition key; of a plain table the likeliest of its time columns.
    public var key: String
    public var keyType: KeyType
    /// False: a plain table, which has to be adopted first.
    public var isPartitioned: Bool
    /// It has children by inheritance: a hypertable, or partitions of the time before PostgreSQL 10.
    public var hasHeirs: Bool
    public var partitions: Int
    /// Finite bounds of its partitions, in order.
    public var bounds: [PartitionBounds]
    public var bytes: Int64
    public var estimatedRows: Int64?
    /// Further time columns of a plain table.
    public var otherTimeColumns: [String]
}

extension Catalog {
    /// Tables with a time column, the largest first: those partitioned by RANGE on it, or on a UUID that
    /// is a UUIDv7 by default, and plain ones. Those of the system, of extensions and of `pgretain` are left out.
    public func candidateTables() throws -> [CandidateTable] {
        try connection.whileLocksAreShort {
            let children = try childBounds()
            var candidates: [(oid: UInt32, table: CandidateTable)] = []
            for row in try candidateColumns().rows {
                let oid = try row.oid(0)
                let column = try row.text(4)
                if candidates.last?.oid == oid {
                    candidates[candidates.count - 1].table.otherTimeColumns.append(column)
                    continue
                }
                let type = try row.oid(5)
                guard
                    let keyType = KeyType(typeOID: type, stated: nil)
                        ?? KeyType(typeOID: type, stated: .uuidv7)
                else { continue }
                let extents = (children[oid] ?? []).map {
                    PartitionBoundsText.extent($0, of: keyType)
                }
                let table = CandidateTable(
                    name: try row.name(1), key: column, keyType: keyType,
                    isPartitioned: try row.bool(3), hasHeirs: try row.bool(8),
                    partitions: extents.count,
                    bounds: extents.compactMap { extent in
                        if case .range(let bounds) = extent { bounds } else { nil }
                    }.sorted(),
                    bytes: try row.int(6), estimatedRows: try row.optionalInt(7),
                    otherTimeColumns: [])
                candidates.append((oid, table))
            }
            return candidates.map(\.table)
        }
    }

    /// One row for each table and time column, the likeliest key of a table first.
    private func candidateColumns() throws -> QueryResult {
        try connection.run(
            "catalog.candidates",
            """
            SELECT c.oid, n.nspname, c.relname, c.relkind = 'p', a.attname, a.atttypid,
                s.bytes, s.estimate,
                c.relkind = 'r' AND EXISTS (
                    SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = c.oid)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
                AND NOT a.attisdropped
            LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
            LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
            CROSS JOIN LATERAL (
                SELECT
                    COALESCE(
                        pg_catalog.sum(pg_catalog.pg_total_relation_size(l.oid)), 0)::bigint
                        AS bytes,
                    CASE WHEN pg_catalog.min(l.reltuples) >= 0
                        THEN pg_catalog.sum(l.reltuples)::bigint END AS estimate
                FROM (
                    SELECT c.oid WHERE c.relkind = 'r'
                    UNION ALL
                    SELECT t.relid FROM pg_catalog.pg_partition_tree(c.oid) AS t
                    WHERE c.relkind = 'p' AND t.isleaf AND t.relid <> c.oid
                ) AS m (oid)
                JOIN pg_catalog.pg_class AS l ON l.oid = m.oid) AS s
            WHERE NOT c.relispartition AND c.relpersistence <> 't'
                AND (a.atttypid IN (1184, 1114, 1082)
                    OR a.atttypid = 2950 AND c.relkind = 'p'
                        AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~* 'uuid[a-z_]*7')
                AND n.nspname NOT IN ('information_schema', 'pgretain')
                AND n.nspname NOT LIKE 'pg\\_%'
                AND (c.relkind = 'r' OR c.relkind = 'p' AND p.partstrat = 'r'
                    AND p.partnatts = 1 AND p.partattrs[0] = a.attnum)
                AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_depend AS x
                    WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND x.objid = c.oid AND x.deptype = 'e')
                AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = c.oid)
            ORDER BY s.bytes DESC, n.nspname COLLATE "C", c.relname COLLATE "C",
                COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
                    NOT SIMILAR TO '%(now|CURRENT_TIMESTAMP|timestamp|LOCALTIMESTAMP)%',
                a.attname NOT IN (
                    'created_at', 'created', 'timestamp', 'ts', 'time', 'logged_at',
                    'occurred_at', 'inserted_at'),
                a.attnum
            """)
    }

    private func childBounds() throws -> [UInt32: [String]] {
        var children: [UInt32: [String]] = [:]
        let result = try connection.run(
            "catalog.child-bounds",
            """
            SELECT i.inhparent, pg_catalog.pg_get_expr(c.relpartbound, c.oid)
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
            WHERE c.relispartition
            """)
        for row in result.rows {
            children[try row.oid(0), default: []].append(row.optionalText(1) ?? "")
        }
        return children
    }
}
