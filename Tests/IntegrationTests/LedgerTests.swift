import Foundation
import TestSupport
import Testing

/// The ledger is evidence: what is done to it, other than adding, is found.
@Suite struct LedgersAsEvidence {
    private func scene() throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(months: 3, rows: 20)
        try scene.configure(
            Scene.policy(more: ["premake: 0"]), extra: "limits: {max_retire: 9}")
        try scene.approve()
        let night = try scene.night("2025-06-20T00:00:00Z")
        #expect(night.status == 0, "\(night.stderr)")
        return scene
    }

    private func audit(_ scene: Scene, _ more: String...) throws -> (status: Int32, json: JSONView)
    {
        let outcome = try scene.pgretain(["status", "--ledger", "--json"] + more)
        return (outcome.status, try JSONView(outcome.stdout)["ledger"]["audit"])
    }

    private func hold(_ scene: Scene, _ environment: [String: String] = [:]) throws -> Outcome {
        try scene.pgretain(
            "hold", "add", "--table", "logs", "--period", "2025-05", "--reason", "a case",
            environment: environment)
    }

    /// Each link is recomputed from the columns by hand: each with its length in front, after the
    /// hash before.
    private static let field = """
        SET TimeZone = 'UTC'; SET DateStyle = 'ISO';
        CREATE FUNCTION pg_temp.n(text) RETURNS text LANGUAGE sql AS
            $$ SELECT coalesce(octet_length($1) || ':' || $1, '-') || ',' $$;

        """
    private static let hash = """
        sha256(c.previous || convert_to(
            pg_temp.n(c.number::text) || pg_temp.n(c.linked_at::text) || pg_temp.n(l.id::text)
            || pg_temp.n(at::text) || pg_temp.n(run::text) || pg_temp.n(actor) || pg_temp.n(host)
            || pg_temp.n(tool) || pg_temp.n(kind) || pg_temp.n(table_schema)
            || pg_temp.n(table_name) || pg_temp.n(relation_schema) || pg_temp.n(relation_name)
            || pg_temp.n(relation_oid::text) || pg_temp.n(bounds_from::text)
            || pg_temp.n(bounds_to::text) || pg_temp.n(bounds_sql) || pg_temp.n(drop_after::text)
            || pg_temp.n(rows::text) || pg_temp.n(digest) || pg_temp.n(archive)
            || pg_temp.n(details::text), 'UTF8'))
        """
    private static let oracle =
        field + """
            SELECT count(*) > 4 AND bool_and(c.hash = \(hash)
                AND c.previous = coalesce(
                    (SELECT d.hash FROM pgretain.chain d WHERE d.number = c.number - 1),
                    (SELECT sha256(ledger::text::bytea) FROM pgretain.meta)))
            FROM pgretain.ledger l FULL JOIN pgretain.chain c ON c.entry = l.id
            """

    /// An entry of hours ago with a link of the same time, which follows the last one there is.
    private static let forged =
        field + """
            INSERT INTO pgretain.ledger (run, at, host, tool, kind, table_schema, table_name)
            SELECT run, now() - interval '6 hours', host, tool, 'approved', table_schema, table_name
            FROM l LIMIT 1;
            INSERT INTO pgretain.chain (number, entry, linked_at, previous, hash)
            SELECT c.number, c.entry, c.linked_at, c.previous, \(hash)
            FROM (
                SELECT d.number + 1 AS number, now() - interval '6 hours' AS linked_at,
                    d.hash AS previous, (SELECT max(id) FROM pgretain.ledger) AS entry
                FROM pgretain.chain AS d ORDER BY d.number DESC LIMIT 1
            ) AS c JOIN pgretain.ledger AS l ON l.id = c.entry
            """

    @Test func whatIsDoneToItIsFound() throws {
        let scene = try scene()
        let database = scene.database
        #expect(try database.superuser(Self.oracle) == "t")
        let text = try scene.pgretain("status", "--ledger", "--table", "logs")
        #expect(text.status == 0, "\(text.stderr)")
        #expect(text.stdout.contains("pgretain restore --table public.logs --period 2025-02\n"))
        #expect(try audit(scene).json["older"].number == 0)
        let head = try audit(scene).json["head"]
        let kept = "\(head["number"].number ?? 0):\(head["hash"].text ?? "")"
        #expect(text.stdout.contains("last link \(kept)\n"), "\(text.stdout)")
        #expect(try audit(scene, "--expect", kept).status == 0)
        // The run told it to those who read its report, too.
        #expect(
            try database.superuser(
                "SELECT concat_ws(':', report #>> '{ledger,number}', report #>> '{ledger,hash}') "
                    + "FROM pgretain.runs") == kept)
        #expect(try hold(scene).status == 0)

        try database.superuser(
            """
            CREATE TABLE l AS SELECT * FROM pgretain.ledger; CREATE TABLE c AS SELECT * FROM pgretain.chain;
            ALTER TABLE pgretain.ledger DISABLE TRIGGER USER; ALTER TABLE pgretain.chain DISABLE TRIGGER USER;
            """)
        let middle = "(SELECT max(id) - 3 FROM l)"
        let old = """
            INSERT INTO pgretain.ledger (run, at, host, tool, kind, table_schema, table_name)
            SELECT run, now() - interval '2 hours', host, tool, kind, table_schema, table_name
            FROM l WHERE id = \(middle);
            """
        for (tampering, kind) in [
            ("UPDATE pgretain.ledger SET actor = 'nobody' WHERE id = \(middle)", "changed"),
            ("UPDATE pgretain.ledger SET relation_name = NULL WHERE id = \(middle)", "changed"),
            ("UPDATE pgretain.chain SET linked_at = now() WHERE entry = \(middle)", "changed"),
            ("DELETE FROM pgretain.ledger WHERE id = \(middle)", "removed"),
            (
                "DELETE FROM pgretain.ledger WHERE id = \(middle); "
                    + "DELETE FROM pgretain.chain WHERE entry = \(middle)", "broken"
            ),
            (old, "inserted"), (Self.forged, "inserted"),
            (
                "DELETE FROM pgretain.ledger WHERE id >= \(middle); "
                    + "DELETE FROM pgretain.chain WHERE entry >= \(middle)", "truncated"
            ),
        ] {
            try database.superuser(tampering)
            let found = try audit(scene)
            #expect(found.status == 65, "\(tampering)")
            #expect(found.json["flaws"][0]["kind"].text == kind, "\(tampering)")
            if kind == "truncated" {
                // Nothing in the database tells it any more, but what was kept elsewhere does.
                try database.superuser("UPDATE pgretain.runs SET report = NULL")
                #expect(try audit(scene).status == 0)
                let expected = try audit(scene, "--expect", kept)
                #expect(expected.status == 65)
                #expect(expected.json["flaws"][0]["kind"].text == kind)
            }
            if kind == "inserted" {
                // The next link takes it for one that was written late: it is found all the same.
                #expect(try hold(scene).status == 0)
                let later = try audit(scene)
                #expect(later.status == 65 && later.json["flaws"][0]["kind"].text == kind)
            }
            try database.superuser(
                """
                TRUNCATE pgretain.ledger, pgretain.chain;
                INSERT INTO pgretain.ledger OVERRIDING SYSTEM VALUE TABLE l;
                INSERT INTO pgretain.chain TABLE c;
                """)
            #expect(try audit(scene).status == 0, "\(tampering), undone")
        }
    }

    @Test func entriesOfManyAreLinkedWhateverHappensBetween() throws {
        let scene = try scene()
        // One that has written and not committed holds nobody up, and is linked by whoever comes next.
        let slow = try scene.database.session()
        slow.ask(
            """
            BEGIN; INSERT INTO pgretain.ledger (run, host, tool, kind, table_schema, table_name)
            VALUES (gen_random_uuid(), 'h', 't', 'settled', 'public', 'logs');
            """)
        let many = try (0..<6).map { _ in
            try scene.start(
                "hold", "add", "--table", "logs", "--period", "2025-05", "--reason", "x")
        }
        for running in many { #expect(running.wait().status == 0) }
        slow.ask("COMMIT;")
        // A crash between an entry and its link leaves an entry: what was done is done.
        let crashed = try hold(scene, ["PGRETAIN_FAIL_AT": "sql.ledger.link-rest.before#1=crash"])
        #expect(crashed.status != 0)
        let cut = try hold(scene, ["PGRETAIN_FAIL_AT": "sql.ledger.link-rest.before#1=error"])
        #expect(cut.status == 0, "\(cut.stderr)")
        let between = try audit(scene)
        #expect(between.status == 0 && between.json["unlinked"].number == 3)
        #expect(try hold(scene).status == 0)
        let after = try audit(scene)
        #expect(after.status == 0 && after.json["unlinked"].number == 0)
        #expect(try scene.database.superuser(Self.oracle) == "t")

        // A ledger that an earlier release made is given a chain, and what is older is told.
        try scene.database.superuser(
            """
            DROP TABLE pgretain.chain; UPDATE pgretain.runs SET report = report - 'ledger';
            GRANT SELECT, INSERT ON pgretain.ledger TO PUBLIC; ALTER TABLE pgretain.ledger OWNER TO pg_monitor;
            """)
        let none = try scene.pgretain("status", "--ledger")
        #expect(none.status != 0 && none.stderr.contains("[ledger.unchained]"), "\(none.stderr)")
        let missing = try scene.pgretain("schema", "upgrade", "--print").stdout
        #expect(missing.contains("CREATE TABLE pgretain.chain") && !missing.contains("runs ("))
        #expect(try hold(scene).status == 0)
        let upgraded = try audit(scene)
        #expect(upgraded.status == 0, "\(upgraded.json["flaws"].list.map { $0["message"].text })")
        #expect(upgraded.json["older"].number ?? 0 > 5)
        // Whoever makes it, those who may write to the ledger may write to the chain: its owner too.
        #expect(
            try scene.database.superuser(
                "SELECT relacl::text LIKE '%pg_monitor=ar/%' FROM pg_class "
                    + "WHERE oid = 'pgretain.chain'::regclass") == "t")
        #expect(try scene.database.superuser(Self.oracle) == "t")
    }

    /// Who holds the chain's lock and stands still, or means harm, holds nothing up.
    @Test func nobodyWaitsForTheChain() throws {
        let scene = try scene()
        let still = try scene.database.session()
        still.ask("SELECT pg_advisory_lock(1885827685, 1);")
        #expect(try hold(scene).status == 0)
        let night = try scene.night("2025-06-20T00:00:00Z")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try audit(scene).json["unlinked"].number == 1)
        still.ask("SELECT pg_advisory_unlock(1885827685, 1);")
        #expect(try hold(scene).status == 0)
        let after = try audit(scene)
        #expect(after.status == 0 && after.json["unlinked"].number == 0)
    }
}
