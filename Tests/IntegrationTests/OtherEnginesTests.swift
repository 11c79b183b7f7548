import Foundation
import Retention
import SampleLogs
import TestSupport
import Testing

/// Programs that know nothing of pgretain read its archives, and find what the table held: the
/// rows that bite an exporter among them, a value of 1 MB and a line of over 16 MB.
@Suite struct OtherEngines {
    private static let texts = ["message", "user_agent", "error_type", "stack_trace", "level"]

    /// Archives of two months of sample rows, and what the server says of them.
    private func scene() throws -> (scene: Scene, facts: [String]) {
        let scene = try Scene()
        var shape = SampleShape(firstMonth: CivilDate(year: 2025, month: 1), months: 2)
        shape.rows = 3000
        try scene.database.psql(SystemLogsDefinition(shape).sql)
        var rows = SystemLogsRows(shape)
        try rows.write { try scene.database.copyIn("public.system_logs", Array($0)) }
        try scene.database.psql(
            """
            CREATE TABLE system_logs_now PARTITION OF system_logs
                FOR VALUES FROM ('2025-03-01 00:00+00') TO ('2999-01-01 00:00+00')
            """)
        try scene.configure(
            Scene.policy("public.system_logs", then: "keep", more: ["premake: 0"]))
        let night = try scene.night(nil)
        try #require(night.status == 0, "\(night.stderr)")
        let facts = try scene.database.superuser(
            "SELECT \(Self.facts("COLLATE \"C\"")), count(extra_metadata) FROM system_logs")
        // The hostile rows are there to be read.
        let large = try scene.database.superuser(
            """
            SELECT max(length(stack_trace)) > 16 << 20, bool_or(message = E'\\u2028\\u2029')
            FROM system_logs
            """)
        try #require(large == "t|t")
        return (scene, facts.split(separator: "|").map(String.init))
    }

    /// Count, sums, and a checksum of each text column: SQL that PostgreSQL and DuckDB both read.
    private static func facts(_ collation: String = "") -> String {
        "count(*), sum(id), sum(response_time_ms), "
            + texts.map {
                "count(\($0)), md5(string_agg(md5(\($0)), '' ORDER BY md5(\($0)) \(collation)))"
            }.joined(separator: ", ")
    }

    private static func parts(_ scene: Scene) throws -> [String] {
        let parts = try scene.archiveFiles().filter { $0.hasSuffix(".ndjson.gz") }
        try #require(parts.count >= 2)
        return parts.map { scene.archives + "/" + $0 }
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let outcome = try Program.run("/usr/bin/env", [program] + arguments)
        try #require(outcome.status == 0, "\(program): \(outcome.stderr)")
        return outcome.stdout
    }

    /// The Python that `make test-deps` has put beside the build, with DuckDB.
    private static var python: String {
        Cluster.repository.appendingPathComponent(".build/python/bin/python").path
    }

    @Test func zcatAndJqCountAndAdd() throws {
        let (scene, facts) = try scene()
        let parts = try Self.parts(scene)
        let command =
            "zcat \"$@\" | wc -l; zcat \"$@\" | jq -n -r '"
            + "reduce inputs as $row ([0, 0]; [.[0] + $row.id, .[1] + $row.response_time_ms])"
            + "| @tsv'"
        let found = try Self.run("sh", ["-c", command, "sh"] + parts)
        #expect(found.split(whereSeparator: \.isWhitespace).map(String.init) == Array(facts[..<3]))
    }

    @Test func pythonReadsEveryValue() throws {
        let (scene, facts) = try scene()
        let script = """
            import gzip, hashlib, json, sys
            rows = []
            for part in sys.argv[1:]:
                with gzip.open(part, "rt", encoding="utf-8", newline="\\n") as lines:
                    rows += map(json.loads, lines)
            md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
            print(len(rows), sum(r["id"] for r in rows), sum(r["response_time_ms"] or 0 for r in rows))
            for name in "\(Self.texts.joined(separator: " "))".split():
                texts = [r[name] for r in rows if r[name] is not None]
                print(len(texts), md5("".join(sorted(map(md5, texts)))))
            print(sum("extra_metadata" in r for r in rows))
            """
        let found = try Self.run("python3", ["-c", script] + Self.parts(scene))
        #expect(found.split(whereSeparator: \.isWhitespace).map(String.init) == facts)
    }

    @Test func duckDBReadsEveryValue() throws {
        let (scene, facts) = try scene()
        let texts = Self.texts.map { "\($0): 'VARCHAR'" }.joined(separator: ", ")
        let script = """
            import duckdb, sys
            for row in duckdb.sql(sys.argv[1]).fetchall(): print("|".join(map(str, row)))
            """
        let files = scene.archives + "/public.system_logs/*/*/part-*.ndjson.gz"
        let all = try Self.run(
            Self.python,
            [
                "-c", script,
                """
                SELECT \(Self.facts()), count(extra_metadata) FROM read_ndjson('\(files)',
                    columns = {id: 'BIGINT', response_time_ms: 'BIGINT', \(texts),
                        extra_metadata: 'JSON'}, maximum_object_size = 67108864)
                """,
            ])
        // DuckDB has one NULL for a key left out and for a JSON null; one edge row holds the latter.
        let nulls = try scene.database.superuser(
            "SELECT count(*) FROM system_logs WHERE extra_metadata = 'null'")
        var expected = facts
        expected[expected.count - 1] = String(try #require(Int(facts.last!)) - Int(nulls)!)
        let read = all.split(whereSeparator: { $0 == "|" || $0.isNewline }).map(String.init)
        #expect(read == expected)

        // What `export-ddl` prints, word for word.
        let ddl = try scene.pgretain(
            ["archives", "export-ddl", "--engine", "duckdb", "--table", "system_logs"])
        #expect(ddl.status == 0, "\(ddl.stderr)")
        let view = try Self.run(
            Self.python,
            [
                "-c",
                script.replacingOccurrences(of: "for row", with: "duckdb.sql(sys.argv[2])\nfor row")
                    .replacingOccurrences(
                        of: "sys.argv[1]).fetchall", with: "sys.argv[1]).fetchall"),
                "SELECT \(Self.facts()), count(extra_metadata) FROM system_logs WHERE month < '03'",
                ddl.stdout,
            ])
        #expect(
            view.split(whereSeparator: { $0 == "|" || $0.isNewline }).map(String.init) == expected)
        for engine in ["athena", "trino", "spark", "clickhouse"] {
            let other = try scene.pgretain(
                ["archives", "export-ddl", "--engine", engine, "--table", "system_logs"])
            #expect(other.status == 0 && other.stdout.contains("user_id"), "\(other.stderr)")
            let isOfManyHosts = engine != "clickhouse"
            #expect(other.stdout.hasPrefix("-- The location is a path") == isOfManyHosts)
        }

        // The very query of the documentation, with its own types and the directories as columns.
        let documented = try #require(
            try Documentation.blocks("sql", of: "docs/archive-format.md").first)
        try #require(documented.contains("'archives/"))
        let months = try Self.run(
            Self.python,
            [
                "-c", script,
                documented.replacingOccurrences(of: "'archives/", with: "'\(scene.archives)/"),
            ])
        let expectedMonths = try scene.database.superuser(
            """
            SELECT to_char(created_at, 'YYYY|MM'), count(*), sum(response_time_ms)
            FROM system_logs GROUP BY 1 ORDER BY 1
            """)
        #expect(months == expectedMonths + "\n")
    }
}
