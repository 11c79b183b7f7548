import Foundation
import Retention
import SampleLogs
import TestSupport
import Testing

extension Slices {
    /// The tables that are in the field, as plain ones: adopted, aged months gone from them into
    /// archives, and every row found again.
    @Suite(.serialized) struct OfTablesInTheField {
        struct Table: CustomTestStringConvertible, Sendable {
            var name: String
            var key = "created_at"
            var make: @Sendable (Scene) throws -> Void
            /// What keeps it from going at once.
            var choices: [String] = []
            var testDescription: String { name }
        }

        private static func systemLogs(_ metadata: SampleShape.Metadata, foreignKeys: Bool) -> Table
        {
            Table(name: "system_logs") { scene in
                var shape = SampleShape(firstMonth: CivilDate(year: 2025, month: 1), months: 3)
                shape.rows = 600
                shape.isPlain = true
                shape.metadata = metadata
                shape.hasForeignKeys = foreignKeys
                shape.hasEdgeRows = false
                try scene.database.psql(SystemLogsDefinition(shape).sql)
                var rows = SystemLogsRows(shape)
                try rows.write { try scene.database.copyIn("public.system_logs", Array($0)) }
            }
        }

        @Sendable private static func sisters(_ scene: Scene) throws {
            var shape = SampleShape(firstMonth: CivilDate(year: 2025, month: 1), months: 3)
            shape.rows = 600
            let script = Sisters(shape).script()
            try scene.database.psql(String(decoding: script.bytes, as: UTF8.self))
        }

        static let tables = [
            systemLogs(.text, foreignKeys: true), systemLogs(.jsonb, foreignKeys: true),
            systemLogs(.text, foreignKeys: false), systemLogs(.jsonb, foreignKeys: false),
            Table(name: "llm_logs", make: sisters),
            Table(
                name: "user_invitations", key: "expires_at", make: sisters,
                choices: ["--accept", "unique"]),
            Table(name: "events", key: "at") { scene in
                try scene.database.psql(
                    """
                    CREATE TYPE severity AS ENUM ('low', 'high');
                    CREATE TABLE events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                        at timestamp NOT NULL DEFAULT now(), kind severity, body json);
                    CREATE INDEX ON events (at);
                    INSERT INTO events (at, kind, body)
                        SELECT timestamp '2025-01-01' + n * interval '3 hours', 'high', '{"a" : 1}'
                        FROM generate_series(0, 600) AS n;
                    """)
            },
        ]

        @Test(arguments: tables)
        func itIsAdoptedAndShrinks(table: Table) throws {
            let scene = try Scene(on: Slices.cluster)
            try table.make(scene)
            let before = try scene.digest(of: table.name)
            try scene.configure(
                Scene.policy("public.\(table.name)", key: table.key, more: ["premake: 1"]))
            let adopted = try scene.pgretain(["adopt", table.name] + table.choices)
            try #require(adopted.status == 0, "\(adopted.stdout) \(adopted.stderr)")
            #expect(try scene.digest(of: table.name) == before)
            try scene.approve()
            let night = try scene.night(nil, "--max-retire", "99", "-v")
            #expect(night.status == 0, "\(night.stderr)")
            let slices = try scene.slices()
            #expect(slices.count >= 3, "\(night.stderr)")
            for slice in slices {
                let words = slice.split(separator: "/")
                let period = "\(words[1].dropFirst(5))-\(words[2].dropFirst(6))"
                let back = try scene.pgretain(
                    "restore", "--table", table.name, "--period", period, "--into", "back")
                #expect(back.status == 0, "\(back.stderr)")
                let found =
                    "SELECT count(*) FROM back WHERE to_char(\(table.key), 'YYYY-MM') <> '\(period)'"
                #expect(try scene.database.superuser(found) == "0")
                try scene.database.superuser(
                    "INSERT INTO \(table.name) SELECT * FROM back; DROP TABLE back")
            }
            #expect(try scene.digest(of: table.name) == before)
        }
    }
}
