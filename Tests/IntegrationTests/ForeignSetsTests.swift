import Foundation
import TestSupport
import Testing

/// Partition sets that somebody else has made, in whatever way.
@Suite struct ForeignSets {
    @Test func oddNamesAndBoundsAreManagedAsTheyAre() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE "Weird ""logs" (id serial, at timestamptz NOT NULL)
                PARTITION BY RANGE (at);
            CREATE TABLE "Old Stuff; DROP" PARTITION OF "Weird ""logs"
                FOR VALUES FROM ('2025-01-05') TO ('2025-01-20 12:00');
            CREATE TABLE "ä.b" PARTITION OF "Weird ""logs"
                FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
            CREATE TABLE later PARTITION OF "Weird ""logs"
                FOR VALUES FROM ('2025-03-01') TO ('2025-03-02');
            CREATE TABLE rest PARTITION OF "Weird ""logs" DEFAULT;
            INSERT INTO "Weird ""logs" (at) SELECT '2025-01-05'::timestamptz + n * interval '1 hour'
                FROM generate_series(0, 99) AS n;
            INSERT INTO "Weird ""logs" (at) VALUES ('2025-01-25'), ('2025-04-01');
            """)
        try scene.configure(
            Scene.policy("\"Weird \"\"logs\"", key: "at", more: ["premake: 0"]))
        try scene.approve()
        let plan = try scene.pgretain("plan")
        #expect(
            plan.stdout.contains(
                "gap: no partition takes rows from 2025-01-20 12:00 UTC to 2025-02-01"),
            "\(plan.stdout)")
        let left = try scene.digest(of: "rest")
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        let partitions = try scene.partitions(of: "\"Weird \"\"logs\"")
        #expect(partitions.contains("rest") && partitions.contains("later"))
        #expect(!partitions.contains("Old Stuff; DROP") && !partitions.contains("ä.b"))
        let directory = "public.Weird%20%22logs"
        #expect(
            try scene.slices() == [
                "\(directory)/from=20250105T000000Z/to=20250120T120000Z",
                "\(directory)/year=2025/month=02",
            ])
        let rows = try scene.database.superuser(
            "SELECT rows FROM pgretain.ledger WHERE kind = 'dropped' ORDER BY bounds_from")
        #expect(rows == "100\n0", "an empty partition is archived too")
        #expect(try scene.pgretain("archives", "verify").status == 0)
        #expect(try scene.digest(of: "rest") == left, "DEFAULT stays as it was")
        let back = try scene.pgretain(
            "restore", "--table", "\"Weird \"\"logs\"", "--period", "2025-02", "--attach")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(try scene.partitions(of: "\"Weird \"\"logs\"").contains("ä.b"))
    }

    /// DETACH CONCURRENTLY is refused beside a DEFAULT partition: it is not even announced.
    @Test func besideADefaultTheLadderIsTheOnlyWay() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 2)
        try scene.database.psql("CREATE TABLE logs_rest PARTITION OF logs DEFAULT")
        try scene.configure(
            Scene.policy(more: ["premake: 0"]),
            extra: "limits: { lock_timeout: 50ms, lock_attempts: 2 }")
        try scene.approve()
        for table in ["logs", "logs_rest"] {
            let reader = try scene.database.session()
            reader.ask("BEGIN; LOCK TABLE ONLY \(table) IN ACCESS SHARE MODE;")
            let night = try scene.night(nil, "--only", "retire", "--max-retire", "1")
            #expect(night.status == 75 && night.stderr.contains("lock.busy"), "\(night.stderr)")
            reader.ask("COMMIT;")
        }
        #expect(try scene.events(of: "logs_2025_01") == ["archived"])
        let night = try scene.night(nil, "--only", "retire", "--max-retire", "1")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.events(of: "logs_2025_01") == ["archived", "detached", "dropped"])
    }

    /// All that the newest partition has of its own, the next one has too.
    @Test func aPremadePartitionLooksLikeItsNewestSibling() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE users (id int PRIMARY KEY);
            INSERT INTO users VALUES (1);
            CREATE TABLE seen (id bigint);
            CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO public.seen VALUES (new.id); RETURN new; END';
            CREATE TABLE logs (
                id bigint GENERATED ALWAYS AS IDENTITY, level text COLLATE "C" DEFAULT 'INFO',
                message text CHECK (message <> ''),
                size int GENERATED ALWAYS AS (length(message)) STORED,
                user_id int REFERENCES users, created_at timestamptz NOT NULL,
                PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
            COMMENT ON COLUMN logs.level IS 'how bad';
            CREATE INDEX ON logs (level DESC) WHERE level <> 'INFO';
            CREATE TRIGGER see AFTER INSERT ON logs FOR EACH ROW EXECUTE FUNCTION see();
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            CREATE TABLE logs_2026_10 PARTITION OF logs
                FOR VALUES FROM ('2026-10-01') TO ('2026-11-01')
                WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01,
                    toast.autovacuum_enabled = off);
            COMMENT ON COLUMN logs_2026_10.level IS 'how bad';
            CREATE UNIQUE INDEX ON logs_2026_10 (id);
            CREATE INDEX ON logs_2026_10 USING brin (created_at);
            ALTER TABLE logs_2026_10 ALTER level SET STATISTICS 777,
                ALTER message SET (n_distinct = -0.5),
                REPLICA IDENTITY FULL, ENABLE ROW LEVEL SECURITY;
            GRANT SELECT ON logs_2026_10 TO logs_reader WITH GRANT OPTION;
            GRANT INSERT (level), UPDATE (message) ON logs_2026_10 TO logs_reader;
            CREATE POLICY mine ON logs_2026_10 AS RESTRICTIVE FOR SELECT TO logs_reader
                USING (user_id > 0);
            ALTER DEFAULT PRIVILEGES FOR ROLE logs_owner GRANT ALL ON TABLES TO logs_reader;
            """)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 2"]))
        let night = try scene.night("2026-11-20T00:00:00Z", "--only", "premake")
        #expect(night.status == 0, "\(night.stderr)")
        let made = ["logs_2026_11", "logs_2026_12", "logs_2027_01"]
        #expect(try scene.partitions() == ["logs_2025_01", "logs_2026_10"] + made)
        let wanted = try looks(of: "logs_2026_10", in: scene)
        #expect(wanted.contains("777") && wanted.contains("brin") && wanted.contains("mine"))
        for name in made {
            #expect(try looks(of: name, in: scene) == wanted, "\(name)")
        }
        // Through the parent all of it works.
        try scene.database.psql(
            "INSERT INTO logs (message, user_id, created_at) VALUES ('x', 1, '2026-12-24')")
        #expect(
            try scene.database.superuser("SELECT id, level, size FROM logs_2026_12") == "1|INFO|1")
        #expect(try scene.database.superuser("SELECT id FROM seen") == "1", "the row trigger")
        #expect(throws: PsqlError.self) {
            try scene.database.psql(
                "INSERT INTO logs (message, user_id, created_at) VALUES ('x', 9, '2026-12-24')")
        }
        #expect(throws: PsqlError.self) {
            try scene.database.psql(
                "INSERT INTO logs (message, created_at) VALUES ('', '2026-12-24')")
        }
    }

    /// What the catalogue says of a partition, names that hold its own left out.
    private func looks(of table: String, in scene: Scene) throws -> String {
        let text = try scene.database.superuser(
            """
            SELECT pg_get_userbyid(relowner), relrowsecurity, relforcerowsecurity, relreplident,
                (SELECT array_agg(o ORDER BY o) FROM unnest(reloptions) o),
                (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid),
                (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) a)
            FROM pg_class c WHERE oid = '\(table)'::regclass;
            SELECT attname, format_type(atttypid, atttypmod), attnotnull, attcollation, attgenerated,
                attidentity, attstattarget, attoptions, attacl, attstorage,
                col_description(attrelid, attnum), pg_get_expr(adbin, adrelid)
            FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE attrelid = '\(table)'::regclass AND attnum > 0 ORDER BY attnum;
            SELECT regexp_replace(pg_get_indexdef(indexrelid), ' INDEX \\S+ ON \\S+ ', ' '),
                indisprimary, EXISTS (SELECT FROM pg_inherits WHERE inhrelid = indexrelid)
            FROM pg_index WHERE indrelid = '\(table)'::regclass ORDER BY 1;
            SELECT contype, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = '\(table)'::regclass ORDER BY 1, 2;
            SELECT polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid)
            FROM pg_policy WHERE polrelid = '\(table)'::regclass;
            SELECT tgname, tgtype FROM pg_trigger
            WHERE tgrelid = '\(table)'::regclass AND NOT tgisinternal;
            """)
        return text
    }
}
