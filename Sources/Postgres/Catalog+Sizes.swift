import Retention

/// How large a partition is; where it is partitioned itself, the sum of its leaves.
public struct PartitionSize: Sendable, Equatable {
    public var relation: Relation
    /// Nil for DEFAULT and for open ends.
    public var bounds: PartitionBounds?
    public var heapBytes: Int64
    public var indexBytes: Int64
    public var toastBytes: Int64
    /// Nil when never analysed.
    public var estimatedRows: Int64?

    public init(
        relation: Relation, bounds: PartitionBounds?, heapBytes: Int64, indexBytes: Int64,
        toastBytes: Int64, estimatedRows: Int64?
    ) {
        self.relation = relation
        self.bounds = bounds
        self.heapBytes = heapBytes
        self.indexBytes = indexBytes
        self.toastBytes = toastBytes
        self.estimatedRows = estimatedRows
    }
}

extension Catalog {
    /// One entry a partition, by name.
    public func sizes(of table: PartitionedTable) throws -> [PartitionSize] {
        try connection.whileLocksAreShort {
            try connection.run(
                "catalog.sizes",
                """
                SELECT c.oid, n.nspname, c.relname,
                    pg_catalog.pg_get_expr(c.relpartbound, c.oid),
                    COALESCE(s.heap, 0), COALESCE(s.indexes, 0), COALESCE(s.toast, 0), s.estimate
                FROM (\(Self.children(of: table))) AS i
                JOIN pg_catalog.pg_class AS c ON c.oid = i.oid
                JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                CROSS JOIN LATERAL (
                    SELECT
                        pg_catalog.sum(pg_catalog.pg_table_size(l.oid) - o.bytes)::bigint AS heap,
                        pg_catalog.sum(pg_catalog.pg_indexes_size(l.oid))::bigint AS indexes,
                        pg_catalog.sum(o.bytes)::bigint AS toast,
                        CASE WHEN pg_catalog.min(l.reltuples) >= 0
                            THEN pg_catalog.sum(l.reltuples)::bigint END AS estimate
                    FROM (\(Self.leaves)) AS m
                    JOIN pg_catalog.pg_class AS l ON l.oid = m.oid
                    CROSS JOIN LATERAL (
                        SELECT CASE WHEN l.reltoastrelid = 0 THEN 0
                            ELSE pg_catalog.pg_total_relation_size(l.reltoastrelid) END
                    ) AS o (bytes)) AS s
                ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
                """
            ).rows.map { try PartitionSize($0, of: table.keyType) }
        }
    }
}

extension PartitionSize {
    /// Of `(oid, schema, name, bounds, heap, indexes, TOAST, rows)`.
    init(_ row: QueryResult.Row, of type: KeyType) throws {
        var bounds: PartitionBounds?
        if case .range(let range) = PartitionBoundsText.extent(row.optionalText(3) ?? "", of: type)
        {
            bounds = range
        }
        self.init(
            relation: Relation(oid: try row.oid(0), name: try row.name(1)), bounds: bounds,
            heapBytes: try row.int(4), indexBytes: try row.int(5),
            toastBytes: try row.int(6), estimatedRows: try row.optionalInt(7))
    }
}
