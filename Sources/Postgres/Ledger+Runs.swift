import Retention

/// One run of the program, as the ledger has it.
public struct RecordedRun: Equatable, Sendable, Codable {
    public var id: String
    public var startedAt: Instant
    /// Nil while it runs, and for ever when it died.
    public var finishedAt: Instant?
    public var host: String
    public var tool: String
    public var pid: Int32
    public var status: Int32?
    /// The report's JSON.
    public var report: String?
}

/// A partition's sizes at one time.
public struct GrowthRow: Equatable, Sendable {
    public var sampledAt: Instant
    public var size: PartitionSize
}

extension Ledger {
    public func startRun(_ run: RunIdentity, at: Instant, pid: Int32) throws {
        try connection.run(
            "ledger.start-run",
            """
            INSERT INTO pgretain.runs (id, started_at, host, tool, pid)
            VALUES (\(value: run.id), \(value: at), \(value: run.host), \(value: run.tool),
                \(value: pid))
            """)
    }

    /// Makes durable what anybody has committed until now, without `synchronous_commit` among them: the
    /// log is flushed in order, and this commit waits for it.
    public func flushLog(_ run: RunIdentity) throws {
        try connection.run(
            "ledger.flush-log",
            "UPDATE pgretain.runs SET pid = pid WHERE id = \(value: run.id)")
    }

    /// `json`: the report.
    public func finishRun(_ id: String, at: Instant, status: ExitStatus, report json: String)
        throws
    {
        try connection.run(
            "ledger.finish-run",
            """
            UPDATE pgretain.runs
            SET finished_at = \(value: at), status = \(value: status.rawValue),
                report = \(value: json)
            WHERE id = \(value: id)
            """)
    }

    public func lastRun() throws -> RecordedRun? { try lastRuns(1).first }

    /// Latest first.
    public func lastRuns(_ count: Int) throws -> [RecordedRun] {
        try connection.run(
            "ledger.runs",
            """
            SELECT r.id, r.started_at, r.finished_at, r.host, r.tool, r.pid, r.status, r.report
            FROM pgretain.runs AS r
            ORDER BY r.started_at DESC, r.id LIMIT \(number: count)
            """
        ).rows.map { row in
            RecordedRun(
                id: try row.text(0), startedAt: try row.instant(1),
                finishedAt: try row.optionalInstant(2), host: try row.text(3),
                tool: try row.text(4), pid: Int32(clamping: try row.int(5)),
                status: try row.optionalInt(6).map { Int32(clamping: $0) },
                report: row.optionalText(7))
        }
    }

    /// How fast the latest runs have exported. Small tables say nothing of it and are left out.
    public func exportThroughput() throws -> Throughput {
        let row = try connection.run(
            "ledger.export-throughput",
            """
            SELECT COALESCE(pg_catalog.sum((e.entry->>'table_bytes')::numeric), 0)::bigint,
                COALESCE(pg_catalog.sum((e.entry->>'export_seconds')::numeric * 1000), 0)::bigint
            FROM (
                SELECT l.report FROM pgretain.runs AS l
                WHERE l.report IS NOT NULL ORDER BY l.started_at DESC LIMIT 30
            ) AS r
            CROSS JOIN LATERAL pg_catalog.jsonb_path_query(
                r.report, '$.tables[*].done[*] ? (@.action == "archive")') AS e (entry)
            WHERE (e.entry->>'table_bytes')::numeric >= \(value: Throughput.fewestBytes)::bigint
                AND (e.entry->>'export_seconds')::numeric > 0
            """
        ).one()
        return Throughput(bytes: Double(try row.int(0)), seconds: Double(try row.int(1)) / 1000)
    }

    // MARK: Growth

    /// One statement, however many partitions.
    public func recordGrowth(
        _ sizes: [PartitionSize], of table: QualifiedName, at: Instant, by run: RunIdentity
    ) throws {
        func column(_ value: (PartitionSize) -> String?) -> SQL {
            "\(value: SQL.arrayText(sizes.map(value)))"
        }
        func time(_ instant: Instant?) -> String? { instant?.text(separator: " ", zone: "+00") }
        try connection.run(
            "ledger.growth-sample",
            """
            INSERT INTO pgretain.growth (sampled_at, run, table_schema, table_name, partition_oid,
                partition_schema, partition_name, bounds_from, bounds_to, heap_bytes, index_bytes,
                toast_bytes, estimated_rows)
            SELECT \(value: at)::timestamptz, \(value: run.id)::uuid, \(value: table.schema)::text,
                \(value: table.name)::text, s.*
            FROM ROWS FROM (
                pg_catalog.unnest(\(column { "\($0.relation.oid)" })::oid[]),
                pg_catalog.unnest(\(column { $0.relation.name.schema })::text[]),
                pg_catalog.unnest(\(column { $0.relation.name.name })::text[]),
                pg_catalog.unnest(\(column { time($0.bounds?.from) })::timestamptz[]),
                pg_catalog.unnest(\(column { time($0.bounds?.to) })::timestamptz[]),
                pg_catalog.unnest(\(column { "\($0.heapBytes)" })::bigint[]),
                pg_catalog.unnest(\(column { "\($0.indexBytes)" })::bigint[]),
                pg_catalog.unnest(\(column { "\($0.toastBytes)" })::bigint[]),
                pg_catalog.unnest(\(column { $0.estimatedRows.map { "\($0)" } })::bigint[])) AS s
            """)
    }

    /// By time, then by partition.
    public func growth(of table: QualifiedName, since: Instant) throws -> [GrowthRow] {
        try connection.run(
            "ledger.growth",
            """
            SELECT l.sampled_at, l.partition_oid, l.partition_schema, l.partition_name,
                l.bounds_from, l.bounds_to, l.heap_bytes, l.index_bytes, l.toast_bytes,
                l.estimated_rows
            FROM pgretain.growth AS l
            WHERE \(Self.isOf(table)) AND l.sampled_at >= \(value: since)
            ORDER BY l.sampled_at, l.partition_name COLLATE "C", l.partition_oid
            """
        ).rows.map { row in
            GrowthRow(
                sampledAt: try row.instant(0),
                size: PartitionSize(
                    relation: Relation(oid: try row.oid(1), name: try row.name(2)),
                    bounds: try row.optionalBounds(4), heapBytes: try row.int(6),
                    indexBytes: try row.int(7), toastBytes: try row.int(8),
                    estimatedRows: try row.optionalInt(9)))
        }
    }
}
