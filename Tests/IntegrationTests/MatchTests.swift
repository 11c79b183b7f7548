import Foundation
import Retention
import TestSupport
import Testing

/// Tables that the configuration names by a pattern.
@Suite struct Matches {
    private static let day = "2025-05-15T02:17:00Z"

    /// `schema.events`, partitioned by month, with January and February of 2025.
    private static func makeEvents(in schema: String, of scene: Scene) throws {
        try scene.database.psql(
            """
            CREATE SCHEMA \(schema);
            CREATE TABLE \(schema).events (id int, created_at timestamptz NOT NULL)
                PARTITION BY RANGE (created_at);
            CREATE TABLE \(schema).events_2025_01 PARTITION OF \(schema).events
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            CREATE TABLE \(schema).events_2025_02 PARTITION OF \(schema).events
                FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
            INSERT INTO \(schema).events SELECT n, '2025-01-05' FROM generate_series(1, 50) AS n;
            """)
    }

    private static func policy(_ pattern: String, then: String = "drop", more: [String] = [])
        -> String
    {
        Scene.policy("x", then: then, more: ["premake: 1"] + more)
            .replacingOccurrences(of: "table: 'x'", with: "match: '\(pattern)'")
    }

    private static func partitions(_ scene: Scene, _ schema: String) throws -> [String] {
        try scene.partitions(of: "\(schema).events")
    }

    private static let before = ["events_2025_01", "events_2025_02"]
    private static let made = ["events_2025_05", "events_2025_06"]

    @Test func eachTableIsAsThoughItWasNamedAndANewOneWaitsForAYes() throws {
        let scene = try Scene()
        for schema in ["tenant_1", "tenant_2", "tenants", "tenant_x"] {
            try Self.makeEvents(in: schema, of: scene)
        }
        // Named for itself, one is not the pattern's.
        try scene.configure(
            Self.policy("tenant_%.events")
                + Scene.policy("tenant_x.events", then: "keep", more: ["premake: 0"]))
        let first = try scene.night(Self.day)
        #expect(first.status == 76, "\(first.stderr)")
        for name in ["tenant_1.events", "tenant_2.events"] {
            #expect(first.stderr.contains("pgretain: \(name)"), "\(first.stderr)")
            #expect(first.stderr.contains("pgretain approve --table \(name)"), "\(first.stderr)")
        }
        #expect(try Self.partitions(scene, "tenant_1") == Self.before + Self.made)
        #expect(try Self.partitions(scene, "tenant_x") == Self.before + ["events_2025_05"])
        #expect(try Self.partitions(scene, "tenants") == Self.before)

        // A yes to one is a yes to that one.
        #expect(try scene.pgretain("approve", "--table", "tenant_1.events").status == 0)
        #expect(try scene.night(Self.day).status == 76)
        #expect(try Self.partitions(scene, "tenant_1") == ["events_2025_02"] + Self.made)
        #expect(try Self.partitions(scene, "tenant_2") == Self.before + Self.made)
        try scene.approve()
        let quiet = try scene.night(Self.day)
        #expect(quiet.status == 0 && quiet.stderr == "", "\(quiet.stderr)")
        #expect(try Self.partitions(scene, "tenant_2") == ["events_2025_02"] + Self.made)

        // Tomorrow's tenant is made ahead, and waits.
        try Self.makeEvents(in: "tenant_3", of: scene)
        let other = try scene.night(Self.day)
        #expect(other.status == 76, "\(other.stderr)")
        #expect(!other.stderr.contains("pgretain: tenant_2"), "\(other.stderr)")
        #expect(try Self.partitions(scene, "tenant_3") == Self.before + Self.made)

        for command in ["plan", "status", "check", "report"] {
            let told = try scene.pgretain(command, "--now", Self.day, "--json")
            for schema in ["tenant_1", "tenant_2", "tenant_3", "tenant_x"] {
                #expect(told.stdout.contains("\"\(schema)\""), "\(command): \(told.stdout)")
            }
            #expect(!told.stdout.contains("\"tenants\""), "\(command): \(told.stdout)")
        }
        let one = try scene.pgretain("plan", "--table", "tenant_1.events", "--now", Self.day)
        #expect(one.status == 0 && !one.stdout.contains("tenant_2"), "\(one.stdout)")
        let part = try scene.pgretain("plan", "--table", "tenant_1.events_2025_02")
        #expect(part.status == 66, "\(part.stderr)")
        let back = try scene.pgretain(
            "restore", "--table", "tenant_1.events", "--period", "2025-01", "--into",
            "tenant_1.back")
        #expect(back.status == 0, "\(back.stderr)")
    }

    @Test func whatATableLeftInQuarantineIsNotPassedOverInSilence() throws {
        let scene = try Scene()
        for schema in ["tenant_1", "tenant_2"] { try Self.makeEvents(in: schema, of: scene) }
        try scene.configure(Self.policy("tenant_%.events", then: "detach"))
        try scene.approve()
        #expect(try scene.night(Self.day).stderr == "")
        try scene.database.superuser("ALTER TABLE tenant_1.events RENAME TO happenings")
        let night = try scene.night(Self.day)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(
            night.stderr.contains("note: tenant_1.events was matched once"), "\(night.stderr)")
        #expect(!night.stderr.contains("tenant_2"), "\(night.stderr)")
    }

    /// Their names are enough where there is no database, and where the table is gone.
    @Test func archivesAreReadWithoutADatabase() throws {
        let scene = try Scene()
        try Self.makeEvents(in: "tenant_1", of: scene)
        try scene.configure(Self.policy("tenant_%.events", then: "keep"))
        #expect(try scene.night(Self.day).status == 0)
        try scene.database.superuser("DROP TABLE tenant_1.events")
        let back = try scene.pgretain(
            "restore", "--table", "tenant_1.events", "--period", "2025-01", "--into", "back")
        #expect(back.status == 0, "\(back.stderr)")
        try scene.configure(
            Self.policy("tenant_%.events", then: "keep"), through: "host=/nowhere")
        for command in [
            ["search", "--where", "id=7", "--count"], ["archives", "show", "--period", "2025-01"],
            ["archives", "list"], ["archives", "verify"],
            ["archives", "export-ddl", "--engine", "duckdb"],
        ] {
            let outcome = try scene.pgretain(command + ["--table", "tenant_1.events"])
            #expect(outcome.status == 0, "\(command): \(outcome.stderr)")
            if command[0] == "search" { #expect(outcome.stdout == "1\n") }
            let other = try scene.pgretain(command + ["--table", "tenants.events"])
            #expect(other.status == 66, "\(command): \(other.stdout) \(other.stderr)")
        }
        #expect(try scene.pgretain("archives", "list").stdout.contains("tenant_1.events"))
        #expect(try scene.pgretain("plan").status == 69)
        #expect(try scene.pgretain("check").status == 3)
    }

    @Test func whatTwoPatternsMatchIsLeftAloneAndNamed() throws {
        let scene = try Scene()
        for schema in ["tenant_1", "tenant_eu_1"] { try Self.makeEvents(in: schema, of: scene) }
        let patterns = Self.policy("tenant_%.events") + Self.policy("tenant_eu_%.events")
        try scene.configure(patterns)
        #expect(try scene.pgretain("approve", "--table", "tenant_1.events").status == 0)
        let night = try scene.night(Self.day)
        #expect(night.status == 78, "\(night.stderr)")
        #expect(
            night.stderr.contains(
                "tenant_eu_1.events is matched by `tenant_%.events` and by `tenant_eu_%.events`"),
            "\(night.stderr)")
        #expect(try Self.partitions(scene, "tenant_1") == ["events_2025_02"] + Self.made)
        #expect(try Self.partitions(scene, "tenant_eu_1") == Self.before)
        for command in [
            ["plan"], ["status"], ["approve"], ["plan", "--table", "tenant_eu_1.events"],
            ["run", "--table", "tenant_eu_1.events"],
        ] {
            let outcome = try scene.pgretain(command)
            #expect(outcome.status == 78, "\(command): \(outcome.stderr)")
            #expect((outcome.stdout + outcome.stderr).contains("tenant_eu_1.events is matched by"))
        }
        let check = try scene.pgretain("check", "-v")
        #expect(check.status == 2 && check.stdout.contains("match.ambiguous"), "\(check.stdout)")
        #expect(try scene.night(Self.day, "--table", "tenant_1.events").status == 0)
        // The way out that is told.
        try scene.configure(patterns + Scene.policy("tenant_eu_1.events", then: "keep"))
        #expect(try scene.night(Self.day).status == 0)
    }

    @Test func aPatternThatMatchesNothingIsTold() throws {
        let scene = try Scene()
        try scene.database.psql(
            "CREATE SCHEMA tenant_1; CREATE TABLE tenant_1.events (created_at timestamptz)")
        try scene.configure(Self.policy("tenant_%.events") + Self.policy("customer_%.events"))
        let night = try scene.night(Self.day)
        #expect(night.status == 0 && night.stdout == "", "\(night.stderr)")
        let plan = try scene.pgretain("plan")
        for sentence in [
            "match: tenant_%.events matches no table", "match: customer_%.events matches no table",
            "tenant_1.events would match tenant_%.events, and is no partitioned table",
        ] {
            #expect(night.stderr.contains("note: \(sentence)"), "\(night.stderr)")
            #expect(plan.stdout.contains("warning: \(sentence)"), "\(plan.stdout)")
        }
        let check = try scene.pgretain("check", "-v")
        #expect(check.status == 1, "\(check.stdout)")
        #expect(check.stdout.contains("match.empty") && check.stdout.contains("match.plain"))
        // Nor can a table be meant that is not there.
        #expect(try scene.pgretain("plan", "--table", "tenant_2.events").status != 0)
    }

    /// With `partitioned: false` plain tables are meant too, but none that is part of another, or
    /// that was made out of archives.
    @Test func plainTablesMatchWhereTheEntryIsForThem() throws {
        let scene = try Scene()
        try Self.makeEvents(in: "logs", of: scene)
        try scene.database.psql(
            """
            CREATE TABLE logs.plain (id int, created_at timestamptz NOT NULL);
            INSERT INTO logs.plain SELECT n, '2025-01-05' FROM generate_series(1, 50) AS n;
            """)
        try scene.configure(
            Self.policy("logs.%", more: ["partitioned: false"]))
        try scene.approve()
        let night = try scene.night(Self.day)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(
            try scene.slices() == [
                "logs.events/year=2025/month=01", "logs.plain/year=2025/month=01",
            ])
        let back = try scene.pgretain(
            "restore", "--table", "logs.plain", "--period", "2025-01", "--into", "logs.back")
        #expect(back.status == 0, "\(back.stderr)")
        let plan = try scene.pgretain("plan", "--json", "--now", Self.day)
        let tables = try JSONView(plan.stdout)["preview"]["plan"]["tables"].list
            .compactMap { $0["table"]["name"].text }
        #expect(tables == ["events", "plain"], "\(plan.stdout)")
        #expect(try scene.pgretain("plan", "--table", "logs.back").status == 66)
    }

    @Test func aPatternThatIsNoneIsRefused() throws {
        let scene = try Scene()
        for (entry, complaint) in [
            ("match: tenant_*.events", "tables[0].match: `tenant_*.events`: `*` has to be in"),
            ("match: public.logs", "tables[0].match: `public.logs`: has no %"),
            ("{ match: a%, table: b }", "tables[0].table: stands beside match"),
        ] {
            let keys = entry.hasPrefix("{") ? "match: a%\n    table: b" : entry
            try scene.configure("  - \(keys)\n    key: at\n    retain: 90 days\n")
            let outcome = try scene.pgretain("config")
            #expect(outcome.status == 78 && outcome.stderr.contains(complaint), "\(outcome.stderr)")
        }
    }

    /// What this program takes for a match, with and without a server, is one thing.
    @Test func theServerAgreesOnWhatMatches() throws {
        let pieces = ["a", "_", "%", #"\%"#, #"\\"#, "é", "ab"]
        let letters = ["a", "b", "_", "%", #"\"#, "é", "e\u{301}"]
        var generator = SystemRandomNumberGenerator()
        func random(_ from: [String]) -> String {
            (0...Int.random(in: 0...5, using: &generator)).map { _ in
                from.randomElement(using: &generator)!
            }.joined()
        }
        var questions: [String] = []
        var answers: [String] = []
        for _ in 0..<400 {
            let pattern = try TablePattern("%." + random(pieces) + "%")
            let name = random(letters)
            func literal(_ text: String) -> String {
                "'" + text.replacingOccurrences(of: "'", with: "''") + "'"
            }
            questions.append("(\(literal(name))::name, \(literal(pattern.like.name)))")
            answers.append(pattern.matches(QualifiedName(schema: "s", name: name)) ? "t" : "f")
        }
        let server = try Scene().database.psql(
            "SELECT n LIKE p FROM (VALUES \(questions.joined(separator: ", "))) AS v (n, p)")
        #expect(server.split(separator: "\n").map(String.init) == answers)
    }
}
