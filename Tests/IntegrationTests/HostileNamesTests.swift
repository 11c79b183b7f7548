import Foundation
import Retention
import SampleLogs
import TestSupport
import Testing

/// Schemas, tables, keys and partitions of any name go the whole way, and lead nobody out of the
/// store. `PGRETAIN_FAULTS=N` tries N names made at random; `PGRETAIN_FAULTS_SEED` chooses which.
@Suite struct HostileNames {
    /// Those that bite, each by itself.
    private static let chosen = [
        "Quoted", "with space", "semi;--colon", "quo\"te", "apo'strophe", "new\nline", "../../up",
        "back\\slash", "%percent", "dollar$1", "select", "Straße_日志_🎉", ".hidden", "-dash", "a.b.c",
        // To Swift a quote and the accent that combines with it are one character.
        "\u{301}accent", "quote\"\u{301}; DROP TABLE x; --", "'\u{301}'\u{20dd}",
        String(repeating: "n", count: 63), String(repeating: "é", count: 31) + "x",
    ]

    private static let pieces = [
        "a", "Z", "0", " ", "\"", "'", ";", "--", "/*", "*/", "\n", "\t", "\r", "../", "/", "\\",
        "%s", "%00",
        "$1", "$$", ".", "..", "~", "é", "日", "🎉", "\u{2028}", "\u{202e}", "\u{301}", "select",
        "NULL",
        "public", "pg_", "year=2025", "_manifest.json", "{", "}", "[", ":", "#", "&", "*", "!", "|",
        ">",
        "@", "`", ",", "=", "month=01", "\u{1b}[31m", "\u{7f}",
    ]

    /// At most 63 bytes, which is what PostgreSQL keeps of a name.
    private static func randomName(_ random: inout SplitMix64) -> String {
        while true {
            let name = (0..<Int.random(in: 1...12, using: &random))
                .map { _ in pieces.randomElement(using: &random)! }.joined()
            if !name.isEmpty, name.utf8.count <= 63, !name.utf8.starts(with: "pg_".utf8),
                name != "public"
            {
                return name
            }
        }
    }

    private struct Table {
        let schema, name, key, partition: String
        var sql: String { "\(Table.quoted(schema)).\(Table.quoted(name))" }

        static func quoted(_ name: String) -> String {
            "\"" + name.escaping(["\""], with: "\"") + "\""
        }

        var definition: String {
            """
            CREATE SCHEMA IF NOT EXISTS \(Table.quoted(schema));
            CREATE TABLE \(sql) (\(Table.quoted(key)) timestamptz NOT NULL, note text)
                PARTITION BY RANGE (\(Table.quoted(key)));
            CREATE TABLE \(Table.quoted(schema)).\(Table.quoted(partition)) PARTITION OF \(sql)
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            INSERT INTO \(sql) VALUES ('2025-01-05', 'one'), ('2025-01-06', NULL);

            """
        }

        var policy: String {
            """
              - table: \(Table.yaml(sql))
                key: \(Table.yaml(key))
                retain: 90 days
                then: drop
                grace: 0 days

            """
        }

        /// A double-quoted scalar.
        private static func yaml(_ text: String) -> String {
            let escaped = text.unicodeScalars.map { scalar -> String in
                scalar.value < 0x80 && scalar.value >= 0x20 && scalar != "\"" && scalar != "\\"
                    && scalar.value != 0x7f
                    ? String(scalar) : "\\U" + String(format: "%08x", scalar.value)
            }
            return "\"\(escaped.joined())\""
        }
    }

    private func expectTheWholeWay(_ tables: [Table]) throws {
        let scene = try Scene()
        try scene.database.psql(tables.map(\.definition).joined())
        try scene.configure(tables.map(\.policy).joined())
        let plan = try scene.pgretain("plan")
        #expect(plan.status == 0, "\(plan.stdout) \(plan.stderr)")
        try scene.approve()
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        let verify = try scene.pgretain("archives", "verify")
        #expect(verify.status == 0, "\(verify.stderr)")
        for (number, table) in tables.enumerated() {
            #expect(try scene.database.superuser("SELECT count(*) FROM \(table.sql)") == "0")
            let into = "public.back_\(number)"
            let back = try scene.pgretain(
                "restore", "--table", table.sql, "--period", "2025-01", "--into", into)
            #expect(back.status == 0, "\(table): \(back.stderr)")
            #expect(try scene.database.superuser("SELECT count(*) FROM \(into)") == "2", "\(table)")
        }
        #expect(try scene.archiveFiles().allSatisfy { !$0.contains("..") })
        #expect(try scene.slices().count == tables.count)
        #expect(try scene.pgretain("status").status == 0)
    }

    @Test(arguments: chosen)
    func eachGoesTheWholeWay(name: String) throws {
        try expectTheWholeWay([
            Table(schema: name, name: name, key: name, partition: String("p" + name.prefix(30)))
        ])
    }

    @Test func manyGoTheWholeWay() throws {
        var random = SplitMix64(seed: Faults.seed)
        var taken: Set<String> = []
        let tables = (0..<Faults.count(otherwise: 15)).map { _ -> Table in
            var names: [String] = []
            while names.count < 4 {
                let name = Self.randomName(&random)
                if taken.insert(name).inserted { names.append(name) }
            }
            return Table(schema: names[0], name: names[1], key: names[2], partition: names[3])
        }
        try expectTheWholeWay(tables)
    }
}
