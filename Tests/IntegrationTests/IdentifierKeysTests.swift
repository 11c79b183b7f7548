import Foundation
import TestSupport
import Testing

/// Tables whose key is a UUIDv7 or a ULID. Which rows a month has, the server says: by where it routes
/// them, and by functions that share nothing with what they test.
@Suite struct IdentifierKeys {
    /// `of(t, rest)`: an identifier of that instant.
    struct Kind: CustomTestStringConvertible, Sendable {
        var keyType: String
        var type: String
        var zeros: String
        var ones: String
        var function: String
        /// Some that have no time: early ones, those of January 2025, late ones.
        var timeless: [String]

        var testDescription: String { "\(keyType) in \(type)" }

        static let uuid = Kind(
            keyType: "uuidv7", type: "uuid", zeros: "7000-8000-000000000000",
            ones: "7fff-bfff-ffffffffffff",
            function: """
                SELECT (overlay(
                    lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0')
                    PLACING '-' FROM 9 FOR 0) || '-' || rest)::uuid
                """,
            timeless: [
                "00000000-0000-0000-0000-000000000000", "00941f29-7c00-4000-8000-000000000001",
                "01941f30-7c00-4000-8000-000000000001", "01941f30-7c00-7000-c000-000000000001",
                "e1941f30-7c00-4000-8000-000000000001",
            ])

        static func ulid(_ type: String) -> Kind {
            Kind(
                keyType: "ulid", type: type, zeros: "0000000000000000",
                ones: "ZZZZZZZZZZZZZZZZ",
                function: """
                    SELECT string_agg(
                        substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 1 + mod(
                            div((extract(epoch FROM t) * 1000)::numeric, power(32::numeric, n)),
                            32)::int, 1), '' ORDER BY n DESC) || rest
                    FROM generate_series(0, 9) AS n
                    """,
                timeless: [
                    "", "0", "01JE0", "01JGFJJZ0U0000000000000000", "01JGFJZZ0",
                    "01jgfjzz000000000000000000",
                    "ZZJGFJJZ000000000000000000",
                ])
        }

        static let all = [uuid, ulid("text"), ulid("varchar(26)"), ulid("char(26)")]

        var collation: String { type == "uuid" ? "" : "COLLATE \"C\"" }
    }

    /// The functions, and nothing else.
    private func bare(_ kind: Kind) throws -> Scene {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE FUNCTION of(t timestamptz, rest text) RETURNS \(kind.type == "uuid" ? "uuid" : "text")
                LANGUAGE sql IMMUTABLE AS $f$ \(kind.function) $f$;
            CREATE FUNCTION first(t timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS
                $f$ SELECT overlay(of(t, '\(kind.zeros)')::text
                    PLACING translate('\(kind.zeros)', '78', '00')
                    FROM length(of(t, '\(kind.zeros)')::text) - length('\(kind.zeros)') + 1) $f$;
            """)
        return scene
    }

    private func policy(_ kind: Kind, retain: String = "1 month", _ more: [String] = [])
        -> String
    {
        Scene.policy(
            "public.events", key: "id", retain: retain,
            more: ["key_type: \(kind.keyType)"] + more)
    }

    /// `public.events (id, n, message)`: January to March 2025, with rows on both edges of each month, and
    /// a DEFAULT partition.
    private func scene(_ kind: Kind, retain: String = "1 month", more: [String] = []) throws
        -> Scene
    {
        let scene = try bare(kind)
        try scene.database.psql(
            """
            CREATE TABLE events (id \(kind.type) \(kind.collation) PRIMARY KEY, n int, message text)
                PARTITION BY RANGE (id);
            DO $$
            DECLARE f timestamptz;
            BEGIN
                FOR f IN SELECT generate_series(
                    timestamptz '2025-01-01 00:00Z', '2025-03-01 00:00Z', interval '1 month')
                LOOP
                    EXECUTE format(
                        'CREATE TABLE events_%s PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                        to_char(f AT TIME ZONE 'UTC', 'YYYY_MM'), first(f),
                        first((f AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'));
                END LOOP;
            END $$;
            CREATE TABLE events_default PARTITION OF events DEFAULT;
            INSERT INTO events SELECT of(timestamptz '2025-01-01 00:00Z' + n * interval '1 day', '\(kind.zeros)'),
                n, 'day' FROM generate_series(0, 89) AS n;
            INSERT INTO events VALUES
                (of('2025-01-31 23:59:59.999Z', '\(kind.ones)'), 1000, 'edge'),
                (of('2025-02-01 00:00Z', '\(kind.ones)'), 1001, 'edge');
            """)
        try scene.configure(policy(kind, retain: retain, more))
        return scene
    }

    private func insertTimeless(_ kind: Kind, into scene: Scene) throws {
        for (n, id) in kind.timeless.enumerated() {
            try scene.database.psql("INSERT INTO events VALUES ('\(id)', \(5000 + n), 'timeless')")
        }
    }

    private func numbers(_ outcome: Outcome) -> [Int] {
        outcome.stdout.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /"n":(\d+)/).flatMap { Int($0.1) }
        }.sorted()
    }

    private func numbers(_ query: String, _ scene: Scene) throws -> [Int] {
        try scene.database.superuser(query).split(separator: "\n").compactMap { Int($0) }.sorted()
    }

    @Test("the whole way, for each kind", arguments: Kind.all)
    func wholeWay(_ kind: Kind) throws {
        let scene = try scene(kind)
        try insertTimeless(kind, into: scene)
        let rows = try Conservation(scene, table: "events")
        let january = try numbers("SELECT n FROM events_2025_01", scene)
        #expect(january.count > 32, "days, an edge, and some that only lie there")
        let before = try scene.digest(of: "events_2025_01")
        try scene.approve()
        for hour in 0..<2 {
            let night = try scene.night("2025-03-15T0\(hour):00:00Z")
            #expect(night.status == 0, "\(night)")
            try rows.expectEachOnce("hour \(hour)")
        }

        // January is gone, and the server says what the months are that were made ahead.
        #expect(
            try scene.database.superuser(
                """
                SELECT c.relname, bool_and(
                    pg_get_expr(c.relpartbound, c.oid) = format('FOR VALUES FROM (%L) TO (%L)',
                        first(m AT TIME ZONE 'UTC'),
                        first((m + interval '1 month') AT TIME ZONE 'UTC')))
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                CROSS JOIN LATERAL (SELECT to_date(right(c.relname, 7), 'YYYY_MM')::timestamp AS m) x
                WHERE i.inhparent = 'events'::regclass AND c.relname <> 'events_default'
                GROUP BY 1 ORDER BY 1
                """)
                == (2...6).map { "events_2025_0\($0)|t" }.joined(separator: "\n"))

        // An archive has what the server had put into the month, and a search finds it by time.
        #expect(numbers(try scene.pgretain("search", "--table", "events")) == january)
        let found = try scene.pgretain(
            "search", "--table", "events", "--from", "2025-01-31T00:00:00Z", "--to",
            "2025-02-01T00:00:00Z")
        #expect(numbers(found) == [30, 1000])
        let key = try scene.database.superuser(
            "SELECT of('2025-01-31 23:59:59.999Z', '\(kind.ones)')")
        let one = try scene.pgretain(
            "search", "--table", "events", "--where",
            "id=\(kind.type == "uuid" ? key.uppercased() : key)")
        #expect(numbers(one) == [1000])
        // Whatever range it is cut into, each row is in one of them.
        var parts: [Int] = []
        for (from, to) in [
            ("1970-01-01", "2025-01-04"), ("2025-01-04", "2025-01-31"),
            ("2025-01-31", "2030-01-01"),
        ] {
            parts += numbers(
                try scene.pgretain("search", "--table", "events", "--from", from, "--to", to))
        }
        #expect(parts.sorted() == january)
        let checked = try scene.pgretain("check", "--now", "2025-03-15T02:00:00Z")
        #expect(!(checked.stdout + checked.stderr).contains("key."), "\(checked)")
        let report = try scene.pgretain("report", "--now", "2025-03-15T06:00:00Z")
        #expect(report.status == 0, "\(report)")

        let range = try scene.pgretain(
            "restore", "--table", "events", "--from", "2025-01-31", "--to", "2025-02-01",
            "--into", "back")
        #expect(range.status == 0, "\(range)")
        #expect(try numbers("SELECT n FROM back", scene) == [30, 1000])
        let restored = try scene.pgretain(
            "restore", "--table", "events", "--period", "2025-01", "--attach")
        #expect(restored.status == 0, "\(restored)")
        let partition = try scene.database.superuser(
            "SELECT tableoid::regclass FROM events WHERE n = 1000")
        #expect(try scene.digest(of: partition) == before)
        try rows.expectNothingLost("restored")
    }

    @Test(
        "what a part of them says of its keys is a time, unless some have none", arguments: Kind.all
    )
    func manifest(_ kind: Kind) throws {
        for isMixed in [false, true] {
            let scene = try scene(kind)
            if isMixed { try insertTimeless(kind, into: scene) }
            try scene.approve()
            #expect(try scene.night("2025-03-15T00:00:00Z").status == 0)
            let path = try #require(
                try scene.archiveFiles().first { $0.hasSuffix("manifest.json") })
            let text = try String(contentsOfFile: scene.archives + "/" + path, encoding: .utf8)
            #expect(text.contains("\"format\": 2,"))
            #expect(text.contains("\"type\": \"\(kind.keyType)\""))
            #expect(text.contains("\"smallest_key\": \"2025-01-01T00:00:00Z\"") == !isMixed)
            #expect(text.contains("\"largest_key\": \"2025-01-31T23:59:59.999Z\"") == !isMixed)
        }
    }

    @Test(
        "rows in DEFAULT move into the partition that the server wants them in", arguments: Kind.all
    )
    func draining(_ kind: Kind) throws {
        let scene = try scene(kind, more: ["default: drain"])
        try scene.database.psql("DROP TABLE events_2025_01")
        try insertTimeless(kind, into: scene)
        try scene.database.psql(
            """
            INSERT INTO events VALUES (of('2025-04-02 00:00Z', '\(kind.zeros)'), 3000, 'ahead');
            INSERT INTO events VALUES (overlay(of('2025-04-02 00:00Z', '\(kind.zeros)')::text
                PLACING '\(kind.type == "uuid" ? "4" : "U")' FROM 15)::\(kind.type), 3001, 'timeless');
            """)
        let rows = try Conservation(scene, table: "events")
        try scene.approve()
        let night = try scene.night("2025-03-15T00:00:00Z")
        #expect(night.status == 0, "\(night)")
        #expect(try numbers("SELECT n FROM events_2025_04", scene) == [3000, 3001])
        try rows.expectEachOnce("drained")

        let parked = try scene.pgretain(
            "park", "--table", "public.events", "--aside", "aside", "--now", "2025-03-15T00:00:00Z")
        #expect(parked.status == 0, "\(parked)")
        #expect(
            try numbers("SELECT n FROM aside", scene)
                == (0..<kind.timeless.count).map { 5000 + $0 })
    }

    @Test("what ages out of a wide partition has a time; what has none stays", arguments: Kind.all)
    func wide(_ kind: Kind) throws {
        let scene = try scene(kind)
        try scene.database.psql(
            """
            DO $$ BEGIN EXECUTE format('CREATE TABLE events_first PARTITION OF events
                FOR VALUES FROM (MINVALUE) TO (%L)', first('2025-01-01 00:00Z')); END $$;
            INSERT INTO events VALUES
                (of('2024-12-31 23:59:59.999Z', '\(kind.ones)'), 4000, 'old'),
                (of('2024-12-01 00:00Z', '\(kind.zeros)'), 4001, 'old'),
                (of('2024-11-30 23:59:59.999Z', '\(kind.ones)'), 4002, 'old'),
                (of('1970-01-01 00:00Z', '\(kind.zeros)'), 4003, 'old');
            """)
        try insertTimeless(kind, into: scene)
        let timeless = try numbers("SELECT n FROM events_first WHERE n >= 5000", scene)
        #expect(timeless.count >= 2)
        let rows = try Conservation(scene, table: "events")
        try scene.approve()
        for hour in 0..<3 {
            let night = try scene.night("2025-03-15T0\(hour):00:00Z", "--max-retire", "9")
            #expect(night.status == 0, "\(night)")
            try rows.expectEachOnce("hour \(hour)")
        }
        #expect(try numbers("SELECT n FROM events_first", scene) == timeless)
        func months(_ from: String, _ to: String) throws -> [Int] {
            numbers(try scene.pgretain("search", "--table", "events", "--from", from, "--to", to))
        }
        #expect(try months("2024-12-01", "2025-01-01") == [4000, 4001])
        #expect(try months("2024-11-01", "2024-12-01") == [4002])
        #expect(try months("1970-01-01", "1970-02-01") == [4003])
    }

    @Test("a split puts rows where the server orders them", arguments: [Kind.uuid, .ulid("text")])
    func splitting(_ kind: Kind) throws {
        let scene = try scene(kind)
        try scene.database.psql(
            """
            DROP TABLE events_2025_01;
            DO $$ BEGIN EXECUTE format('CREATE TABLE events_first PARTITION OF events
                FOR VALUES FROM (MINVALUE) TO (%L)', first('2025-02-01 00:00Z')); END $$;
            INSERT INTO events SELECT of(timestamptz '2024-11-15 00:00Z' + n * interval '1 day', '\(kind.zeros)'),
                n, 'day' FROM generate_series(0, 70) AS n;
            """)
        try insertTimeless(kind, into: scene)
        let before = try scene.digest(of: "events")
        let split = try scene.pgretain(
            "adopt", "--split", "events", "--now", "2025-03-15T00:00:00Z")
        #expect(split.status == 0, "\(split)")
        #expect(try scene.digest(of: "events") == before)
        #expect(
            try scene.database.superuser(
                "SELECT string_agg(n::text, ' ') FROM events_2024_11")
                == (0..<16).map(String.init).joined(separator: " "))
    }

    @Test("a rule takes rows whose key is a time", arguments: [Kind.uuid, .ulid("text")])
    func rules(_ kind: Kind) throws {
        let scene = try scene(
            kind, retain: "2 years",
            more: ["rules: [{where: \"message <> 'edge'\", retain: 1 month}]"])
        try insertTimeless(kind, into: scene)
        let rows = try Conservation(scene, table: "events")
        let kept = try numbers("SELECT n FROM events_2025_01 WHERE message <> 'day'", scene)
        try scene.approve()
        let night = try scene.night("2025-03-15T00:00:00Z", "--max-retire", "9")
        #expect(night.status == 0, "\(night)")
        #expect(try numbers("SELECT n FROM events_2025_01", scene) == kept)
        try rows.expectEachOnce("after the rule")
    }

    @Test("what ages leaves a plain table by its UUIDv7; others stay")
    func plain() throws {
        let scene = try bare(.uuid)
        try scene.database.psql(
            """
            CREATE TABLE events (id uuid PRIMARY KEY, n int, message text);
            INSERT INTO events SELECT of(timestamptz '2025-01-01 00:00Z' + n * interval '1 day', '7fff-bfff-ffffffffffff'),
                n, 'day' FROM generate_series(0, 89) AS n;
            INSERT INTO events SELECT gen_random_uuid(), n, 'random' FROM generate_series(10000, 19999) AS n;
            """)
        try insertTimeless(.uuid, into: scene)
        let before = try scene.digest(of: "events")
        let aged = try scene.digest(of: "(SELECT * FROM events WHERE n < 31)")
        try scene.configure(policy(.uuid, ["partitioned: false"]))
        try scene.approve()
        for hour in 0..<2 {
            let night = try scene.night("2025-03-15T0\(hour):00:00Z", "--max-retire", "9")
            #expect(night.status == 0, "\(night)")
        }
        #expect(try scene.slices() == ["public.events/year=2025/month=01"])
        #expect(
            try scene.database.superuser("SELECT min(n), count(*) FROM events") == "31|10064")
        let back = try scene.pgretain(
            "restore", "--table", "events", "--period", "2025-01", "--into", "back")
        #expect(back.status == 0, "\(back)")
        #expect(try scene.digest(of: "back") == aged)
        #expect(
            try scene.digest(of: "(SELECT * FROM events UNION ALL SELECT * FROM back)") == before)
    }

    // MARK: Refused

    @Test(
        "a uuid or a text is no time before somebody says so, and of which form",
        arguments: Kind.all)
    func unstated(_ kind: Kind) throws {
        let scene = try scene(kind)
        for other in [nil, "timestamptz", "epoch_seconds", kind.type == "uuid" ? "ulid" : "uuidv7"]
        {
            try scene.configure(
                Scene.policy(
                    "public.events", key: "id", more: other.map { ["key_type: \($0)"] } ?? []))
            let refused = try scene.pgretain("plan")
            #expect(refused.status == 78 && refused.said("key.type"), "\(refused)")
            #expect(refused.said("a uuid with uuidv7"), "\(refused)")
        }
    }

    @Test(
        "bounds that no premade one would meet are refused, not guessed",
        arguments: [
            (.uuid, "01941f29-7c00-7000-8000-000000000000", "0194bece-a000-7000-8000-000000000000"),
            (.uuid, "01941f29-7c00-7000-0000-000000000000", "0194bece-a000-0000-0000-000000000000"),
            // Shares of all that there are.
            (.uuid, "40000000-0000-0000-0000-000000000000", "80000000-0000-0000-0000-000000000000"),
            (.uuid, "f0000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
            (.ulid("text"), "01JGFJJZ00", "01JJZCX800"),
            (.ulid("text"), "01jgfjjz000000000000000000", "01jjzcx8000000000000000000"),
            (.ulid("char(26)"), "01JGFJJZ000000000000000001", "01JJZCX8000000000000000000"),
            (.ulid("text"), "80000000000000000000000000", "90000000000000000000000000"),
        ] as [(Kind, String, String)])
    func bounds(_ kind: Kind, _ from: String, _ to: String) throws {
        let scene = try bare(kind)
        try scene.database.psql(
            """
            CREATE TABLE events (id \(kind.type) \(kind.collation)) PARTITION BY RANGE (id);
            CREATE TABLE events_one PARTITION OF events FOR VALUES FROM ('\(from)') TO ('\(to)');
            INSERT INTO events VALUES ('\(from)');
            """)
        try scene.configure(policy(kind))
        for command in [["plan"], ["run", "--now", "2025-03-15T00:00:00Z"], ["approve"]] {
            let refused = try scene.pgretain(command)
            #expect(refused.status == 78 && refused.said("key.bounds"), "\(refused)")
            #expect(refused.said(from), "\(refused)")
        }
        #expect(try scene.database.superuser("SELECT count(*) FROM events_one") == "1")
    }

    @Test("ULIDs in another order than that of their bytes are refused")
    func collation() throws {
        let key = { (column: String, partitioning: String) throws in
            let scene = try Scene()
            try scene.database.psql(
                "CREATE TABLE events (id text \(column)) PARTITION BY RANGE (id \(partitioning))")
            try scene.configure(policy(.ulid("text")))
            return try scene.pgretain("plan")
        }
        for (column, partitioning) in [
            ("", ""), ("COLLATE \"en-x-icu\"", ""), ("", "COLLATE \"C\""),
            ("COLLATE \"C\"", "COLLATE \"en-x-icu\""),
        ] {
            let refused = try key(column, partitioning)
            #expect(refused.status == 78 && refused.said("key.collation"), "\(refused)")
            #expect(refused.said("COLLATE \"C\""), "\(refused)")
        }
        for name in ["C", "POSIX", "ucs_basic"] {
            let taken = try key("COLLATE \"\(name)\"", "")
            #expect(taken.status == 0, "\(name): \(taken)")
        }
    }

    @Test("a table that is not partitioned is refused by name, where it is not supported")
    func notPartitioned() throws {
        for kind in [Kind.uuid, .ulid("text")] {
            let scene = try bare(kind)
            try scene.database.psql(
                "CREATE TABLE events (id \(kind.type) \(kind.collation) PRIMARY KEY)")
            try scene.configure(policy(kind, ["partitioned: false"]))
            let plan = try scene.pgretain("plan")
            #expect(plan.status == (kind.type == "uuid" ? 0 : 78), "\(plan)")
            let adopted = try scene.pgretain("adopt", "events", "--dry-run")
            #expect(adopted.status == 78 && adopted.said("key.plain"), "\(adopted)")
        }
    }

    @Test("init proposes a table that is partitioned by what uuidv7() makes")
    func initialization() throws {
        let scene = try scene(.uuid)
        try scene.database.psql(
            """
            CREATE FUNCTION uuidv7() RETURNS uuid LANGUAGE sql AS $f$ SELECT of(now(), '7000-8000-000000000000') $f$;
            ALTER TABLE events ALTER COLUMN id SET DEFAULT uuidv7();
            CREATE TABLE others (id uuid DEFAULT gen_random_uuid()) PARTITION BY RANGE (id);
            """)
        let initial = try Program.run([
            "init", "--database", scene.database.conninfo, "--archives", scene.archives,
        ])
        #expect(initial.status == 0, "\(initial)")
        let text = initial.stdout
        #expect(text.contains("key: id\n    key_type: uuidv7\n    period: month\n"), "\(text)")
        #expect(!text.contains("others"), "\(text)")
        try Data(text.utf8).write(to: URL(fileURLWithPath: scene.configuration))
        let plan = try scene.pgretain("plan")
        #expect(plan.status == 0, "\(plan)")
    }
}

extension Outcome {
    fileprivate func said(_ words: String) -> Bool { (stdout + stderr).contains(words) }
}
