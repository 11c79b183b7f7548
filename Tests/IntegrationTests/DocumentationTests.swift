import Foundation
import Retention
import TestSupport
import Testing

/// What README.md and docs/ say is what is so.
@Suite struct Documentation {
    private static func page(_ path: String) throws -> String {
        try String(contentsOf: Cluster.repository.appendingPathComponent(path), encoding: .utf8)
    }

    /// The fenced blocks of a language.
    static func blocks(_ language: String, of path: String) throws -> [String] {
        let pieces = try page(path).components(separatedBy: "\n```\(language)\n").dropFirst()
        return pieces.compactMap { $0.components(separatedBy: "\n```").first.map { $0 + "\n" } }
    }

    @Test func theGrantsOfOperationsAreEnough() throws {
        let sql = try Self.blocks("sql", of: "docs/operations.md")
        try #require(sql.count == 5, "exporter, owner, ledger by hand, operators, reading it")
        // One cluster for all tests: the roles and the database get names of their own.
        func renamed(_ sql: String, in database: Database) -> String {
            sql.replacingOccurrences(of: "DATABASE logs", with: "DATABASE \(database.name)")
                .replacingOccurrences(of: "_exporter", with: "_exporter_documented")
                .replacingOccurrences(of: "pgretain_owner", with: "pgretain_owner_documented")
        }

        let exporting = try Scene()
        try exporting.makeLogs(from: "2025-01-01", months: 3)
        try exporting.database.psql(
            """
            CREATE TABLE logs_now PARTITION OF logs
                FOR VALUES FROM ('2025-04-01') TO ('2999-01-01')
            """)
        try exporting.database.superuser(renamed(sql[0], in: exporting.database))
        try exporting.configure(
            Scene.policy(then: "keep", more: ["premake: 0"]), user: "pgretain_exporter_documented")
        #expect(try exporting.pgretain("plan").stdout.contains("next: pgretain run;"))
        let exported = try exporting.night(nil)
        #expect(exported.status == 0, "\(exported.stderr)")
        #expect(try exporting.slices().count == 3)
        try exporting.configure(Scene.policy(then: "drop"), user: "pgretain_exporter_documented")
        let plan = try exporting.pgretain("plan")
        #expect(plan.stdout.contains("GRANT logs_owner TO \"pgretain_exporter_documented\";"))

        let owning = try Scene()
        try owning.makeLogs(from: "2025-01-01", months: 3)
        try owning.database.superuser(renamed(sql[1], in: owning.database))
        try owning.configure(Scene.policy(), user: "pgretain_owner_documented")
        try owning.approve()
        #expect(try owning.night(nil, "--max-retire", "9").status == 0)
        #expect(try !owning.partitions().contains("logs_2025_02"))
        try owning.database.superuser(sql[3])
        try owning.database.superuser(sql[4])

        let byHand = try Scene()
        try byHand.makeLogs(from: "2025-01-01", months: 3)
        let schema = try Program.run(["schema", "--print"]).stdout
        try byHand.database.superuser(schema)
        try byHand.database.superuser(renamed(sql[2], in: byHand.database))
        try byHand.configure(Scene.policy(), user: "pgretain_owner_documented")
        try byHand.approve()
        #expect(try byHand.night(nil, "--max-retire", "9").status == 0)
        #expect(try !byHand.partitions().contains("logs_2025_02"))
    }

    @Test func theScriptOfTheFormatRestoresEveryRow() throws {
        let script = try #require(try Self.blocks("python", of: "docs/archive-format.md").first)
        let scene = try Scene()
        try scene.database.psql(
            #"""
            CREATE TABLE logs (id bigint, at timestamptz NOT NULL, t text, j json, b jsonb,
                n numeric, f float8, ok bool, ts timestamp, ns int[], ws text[], bs bool[],
                raw bytea, upper text GENERATED ALWAYS AS (upper(t)) STORED)
                PARTITION BY RANGE (at);
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00');
            CREATE TABLE logs_now PARTITION OF logs
                FOR VALUES FROM ('2025-02-01 00:00+00') TO ('2999-01-01 00:00+00');
            INSERT INTO logs VALUES
                (9223372036854775807, '2025-01-01 00:00+00', E'a\\b\tc\nd\r"é\u2028😀', '{"a": 1, "a": 2 }',
                    '{"x": 1.10, "y": [1e400, null, "\\u0001\\\\N"], "é": true}', 1.10, '-0', true,
                    '2025-01-01 00:00:01.617207', '{{1,NULL},{3,4}}', '{"a \"q\" \\",NULL,"null",""}',
                    '{t,NULL,f}', '\x00ff'),
                (2, '2025-01-31 23:59:59.999999+00', '\N', 'null', 'null', 'NaN', 'infinity', false,
                    'infinity', '[2:3]={1,2}', '{}', '{}', ''),
                (3, '2025-01-02 00:00+00', '', '"x"', '"\"x\""', 12345678901234567890.1234567890, 1e-300,
                    NULL, '0044-03-15 00:00 BC', NULL, '{{a},{b}}', NULL, NULL),
                (NULL, '2025-01-03 00:00+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                    NULL);
            CREATE TABLE reference AS TABLE logs_2025_01;
            CREATE TABLE back (LIKE reference);
            """#)
        try scene.configure(
            Scene.policy(key: "at", then: "keep", more: ["premake: 0"]))
        #expect(try scene.night(nil).status == 0)
        let directory = TemporaryDirectory()
        try script.write(toFile: directory.path + "/rows.py", atomically: true, encoding: .utf8)
        let slice = scene.archives + "/public.logs/year=2025/month=01"
        let rows = try Program.run("/usr/bin/env", ["python3", directory.path + "/rows.py", slice])
        #expect(rows.status == 0, "\(rows.stderr)")
        try scene.database.copyIn(
            "back (id, at, t, j, b, n, f, ok, ts, ns, ws, bs, raw)", Array(rows.stdout.utf8))
        try scene.database.psql("UPDATE back SET upper = upper(t)")
        let different = try scene.database.psql(
            """
            SELECT count(*) FROM (
                (SELECT x::text FROM reference x EXCEPT ALL SELECT x::text FROM back x)
                UNION ALL
                (SELECT x::text FROM back x EXCEPT ALL SELECT x::text FROM reference x)) d
            """)
        #expect(different == "0")
        #expect(try scene.database.psql("SELECT count(*) FROM back") == "4")
    }

    @Test func theConfigurationPageHasEveryKeyAndItsExampleIsAccepted() throws {
        let page = try Self.page("docs/configuration.md")
        let example = try #require(try Self.blocks("yaml", of: "docs/configuration.md").first)
        let directory = TemporaryDirectory()
        try example.write(toFile: directory.path + "/c.yaml", atomically: true, encoding: .utf8)
        let effective = try Program.run([
            "config", "--json", "--config", directory.path + "/c.yaml",
        ])
        #expect(effective.status == 0, "\(effective.stderr)")
        let keys = try JSONView(effective.stdout)["settings"].list.compactMap { $0["key"].text }
        try #require(keys.count >= 18, "\(keys)")
        for key in keys {
            let generic = key.replacing(/\[\d+\]/, with: "[]")
            #expect(page.contains("| `\(generic)` |"), "\(key) is not in docs/configuration.md")
        }
    }

    @Test func everyExitStatusIsExplained() throws {
        for status in ExitStatus.allCases {
            for path in ["README.md", "docs/operations.md"] {
                let rows = try Self.page(path).split(separator: "\n").filter { $0.hasPrefix("| ") }
                let cells = rows.compactMap { $0.split(separator: "|").first }.flatMap {
                    $0.split(whereSeparator: { !$0.isNumber })
                }
                #expect(
                    status == .done || cells.contains("\(status.rawValue)"),
                    "\(path) does not explain \(status.rawValue)")
            }
        }
    }

    @Test func everyLinkLeadsSomewhere() throws {
        let pages = ["README.md", "docs/ARCHITECTURE.md"]
        for path in pages {
            let base = Cluster.repository.appendingPathComponent(path).deletingLastPathComponent()
            let links = try Self.page(path).components(separatedBy: "](").dropFirst()
                .compactMap { $0.components(separatedBy: ")").first }
                .filter { !$0.hasPrefix("http") && !$0.hasPrefix("#") }
            for link in links {
                let target = base.appendingPathComponent(link).standardized.path
                #expect(FileManager.default.fileExists(atPath: target), "\(path): \(link)")
            }
        }
    }
}
