import Foundation
import TestSupport
import Testing

/// Files that other programs wrote become rows: each line one, or none at all.
@Suite struct FileRestores {
    /// Rows with all that JSON and COPY escape, and an empty table of their shape.
    private func scene() throws -> Scene {
        let scene = try Scene()
        try scene.configure(Scene.policy())
        try scene.database.psql(
            """
            CREATE TABLE made AS
                SELECT g AS id, E'x "q" \\\\ \\n\\t ü ' || g AS message, now() AS created_at,
                    jsonb_build_object('a', g, 'b', E'c\\\\d') AS meta, ARRAY['p', 'q"r'] AS tags,
                    CASE WHEN g % 2 = 0 THEN 1.50 END AS n
                FROM generate_series(1, 500) AS g;
            CREATE TABLE back (LIKE made);
            """)
        return scene
    }

    private func path(_ scene: Scene, _ name: String) -> String {
        scene.configuration + "." + name
    }

    /// What psql prints, through a shell's pipe, in a file.
    @discardableResult
    private func dump(
        _ scene: Scene, _ sql: String = "SELECT row_to_json(t) FROM made AS t", through: String,
        _ name: String = "file"
    ) throws -> String {
        let text = try scene.database.superuser(sql)
        let path = path(scene, name)
        try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: path + ".in"))
        let outcome = try Program.run(
            "/bin/sh", ["-c", "cat \"$0.in\" | \(through) > \"$0\"", path])
        #expect(outcome.status == 0, "\(outcome.stderr)")
        return path
    }

    private func difference(_ scene: Scene, _ table: String = "back") throws -> String {
        try scene.database.superuser(
            """
            SELECT (SELECT count(*) FROM \(table)), (SELECT count(*) FROM (
                SELECT * FROM made EXCEPT SELECT * FROM \(table)) AS d)
            """)
    }

    @Test(arguments: ["gzip", "pigz", "cat", "tee \"$0.half\" | gzip | cat - - < /dev/null"])
    func eachLineIsARow(through: String) throws {
        let scene = try scene()
        if through == "pigz", try Program.run("/bin/sh", ["-c", "command -v pigz"]).status != 0 {
            return
        }
        let isTwice = through.contains("half")
        let file = try dump(scene, through: isTwice ? "gzip" : through)
        if isTwice {
            // Members one after another are one file.
            let data = try #require(FileManager.default.contents(atPath: file))
            try (data + data).write(to: URL(fileURLWithPath: file))
        }
        let outcome = try scene.pgretain("restore", file, "--into", "public.back", "--append")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(outcome.stdout.contains("no digest"), "\(outcome.stdout)")
        #expect(try difference(scene) == (isTwice ? "1000|0" : "500|0"))
    }

    /// What to type next is said: a new table cannot be made from lines that have no types.
    @Test func aTableThatIsNotThereHasToBeMadeFirst() throws {
        let scene = try scene()
        let file = try dump(scene, through: "cat")
        let missing = try scene.pgretain("restore", file, "--into", "public.nothing", "--append")
        #expect(missing.status == 66, "\(missing.stderr)")
        #expect(
            missing.stderr.contains("CREATE TABLE public.nothing (LIKE public.logs"),
            "\(missing.stderr)")
        let new = try scene.pgretain("restore", file, "--into", "public.nothing")
        #expect(new.status == 64 && new.stderr.contains("CREATE TABLE new (LIKE old)"))
    }

    /// What COPY printed is other JSON as it stands, or none.
    @Test func doubledBackslashesAreNotTakenForText() throws {
        let scene = try scene()
        let copy = "SELECT replace(row_to_json(t)::text, E'\\\\', E'\\\\\\\\') FROM made AS t"
        let file = try dump(scene, copy, through: "gzip")
        let asJSON = try scene.pgretain("restore", file, "--into", "public.back", "--append")
        #expect(asJSON.status == 65 && asJSON.stderr.contains("--form copy"))
        let asCopy = try scene.pgretain(
            "restore", file, "--into", "public.back", "--append", "--form", "copy")
        #expect(asCopy.status == 0, "\(asCopy.stderr)")
        #expect(try difference(scene) == "500|0")

        // Without a quote in it, it is JSON too, with other values.
        try scene.database.psql("UPDATE made SET message = E'a\\nb', meta = NULL, tags = NULL")
        let either = try dump(scene, copy, through: "gzip")
        let refused = try scene.pgretain("restore", either, "--into", "public.back", "--append")
        #expect(refused.status == 65 && refused.stderr.contains("restore.form"))
        #expect(try scene.ids(of: "back").count == 500)
    }

    @Test(arguments: [
        ("head -c 400", "restore.file"), ("gzip | head -c 300", "restore.file"),
        ("sh -c 'gzip; echo more'", "restore.file"),
        ("sh -c 'cat; echo; cat /dev/null'", "restore.line"),
        ("sed '3s/}$/,\"id\":7}/'", "restore.line"), ("sed '3s/$/{}/'", "restore.line"),
        ("sed '3s/500000/x/;3s/\"id\":[0-9]*/\"id\":\"seven\"/'", "database.value"),
    ])
    func whatIsNotWholeIsRefused(through: String, id: String) throws {
        let scene = try scene()
        let file = try dump(scene, through: through)
        let outcome = try scene.pgretain("restore", file, "--into", "public.back", "--append")
        let isCut = through == "head -c 400"
        #expect(outcome.status == 65, "\(outcome.stderr)")
        #expect(outcome.stderr.contains(isCut ? "restore.line" : id), "\(outcome.stderr)")
        #expect(try difference(scene).hasPrefix("0|"))
        let events = "SELECT count(*) FROM pgretain.ledger"
        #expect(try scene.database.superuser(events) == "0")
    }

    @Test func keysAreMatchedByName() throws {
        let scene = try scene()
        try scene.database.psql(
            """
            CREATE TABLE other (id int, body text, created_at timestamptz, meta jsonb,
                n numeric DEFAULT 3, seen boolean DEFAULT true);
            UPDATE made SET n = NULL;
            """)
        let file = try dump(
            scene, "SELECT json_strip_nulls(row_to_json(t)) FROM made AS t", through: "gzip")
        let into = ["restore", file, "--into", "public.other", "--append"]
        let refused = try scene.pgretain(into)
        #expect(refused.status == 65 && refused.stderr.contains("missing in the table"))
        let dry = try scene.pgretain(
            into + ["--map", "message=body", "--allow-missing", "tags", "--dry-run"])
        #expect(dry.status == 0 && dry.stdout.contains("500 rows"), "\(dry.stdout)")
        #expect(try scene.ids(of: "other") == [])
        let outcome = try scene.pgretain(
            into + ["--map", "message=body", "--allow-missing", "tags"])
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let found = try scene.database.superuser(
            "SELECT count(*), count(body), min(n), bool_and(seen) FROM other")
        #expect(found == "500|500|3|t", "what no line has gets its default")
    }

    @Test func keysThatAreThereAreRefusedOrSkipped() throws {
        let scene = try scene()
        try scene.database.psql(
            """
            ALTER TABLE back ADD PRIMARY KEY (id);
            INSERT INTO back SELECT * FROM made WHERE id <= 40;
            UPDATE back SET message = 'other' WHERE id <= 3;
            """)
        let file = try dump(scene, through: "gzip")
        let into = ["restore", file, "--into", "public.back", "--append"]
        let refused = try scene.pgretain(into)
        #expect(
            refused.status == 65 && refused.stderr.contains("--on-conflict skip"),
            "\(refused.stderr)")
        #expect(try difference(scene).hasPrefix("40|"), "nothing was added")

        let skip = into + ["--on-conflict", "skip"]
        let outcome = try scene.pgretain(skip)
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let said = "added 460 rows of 1 file to public.back, skipped 40 whose keys it has already "
        #expect(outcome.stdout.contains(said + "(3 with other values)"), "\(outcome.stdout)")
        #expect(try difference(scene) == "500|3", "the table's rows stay as they were")
        let event = try scene.database.superuser(
            """
            SELECT details ->> 'lines', details ->> 'skipped', details ->> 'different'
            FROM pgretain.ledger WHERE kind = 'restored'
            """)
        #expect(event == "500|40|3")
        let again = try scene.pgretain(skip + ["--json"])
        #expect(again.status == 0 && again.stdout.contains("\"rows\" : 500"), "\(again.stdout)")
        #expect(try difference(scene) == "500|3")

        let twice = try dump(
            scene, "SELECT row_to_json(t) FROM made AS t, generate_series(1, 2) WHERE id = 7",
            through: "gzip")
        try scene.database.psql("DELETE FROM back WHERE id = 7")
        let ambiguous = try scene.pgretain(
            "restore", twice, "--into", "public.back", "--append", "--on-conflict", "skip")
        #expect(
            ambiguous.status == 65 && ambiguous.stderr.contains("a key that comes twice"),
            "\(ambiguous.stderr)")
        #expect(try difference(scene).hasPrefix("499|"))
    }

    @Test func aKilledOneLeavesNothing() throws {
        let scene = try scene()
        try scene.database.psql(
            """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM pg_advisory_xact_lock_shared(4711); RETURN new; END $$;
            CREATE TRIGGER wait BEFORE INSERT ON back FOR EACH ROW EXECUTE FUNCTION wait();
            """)
        let gate = try scene.database.session()
        gate.ask("SELECT pg_advisory_lock(4711);")
        let file = try dump(scene, through: "gzip")
        let running = try scene.start("restore", file, "--into", "public.back", "--append")
        try scene.waitForStatement("COPY (INSERT%")
        running.signal(SIGKILL)
        _ = running.wait()
        gate.ask("SELECT pg_advisory_unlock(4711);")
        try scene.waitUntil(
            """
            NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                AND application_name LIKE 'pgretain%')
            """)
        #expect(try difference(scene).hasPrefix("0|"))
        let again = try scene.pgretain("restore", file, "--into", "public.back", "--append")
        #expect(again.status == 0, "\(again.stderr)")
        #expect(try difference(scene) == "500|0")
    }

    /// Regression: what stands for another value in an archive was taken for the value.
    @Test func theFilesOfAnArchiveAreReadByItsManifest() throws {
        let scene = try scene()
        let file = try dump(scene, through: "gzip")
        let (part, foreign) = (
            scene.archives + "/part-00000.ndjson.gz", scene.archives + "/lines.gz"
        )
        for path in [part, foreign] {
            try FileManager.default.copyItem(atPath: file, toPath: path)
        }
        func restore(_ path: String) throws -> Outcome {
            try scene.pgretain("restore", path, "--into", "public.back", "--append")
        }
        let refused = try restore(part)
        #expect(refused.status == 64 && refused.stderr.contains("[restore.part]"), "\(refused)")
        #expect(refused.stderr.contains("--generation"), "\(refused.stderr)")
        try Data().write(to: URL(fileURLWithPath: scene.archives + "/_manifest.json"))
        #expect(try restore(foreign).status == 64)
        #expect(try difference(scene).hasPrefix("0|"))
        try FileManager.default.removeItem(atPath: scene.archives + "/_manifest.json")
        #expect(try restore(foreign).status == 0)
    }
}
