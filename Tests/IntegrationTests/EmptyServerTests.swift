import Foundation
import TestSupport
import Testing

/// An archive alone brings its rows back, on a server that has nothing of what they came from.
@Suite struct EmptyServers {
    private func archived() throws -> (scene: Scene, before: String) {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE SCHEMA app;
            CREATE TYPE app.mood AS ENUM ('calm', 'loud');
            CREATE TYPE app.pair AS (a int, b text);
            CREATE DOMAIN app.level AS varchar(9) CHECK (VALUE <> '');
            CREATE FUNCTION app.origin() RETURNS text LANGUAGE sql AS $$ SELECT 'here' $$;
            CREATE FUNCTION app.twice(text) RETURNS text IMMUTABLE LANGUAGE sql
                AS $$ SELECT $1 || $1 $$;
            CREATE TABLE app.logs (id bigserial, level app.level, mood app.mood, moods app.mood[],
                pair app.pair, origin text DEFAULT app.origin(), n int DEFAULT 5,
                twice text GENERATED ALWAYS AS (app.twice(level::text)) STORED,
                body text,
                created_at timestamptz NOT NULL DEFAULT now()) PARTITION BY RANGE (created_at);
            CREATE TABLE app.logs_2025_01 PARTITION OF app.logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            CREATE TABLE app.logs_2025_02 PARTITION OF app.logs
                FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
            CREATE INDEX ON app.logs (app.twice(origin));
            CREATE INDEX ON app.logs (level);
            INSERT INTO app.logs (level, mood, moods, pair, body, created_at)
                SELECT 'l' || n, 'loud', ARRAY['calm', 'loud']::app.mood[], ROW(n, 'x, "y"')::app.pair,
                    repeat(md5(n::text), 20), '2025-01-02'
                FROM generate_series(1, 4000) AS n;
            """)
        let before = try scene.digest(of: "app.logs_2025_01")
        try scene.configure(
            Scene.policy("app.logs", more: ["premake: 0"]), extra: "part_size: 1 MiB")
        try scene.approve()
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        return (scene, before)
    }

    @Test func theArchiveAloneSuffices() throws {
        let (old, before) = try archived()
        let empty = try Scene()
        // No configuration either: it went with the server.
        func restore(_ more: String..., failing: String = "") throws -> Outcome {
            try Program.run(
                [
                    "restore", "--table", "app.logs", "--period", "2025-01", "--into", "app.logs",
                    "--archives", old.archives, "--database",
                    empty.database.conninfo(user: "postgres"),
                ] + more, environment: failing.isEmpty ? [:] : ["PGRETAIN_FAIL_AT": failing])
        }
        let refused = try restore()
        #expect(refused.status == 66 && refused.stderr.contains("--create"), "\(refused.stderr)")
        let plan = try restore("--create", "--indexes", "--dry-run")
        #expect(plan.status == 0, "\(plan.stderr)")
        for note in [
            "no schema app", "no type app.mood:", "no type app.mood[]", "no type app.level",
            "level is made character varying", "default of origin", "generates twice", "the index",
        ] { #expect(plan.stdout.contains(note), "\(note): \(plan.stdout)") }
        #expect(try empty.database.superuser("SELECT to_regnamespace('app')") == "")

        // Killed before it is published: not even the schema is there.
        let killed = try restore("--create", failing: "sql.restore.unhide.before#1=crash")
        #expect(killed.status == 128 + SIGKILL, "\(killed.stderr)")
        #expect(try empty.database.superuser("SELECT to_regnamespace('app')") == "")

        let outcome = try restore("--create", "--indexes")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try empty.digest(of: "app.logs") == before)
        let made = try empty.database.superuser(
            """
            SELECT (SELECT count(*) FROM pg_index WHERE indrelid = 'app.logs'::regclass),
                (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
                FROM pg_attribute WHERE attrelid = 'app.logs'::regclass AND attname IN ('level', 'pair', 'n'))
            """)
        let hidden = "SELECT count(*) FROM pg_class WHERE relname ~ '^(r|new)_' AND relkind = 'r'"
        #expect(try empty.database.superuser(hidden) == "0")
        #expect(made == "1|level character varying, pair text, n integer")
    }
}
