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

    @Test func aKilledOneLeavesNothing() throws {
        let world = try RestoreScene()
        try target(world, "id int PRIMARY KEY, level text, message gated, created_at timestamptz")
        let gate = try world.closedGate()
        let running = try world.start("--into", "public.findings", "--append")
        try world.scene.waitForStatement("COPY%")
        running.signal(SIGKILL)
        _ = running.wait()
        world.open(gate)
        try world.waitForEnd()
        #expect(try rows(world) == "1")
        let left = try world.scene.database.superuser(
            "SELECT count(*) FROM pg_class WHERE relname IN ('pgretain_rows', 'pgretain_trial')")
        #expect(left == "0")
        let again = try world.restore("--into", "public.findings", "--append")
        #expect(again.status == 0, "\(again.stderr)")
        #expect(try rows(world) == "20101")
    }
}
