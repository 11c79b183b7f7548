import Foundation
import TestSupport
import Testing

/// Filters spare a search parts; they never cost it a row.
@Suite struct SearchFilters {
    /// Three months, one part each, with values that are written in every way there is.
    private static func scene() throws -> Scene {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE DOMAIN whole AS bigint;
            CREATE TABLE logs (id int, at timestamptz NOT NULL, request_id text, user_id whole,
                price numeric, extra jsonb, code uuid) PARTITION BY RANGE (at);
            CREATE TABLE logs_01 PARTITION OF logs FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00');
            CREATE TABLE logs_02 PARTITION OF logs FOR VALUES FROM ('2025-02-01 00:00+00') TO ('2025-03-01 00:00+00');
            CREATE TABLE logs_03 PARTITION OF logs FOR VALUES FROM ('2025-03-01 00:00+00') TO ('2025-04-01 00:00+00');
            CREATE TABLE logs_99 PARTITION OF logs FOR VALUES FROM ('2099-03-01 00:00+00') TO ('2099-04-01 00:00+00');
            INSERT INTO logs SELECT n, timestamptz '2025-01-01 00:00+00' + n * interval '2 days',
                (ARRAY['', E'\\\\N', 'N', 'null', 'NULL', E'tab\\there', E'a\\nb', E'\\r\\b\\f\\v', E'back\\\\slash\\\\',
                    'quo"te', 'ü€😀', E'\\u007f', '7', '07', '7.0', NULL, 'true', '{"a":1}', ' x ', E'\\x01',
                    E'e\\u0301', repeat('long', 500)])[1 + n % 22],
                CASE WHEN n % 7 = 0 THEN NULL ELSE (n % 9 - 4) * 1234567890123 END,
                CASE n % 3 WHEN 0 THEN 7.0 WHEN 1 THEN 7.00 ELSE n END,
                jsonb_build_object('user_id', n % 4),
                ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid
            FROM generate_series(0, 44) AS n;
            """)
        try scene.configure(
            Scene.policy(
                key: "at", then: "keep",
                more: ["premake: 0", "search_columns: [request_id, user_id, code, price, extra]"]))
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("no filter can be made for the search column price"))
        #expect(!plan.stdout.contains("search column code"))
        #expect(try scene.night("2025-12-01T00:00:00Z").status == 0)
        return scene
    }

    /// The rows of each value, and how many parts were read for it.
    private static func answers(
        _ scene: Scene, _ conditions: [String]
    ) throws -> (ids: [[Int]], partsRead: Int) {
        var ids: [[Int]] = []
        var parts = 0
        for condition in conditions {
            let found = try scene.pgretain(
                "search", "--table", "logs", "--columns", "id", "--where", condition, "-v")
            #expect(found.status == 0, "\(condition): \(found.stderr)")
            ids.append(
                found.stdout.split(separator: "\n").compactMap { Int($0.dropFirst(6).dropLast()) })
            parts += partsRead(found)
        }
        return (ids, parts)
    }

    /// `3 rows; read 1 of 3 parts, …`
    private static func partsRead(_ found: Outcome) -> Int {
        let words = found.stderr.split { $0 == " " || $0 == "," }.map(String.init)
        guard let place = words.firstIndex(of: "parts"), place >= 3 else { return .min }
        return Int(words[place - 3]) ?? .min
    }

    private static func filters(_ scene: Scene) throws -> [String] {
        let names = try #require(FileManager.default.enumerator(atPath: scene.archives))
            .compactMap { $0 as? String }
        return names.filter { $0.hasSuffix(".bloom") }.sorted().map { "\(scene.archives)/\($0)" }
    }

    @Test func everyValueIsFoundWhateverBecomesOfTheFilters() throws {
        let scene = try Self.scene()
        let values = try scene.database.superuser(
            "SELECT json_agg(DISTINCT request_id) FROM logs WHERE request_id IS NOT NULL")
        let texts = try JSONDecoder().decode([String].self, from: Data(values.utf8))
        let users = try scene.database.superuser(
            "SELECT json_agg(DISTINCT user_id::text) FROM logs WHERE user_id IS NOT NULL")
        let numbers = try JSONDecoder().decode([String].self, from: Data(users.utf8))
        let quoted = { (text: String) in "'" + text.replacingOccurrences(of: "'", with: "''") + "'"
        }
        var asked = texts.filter { !$0.isEmpty }.map {
            ("request_id=\($0)", "request_id = \(quoted($0))")
        }
        asked += numbers.map { ("user_id=\($0)", "user_id = \($0)") }
        asked += [
            ("request_id=", "request_id = ''"), ("request_id=absent", "false"),
            ("user_id=0.0", "user_id = 0"), ("user_id=-0", "user_id = 0"),
            ("user_id=1234567890123.0", "user_id = 1234567890123"),
            ("user_id=1.234567890123e12", "user_id = 1234567890123"),
            ("price=7", "price = 7"), ("price=7.000", "price = 7"),
            ("extra.user_id=3", "extra ->> 'user_id' = '3'"),
            ("request_id!=7", "request_id <> '7'"),
            ("code=00000000-0000-4000-8000-000000000017", "id = 17"),
        ]
        let conditions = asked.map(\.0)
        let oracle = try asked.map {
            try scene.ids("SELECT id FROM logs WHERE \($0.1) ORDER BY id")
        }
        let filtered = try Self.answers(scene, conditions)
        #expect(filtered.ids == oracle)

        // One has it; one in 2000 that has not is read all the same.
        #expect(
            (1...3).contains(
                try Self.answers(scene, [conditions.last ?? "", "request_id=absent"]).partsRead))
        // A restore asks them too.
        let planned = { (condition: String) in
            let plan = try scene.pgretain(
                "restore", "--table", "logs", "--where", condition, "--dry-run", "--json")
            return try JSONView(plan.stdout)["restore"]["archives"].list
                .reduce(0) { $0 + ($1["parts_read"].number ?? .min) }
        }
        #expect((1...2).contains(try planned(conditions.last ?? "")))
        #expect((0...1).contains(try planned("request_id=absent")))
        let filters = try Self.filters(scene)
        #expect(filters.count == 3)
        #expect(try scene.pgretain("archives", "verify").status == 0)
        // Each month has the next one's.
        let contents = try filters.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        for (index, path) in filters.enumerated() {
            try FileManager.default.removeItem(atPath: path)
            try contents[(index + 1) % 3].write(to: URL(fileURLWithPath: path))
        }
        let some = Array(conditions.suffix(4))
        let foreign = try Self.answers(scene, some)
        #expect(foreign.ids == oracle.suffix(4))
        let verified = try scene.pgretain("archives", "verify")
        #expect(verified.status == 0)
        #expect(verified.stderr.contains("is of another part"), "\(verified.stderr)")

        for path in filters { try FileManager.default.removeItem(atPath: path) }
        let bare = try Self.answers(scene, some)
        #expect(bare.ids == oracle.suffix(4) && bare.partsRead == foreign.partsRead)
        let spared = {
            try Self.answers(scene, ["request_id=absent", conditions.last ?? ""]).partsRead
        }
        #expect(try spared() == 6)
        #expect(try planned("request_id=absent") == 3)
        #expect(try scene.pgretain("archives", "verify").status == 0)
    }
}
