import Foundation
import TestSupport
import Testing

/// The wide partition gives way to partitions of its rows, whoever writes meanwhile and wherever
/// it ends.
@Suite struct Splits {
    private static let name = "public.\"Lögs\""

    /// Adopted, with rows of January to May 2025 and one of everything that can hang on a table.
    private func scene() throws -> Scene {
        let scene = try Scene()
        try scene.database.psql(Adoptions.table)
        try scene.configure(Scene.policy(Self.name, then: "keep", more: ["premake: 3"]))
        let adopted = try scene.pgretain(["adopt", Self.name, "--now", "2025-05-20T00:00:00Z"])
        try #require(adopted.status == 0, "\(adopted.stderr)")
        return scene
    }

    private static let split = ["adopt", name, "--split", "--now", "2025-05-20T00:00:00Z"]
    private static let months = (1...6).map { "Lögs_2025_0\($0)" }

    private func rows(_ scene: Scene) throws -> String { try scene.digest(of: "\"Lögs\"") }

    private func leftovers(_ scene: Scene) throws -> String {
        try scene.database.superuser(
            """
            SELECT (SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
                    WHERE nspname = 'pgretain' AND relname ~ '^[sc]_[0-9]+$')
                + (SELECT count(*) FROM pg_proc WHERE proname ~ '^note_[0-9]+$')
                + (SELECT count(*) FROM pg_trigger WHERE tgname ~ '^pgretain')
                + (SELECT count(*) FROM pg_constraint WHERE conname ~ '^pgretain')
                + (SELECT count(*) FROM pg_class WHERE relname ~ '^Lögs_(to_)?2025_[0-9]+$'
                    AND relkind = 'r' AND NOT relispartition)
            """)
    }

    private func isSplit(_ scene: Scene) throws -> Bool {
        try scene.partitions(of: "\"Lögs\"").contains(Self.months[0])
            && scene.database.superuser(
                "SELECT count(*) FROM pg_inherits WHERE inhrelid = '\"Lögs_2025_01\"'::regclass "
                    + "AND inhparent = '\"Lögs\"'::regclass") == "1"
    }

    @Test func everyPeriodGetsItsPartition() throws {
        let scene = try scene()
        let (before, face) = (try rows(scene), try Adoptions.face(of: "\"Lögs\"", in: scene))
        let picture = try scene.picture(of: "\"Lögs\"")
        let preview = try scene.pgretain(Self.split + ["--dry-run"])
        #expect(preview.status == 0 && preview.stdout.contains("nothing is in the way"))
        #expect(preview.stdout.contains("Lögs_2025_03"), "\(preview.stdout)")
        #expect(try scene.picture(of: "\"Lögs\"") == picture, "a dry run changes nothing")

        let split = try scene.pgretain(Self.split)
        #expect(split.status == 0, "\(split.stdout) \(split.stderr)")
        #expect(try rows(scene) == before)
        #expect(try Adoptions.face(of: "\"Lögs\"", in: scene) == face)
        let partitions = try scene.partitions(of: "\"Lögs\"")
        #expect(partitions.starts(with: Self.months), "\(partitions)")
        #expect(partitions.allSatisfy { !$0.contains("_to_") }, "\(partitions)")
        #expect(
            try scene.database.superuser(
                """
                SELECT count(*) FROM ONLY "Lögs_2025_01";
                SELECT count(*) FROM ONLY "Lögs_2025_06";
                SELECT count(*) FROM pg_index WHERE NOT indisvalid;
                SELECT count(DISTINCT n) FROM (SELECT count(*) AS n FROM pg_index JOIN pg_inherits
                    ON inhrelid = indrelid WHERE inhparent = '"Lögs"'::regclass GROUP BY indrelid) AS t;
                SELECT count(*) FROM pg_constraint WHERE NOT convalidated;
                SELECT count(DISTINCT n) FROM (SELECT count(*) AS n FROM pg_constraint JOIN pg_inherits
                    ON inhrelid = conrelid WHERE inhparent = '"Lögs"'::regclass GROUP BY conrelid) AS t;
                """) == "743\n0\n0\n1\n0\n1")
        #expect(try leftovers(scene) == "0")
        try scene.database.psql(
            "INSERT INTO \"Lögs\" (size, created_at) VALUES (1, '2025-02-03'), (2, '2025-07-01')")
        let again = try scene.pgretain(Self.split)
        #expect(again.status == 66 && again.stderr.contains("split.none"), "\(again.stderr)")
        let undone = try scene.pgretain("adopt", Self.name, "--undo")
        #expect(undone.status == 76 && undone.stderr.contains("adopt.no-return"))
    }

    @Test(arguments: [
        "split.staged", "split.watched", "split.copied", "split.indexed", "split.proven",
        "split.bound", "split.caught-up",
    ])
    func whatIsWrittenMeanwhileIsThere(place: String) throws {
        let scene = try scene()
        var expected = ""
        let split = try scene.night(
            Self.split,
            standingAt: [
                (
                    Place(name: place, number: 1),
                    {
                        try scene.database.psql(
                            """
                            INSERT INTO "Lögs" (size, created_at)
                                SELECT n, timestamptz '2025-02-10' + n * interval '1 day'
                                FROM generate_series(1, 50) AS n;
                            INSERT INTO "Lögs" (size, created_at) VALUES (1, '1999-01-01'),
                                (2, '-infinity');
                            UPDATE "Lögs" SET level = 'CHANGED' WHERE id % 11 = 0;
                            UPDATE "Lögs" SET created_at = created_at + interval '1 month'
                                WHERE id % 13 = 0;
                            UPDATE "Lögs" SET id = -id WHERE id % 17 = 0;
                            UPDATE "Lögs" SET created_at = timestamptz '2025-07-02' + id * interval '1 s' WHERE id % 19 = 0;
                            DELETE FROM "Lögs" WHERE id % 23 = 0;
                            BEGIN; DELETE FROM "Lögs" WHERE id % 5 = 0; ROLLBACK;
                            """)
                        expected = try rows(scene)
                    }
                )
            ])
        #expect(split.status == 0, "\(split.stderr)")
        #expect(try rows(scene) == expected)
        let partitions = try scene.partitions(of: "\"Lögs\"")
        #expect(partitions.contains("Lögs_to_2025_01"), "\(partitions)")
        #expect(
            try scene.database.superuser("SELECT count(*) FROM ONLY \"Lögs_to_2025_01\"") == "2")
        #expect(try leftovers(scene) == "0")
    }

    /// A key that its index takes for equal and its text does not.
    @Test func keysAreWhatTheirIndexTakesForEqual() throws {
        let scene = try Scene()
        try scene.database.superuser("CREATE EXTENSION citext")
        try scene.database.psql(
            """
            CREATE TABLE logs (code citext, at timestamptz, PRIMARY KEY (code, at))
                PARTITION BY RANGE (at);
            CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2025-03-01');
            INSERT INTO logs SELECT 'k' || n, '2025-02-01' FROM generate_series(1, 50) AS n;
            """)
        try scene.configure(Scene.policy(key: "at", then: "keep", more: ["premake: 0"]))
        let split = try scene.night(
            ["adopt", "logs", "--split"],
            standingAt: [
                (
                    Place(name: "split.proven", number: 1),
                    { try scene.database.psql("UPDATE logs SET code = 'K1' WHERE code = 'k1'") }
                )
            ])
        #expect(split.status == 0, "\(split.stderr)")
        #expect(
            try scene.database.superuser(
                "SELECT count(*), string_agg(code::text, '') FILTER (WHERE code = 'k1') FROM logs")
                == "50|K1")
    }

    /// To its snapshot the copied rows do not exist.
    @Test func whoBeganBeforeTheCopySeesAllRows() throws {
        let scene = try scene()
        let reader = try scene.database.session()
        #expect(reader.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;") == "1")
        let split = try Program.start(Self.split + ["--config", scene.configuration])
        for _ in 0..<600 where split.isRunning {
            let waits = try scene.database.superuser(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    + "AND application_name LIKE '%waiting for older%'")
            if waits == "1" { break }
            Thread.sleep(forTimeInterval: 0.05)
        }
        #expect(split.isRunning)
        #expect(reader.ask("SELECT count(*) FROM \"Lögs\"; COMMIT;") == "3000")
        let ended = split.wait()
        #expect(ended.status == 0, "\(ended.stderr)")
        #expect(try isSplit(scene))
    }

    /// Rows first, then what they name: the copies do not hold on to it.
    @Test func whatRowsNameCanBeDeletedWithThem() throws {
        let scene = try scene()
        let application = try scene.database.session()
        func deletion(of user: Int) -> (rows: String, user: String) {
            (
                "DELETE FROM \"Lögs\" WHERE user_id = \(user);",
                "DELETE FROM users WHERE id = \(user);"
            )
        }
        let split = try scene.night(
            Self.split,
            standingAt: [
                (
                    Place(name: "split.proven", number: 1),
                    {
                        let (rows, user) = deletion(of: 1)
                        _ = application.ask("BEGIN; \(rows) SELECT 1;")
                        application.send("SELECT pg_sleep(1); \(user) COMMIT;")
                    }
                ),
                (
                    Place(name: "split.bound", number: 1),
                    {
                        let (rows, user) = deletion(of: 2)
                        try scene.database.psql("BEGIN; \(rows) \(user) COMMIT;")
                        try scene.database.psql(
                            """
                            BEGIN; UPDATE "Lögs" SET user_id = NULL WHERE user_id = 3;
                            \(deletion(of: 3).user) COMMIT;
                            """)
                    }
                ),
            ])
        #expect(split.status == 0, "\(split.stderr)")
        let left = try scene.database.superuser(
            """
            SELECT count(*) FROM users WHERE id IN (1, 2, 3);
            SELECT count(*) FROM "Lögs" WHERE user_id IN (1, 2, 3);
            SELECT count(*) > 0 FROM "Lögs" WHERE user_id IS NULL;
            """)
        #expect(left == "0\n0\nt")
        #expect(try leftovers(scene) == "0")
    }

    /// Once the copies have the table's foreign keys, they change with what those name.
    @Test func aTransactionInTheWayOfTheCopyIsWaitedFor() throws {
        let scene = try scene()
        try scene.database.psql(
            """
            ALTER TABLE "Lögs" DROP CONSTRAINT "Lögs_user_id_fkey";
            ALTER TABLE "Lögs" ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE SET NULL;
            """)
        let application = try scene.database.session()
        let split = try scene.night(
            Self.split,
            standingAt: [
                (
                    Place(name: "split.bound", number: 1),
                    {
                        try scene.database.psql("UPDATE \"Lögs\" SET level = 'X' WHERE user_id = 1")
                        _ = application.ask("BEGIN; DELETE FROM users WHERE id = 1; SELECT 1;")
                        application.send("SELECT pg_sleep(2); COMMIT;")
                    }
                )
            ])
        #expect(split.status == 0, "\(split.stderr)")
        let left = try scene.database.superuser(
            "SELECT count(*) FILTER (WHERE user_id = 1), count(*) FILTER (WHERE level = 'X') > 0 FROM \"Lögs\""
        )
        #expect(left == "0|t")
        #expect(try leftovers(scene) == "0")
    }

    @Test(arguments: [
        "TRUNCATE \"Lögs\"", "ALTER TABLE \"Lögs\" ADD COLUMN more int",
        "ALTER TABLE \"Lögs\" ALTER message TYPE text USING upper(message)",
        """
        ALTER TABLE "Lögs_to_2025_07" DISABLE TRIGGER USER;
        INSERT INTO "Lögs" (size, created_at) VALUES (1, '2025-02-03');
        ALTER TABLE "Lögs_to_2025_07" ENABLE TRIGGER USER
        """,
        "VACUUM FULL \"Lögs_to_2025_07\"",
    ])
    func whatCannotBeFollowedEndsIt(statement: String) throws {
        let scene = try scene()
        var expected = ""
        let split = try scene.night(
            Self.split,
            standingAt: [
                (
                    Place(name: "split.proven", number: 1),
                    {
                        try scene.database.psql(statement)
                        expected = try rows(scene)
                    }
                )
            ])
        #expect(split.status == 75, "\(split.stderr)")
        #expect(try rows(scene) == expected)
        #expect(try !isSplit(scene))
        #expect(try leftovers(scene) == "0")
    }

    @Test(arguments: ["crash", "error"])
    func whereverItEndsNoRowIsLost(action: String) throws {
        let trace = try scene()
        let file = trace.configuration + ".trace"
        try #require(
            try trace.pgretain(Self.split, environment: ["PGRETAIN_FAIL_TRACE": file]).status == 0)
        let all = try Place.passed(file).filter {
            action == "crash" || $0.name.hasPrefix("sql.")
        }
        try #require(Set(all.map(\.name)).count > 30)
        for (number, place) in Faults.chosen(all, of: { $0.name }).enumerated() {
            let what = "\(place)=\(action)"
            let scene = try scene()
            let (before, face) = (try rows(scene), try Adoptions.face(of: "\"Lögs\"", in: scene))
            let broken = try scene.pgretain(
                Self.split, environment: ["PGRETAIN_FAIL_AT": what])
            #expect(broken.status != 0 || action == "error", "\(what)")
            #expect(try rows(scene) == before, "rows lost by \(what)")
            if number % 2 == 0, try !isSplit(scene) {
                let again = try scene.pgretain(Self.split)
                #expect(again.status == 0, "after \(what): \(again.stderr)")
                #expect(try isSplit(scene), "after \(what)")
            } else {
                let night = try scene.night("2025-05-20T00:00:00Z", "--only", "premake")
                #expect(night.status == 0, "after \(what): \(night.stderr)")
            }
            #expect(try rows(scene) == before, "rows lost after \(what)")
            #expect(try Adoptions.face(of: "\"Lögs\"", in: scene) == face, "after \(what)")
            #expect(try leftovers(scene) == "0", "after \(what)")
        }
    }

    @Test(arguments: [
        (
            "split.foreign-keys",
            "CREATE TABLE p (id int, at timestamptz, FOREIGN KEY (id, at) REFERENCES \"Lögs\" (id, created_at))"
        ),
        ("split.published", "CREATE PUBLICATION p FOR TABLE \"Lögs\""),
        ("split.paused", "INSERT INTO pgretain.pauses (reason) VALUES ('a reason')"),
        (
            "split.unvalidated",
            "ALTER TABLE \"Lögs\" ADD CONSTRAINT small CHECK (size < 9999999) NOT VALID"
        ),
    ])
    func whatIsInTheWayIsSaid(id: String, sql: String) throws {
        let scene = try scene()
        try scene.database.superuser(sql)
        let before = try scene.picture(of: "\"Lögs\"")
        for more in [["--dry-run"], []] {
            let refused = try scene.pgretain(Self.split + more)
            #expect(refused.status == 76, "\(refused.stderr)")
            #expect((refused.stdout + refused.stderr).contains(id), "\(refused.stdout)")
        }
        #expect(try scene.picture(of: "\"Lögs\"") == before)
    }
}

extension Slices {
    /// Months that have left already, and rows that came to them late.
    @Test func aPartitionOfWhichMonthsHaveLeftIsSplitToo() throws {
        let scene = try Self.wide()
        let first = try scene.night(nil)
        try #require(first.status == 0, "\(first.stderr)")
        var conservation = try Conservation(scene)
        let late = try scene.database.psql(
            """
            INSERT INTO logs (level, created_at) VALUES ('LATE', '2025-01-05 00:00+00')
            RETURNING row_to_json(logs)
            """)
        _ = late
        conservation = try Conservation(scene)
        let split = try scene.pgretain("adopt", "logs", "--split")
        #expect(split.status == 0, "\(split.stderr)")
        for _ in 0..<4 {
            let night = try scene.night(nil, "--max-retire", "9")
            #expect(night.status == 0, "\(night.stderr)")
        }
        #expect(try Self.old(scene) == 0)
        #expect(try scene.partitions() == ["logs_now"])
        try conservation.expectNothingLost("after the split")
    }
}
