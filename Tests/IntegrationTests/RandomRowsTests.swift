import Foundation
import TestSupport
import Testing

/// Random rows of every type, archived and restored under settings that would change what a
/// session prints, sees or does.
///
/// `PGRETAIN_TEST_ROWS` says how many rows.
@Suite struct RandomRows {
    private static let rows =
        ProcessInfo.processInfo.environment["PGRETAIN_TEST_ROWS"].flatMap { Int($0) } ?? 20_000

    /// Its name until 15, and since.
    private static let forcesParallel: String = {
        do {
            return try Cluster.shared.psql(
                "postgres",
                """
                SELECT name FROM pg_settings
                WHERE name IN ('force_parallel_mode', 'debug_parallel_query')
                """)
        } catch { fatalError("\(error)") }
    }()

    /// One night each. What stands on a line is set for the database together.
    private static let hostile: [[(name: String, value: String)]] = [
        [("DateStyle", "'SQL, DMY'"), ("default_transaction_isolation", "serializable")],
        [("IntervalStyle", "iso_8601"), ("default_transaction_read_only", "on")],
        [("TimeZone", "'Asia/Kathmandu'"), ("default_transaction_deferrable", "on")],
        [("extra_float_digits", "-15"), ("statement_timeout", "'1s'")],
        [("bytea_output", "escape"), ("lock_timeout", "'1ms'")],
        [("lc_monetary", "'C.UTF-8'"), ("client_encoding", "'LATIN1'")],
        [("xmloption", "document"), ("idle_in_transaction_session_timeout", "'1s'")],
        [("array_nulls", "off"), ("idle_session_timeout", "'1s'")],
        [("search_path", "evil, pg_catalog, public")],
        [("standard_conforming_strings", "off"), ("backslash_quote", "on")],
        [("quote_all_identifiers", "on"), ("row_security", "on")],
        [("synchronize_seqscans", "on"), (forcesParallel, "on")],
        [("DateStyle", "'German'"), ("IntervalStyle", "sql_standard"), ("TimeZone", "'+13'")],
        [("DateStyle", "'Postgres, YMD'"), ("IntervalStyle", "postgres_verbose")],
    ]

    /// All of them at once, but for those that a later one undoes.
    private static let everything = hostile.dropLast(2).flatMap { $0 }

    @Test func settingsOfTheDatabaseChangeNothing() throws {
        let scene = try Scene()
        let database = scene.database
        let nights = Self.hostile + [Self.everything]
        try Zoo.prepare(database)
        try Zoo.createTable(database, months: nights.count)
        try Zoo.insertRandom(database, rows: Self.rows, months: nights.count)
        try database.psql("CREATE TABLE reference AS TABLE zoo")
        try Self.prepareEvil(database)
        try scene.configure(
            Scene.policy("public.zoo", key: "at", more: ["premake: 0"]),
            extra: "limits:\n  max_retire: 1")
        try scene.approve()
        var restored = 0
        for (index, settings) in nights.enumerated() {
            let month = String(format: "%d-%02d", 2024 + index / 12, index % 12 + 1)
            let names = settings.map(\.name)
            try set(settings, on: database)
            let night = try scene.night(nil)
            #expect(night.status == 0, "\(month) under \(names): \(night.stderr)")
            // Another night's settings must not matter to what this one has written.
            try reset(settings, on: database)
            try set(nights[(index + 5) % nights.count], on: database)
            let back = try scene.pgretain(
                "restore", "--table", "public.zoo", "--period", month, "--into", "public.back")
            #expect(back.status == 0, "\(month) after \(names): \(back.stderr)")
            try reset(nights[(index + 5) % nights.count], on: database)
            let lower = "'\(month)-01 00:00+00'"
            try database.superuser(
                """
                CREATE VIEW public.expected AS SELECT * FROM public.reference
                    WHERE at >= \(lower) AT TIME ZONE 'UTC'
                    AND at < (timestamp \(lower) + interval '1 month') AT TIME ZONE 'UTC'
                """)
            let left = try Zoo.differences(database, "public.expected", "public.back")
            #expect(left == "0|", "\(month) under \(names)")
            restored += Int(try database.superuser("SELECT count(*) FROM public.back")) ?? 0
            try database.superuser("DROP VIEW public.expected; DROP TABLE public.back")
        }
        #expect(restored == Self.rows)
        #expect(try scene.partitions(of: "zoo") == ["zoo_now"])
    }

    /// A setting that only a superuser may take back is refused by name, and nothing is touched.
    @Test func whatCannotBePinnedIsRefused() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2)
        try scene.configure(Scene.policy(more: ["premake: 0"]), user: "logs_member")
        try scene.approve()
        let before = try scene.picture()
        let only = [(name: "session_replication_role", value: "replica")]
        try set(only, on: scene.database)
        let night = try scene.night(nil)
        #expect(night.status == 78, "\(night.stderr)")
        #expect(night.stderr.contains("session_replication_role"))
        try reset(only, on: scene.database)
        #expect(try scene.picture() == before)
        #expect(try scene.night(nil).status == 0)
    }

    // MARK: Settings

    private func set(_ settings: [(name: String, value: String)], on database: Database) throws {
        try database.cluster.psql(
            "postgres",
            settings.map { "ALTER DATABASE \(database.name) SET \($0.name) = \($0.value);" }
                .joined(separator: "\n"))
    }

    private func reset(_ settings: [(name: String, value: String)], on database: Database) throws {
        try database.cluster.psql(
            "postgres",
            settings.map { "ALTER DATABASE \(database.name) RESET \($0.name);" }
                .joined(separator: "\n"))
    }

    /// A schema in which everything has another meaning, for a search path to find first.
    private static func prepareEvil(_ database: Database) throws {
        let operators = ["text", "name", "oid", "int4", "int8", "\"char\""].map { type in
            let type = "pg_catalog." + type
            return """
                CREATE FUNCTION evil.no(\(type), \(type)) RETURNS bool LANGUAGE plpgsql AS
                    $$ BEGIN RAISE 'evil was called'; END $$;
                CREATE OPERATOR evil.= (LEFTARG = \(type), RIGHTARG = \(type), FUNCTION = evil.no);
                CREATE OPERATOR evil.<> (LEFTARG = \(type), RIGHTARG = \(type), FUNCTION = evil.no);
                """
        }
        try database.superuser(
            """
            CREATE SCHEMA evil;
            GRANT USAGE ON SCHEMA evil TO PUBLIC;
            CREATE TABLE evil.pg_class (oid oid);
            CREATE TABLE evil.pg_settings (name text, setting text);
            CREATE FUNCTION evil.count() RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
            CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql
                AS $$ SELECT timestamptz '2000-01-01' $$;
            CREATE DOMAIN evil.text AS pg_catalog.varchar(1);
            CREATE DOMAIN evil.oid AS pg_catalog.int4;
            \(operators.joined(separator: "\n"))
            """)
    }
}
