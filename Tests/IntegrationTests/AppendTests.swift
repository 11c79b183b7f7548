import Foundation
import TestSupport
import Testing

/// Rows of an archive are added to those of a table that is there: all of them as they were, or none.
@Suite struct Appends {
    private func target(_ world: RestoreScene, _ columns: String) throws {
        try world.scene.database.psql(
            "CREATE TABLE findings (\(columns)); INSERT INTO findings (id) VALUES (-1)")
    }

    private static let all = """
        id int PRIMARY KEY, level text, message text, created_at timestamptz, found text DEFAULT 'here'
        """

    private func rows(_ world: RestoreScene) throws -> String {
        try world.scene.database.superuser("SELECT count(*) FROM findings")
    }

    @Test func rowsAreAddedOnce() throws {
        let world = try RestoreScene(isGated: false)
        try target(world, Self.all)
        let unasked = try world.restore("--into", "public.findings")
        #expect(unasked.status == 1 && unasked.stderr.contains("restore.exists"))
        #expect(unasked.stderr.contains("--append"), "\(unasked.stderr)")
        let outcome = try world.restore("--into", "public.findings", "--append")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let added =
            "(SELECT id, level, message, created_at FROM findings WHERE found = 'here' AND id > 0)"
        #expect(try world.scene.digest(of: added) == world.before)
        let event = try world.scene.database.superuser(
            """
            SELECT relation_name, rows, details ->> 'appended' FROM pgretain.ledger
            WHERE kind = 'restored'
            """)
        #expect(event == "findings|20100|yes")
        #expect(try world.scene.database.superuser("SELECT count(*) FROM pgretain.pins") == "0")

        let again = try world.restore("--into", "public.findings", "--append")
        #expect(again.status == 65 && again.stderr.contains("20100 rows have keys"))
        #expect(try rows(world) == "20101")
    }

    @Test func whatIsUnderRetentionIsNotAppendedTo() throws {
        let world = try RestoreScene(isGated: false)
        for name in ["public.logs", "public.logs_2025_02"] {
            let outcome = try world.restore("--into", name, "--append")
            #expect(outcome.status == 76 && outcome.stderr.contains("--attach"))
        }
        // Nor by who has another configuration, or none.
        let stranger = try Program.run(
            [
                "restore", "/dev/null", "--into", "public.logs", "--append", "--archives",
                world.scene.archives, "--database", world.scene.database.conninfo(user: "postgres"),
            ])
        #expect(stranger.status == 76, "\(stranger.stderr)")
        #expect(try world.restore("--into", "public.nothing", "--append").status == 66)
        #expect(try world.scene.ids() == world.scene.ids(of: "logs_2025_02"))
    }

    @Test func nothingIsDroppedSilently() throws {
        let world = try RestoreScene(isGated: false)
        try target(world, "id bigint, severity varchar(9), created_at timestamptz")
        let refused = try world.restore("--into", "public.findings", "--append")
        #expect(refused.status == 65 && refused.stderr.contains("--allow-missing"))
        let half = try world.restore(
            "--into", "public.findings", "--append", "--map", "level=severity")
        #expect(half.status == 65 && half.stderr.contains("the column message"))
        let typo = try world.restore(
            "--into", "public.findings", "--append", "--allow-missing", "massage")
        #expect(typo.status == 64, "\(typo.stderr)")
        #expect(try rows(world) == "1")
        let outcome = try world.restore(
            "--into", "public.findings", "--append", "--map", "level=severity", "--allow-missing",
            "message")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let found = try world.scene.database.superuser(
            "SELECT count(*), count(DISTINCT id), max(severity) FROM findings WHERE id > 0")
        #expect(found == "20100|20100|INFO")
    }

    @Test(arguments: [
        // A trigger that changes a row, and a type that does.
        """
        CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN new.level := lower(new.level); RETURN new; END $$;
        CREATE TRIGGER change BEFORE INSERT ON findings FOR EACH ROW EXECUTE FUNCTION change();
        """,
        "ALTER TABLE findings ALTER COLUMN level TYPE char(10)",
        // One that swallows rows.
        """
        CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF new.id = 77 THEN RETURN NULL; END IF; RETURN new; END $$;
        CREATE TRIGGER swallow BEFORE INSERT ON findings FOR EACH ROW EXECUTE FUNCTION swallow();
        """,
    ])
    func whatChangesRowsIsRefused(change: String) throws {
        let world = try RestoreScene(isGated: false)
        try target(world, Self.all)
        try world.scene.database.psql(change)
        let outcome = try world.restore("--into", "public.findings", "--append")
        #expect(outcome.status == 65, "\(outcome.stderr)")
        #expect(try rows(world) == "1")
    }

    @Test func whatIsThereIsLeftAloneCountedAndTold() throws {
        let world = try RestoreScene(isGated: false)
        let skipping = ["--into", "public.findings", "--append", "--on-conflict", "skip", "--json"]
        // By what would it be known?
        try world.scene.database.psql("CREATE TABLE keyless (id bigint)")
        let keyless = try world.restore(
            "--into", "public.keyless", "--append", "--on-conflict", "skip", "--allow-missing",
            "level", "--allow-missing", "message", "--allow-missing", "created_at")
        #expect(keyless.status == 64, "\(keyless.stderr)")
        #expect(keyless.stderr.contains("[restore.no-key]"), "\(keyless.stderr)")
        try target(world, Self.all + ", length int GENERATED ALWAYS AS (length(message)) STORED")
        let all = try world.restore(skipping)
        #expect(all.status == 0, "\(all.stderr)")
        #expect(try JSONView(all.stdout)["restored"]["skipped"]["rows"].number == 0)
        // A hundred are gone since, and three have other values.
        try world.scene.database.psql(
            """
            CREATE TEMP TABLE few AS SELECT id FROM findings WHERE id > 0 ORDER BY id LIMIT 103;
            UPDATE findings SET level = 'CHANGED'
                WHERE id IN (SELECT id FROM few ORDER BY id LIMIT 3);
            DELETE FROM findings WHERE id IN (SELECT id FROM few ORDER BY id OFFSET 3);
            """)
        let again = try JSONView(try world.restore(skipping).stdout)["restored"]
        #expect(again["rows"].number == 100 && again["rows_read"].number == 20100)
        #expect(again["skipped"]["rows"].number == 20000)
        #expect(again["skipped"]["different"].number == 3)
        #expect(try rows(world) == "20101")
        let changed = try world.scene.database.superuser(
            "SELECT count(*) FROM findings WHERE level = 'CHANGED'")
        #expect(changed == "3")
        let event = try world.scene.database.superuser(
            """
            SELECT rows, details ->> 'skipped', details ->> 'different' FROM pgretain.ledger
            WHERE kind = 'restored' ORDER BY id DESC LIMIT 1
            """)
        #expect(event == "100|20000|3")
        let told = try world.restore(skipping.dropLast())
        #expect(
            told.stdout.contains("skipped 20 100 whose keys it has already (3 with other values)"))

        // A key that somebody takes meanwhile: waited for, and then skipped too.
        let id = try world.scene.database.superuser(
            "DELETE FROM findings WHERE id = (SELECT max(id) FROM findings) RETURNING id"
        ).split(separator: "\n")[0]
        let other = try world.scene.database.session()
        other.ask("BEGIN; INSERT INTO findings (id, level) VALUES (\(id), 'THEIRS');")
        let running = try world.start(skipping)
        try world.waitForTransaction()
        other.ask("COMMIT;")
        let late = running.wait()
        #expect(late.status == 0, "\(late.stderr)")
        let restored = try JSONView(late.stdout)["restored"]["skipped"]
        #expect(restored["rows"].number == 20100 && restored["different"].number == 4)
        #expect(try rows(world) == "20101")

        // A key that cannot be compared before: which rows to leave out is not to be known.
        try world.scene.database.psql(
            """
            UPDATE findings SET id = -id - 10;
            CREATE UNIQUE INDEX by_message ON findings (lower(message));
            """)
        let refused = try world.restore(skipping)
        #expect(refused.status == 65 && refused.stderr.contains("by_message"), "\(refused.stderr)")
        #expect(try rows(world) == "20101")
    }

    @Test(arguments: [[], ["--on-conflict", "skip"]])
    func aKilledOneLeavesNothing(ending: [String]) throws {
        let world = try RestoreScene()
        try target(world, "id int PRIMARY KEY, level text, message gated, created_at timestamptz")
        let gate = try world.closedGate()
        let append = ["--into", "public.findings", "--append"] + ending
        let running = try world.start(append)
        try world.scene.waitForStatement("COPY%")
        running.signal(SIGKILL)
        _ = running.wait()
        world.open(gate)
        try world.waitForEnd()
        #expect(try rows(world) == "1")
        let left = try world.scene.database.superuser(
            "SELECT count(*) FROM pg_class WHERE relname IN ('pgretain_rows', 'pgretain_trial')")
        #expect(left == "0")
        let again = try world.restore(append)
        #expect(again.status == 0, "\(again.stderr)")
        #expect(try rows(world) == "20101")
    }

    /// Regression: the same archive came in twice where no key was there to say so.
    @Test func withoutAKeyTheLedgerKnowsWhatWasAdded() throws {
        let world = try RestoreScene(isGated: false)
        try world.scene.database.psql("CREATE TABLE findings (LIKE logs)")
        let append = ["--into", "public.findings", "--append"]
        #expect(try world.restore(append).status == 0)
        for more in [[], ["--dry-run"]] {
            let again = try world.restore(append + more)
            #expect(again.status == 65, "\(again)")
            #expect((again.stderr + again.stdout).contains("restore.twice"), "\(again)")
        }
        #expect(try rows(world) == "20100")
        let some = try world.restore(append + ["--where", "message=line \"1\"", "--dry-run"])
        #expect(some.stdout.contains("no unique key to compare by"), "\(some)")
        try world.scene.database.psql("TRUNCATE findings")
        #expect(try world.restore(append).status == 0)
        #expect(try rows(world) == "20100")
    }
}
