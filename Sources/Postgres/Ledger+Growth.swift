import Retention

/// A partition's bytes at one time.
public struct GrowthSample: Equatable, Sendable {
    public var at: Instant
    public var partitionOID: UInt32
    /// Where its range begins; nil for open ends and DEFAULT.
    public var begins: Instant?
    public var bytes: Int64
}

/// A partition that is gone.
public struct DroppedPartition: Equatable, Sendable {
    public var at: Instant
    public var bounds: PartitionBounds?
    /// When it was sampled last; nil when it never was.
    public var bytes: Int64?
}

/// A table's size at one time.
public struct SampledSize: Equatable, Sendable {
    public var at: Instant
    public var heapBytes: Int64
    public var indexBytes: Int64
    public var toastBytes: Int64
}

extension Ledger {
    /// A table's size at the first sample of each so many days.
    public func sizes(of table: QualifiedName, since: Instant, everyDays days: Int) throws
        -> [SampledSize]
    {
        try connection.run(
            "ledger.sizes",
            """
            WITH RECURSIVE nights (at) AS (
                SELECT pg_catalog.min(l.sampled_at) FROM pgretain.growth AS l
                WHERE \(Self.isOf(table)) AND l.sampled_at >= \(value: since)
                UNION ALL
                SELECT (
                    SELECT pg_catalog.min(l.sampled_at) FROM pgretain.growth AS l
                    WHERE \(Self.isOf(table)) AND l.sampled_at >= pg_catalog.date_trunc(
                        'day', nights.at) + interval '1 day' * \(number: days))
                FROM nights WHERE nights.at IS NOT NULL)
            SELECT nights.at, s.heap, s.indexes, s.toast
            FROM nights
            -- By the index, night by night, and not through all that was ever sampled.
            CROSS JOIN LATERAL (
                SELECT pg_catalog.sum(l.heap_bytes)::bigint AS heap,
                    pg_catalog.sum(l.index_bytes)::bigint AS indexes,
                    pg_catalog.sum(l.toast_bytes)::bigint AS toast
                FROM pgretain.growth AS l
                WHERE \(Self.isOf(table)) AND l.sampled_at = nights.at
                OFFSET 0) AS s
            WHERE nights.at IS NOT NULL
            ORDER BY nights.at
            """
        ).rows.map {
            SampledSize(
                at: try $0.instant(0), heapBytes: try $0.int(1), indexBytes: try $0.int(2),
                toastBytes: try $0.int(3))
        }
    }

    /// Samples of partitions that were still growing, or had been until a week before: old ones
    /// change no more, and there may be thousands.
    public func growingSamples(of table: QualifiedName, since: Instant) throws -> [GrowthSample] {
        try connection.run(
            "ledger.growing",
            """
            SELECT l.sampled_at, l.partition_oid, l.bounds_from,
                l.heap_bytes + l.index_bytes + l.toast_bytes
            FROM pgretain.growth AS l
            WHERE \(Self.isOf(table)) AND l.sampled_at >= \(value: since)
                -- Days would be a calendar's, which takes twice as long over a million rows.
                AND (l.bounds_to IS NULL OR l.bounds_to > l.sampled_at - interval '168 hours')
            ORDER BY l.sampled_at, l.partition_oid
            """
        ).rows.map {
            GrowthSample(
                at: try $0.instant(0), partitionOID: try $0.oid(1),
                begins: try $0.optionalInstant(2), bytes: try $0.int(3))
        }
    }

    /// Partitions that were dropped, oldest first, with the size that they had.
    public func droppedPartitions(of table: QualifiedName) throws -> [DroppedPartition] {
        try connection.run(
            "ledger.dropped",
            """
            WITH gone AS (
                SELECT l.at, l.bounds_from, l.bounds_to, l.relation_oid FROM pgretain.ledger AS l
                WHERE \(Self.isOf(table)) AND l.kind = 'dropped')
            SELECT gone.at, gone.bounds_from, gone.bounds_to, s.bytes
            FROM gone
            LEFT JOIN (
                SELECT DISTINCT ON (l.partition_oid) l.partition_oid,
                    l.heap_bytes + l.index_bytes + l.toast_bytes AS bytes
                FROM pgretain.growth AS l
                WHERE \(Self.isOf(table))
                    AND l.partition_oid IN (SELECT g.relation_oid FROM gone AS g)
                ORDER BY l.partition_oid, l.sampled_at DESC
            ) AS s ON s.partition_oid = gone.relation_oid
            ORDER BY gone.at, gone.bounds_from
            """
        ).rows.map {
            DroppedPartition(
                at: try $0.instant(0), bounds: try $0.optionalBounds(1),
                bytes: try $0.optionalInt(3))
        }
    }
}
