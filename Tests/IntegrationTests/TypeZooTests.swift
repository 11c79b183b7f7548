import Foundation
import TestSupport
import Testing

/// Every type there is goes out and comes back, byte for byte.
@Suite struct TypeZoo {
    private func scene() throws -> Scene {
        let scene = try Scene()
        try Zoo.prepare(scene.database)
        try Zoo.createTable(scene.database, months: 2)
        try Zoo.insertWorst(scene.database, at: "2024-01-31 23:59:59.999999+00")
        try scene.database.psql(
            "CREATE TABLE reference AS TABLE zoo; GRANT SELECT ON reference TO PUBLIC;")
        try scene.configure(
            Scene.policy("public.zoo", key: "at", more: ["premake: 0"]))
        try scene.approve()
        return scene
    }

    @Test func thereAreEnoughTypes() throws {
        #expect(Set(Zoo.columns.map(\.type)).count >= 100 - 2 * Zoo.missing.count)
    }

    @Test func everyTypeComesBackAsItWas() throws {
        let scene = try scene()
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions(of: "zoo") == ["zoo_now"], "dropped")

        let into = try scene.pgretain(
            "restore", "--table", "public.zoo", "--period", "2024-01", "--into", "public.back")
        #expect(into.status == 0, "\(into.stderr)")
        #expect(try Zoo.differences(scene.database, "reference", "back") == "0|")
        // The comparison sees what it is there to see: a sign of zero, and a row too many.
        try scene.database.superuser(
            """
            CREATE TABLE other AS TABLE back;
            UPDATE other SET float8 = '0' WHERE id = 2;
            INSERT INTO other SELECT * FROM other WHERE id = 0;
            """)
        #expect(try Zoo.differences(scene.database, "reference", "other") == "2|0 2")

        let attached = try scene.pgretain(
            "restore", "--table", "public.zoo", "--period", "2024-01", "--attach")
        #expect(attached.status == 0, "\(attached.stderr)")
        #expect(try scene.partitions(of: "zoo").contains("zoo_2024_01"))
        let left = try Zoo.differences(
            scene.database, "reference", "zoo_2024_01", unreadableAreText: false)
        #expect(left == "0|")
    }

    /// Values whose text no input function takes: a restore makes their columns text, and plan
    /// and manifest say so beforehand.
    @Test func whatCannotBeReadBackComesBackAsItsText() throws {
        let scene = try Scene()
        try scene.database.superuser(
            """
            CREATE DOMAIN some_function AS regproc;
            CREATE TYPE with_function AS (n int, f regproc);
            CREATE TABLE logs (id int, at timestamptz NOT NULL, message text,
                overloaded regproc, domained some_function, listed regproc[], inside with_function,
                tree pg_node_tree, dist pg_ndistinct, deps pg_dependencies, mcv pg_mcv_list,
                gone regclass, acl aclitem) PARTITION BY RANGE (at);
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00');
            CREATE TABLE logs_now PARTITION OF logs
                FOR VALUES FROM ('2025-02-01 00:00+00') TO ('2999-01-01 00:00+00');
            CREATE TABLE pairs AS SELECT n % 10 AS a, n % 20 AS b FROM generate_series(1, 999) n;
            CREATE STATISTICS pairs_statistics (ndistinct, dependencies, mcv) ON a, b FROM pairs;
            ANALYZE pairs;
            CREATE TABLE doomed ();
            CREATE ROLE doomed_\(scene.database.name);
            INSERT INTO logs SELECT 1, '2025-01-05', E'a\\tb', 870::oid::regproc, 870::oid::regproc,
                ARRAY[870::oid::regproc, NULL], ROW(1, 870::oid::regproc)::with_function,
                (SELECT ev_action FROM pg_rewrite ORDER BY length(ev_action::text) DESC LIMIT 1),
                stxdndistinct, stxddependencies, stxdmcv, 'doomed'::regclass,
                format('doomed_%s=r/postgres', current_database())::aclitem
                FROM pg_statistic_ext_data;
            INSERT INTO logs (id, at) VALUES (2, '2025-01-06');
            DROP TABLE doomed;
            DROP ROLE doomed_\(scene.database.name);
            ALTER TABLE logs OWNER TO logs_owner;
            ALTER TABLE logs_2025_01 OWNER TO logs_owner;
            ALTER TABLE logs_now OWNER TO logs_owner;
            """)
        let lines = "SELECT string_agg(t::text, '|' ORDER BY id) FROM"
        let before = try scene.database.superuser("\(lines) logs_2025_01 t")
        #expect(before.contains("pg_catalog.lower") && before.contains("QUERY"))
        try scene.configure(Scene.policy(key: "at", more: ["premake: 0"]))
        try scene.approve()

        let names = [
            "overloaded", "domained", "listed", "inside", "tree", "dist", "deps", "mcv", "gone",
            "acl",
        ]
        let plan = try scene.pgretain("plan", "--json")
        let warnings = try JSONView(plan.stdout)["preview"]["warnings"].list.compactMap(\.text)
        #expect(warnings.count == names.count, "\(plan.stdout)")
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_now"])
        let manifest = try JSONView(
            String(
                contentsOfFile: scene.archives + "/public.logs/year=2025/month=01/_manifest.json",
                encoding: .utf8))
        let said = manifest["warnings"].list.compactMap(\.text)
        for name in names {
            #expect(warnings.contains { $0.contains("the text of \(name) (") }, "\(name)")
            #expect(said.contains { $0.hasPrefix("the text of \(name) (") }, "\(name)")
        }

        let restored = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        #expect(restored.status == 0, "\(restored.stderr)")
        #expect(try scene.database.superuser("\(lines) public.back t") == before)
        // As a partition it would need its own types: refused, and nothing is half there.
        let attached = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--attach")
        #expect(attached.status == 65, "\(attached.stderr)")
        #expect(attached.stderr.contains("rolled back"), "\(attached.stderr)")
        #expect(try scene.partitions() == ["logs_now"])
    }
}
