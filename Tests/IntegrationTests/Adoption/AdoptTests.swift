import Foundation
import TestSupport
import Testing

/// A plain table becomes a partitioned one, and plain again: under the same names, with all that
/// hung on it, and without losing a row.
@Suite struct Adoptions {
    /// What an application and its administrators see of a table, by names: all but the primary
    /// key, whether the key may be NULL, and what partitions it has.
    static func face(of table: String, in scene: Scene) throws -> String {
        try scene.database.superuser(
            """
            SELECT 'owner', pg_get_userbyid(relowner), relacl::text, obj_description(oid, 'pg_class'),
                relrowsecurity, relforcerowsecurity
            FROM pg_class WHERE oid = '\(table)'::regclass;
            SELECT 'column', attname, format_type(atttypid, atttypmod), attcollation::regcollation,
                attidentity, attgenerated, attstorage, attacl::text, pg_get_expr(adbin, adrelid),
                col_description(attrelid, attnum), attname = 'created_at' OR attnotnull
            FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE attrelid = '\(table)'::regclass AND attnum > 0 AND NOT attisdropped
            ORDER BY attnum;
            SELECT 'index', c.relname, replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON '),
                obj_description(c.oid, 'pg_class'), indisvalid
            FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid
            WHERE indrelid = '\(table)'::regclass AND NOT indisprimary ORDER BY 2;
            SELECT 'key', conname, contype FROM pg_constraint
            WHERE conrelid = '\(table)'::regclass AND contype = 'p';
            SELECT 'constraint', conname, pg_get_constraintdef(oid),
                obj_description(oid, 'pg_constraint')
            FROM pg_constraint WHERE conrelid = '\(table)'::regclass AND contype NOT IN ('p', 'n')
            ORDER BY 2;
            SELECT 'trigger', tgname, pg_get_triggerdef(oid), tgenabled,
                obj_description(oid, 'pg_trigger')
            FROM pg_trigger WHERE tgrelid = '\(table)'::regclass AND NOT tgisinternal ORDER BY 2;
            SELECT 'policy', polname, polcmd, polpermissive, polroles::regrole[],
                pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
            FROM pg_policy WHERE polrelid = '\(table)'::regclass ORDER BY 2;
            SELECT 'statistics', stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
            WHERE stxrelid = '\(table)'::regclass ORDER BY 2;
            SELECT 'sequence', s.relname, attname FROM pg_depend
            JOIN pg_class AS s ON s.oid = objid AND s.relkind = 'S'
            JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
            WHERE refobjid = '\(table)'::regclass AND deptype IN ('a', 'i') ORDER BY 2;
            SELECT 'view', v.relname, pg_get_viewdef(v.oid), v.relacl::text, v.reloptions
            FROM pg_class AS v WHERE v.relkind = 'v' AND relnamespace = 'public'::regnamespace
            ORDER BY 2;
            """)
    }

    /// A table with one of everything that can hang on one.
    static let table = """
        CREATE TABLE users (id int PRIMARY KEY);
        INSERT INTO users SELECT generate_series(1, 50);
        CREATE TABLE "Lögs" (
            id serial PRIMARY KEY, gone int, level varchar(10) COLLATE "C" NOT NULL DEFAULT 'INFO',
            user_id int REFERENCES users (id), number bigint GENERATED ALWAYS AS IDENTITY,
            size int CHECK (size >= 0), doubled int GENERATED ALWAYS AS (size * 2) STORED,
            message text, created_at timestamptz DEFAULT now(),
            CONSTRAINT "has level" CHECK (level <> ''));
        ALTER TABLE "Lögs" DROP COLUMN gone;
        ALTER TABLE "Lögs" ALTER message SET STORAGE EXTERNAL, ALTER level SET STATISTICS 77;
        CREATE INDEX ix_level ON "Lögs" (level);
        CREATE INDEX "ix ""odd"" one" ON "Lögs" (lower(message), created_at DESC) INCLUDE (size)
            WHERE message IS NOT NULL;
        CREATE UNIQUE INDEX ux_time ON "Lögs" (user_id, created_at);
        CREATE INDEX ix_level_again ON "Lögs" (level);
        CREATE INDEX ix_hash ON "Lögs" USING hash (level) WITH (fillfactor = 60);
        ALTER TABLE "Lögs" ADD CONSTRAINT per_time UNIQUE (number, created_at);
        CREATE STATISTICS level_size (dependencies) ON level, size FROM "Lögs";
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.message := coalesce(NEW.message, ''none''); RETURN NEW; END';
        CREATE TRIGGER stamped BEFORE INSERT ON "Lögs" FOR EACH ROW EXECUTE FUNCTION stamp();
        CREATE TRIGGER asleep AFTER DELETE ON "Lögs" FOR EACH STATEMENT EXECUTE FUNCTION stamp();
        ALTER TABLE "Lögs" DISABLE TRIGGER asleep;
        COMMENT ON TABLE "Lögs" IS 'what ''happened''';
        COMMENT ON COLUMN "Lögs".level IS 'how bad';
        COMMENT ON INDEX ix_level IS 'by level';
        COMMENT ON CONSTRAINT "has level" ON "Lögs" IS 'never empty';
        COMMENT ON TRIGGER stamped ON "Lögs" IS 'stamps';
        GRANT SELECT ON "Lögs" TO logs_reader;
        GRANT UPDATE (message) ON "Lögs" TO logs_reader WITH GRANT OPTION;
        ALTER TABLE "Lögs" ENABLE ROW LEVEL SECURITY;
        CREATE POLICY readers ON "Lögs" FOR SELECT TO logs_reader USING (level <> 'SECRET');
        CREATE VIEW errors WITH (security_barrier) AS
            SELECT id, level, created_at FROM "Lögs" WHERE level = 'ERROR';
        GRANT SELECT ON errors TO logs_reader;
        CREATE VIEW error_count AS SELECT count(*) FROM errors;
        INSERT INTO "Lögs" (level, user_id, size, message, created_at)
            SELECT (ARRAY['INFO', 'ERROR'])[1 + n % 2], 1 + n % 50, n, 'line ' || n,
                timestamptz '2025-01-01 00:00+00' + n * interval '1 hour'
            FROM generate_series(1, 3000) AS n;
        """

    private static let name = "public.\"Lögs\""

    private func scene(_ sql: String = table, key: String = "created_at") throws -> Scene {
        let scene = try Scene()
        try scene.database.psql(sql)
        try scene.configure(Scene.policy(Self.name, key: key))
        return scene
    }

    private func adopt(_ scene: Scene, _ more: String...) throws -> Outcome {
        try scene.pgretain(["adopt", Self.name] + more)
    }

    @Test func allThatHungOnItHangsOnItsSuccessor() throws {
        let scene = try scene()
        let before = try Self.face(of: "\"Lögs\"", in: scene)
        let rows = try scene.digest(of: "\"Lögs\"")
        let plan = try adopt(scene, "--dry-run")
        #expect(plan.status == 0, "\(plan.stdout) \(plan.stderr)")
        #expect(plan.stdout.contains("ON CONFLICT (id) fails"))
        #expect(try Self.face(of: "\"Lögs\"", in: scene) == before, "a dry run changes nothing")

        let adopted = try adopt(scene)
        #expect(adopted.status == 0, "\(adopted.stdout) \(adopted.stderr)")
        #expect(try Self.face(of: "\"Lögs\"", in: scene) == before)
        #expect(try scene.digest(of: "\"Lögs\"") == rows)
        let partitions = try scene.partitions(of: "\"Lögs\"")
        #expect(partitions.count >= 3, "\(partitions)")
        let wide = try #require(partitions.first { $0.hasPrefix("Lögs_to_") })
        let kinds = try scene.database.superuser(
            """
            SELECT relkind, (SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = conindid)
            FROM pg_constraint JOIN pg_class AS c ON c.oid = conrelid
            WHERE conrelid = '"Lögs"'::regclass AND contype = 'p';
            SELECT count(*) FROM pg_constraint WHERE conname LIKE 'pgretain%';
            SELECT count(*) FROM pg_class WHERE relname LIKE 'pgretain\\_%';
            SELECT count(*) FROM ONLY "\(wide)";
            """)
        #expect(kinds == "p|{id,created_at}\n0\n0\n3000")

        // New rows get numbers of their own, triggers and defaults, and find their partition.
        let inserted = try scene.database.psql(
            """
            INSERT INTO "Lögs" (size) VALUES (1) RETURNING id, number, message, doubled;
            INSERT INTO "Lögs" (created_at) SELECT timestamptz '2999-01-01' WHERE false;
            """)
        #expect(inserted == "3001|3001|none|2")
        #expect(try scene.database.superuser("SELECT * FROM error_count") == "1500")
        let night = try scene.night(nil)
        #expect(night.status == 76, "not approved: \(night.stderr)")
        #expect(!night.stderr.contains("premake"), "\(night.stderr)")
        let again = try adopt(scene)
        #expect(again.status == 78 && again.stderr.contains("adopt.partitioned"), "\(again.stderr)")
    }

    @Test func itCanBeUndone() throws {
        let scene = try scene()
        let definition =
            """
            SELECT pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = '"Lögs"'::regclass AND contype = 'p';
            SELECT attnotnull FROM pg_attribute
            WHERE attrelid = '"Lögs"'::regclass AND attname = 'created_at';
            SELECT relkind FROM pg_class WHERE oid = '"Lögs"'::regclass;
            """
        let before = try Self.face(of: "\"Lögs\"", in: scene)
        let shape = try scene.database.superuser(definition)
        #expect(try adopt(scene).status == 0)
        try scene.database.psql("INSERT INTO \"Lögs\" (size) VALUES (7)")
        let rows = try scene.digest(of: "\"Lögs\"")
        let undone = try adopt(scene, "--undo")
        #expect(undone.status == 0, "\(undone.stdout) \(undone.stderr)")
        #expect(try Self.face(of: "\"Lögs\"", in: scene) == before)
        #expect(try scene.database.superuser(definition) == shape)
        #expect(try scene.digest(of: "\"Lögs\"") == rows)
        #expect(
            try scene.database.psql(
                "INSERT INTO \"Lögs\" (size) VALUES (8) RETURNING id, number") == "3002|3002")
        #expect(try adopt(scene, "--undo").status == 66)
        #expect(try adopt(scene).status == 0, "and adopted once more")
        #expect(try Self.face(of: "\"Lögs\"", in: scene) == before)
    }

    @Test func rowsBeyondTheAdoptedPartitionForbidTheWayBack() throws {
        let scene = try scene()
        #expect(try adopt(scene).status == 0)
        let next = try scene.database.superuser(
            """
            SELECT substring(pg_get_expr(relpartbound, oid) FROM '\\(''([^'']+)''\\) TO')
            FROM pg_class WHERE relispartition AND relkind = 'r' AND relname NOT LIKE '%\\_to\\_%'
            ORDER BY relname LIMIT 1
            """)
        try scene.database.psql("INSERT INTO \"Lögs\" (size, created_at) VALUES (9, '\(next)')")
        let before = try scene.picture(of: "\"Lögs\"")
        let undone = try adopt(scene, "--undo")
        #expect(undone.status == 76 && undone.stderr.contains("adopt.no-return"))
        #expect(try scene.picture(of: "\"Lögs\"") == before)
    }

    // MARK: What is in the way

    struct Obstacle: CustomTestStringConvertible, Sendable {
        var id: String
        var sql: String
        var accept: [String] = []
        var testDescription: String { id }
    }

    static let obstacles = [
        Obstacle(
            id: "adopt.foreign-key",
            sql: "CREATE TABLE notes (log int REFERENCES \"Lögs\" (id))"),
        Obstacle(
            id: "adopt.unique", sql: "CREATE UNIQUE INDEX ux_size ON \"Lögs\" (size)",
            accept: ["--accept", "unique"]),
        Obstacle(id: "adopt.null-keys", sql: "UPDATE \"Lögs\" SET created_at = NULL WHERE id = 5"),
        Obstacle(
            id: "adopt.late-keys",
            sql: "UPDATE \"Lögs\" SET created_at = 'infinity' WHERE id = 5"),
        Obstacle(
            id: "adopt.dependent", sql: "CREATE MATERIALIZED VIEW m AS SELECT * FROM \"Lögs\""),
        Obstacle(
            id: "adopt.dependent",
            sql:
                "CREATE FUNCTION f() RETURNS SETOF \"Lögs\" LANGUAGE sql AS 'SELECT * FROM \"Lögs\"'"
        ),
        Obstacle(id: "adopt.dependent", sql: "CREATE TABLE of_rows (r \"Lögs\")"),
        Obstacle(
            id: "adopt.dependent",
            sql: "CREATE RULE quiet AS ON DELETE TO \"Lögs\" DO INSTEAD NOTHING"),
        Obstacle(id: "adopt.inheritance", sql: "CREATE TABLE child () INHERITS (\"Lögs\")"),
        Obstacle(
            id: "adopt.not-validated",
            sql: "ALTER TABLE \"Lögs\" ADD CONSTRAINT later CHECK (size < 9999) NOT VALID"),
        Obstacle(
            id: "adopt.no-inherit",
            sql: "ALTER TABLE \"Lögs\" ADD CONSTRAINT own CHECK (size < 9999) NO INHERIT"),
        Obstacle(
            id: "adopt.publication",
            sql: "RESET ROLE; CREATE PUBLICATION p FOR TABLE \"Lögs\""),
        Obstacle(
            id: "adopt.publications", sql: "RESET ROLE; CREATE PUBLICATION p FOR ALL TABLES",
            accept: ["--accept", "publication"]),
        Obstacle(
            id: "adopt.trigger",
            sql: """
                CREATE TRIGGER t AFTER UPDATE ON "Lögs" REFERENCING NEW TABLE AS n
                    FOR EACH ROW EXECUTE FUNCTION stamp()
                """),
    ]

    @Test(arguments: obstacles)
    func whatIsInTheWayIsSaidAndNothingIsDone(obstacle: Obstacle) throws {
        let scene = try scene()
        try scene.database.psql(obstacle.sql)
        let before = try scene.picture(of: "\"Lögs\"")
        let face = try Self.face(of: "\"Lögs\"", in: scene)
        for flag in ["--dry-run", "--json"] {
            let refused = try adopt(scene, flag)
            #expect(refused.status == 76, "\(refused.stdout) \(refused.stderr)")
            #expect((refused.stdout + refused.stderr).contains(obstacle.id), "\(refused.stderr)")
        }
        #expect(try scene.picture(of: "\"Lögs\"") == before)
        #expect(try Self.face(of: "\"Lögs\"", in: scene) == face)
        guard !obstacle.accept.isEmpty else { return }
        let accepted = try scene.pgretain(["adopt", Self.name] + obstacle.accept)
        #expect(accepted.status == 0, "\(accepted.stdout) \(accepted.stderr)")
    }

    // MARK: Rows without a time, and of the far future

    private static let homeless = """
        UPDATE "Lögs" SET created_at = NULL WHERE id % 100 = 0;
        UPDATE "Lögs" SET created_at = 'infinity' WHERE id = 7;
        UPDATE "Lögs" SET created_at = '2345-06-07' WHERE id = 8;
        UPDATE "Lögs" SET created_at = '-infinity' WHERE id = 9;
        """

    @Test func rowsWithoutATimeGetTheDefault() throws {
        let scene = try scene()
        try scene.database.psql("UPDATE \"Lögs\" SET created_at = NULL WHERE id IN (5, 6, 2000)")
        let rest = try scene.digest(of: "(SELECT * FROM \"Lögs\" WHERE created_at IS NOT NULL)")
        let adopted = try adopt(scene, "--null-key=created-from-default")
        #expect(adopted.status == 0, "\(adopted.stdout) \(adopted.stderr)")
        #expect(adopted.stdout.contains("3 rows without a time got the default"))
        #expect(
            try scene.digest(of: "(SELECT * FROM \"Lögs\" WHERE id NOT IN (5, 6, 2000))") == rest)
        let now = "SELECT count(*) FROM \"Lögs\" WHERE created_at > now() - interval '1 hour'"
        #expect(try scene.database.superuser(now) == "3")
    }

    @Test func rowsThatNoPartitionTakesAreKeptAside() throws {
        let scene = try scene()
        try scene.database.psql(Self.homeless)
        let rows = try scene.digest(of: "\"Lögs\"")
        let adopted = try adopt(
            scene, "--null-key", "keep-aside", "--late-key", "keep-aside", "--aside", "no_time")
        #expect(adopted.status == 0, "\(adopted.stdout) \(adopted.stderr)")
        #expect(adopted.stdout.contains("32 rows moved aside"), "\(adopted.stdout)")
        #expect(try scene.digest(of: "no_time").hasPrefix("32|"))
        #expect(
            try scene.digest(of: "(SELECT * FROM \"Lögs\" UNION ALL SELECT * FROM no_time)")
                == rows)
        let looks = try scene.database.superuser(
            "SELECT pg_get_userbyid(relowner), relacl FROM pg_class WHERE relname = 'no_time'")
        // A policy hides rows of the table: nobody but its owner reads those aside.
        #expect(looks.hasPrefix("logs_owner|") && !looks.contains("logs_reader"), "\(looks)")
    }

    // MARK: The bound of an adoption that stopped

    @Test func aBoundLeftBehindDoesNotOutliveItsDay() throws {
        let scene = try scene()
        let stopped = try scene.pgretain(
            ["adopt", Self.name], environment: ["PGRETAIN_FAIL_AT": "adopt.validated#1=crash"])
        #expect(stopped.status == 137)
        let bounds = "SELECT count(*) FROM pg_constraint WHERE conname = 'pgretain_adopt_bound'"
        #expect(try scene.database.superuser(bounds) == "1")
        _ = try scene.night(nil)
        #expect(try scene.database.superuser(bounds) == "1", "its day is not near")
        // As though months had gone by.
        try scene.database.superuser(
            """
            ALTER TABLE pgretain.ledger DISABLE TRIGGER USER;
            UPDATE pgretain.ledger SET details = jsonb_set(details, '{to}', to_jsonb(
                to_char(now() AT TIME ZONE 'UTC' + interval '20 hours', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
            """)
        let night = try scene.night(nil)
        #expect(night.status == 78, "it is a plain table: \(night.stderr)")
        #expect(try scene.database.superuser(bounds) == "0")
        let adopted = try adopt(scene)
        #expect(adopted.status == 0, "\(adopted.stderr)")
    }
}
