import Foundation
import TestSupport
import Testing

/// What bad input gets: a sentence, a hint, the right status, and nothing changed.
@Suite struct BadInput {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        /// Below `tables:`, or before it.
        var tables = Scene.policy()
        var extra = ""
        var status: Int32
        /// What the messages have to hold.
        var says: [String]

        var testDescription: String { name }
    }

    private static func entry(_ lines: String...) -> String {
        "  - " + lines.joined(separator: "\n    ") + "\n"
    }

    static let configurations = [
        Case(
            name: "an unknown key of a table",
            tables: entry("table: logs", "key: created_at", "retian: 90 days", "retain: 1 day"),
            status: 78, says: ["tables[0].retian", "did you mean retain?", "line "]),
        Case(
            name: "an unknown key", extra: "archivs: /tmp", status: 78,
            says: ["archivs", "did you mean archives?"]),
        Case(
            name: "a number where a list belongs", tables: "  5\n", status: 78,
            says: ["tables: is required: a list"]),
        Case(
            name: "a word where a number belongs", extra: "workers: many", status: 78,
            says: ["workers: must be a whole number", "`many`"]),
        Case(
            name: "a list where a value belongs",
            tables: entry("table: [logs]", "key: created_at", "retain: 90 days"), status: 78,
            says: ["tables[0].table: must be a single value"]),
        Case(
            name: "a length of time without a unit", tables: Scene.policy(retain: "90"), status: 78,
            says: ["tables[0].retain", "`90`", "90 days"]),
        Case(
            name: "a unit that could be two", tables: Scene.policy(retain: "3m"), status: 78,
            says: ["tables[0].retain", "`3m`"]),
        Case(
            name: "a zone that is none", tables: Scene.policy(more: ["timezone: Mars/Olympus"]),
            status: 78, says: ["tables[0].timezone", "Mars/Olympus"]),
        Case(
            name: "a verb that is none", tables: Scene.policy(then: "delete"), status: 78,
            says: ["tables[0].then: must be one of keep, detach, drop"]),
        Case(
            name: "two tables of one name",
            tables: Scene.policy() + Scene.policy("LOGS", retain: "1 day"), status: 78,
            says: ["public.logs stands twice"]),
        Case(
            name: "every problem at once",
            tables: entry("table: logs", "key: created_at", "retain: 90", "then: delete"),
            extra: "workers: many", status: 78,
            says: ["has 3 problems", "workers", "then", "retain"]),
        Case(
            name: "what is no YAML", tables: "  - {table: logs, key: [\n", status: 78,
            says: ["not YAML"]),
        Case(
            name: "several databases that are none", tables: Scene.policy(),
            extra: "databases: []", status: 78,
            says: ["databases: must be a list of databases"]),
        Case(
            name: "a key that is no column", tables: Scene.policy(key: "created"), status: 78,
            says: ["public.logs has no column created", "key.missing"]),
        Case(
            name: "a key that is not the partition key", tables: Scene.policy(key: "message"),
            status: 78,
            says: ["not partitioned by RANGE on the column message", "RANGE (created_at)"]),
        Case(
            name: "a table that is not partitioned", tables: Scene.policy("public.plain"),
            status: 78,
            says: ["public.plain is not partitioned", "adopt --dry-run public.plain"]),
        Case(
            name: "a table by list", tables: Scene.policy("public.listed"), status: 78,
            says: ["by LIST (id)"]),
        Case(
            name: "a table by two columns", tables: Scene.policy("public.two"), status: 78,
            says: ["by RANGE (created_at, id)"]),
        Case(
            name: "a table that does not exist", tables: Scene.policy("public.nothing"), status: 66,
            says: ["no table public.nothing", "pgretain init"]),
        Case(
            name: "a view", tables: Scene.policy("public.seen"), status: 78,
            says: ["public.seen is no table"]),
    ]

    private static let others = """
        CREATE TABLE plain (id int, created_at timestamptz);
        CREATE TABLE listed (id int, created_at timestamptz) PARTITION BY LIST (id);
        CREATE TABLE two (id int, created_at timestamptz) PARTITION BY RANGE (created_at, id);
        CREATE VIEW seen AS SELECT * FROM plain;
        """

    @Test(arguments: configurations)
    func aConfigurationThatIsWrong(bad: Case) throws {
        let scene = try Scene()
        try scene.makeLogs(months: 2, rows: 5)
        try scene.database.psql(Self.others)
        try scene.configure(bad.tables, extra: bad.extra)
        let before = try scene.picture()
        for command in [["run"], ["plan"], ["approve"]] {
            let outcome = try scene.pgretain(command)
            #expect(outcome.status == bad.status, "\(command): \(outcome.stderr)")
            let said = outcome.stdout + outcome.stderr
            for words in bad.says { #expect(said.contains(words), "\(command): \(said)") }
            #expect(said.contains("next: "), "\(command) gives no hint")
            #expect(try scene.picture() == before, "\(command) changed something")
        }
    }

    /// What the Debian package installs: silence until it is configured.
    @Test func anEmptyListOfTablesIsANightOfNothing() throws {
        let scene = try Scene()
        let packaged = Cluster.repository.appendingPathComponent("packaging/pgretain.yaml")
        try FileManager.default.copyItem(atPath: packaged.path, toPath: scene.configuration)
        let night = try scene.pgretain("run")
        #expect(night.status == 0 && night.stdout.isEmpty && night.stderr.isEmpty)
        let plan = try scene.pgretain("plan")
        #expect(plan.status == 0 && plan.stdout.contains("next: pgretain init"), "\(plan.stdout)")
        for words in [
            ["status"], ["archives", "list"], ["run", "--json"], ["approve"],
            ["run", "--table", "gone"],
        ] {
            let outcome = try scene.pgretain(words)
            #expect(outcome.status == 78, "\(words)")
            #expect(outcome.stderr.contains("[configuration.empty]"), "\(outcome.stderr)")
        }
        #expect(try scene.pgretain("check").status == 3)
    }

    @Test func aConfigurationThatOthersMayWriteIsRefused() throws {
        let scene = try Scene()
        try scene.configure(Scene.policy())
        #expect(chmod(scene.configuration, 0o646) == 0)
        let outcome = try scene.pgretain("run")
        #expect(outcome.status == 77)
        #expect(outcome.stderr.contains("chmod o-w"))
        let missing = try Program.run(["run", "--config", scene.configuration + ".none"])
        #expect(missing.status == 78)
        #expect(missing.stderr.contains("pgretain init"))
        let nowhere = try Program.run(["plan"])
        #expect(nowhere.status == 78)
        #expect(nowhere.stderr.contains("/etc/pgretain/pgretain.yaml"))
    }

    @Test(arguments: [
        ["frobnicate"], ["run", "--frobnicate"], ["run", "--max-retire", "many"],
        ["run", "--deadline", "soon"], ["plan", "--now", "yesterday"], ["restore"],
        ["run", "--now", "2099-01-01T00:00:00Z"],
        ["restore", "--table", "logs", "--period", "January", "--into", "back"],
        ["restore", "--table", "logs"],
        ["restore", "--table", "logs", "--period", "2025-01", "--into", "back", "--attach"],
    ])
    func argumentsThatAreWrong(arguments: [String]) throws {
        let scene = try Scene()
        try scene.makeLogs(months: 2, rows: 5)
        try scene.configure(Scene.policy())
        let before = try scene.picture()
        let takesFile = arguments != ["frobnicate"]
        let outcome =
            takesFile ? try scene.pgretain(arguments) : try Program.run(arguments)
        #expect(outcome.status == 64, "\(outcome.stderr)")
        #expect(!outcome.stderr.isEmpty)
        #expect(try scene.picture() == before)
    }

    @Test func helpHasExamplesFirst() throws {
        let commands = [
            [], ["run"], ["plan"], ["approve"], ["status"], ["archives"], ["archives", "list"],
            ["archives", "show"], ["archives", "verify"], ["restore"], ["init"], ["config"],
            ["schema"],
        ]
        for command in commands {
            let outcome = try Program.run(command + ["--help"])
            #expect(outcome.status == 0)
            let example = outcome.stdout.range(of: "EXAMPLES")
            let usage = outcome.stdout.range(of: "USAGE")
            #expect(
                example != nil && usage != nil && example!.lowerBound < usage!.lowerBound,
                "\(command): \(outcome.stdout)")
        }
    }

    /// One document on stdout, whatever happens.
    @Test func jsonIsOneDocument() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 5)
        try scene.configure(Scene.policy())
        let commands = [
            ["plan"], ["approve"], ["run"], ["status"], ["config"], ["archives", "list"],
            ["archives", "verify"],
            ["archives", "show", "--table", "logs", "--period", "2025-01"],
            ["restore", "--table", "logs", "--period", "2025-01", "--into", "public.back"],
        ]
        for command in commands {
            let outcome = try scene.pgretain(command + ["--json"])
            #expect(outcome.status == 0, "\(command): \(outcome.stderr)")
            let document = try JSONView(outcome.stdout)
            #expect(document["schema_version"].exists, "\(command): \(outcome.stdout)")
        }
    }

    @Test func secretsAreMasked() throws {
        let scene = try Scene()
        try scene.configure(
            Scene.policy(), extra: "", user: "logs_reader password=hunter2 connect_timeout=5")
        for command in [["config"], ["config", "--json"], ["plan"], ["run"]] {
            let outcome = try scene.pgretain(command)
            #expect(!(outcome.stdout + outcome.stderr).contains("hunter2"), "\(command)")
        }
    }
}
