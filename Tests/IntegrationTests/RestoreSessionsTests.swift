import Foundation
import TestSupport
import Testing

/// What is restored is what was archived, or nothing.
@Suite struct RestoreSessions {
    @Test(arguments: [1, 2, 3, 8])
    func theRowsAreTheSameWhateverTheNumberOfSessions(workers: Int) throws {
        let world = try RestoreScene(workers: workers, isGated: false)
        #expect(try world.parts >= 4)
        let outcome = try world.restore("--into", "public.back")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try world.scene.digest(of: "back") == world.before)
        #expect(try world.hidden() == [])
    }

    @Test func aPartitionComesBackToItsPlace() throws {
        let world = try RestoreScene()
        let outcome = try world.restore("--attach")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try world.scene.partitions() == ["logs_2025_01", "logs_2025_02"])
        #expect(try world.scene.digest(of: "logs_2025_01") == world.before)
        #expect(try world.hidden() == [])
        let looks = try world.scene.database.superuser(
            """
            SELECT relname, relowner = (SELECT relowner FROM pg_class WHERE relname = 'logs')
            FROM pg_class WHERE relname LIKE 'logs\\_2025\\_01%' ORDER BY 1
            """)
        #expect(
            looks == "logs_2025_01|t\nlogs_2025_01_level_idx|t\nlogs_2025_01_pkey|t")
        // Nothing of the proof stays behind.
        let checks = try world.scene.database.superuser(
            "SELECT count(*) FROM pg_constraint WHERE conname LIKE 'pgretain%'")
        #expect(checks == "0")
    }

    @Test func indexesHaveTheTablesName() throws {
        let world = try RestoreScene()
        let outcome = try world.restore("--into", "public.back", "--indexes")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let names = try world.scene.database.superuser(
            """
            SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = 'back'::regclass ORDER BY 1
            """)
        #expect(names == "back_level_idx\nback_pkey")
    }

    @Test func generatedIdentityAndUnreadableColumnsComeBack() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE logs (id bigint GENERATED ALWAYS AS IDENTITY, word text,
                twice text GENERATED ALWAYS AS (word || word) STORED, what regclass,
                created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            CREATE TABLE logs_2025_02 PARTITION OF logs
                FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
            INSERT INTO logs (word, what, created_at)
                SELECT repeat(md5(n::text), 10), 'pg_class', '2025-01-02' FROM generate_series(1, 9000) n;
            """)
        let columns = "(SELECT id, word, twice, what::text, created_at FROM"
        let before = try scene.digest(of: "\(columns) logs)")
        try scene.configure(
            Scene.policy(more: ["premake: 0"]), extra: "workers: 3\npart_size: 1 MiB")
        try scene.approve()
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        let outcome = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try scene.digest(of: "\(columns) back)") == before)
    }

    @Test func anEmptyArchiveIsAnEmptyTable() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 0)
        try scene.configure(Scene.policy(more: ["premake: 0"]), extra: "workers: 3")
        try scene.approve()
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        let outcome = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try scene.database.superuser("SELECT count(*) FROM back") == "0")
    }

    @Test func oneRowMayBeLargerThanManyParts() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 38_000)
        try scene.database.psql(
            """
            UPDATE logs_2025_01 SET message =
                (SELECT string_agg(md5(n::text), E'\\n') FROM generate_series(1, 540000) AS n)
            WHERE id = 15000
            """)
        let before = try scene.digest(of: "logs_2025_01")
        try scene.configure(
            Scene.policy(more: ["premake: 0"]), extra: "workers: 3\npart_size: 1 MiB")
        try scene.approve()
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        let outcome = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try scene.digest(of: "back") == before)
    }

    // MARK: Refusals

    @Test func aTypeThatChangesValuesIsRefused() throws {
        let world = try RestoreScene()
        // Blanks are added: every row is taken, and none reads back as it was.
        try world.scene.database.psql("ALTER TABLE logs ALTER COLUMN level TYPE char(10)")
        let outcome = try world.restore("--attach")
        #expect(outcome.status == 65, "\(outcome.stderr)")
        #expect(outcome.stderr.contains("Nothing was restored"))
        #expect(try world.scene.partitions() == ["logs_2025_02"])
        #expect(try world.hidden() == [])
        #expect(try !world.exists("public.logs_2025_01"))
    }

    @Test func aTableIsNeverReplaced() throws {
        let world = try RestoreScene()
        try world.scene.database.psql("CREATE TABLE back (mine int); INSERT INTO back VALUES (1)")
        let outcome = try world.restore("--into", "public.back")
        #expect(outcome.status == 1, "\(outcome.stderr)")
        #expect(outcome.stderr.contains("public.back already"))
        #expect(try world.scene.database.superuser("SELECT mine FROM back") == "1")
        #expect(try world.hidden() == [])
    }

    @Test func aTableThatCameMeanwhileIsNotReplaced() throws {
        let world = try RestoreScene()
        let gate = try world.closedGate()
        let restore = try world.start("--into", "public.back")
        _ = try world.hiddenAtGate(sessions: 3)
        try world.scene.database.psql("CREATE TABLE back (mine int); INSERT INTO back VALUES (1)")
        world.open(gate)
        let outcome = restore.wait()
        #expect(outcome.status == 1, "\(outcome.stderr)")
        #expect(try world.scene.database.superuser("SELECT mine FROM back") == "1")
        #expect(try world.hidden() == [])
    }

    /// Subscribers would be sent rows of a table that they cannot have.
    @Test func aPublicationOfAllTablesNeverSeesAHiddenOne() throws {
        let world = try RestoreScene(isGated: false)
        try world.scene.database.superuser("CREATE PUBLICATION everything FOR ALL TABLES")
        let outcome = try world.restore("--into", "public.back")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try world.scene.digest(of: "back") == world.before)
        let hidden = try world.scene.database.superuser(
            "SELECT count(*) FROM pgretain.ledger WHERE kind = 'restoring'")
        #expect(hidden == "0")
    }

    /// A role that may have no second session restores all the same.
    @Test func oneSessionIsEnough() throws {
        let world = try RestoreScene()
        try world.scene.database.superuser(
            """
            CREATE ROLE \(world.scene.database.name)_lone LOGIN CONNECTION LIMIT 1 IN ROLE logs_owner;
            GRANT ALL ON SCHEMA pgretain TO \(world.scene.database.name)_lone;
            GRANT ALL ON ALL TABLES IN SCHEMA pgretain TO \(world.scene.database.name)_lone;
            """)
        try world.scene.configure(
            Scene.policy(more: ["premake: 0"]), extra: "workers: 3\npart_size: 1 MiB",
            user: "\(world.scene.database.name)_lone")
        let outcome = try world.restore("--into", "public.back")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try world.scene.digest(of: "back") == world.before)
        try world.scene.database.superuser(
            "DROP OWNED BY \(world.scene.database.name)_lone; DROP ROLE \(world.scene.database.name)_lone"
        )
    }
}
