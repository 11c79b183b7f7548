import Retention

/// How many rows of a table have a value.
public struct ValueCount: Equatable, Sendable {
    public var column: String
    /// Nil for NULL.
    public var value: String?
    /// In the window, and in the one before; as sampled.
    public var rows: Int64
    public var before: Int64
    /// Of the rows in the window, and in the one before: what they take in heap and TOAST, compressed
    /// as they are.
    public var bytes: Int64
    public var bytesBefore: Int64
    /// Of all rows in the window.
    public var total: Int64
    public var totalBytes: Int64
}

extension Catalog {
    /// The five commonest values of some columns among the rows since `middle`, and the three whose
    /// rows take most; and how common they were between `from` and then. Reads a sample of the table's pages, and gives up after a while.
    ///
    /// - Parameters:
    ///   - columns: names, and whether numbers in their values are folded.
    ///   - all: the columns whose sizes make the size of a row.
    ///   - percent: of the pages; 100 reads all of them.
    ///   - milliseconds: nil takes as long as it takes.
    public func commonValues(
        of table: PartitionedTable, columns: [(name: String, isFolded: Bool)], all: [String],
        from: Instant, middle: Instant, to: Instant, percent: Double, milliseconds: Int?
    ) throws -> [ValueCount] {
        let key = Identifier(table.key)
        func time(_ instant: Instant) -> SQL { "\(literal: table.keyType.literal(instant))" }
        let values = SQL.list(
            columns.map { column in
                let text: SQL = "pg_catalog.left(t.\(Identifier(column.name))::text, 400)"
                return column.isFolded ? "\(Self.folded(text))" : text
            })
        let pairs = SQL.list(
            columns.indices.map { index in
                "(\(number: index), s.columns[\(number: index + 1)])"
            })
        let size = SQL.list(
            ["24"] + all.map { "COALESCE(pg_catalog.pg_column_size(t.\(Identifier($0))), 0)" },
            separator: " + ")
        return try sampling(milliseconds) {
            try connection.run(
                "drivers.values",
                """
                WITH s (is_recent, size, columns) AS MATERIALIZED (
                    SELECT t.\(key) >= \(time(middle)), \(size), ARRAY[\(values)]
                    FROM \(table.name) AS t \(Self.sample(percent))
                    WHERE t.\(key) >= \(time(from)) AND t.\(key) < \(time(to))),
                counted AS (
                    SELECT w.place, w.value,
                        pg_catalog.count(*) FILTER (WHERE s.is_recent) AS rows,
                        pg_catalog.count(*) FILTER (WHERE NOT s.is_recent) AS before,
                        COALESCE(pg_catalog.sum(s.size) FILTER (WHERE s.is_recent), 0)::bigint
                            AS bytes,
                        COALESCE(pg_catalog.sum(s.size) FILTER (WHERE NOT s.is_recent), 0)::bigint
                            AS bytes_before
                    FROM s CROSS JOIN LATERAL (VALUES \(pairs)) AS w (place, value)
                    GROUP BY w.place, w.value)
                SELECT r.place, r.value, r.rows, r.before, r.bytes, r.bytes_before,
                    r.total::bigint, r.total_bytes::bigint
                FROM (
                    SELECT c.*, pg_catalog.sum(c.rows) OVER (PARTITION BY c.place) AS total,
                        pg_catalog.sum(c.bytes) OVER (PARTITION BY c.place) AS total_bytes,
                        pg_catalog.row_number() OVER (
                        PARTITION BY c.place ORDER BY c.rows DESC, c.value COLLATE "C") AS rank,
                        pg_catalog.row_number() OVER (
                        PARTITION BY c.place ORDER BY c.bytes DESC, c.value COLLATE "C") AS by_bytes
                    FROM counted AS c) AS r
                WHERE (r.rank <= 5 OR r.by_bytes <= 3) AND r.rows > 0
                ORDER BY r.place, r.rank
                """
            ).rows.map {
                ValueCount(
                    column: columns[Int(try $0.int(0))].name, value: $0.optionalText(1),
                    rows: try $0.int(2), before: try $0.int(3), bytes: try $0.int(4),
                    bytesBefore: try $0.int(5), total: try $0.int(6), totalBytes: try $0.int(7))
            }
        }
    }

    /// Rows by day of a zone, as sampled.
    public func rowsByDay(
        of table: PartitionedTable, zone: Zone, from: Instant, to: Instant, percent: Double,
        milliseconds: Int?
    ) throws -> [(day: CivilDate, rows: Int64)] {
        let key = Identifier(table.key)
        return try sampling(milliseconds) {
            try connection.run(
                "drivers.days",
                """
                SELECT \(Self.day(table, zone)), pg_catalog.count(*)
                FROM \(table.name) AS t \(Self.sample(percent))
                WHERE t.\(key) >= \(literal: table.keyType.literal(from))
                    AND t.\(key) < \(literal: table.keyType.literal(to))
                GROUP BY 1 ORDER BY 1
                """
            ).rows.map { (CivilDate(daysSinceEpoch: try $0.int(0)), try $0.int(1)) }
        }
    }

    /// How many different values a column has on each day of a zone, and since `latest`: as sampled,
    /// so at least so many.
    public func distinctValues(
        of column: String, in table: PartitionedTable, zone: Zone, from: Instant, latest: Instant,
        to: Instant, percent: Double, milliseconds: Int?
    ) throws -> (latest: Int64, days: [(day: CivilDate, values: Int64)]) {
        let key = Identifier(table.key)
        return try sampling(milliseconds) {
            let rows = try connection.run(
                "drivers.distinct",
                """
                WITH s AS MATERIALIZED (
                    -- Whatever its type, as text it can be compared.
                    SELECT DISTINCT \(Self.day(table, zone)) AS day,
                        t.\(key) >= \(literal: table.keyType.literal(latest)) AS is_latest,
                        t.\(Identifier(column))::text AS value
                    FROM \(table.name) AS t \(Self.sample(percent))
                    WHERE t.\(key) >= \(literal: table.keyType.literal(from))
                        AND t.\(key) < \(literal: table.keyType.literal(to)))
                SELECT s.day, pg_catalog.count(DISTINCT s.value) FROM s GROUP BY s.day
                UNION ALL
                SELECT NULL, pg_catalog.count(DISTINCT s.value) FROM s WHERE s.is_latest
                ORDER BY 1
                """
            ).rows
            var found: (latest: Int64, days: [(day: CivilDate, values: Int64)]) = (0, [])
            for row in rows {
                if let day = try row.optionalInt(0) {
                    found.days.append((CivilDate(daysSinceEpoch: day), try row.int(1)))
                } else {
                    found.latest = try row.int(1)
                }
            }
            return found
        }
    }

    /// The day of a row `t`, counted from 1970-01-01.
    private static func day(_ table: PartitionedTable, _ zone: Zone) -> SQL {
        let key = Identifier(table.key)
        let local: SQL =
            table.keyType.isNaive
            ? "t.\(key)" : "\(table.keyType.time("t.\(key)")) AT TIME ZONE \(literal: zone.name)"
        return "(\(local))::date - '1970-01-01'::date"
    }

    /// The same pages each time, so that two reports can be compared.
    private static func sample(_ percent: Double) -> SQL {
        let millionths = Int((percent * 1_000_000).rounded(.up))
        return percent >= 100
            ? "" : "TABLESAMPLE SYSTEM (\(number: millionths)::float8 / 1000000) REPEATABLE (1)"
    }

    /// Query strings go; numbers and identifiers become `{id}`: `post_users_{id}_invite`.
    private static func folded(_ text: SQL) -> SQL {
        """
        pg_catalog.regexp_replace(pg_catalog.split_part(\(text), '?', 1),
            '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{16,}|[0-9]+',
            '{id}', 'g')
        """
    }

    private func sampling<Value>(_ milliseconds: Int?, _ body: () throws -> Value) throws -> Value {
        try connection.transaction(.snapshot) {
            try connection.run(
                "drivers.budget", "SET LOCAL statement_timeout = \(number: milliseconds ?? 0)")
            return try body()
        }
    }
}
