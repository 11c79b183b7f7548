import Foundation
import TestSupport
import Testing

/// Partition sets that pg_partman made and goes on managing.
@Suite(.enabled(if: Cluster.brings("pg_partman"), "this server has no pg_partman"))
struct Partman {
    /// How pg_partman names and cuts a set, and what the configuration calls that.
    struct Form: Sendable, CustomTestStringConvertible {
        let period: String
        let interval: String
        /// In `to_char`'s words, after `logs_p`.
        let suffix: String
        /// Where an archive lies, in `to_char`'s words.
        let slice: String
        /// Older than the present by this, at least.
        let start: String
        let retain: String

        var testDescription: String { interval }
    }

    static let forms = [
        Form(
            period: "day", interval: "daily", suffix: "YYYY_MM_DD",
            slice: #""year="YYYY"/month="MM"/day="DD"#, start: "9 days", retain: "5 days"),
        Form(
            period: "week", interval: "weekly", suffix: #"IYYY"w"IW"#,
            slice: #""year="IYYY"/week="IW"#, start: "9 weeks", retain: "4 weeks"),
        Form(
            period: "month", interval: "monthly", suffix: "YYYY_MM",
            slice: #""year="YYYY"/month="MM"#, start: "9 months", retain: "4 months"),
    ]

    private func scene(_ form: Form, then: String = "drop") throws -> Scene {
        let scene = try Scene()
        try scene.database.superuser(
            """
            CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman;
            GRANT USAGE ON SCHEMA partman TO logs_owner;
            GRANT SELECT ON partman.part_config TO logs_owner;
            CREATE TABLE logs (id bigint NOT NULL, level text, created_at timestamptz NOT NULL)
                PARTITION BY RANGE (created_at);
            CREATE INDEX ON logs (level);
            -- The key that the parent cannot have: pg_partman makes it from a template.
            CREATE TABLE partman.logs_template (LIKE logs);
            ALTER TABLE partman.logs_template ADD PRIMARY KEY (id);
            SELECT partman.create_parent('public.logs', 'created_at', 'native', '\(form.interval)',
                p_premake := 1, p_template_table := 'partman.logs_template',
                p_start_partition := (now() - interval '\(form.start)')::date::text);
            SELECT format('ALTER TABLE %s OWNER TO logs_owner', c.oid::regclass)
            FROM pg_class c WHERE c.relname ~ '^logs_?' AND c.relkind IN ('r', 'p')
                AND c.relnamespace = 'public'::regnamespace ORDER BY relkind \\gexec
            INSERT INTO logs SELECT row_number() OVER (), 'INFO', g
            FROM generate_series(now() - interval '\(form.start)', now(), interval '6 hours') AS g;
            """)
        try scene.configure(
            Scene.policy(
                retain: form.retain, then: then, more: ["period: \(form.period)", "premake: 3"]))
        return scene
    }

    /// Names as pg_partman gives them, by the bounds that the catalogue has; DEFAULT left out.
    private func namesByBounds(_ form: Form, in scene: Scene) throws -> [(
        name: String, own: String
    )] {
        try scene.database.superuser(
            """
            SELECT c.relname || ' ' || to_char(
                (regexp_match(pg_get_expr(relpartbound, c.oid), '''(.*?)'''))[1]::timestamptz,
                '"logs_p"\(form.suffix)')
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE inhparent = 'logs'::regclass AND pg_get_expr(relpartbound, c.oid) <> 'DEFAULT'
            """
        ).split(separator: "\n").map {
            let words = $0.split(separator: " ").map(String.init)
            return (words[0], words[1])
        }
    }

    @Test(arguments: forms)
    func aSetOfItsIsKeptUp(form: Form) throws {
        let scene = try scene(form)
        let before = try scene.partitions()
        let plan = try scene.pgretain("plan")
        #expect(plan.status == 0, "\(plan.stderr)")
        #expect(plan.stdout.contains("warning: pg_partman manages public.logs too"))

        try scene.approve()
        let rows = try scene.digest(of: "logs")
        let night = try scene.night(nil, "--max-retire", "99")
        #expect(night.status == 0, "\(night.stderr)")

        let names = try namesByBounds(form, in: scene)
        #expect(names.allSatisfy { $0.name == $0.own }, "named as pg_partman would: \(names)")
        let made = try scene.partitions().filter { !before.contains($0) }
        #expect(made.count == 2, "one was there, three are wanted: \(made)")
        let gone = Set(before).subtracting(try scene.partitions())
        #expect(gone.count >= 4, "\(gone)")

        let slices = try scene.slices()
        let expected = try scene.database.superuser(
            """
            SELECT 'public.logs/' || to_char((l.bounds_from AT TIME ZONE 'UTC'), '\(form.slice)')
            FROM pgretain.ledger l WHERE kind = 'dropped' ORDER BY 1
            """)
        #expect(slices == expected.split(separator: "\n").map(String.init))

        // Live and archived together are what there was.
        let list = try JSONView(try scene.pgretain("archives", "list", "--json").stdout)
        let archived = list["archives"].list.compactMap { $0["rows"].number }.reduce(0, +)
        let left = try scene.database.superuser("SELECT count(*) FROM logs")
        #expect(
            "\(archived + (Int(left) ?? -1))" == rows.split(separator: "|").first.map(String.init))

        // pg_partman goes on with what we left it, and we with what it makes.
        try scene.database.superuser(
            """
            UPDATE partman.part_config SET premake = 6;
            SELECT partman.run_maintenance('public.logs');
            """)
        let both = try namesByBounds(form, in: scene)
        #expect(both.count > names.count, "pg_partman made more: \(both)")
        #expect(both.allSatisfy { $0.name == $0.own })
        let second = try scene.night(nil)
        #expect(second.status == 0, "\(second.stderr)")
    }

    /// `init` takes over what it was told, with the statement that stops it from dropping.
    @Test func initTakesItsSettingsOver() throws {
        let scene = try scene(Self.forms[2])
        try scene.database.superuser(
            """
            UPDATE partman.part_config SET retention = '4 months', premake = 5;
            CREATE TABLE metrics (at timestamptz); CREATE TABLE metrics_1 () INHERITS (metrics);
            ALTER TABLE metrics OWNER TO logs_owner; ALTER TABLE metrics_1 OWNER TO logs_owner;
            """)
        let initial = try Program.run([
            "init", "--database", scene.database.conninfo, "--archives", scene.archives,
        ])
        #expect(initial.status == 0, "\(initial.stderr)")
        let text = initial.stdout
        #expect(text.contains("makes 5 ahead, and detaches partitions after 4 months"), "\(text)")
        #expect(text.contains("# public.metrics has children by inheritance"), "\(text)")
        try Data(text.utf8).write(to: URL(fileURLWithPath: scene.configuration))
        let config = try JSONView(try scene.pgretain("config", "--json").stdout)
        let values = config["settings"].list
        func value(_ key: String) -> String? {
            values.first { $0["key"].text == "tables[0].\(key)" }?["value"].text
        }
        #expect(value("retain") == "4 months" && value("premake") == "5", "\(values)")

        let told = text.split(separator: "\n").drop { !$0.contains("UPDATE partman") }.prefix(2)
            .map { $0.dropFirst("  # ".count) }
        try scene.database.superuser(told.joined(separator: "\n"))
        let left = try scene.database.superuser("SELECT retention IS NULL FROM partman.part_config")
        #expect(left == "t", "\(told)")
    }

    /// The primary key of each partition comes from pg_partman's template, not from the parent.
    @Test(arguments: forms)
    func whatTheSiblingsHaveOfTheirOwnIsMadeToo(form: Form) throws {
        let scene = try scene(form, then: "keep")
        #expect(try scene.night(nil, "--only", "premake").status == 0)
        let without = try scene.database.superuser(
            """
            SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
                SELECT FROM pg_constraint k WHERE k.conrelid = i.inhrelid AND k.contype = 'p'))
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE inhparent = 'logs'::regclass AND relname <> 'logs_default'
            """)
        #expect(without.hasSuffix("|0"), "partitions without a key: \(without)")
    }

    @Test(arguments: forms)
    func aPeriodComesBackBesideItsDefault(form: Form) throws {
        let scene = try scene(form)
        try scene.approve()
        let oldest = try #require(
            try scene.partitions().first { $0 != "logs_default" })
        let rows = try scene.digest(of: oldest)
        #expect(try scene.night(nil, "--max-retire", "1").status == 0)
        #expect(try !scene.partitions().contains(oldest))
        let name = try scene.database.superuser(
            """
            SELECT CASE '\(form.period)' WHEN 'day' THEN to_char(f, 'YYYY-MM-DD')
                WHEN 'week' THEN to_char(f, 'IYYY"-w"IW') ELSE to_char(f, 'YYYY-MM') END
            FROM pgretain.ledger, LATERAL (SELECT bounds_from AT TIME ZONE 'UTC' AS f) x
            WHERE kind = 'dropped'
            """)
        // A late row went to DEFAULT meanwhile: the range cannot be a partition then.
        try scene.database.superuser(
            """
            INSERT INTO logs SELECT -1, 'LATE', bounds_from FROM pgretain.ledger
            WHERE kind = 'dropped'
            """)
        let refused = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", name, "--attach")
        #expect(refused.status == 1 && refused.stderr.contains("logs_default"), "\(refused)")
        #expect(try !scene.partitions().contains(oldest))

        try scene.database.psql("DELETE FROM logs_default")
        let restored = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", name, "--attach")
        #expect(restored.status == 0, "\(restored.stderr)")
        #expect(try scene.partitions().contains(oldest))
        #expect(try scene.digest(of: oldest) == rows)
    }
}
