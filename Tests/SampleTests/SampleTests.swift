import Retention
import SampleLogs
import TestSupport
import Testing

/// The sample's own laws: without them the demo and the benchmarks would show something else.
@Suite struct Samples {
    private static func rows(_ shape: SampleShape) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var rows = SystemLogsRows(shape)
        try rows.write { bytes.append(contentsOf: $0) }
        return bytes
    }

    private static func shape(_ rows: Int, edges: Bool = false) -> SampleShape {
        var shape = SampleShape(firstMonth: CivilDate(year: 2025, month: 1), months: 11)
        shape.rows = rows
        shape.hasEdgeRows = edges
        return shape
    }

    @Test func theSameSeedMakesTheSameRows() throws {
        var shape = Self.shape(2000)
        let once = try Self.rows(shape)
        #expect(try Self.rows(shape) == once)
        shape.seed = 2
        #expect(try Self.rows(shape) != once)
    }

    @Test(arguments: [0, 1, 999, 20_000])
    func thereAreAsManyRowsAsAskedFor(count: Int) throws {
        let bytes = try Self.rows(Self.shape(count))
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == count)
    }

    @Test func theMixIsTheUsers() throws {
        let database = try Cluster.shared.createDatabase()
        let shape = Self.shape(40_000)
        try database.psql(SystemLogsDefinition(shape).sql)
        try database.copyIn("public.system_logs", Self.rows(shape))
        let shares = try database.superuser(
            """
            SELECT round(100.0 * count(*) FILTER (WHERE http_status < 400) / count(*)),
                round(100.0 * count(*) FILTER (WHERE http_status BETWEEN 400 AND 499) / count(*)),
                round(1000.0 * count(*) FILTER (WHERE stack_trace IS NOT NULL) / count(*)),
                round(100.0 * count(*) FILTER (WHERE user_id IS NOT NULL) / count(*)),
                round(1000.0 * count(*) FILTER (WHERE component <> 'unknown'
                    AND action = 'unknown' OR component = 'unknown') / count(*)),
                min(length(stack_trace)) > 1000 AND max(length(stack_trace)) < 9000,
                round(avg(length(extra_metadata::text)), -2) BETWEEN 800 AND 1100
            FROM system_logs
            """)
        #expect(shares == "92|5|5|2|5|t|t")
        let indexes = try database.superuser(
            "SELECT count(*) FROM pg_indexes WHERE tablename = 'system_logs'")
        #expect(indexes == "16")
    }

    @Test(arguments: [SampleShape.Metadata.text, .jsonb], [true, false])
    func everyVariantLoads(metadata: SampleShape.Metadata, isPlain: Bool) throws {
        let database = try Cluster.shared.createDatabase()
        var shape = Self.shape(500, edges: true)
        shape.metadata = metadata
        shape.isPlain = isPlain
        shape.hasDefaultPartition = !isPlain
        shape.hasForeignKeys = metadata == .text
        try database.psql(SystemLogsDefinition(shape).sql)
        try database.copyIn("public.system_logs", Self.rows(shape))
        let facts = try database.superuser(
            """
            SELECT count(*), count(*) FILTER (WHERE created_at IS NULL) > 0,
                bool_or(created_at = 'infinity'), max(id) = 2147483647,
                max(octet_length(stack_trace)) > 16 * 1024 * 1024,
                bool_or(message = '') AND bool_or(http_path IS NULL),
                count(*) FILTER (WHERE created_at = date_trunc('month', created_at)) >= 11,
                count(*) FILTER (WHERE created_at + interval '1 us'
                    = date_trunc('month', created_at + interval '1 us')) >= 11,
                bool_or(position('\\u0000' IN extra_metadata::text) > 0)
            FROM system_logs
            """)
        #expect(facts == "500|\(isPlain ? "t" : "f")|t|t|t|t|t|t|t")
    }

    @Test func theSistersLoad() throws {
        let database = try Cluster.shared.createDatabase()
        let script = Sisters(Self.shape(400)).script()
        try database.psql(String(decoding: script.bytes, as: UTF8.self))
        let counts = try database.superuser(
            """
            SELECT (SELECT count(*) FROM llm_logs), count(*),
                bool_and(expires_at > sent_at) FROM user_invitations
            """)
        #expect(counts == "400|20|t")
    }
}
