import Foundation
import TestSupport
import Testing

/// Tables whose partition key is an integer that counts from 1970. Which rows a month has, the server
/// says: by its own arithmetic, and by where it routes them.
@Suite struct EpochKeys {
    /// How many of a second's units there are, by the setting's value.
    static let units = [
        "epoch_seconds": 1, "epoch_milliseconds": 1000, "epoch_microseconds": 1_000_000,
    ]

    /// `public.events (id, at, message)`: January to March 2025, with rows on both edges of each month,
    /// and a DEFAULT partition with times that no month has.
    private func scene(_ keyType: String, type: String = "bigint") throws -> Scene {
        let scene = try Scene()
        let unit = try #require(Self.units[keyType])
        try scene.database.psql(
            """
            SET timezone = 'UTC';
            CREATE FUNCTION epoch(t timestamptz) RETURNS \(type) LANGUAGE sql IMMUTABLE AS
                'SELECT (extract(epoch FROM t) * \(unit))::\(type)';
            CREATE TABLE events (id int, at \(type) NOT NULL, message text)
                PARTITION BY RANGE (at);
            DO $$
            DECLARE f timestamptz;
            BEGIN
                FOR f IN SELECT generate_series(
                    timestamptz '2025-01-01 00:00Z', '2025-03-01 00:00Z', interval '1 month')
                LOOP
                    EXECUTE format(
                        'CREATE TABLE events_%s PARTITION OF events FOR VALUES FROM (%s) TO (%s)',
                        to_char(f, 'YYYY_MM'), epoch(f), epoch(f + interval '1 month'));
                END LOOP;
            END $$;
            CREATE TABLE events_default PARTITION OF events DEFAULT;
            INSERT INTO events SELECT n, epoch('2025-01-01 00:00Z') + n * (\(unit)::bigint * 86400), 'day'
                FROM generate_series(0, 89) AS n;
            INSERT INTO events SELECT 1000 + n, epoch('2025-02-01 00:00Z') - 1 + n, 'edge'
                FROM generate_series(0, 1) AS n;
            INSERT INTO events VALUES (2000, -1, 'before'), (2001, 0, 'none');
            """)
        try scene.configure(
            Scene.policy(
                "public.events", key: "at", retain: "1 month",
                more: ["key_type: \(keyType)"]))
        return scene
    }

    private func ids(_ outcome: Outcome) -> [Int] {
        outcome.stdout.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /"id":(\d+)/).flatMap { Int($0.1) }
        }
    }

    @Test(
        "the whole way, in each unit",
        arguments: [
            ("epoch_seconds", "integer"), ("epoch_seconds", "bigint"),
            ("epoch_milliseconds", "bigint"), ("epoch_microseconds", "bigint"),
        ])
    func wholeWay(_ keyType: String, _ type: String) throws {
        let scene = try scene(keyType, type: type)
        let january = try scene.database.superuser(
            "SELECT id FROM events_2025_01 ORDER BY at, id"
        ).split(separator: "\n").compactMap { Int($0) }
        #expect(january.count == 32)
        let before = try scene.digest(of: "events_2025_01")
        try scene.approve()
        #expect(try scene.night("2025-03-15T00:00:00Z").status == 0)
        let again = try scene.night("2025-03-15T01:00:00Z")
        #expect(again.status == 0, "\(again)")

        // January is gone, and the server says what the months are that were made ahead.
        #expect(
            try scene.database.superuser(
                """
                SELECT c.relname, bool_and(
                    replace(pg_get_expr(c.relpartbound, c.oid), '''', '') = format(
                        'FOR VALUES FROM (%s) TO (%s)', epoch(m AT TIME ZONE 'UTC'),
                        epoch((m + interval '1 month') AT TIME ZONE 'UTC')))
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                CROSS JOIN LATERAL (SELECT to_date(right(c.relname, 7), 'YYYY_MM')::timestamp AS m) x
                WHERE i.inhparent = 'events'::regclass AND c.relname <> 'events_default'
                GROUP BY 1 ORDER BY 1
                """)
                    == """
                    events_2025_02|t
                    events_2025_03|t
                    events_2025_04|t
                    events_2025_05|t
                    events_2025_06|t
                    """)
        #expect(try scene.database.superuser("SELECT count(*) FROM events_default") == "2")

        // An archive has what the server had put into the month, and a search finds it by time.
        #expect(ids(try scene.pgretain("search", "--table", "events")).sorted() == january.sorted())
        let found = try scene.pgretain(
            "search", "--table", "events", "--from", "2025-01-31T00:00:00Z", "--to",
            "2025-02-01T00:00:00Z")
        #expect(ids(found).sorted() == [30, 1000])
        let verified = try scene.pgretain("archives", "verify")
        #expect(verified.status == 0, "\(verified)")
        let checked = try scene.pgretain("check", "--now", "2025-03-15T02:00:00Z")
        #expect(!(checked.stdout + checked.stderr).contains("key."), "\(checked)")

        let restored = try scene.pgretain(
            "restore", "--table", "events", "--period", "2025-01", "--attach")
        #expect(restored.status == 0, "\(restored)")
        #expect(
            try scene.database.superuser(
                "SELECT count(*) FROM events WHERE at >= epoch('2025-01-01 00:00Z') AND at < epoch('2025-02-01 00:00Z')"
            )
                == "32")
        let partition = try scene.database.superuser(
            "SELECT tableoid::regclass FROM events WHERE id = 1000")
        #expect(try scene.digest(of: partition) == before)
    }

    @Test("what a part of them says of its keys is a time, and an old reader is told of the format")
    func manifest() throws {
        let scene = try scene("epoch_milliseconds")
        try scene.approve()
        #expect(try scene.night("2025-03-15T00:00:00Z").status == 0)
        let files = FileManager.default.enumerator(atPath: scene.archives)?.compactMap { "\($0)" }
        let path = try #require(files?.first { $0.hasSuffix("manifest.json") })
        let text = try String(contentsOfFile: scene.archives + "/" + path, encoding: .utf8)
        #expect(text.contains("\"format\": 2,"))
        #expect(text.contains("\"type\": \"epoch_milliseconds\""))
        #expect(text.contains("\"smallest_key\": \"2025-01-01T00:00:00Z\""))
        #expect(text.contains("\"largest_key\": \"2025-01-31T23:59:59.999Z\""))
    }

    @Test("what ages out of a wide partition is in the month that the server computes")
    func wide() throws {
        let scene = try scene("epoch_milliseconds")
        try scene.database.psql(
            """
            DELETE FROM events_default;
            CREATE TABLE events_first PARTITION OF events
                FOR VALUES FROM (MINVALUE) TO (1735689600000);
            INSERT INTO events VALUES
                (5000, epoch('2025-01-01 00:00Z') - 1), (5001, epoch('2024-12-01 00:00Z')),
                (5002, epoch('2024-12-01 00:00Z') - 1), (5003, 0), (5004, -5000000000000000),
                (5005, -9223372036854775808);
            """)
        try scene.approve()
        for hour in 0..<3 {
            let night = try scene.night("2025-03-15T0\(hour):00:00Z", "--max-retire", "9")
            #expect(night.status == 0, "\(night)")
        }
        // Those before 1901 have no period, and stay.
        #expect(
            try scene.database.superuser("SELECT id FROM events_first ORDER BY id")
                == "5004\n5005")
        func months(_ from: String, _ to: String) throws -> [Int] {
            ids(try scene.pgretain("search", "--table", "events", "--from", from, "--to", to))
                .sorted()
        }
        #expect(try months("2024-12-01", "2025-01-01") == [5000, 5001])
        #expect(try months("2024-11-01", "2024-12-01") == [5002])
        #expect(try months("1970-01-01", "1970-02-01") == [5003])
        let report = try scene.pgretain("report", "--now", "2025-03-15T06:00:00Z")
        #expect(report.status == 0, "\(report)")
    }

    @Test("an integer is no time before somebody says of what")
    func unstated() throws {
        let scene = try scene("epoch_seconds")
        let policy = { (more: [String]) in
            Scene.policy("public.events", key: "at", retain: "1 month", more: more)
        }
        try scene.configure(policy([]))
        let refused = try scene.pgretain("plan")
        #expect(refused.status == 78)
        #expect(refused.everything.contains("key_type: epoch_seconds"), "\(refused)")
        // A unit that the type cannot have, and one that the bounds contradict, either way.
        for other in ["timestamptz", "epoch_milliseconds", "epoch_microseconds", "uuidv7", "ulid"] {
            try scene.configure(policy(["key_type: \(other)"]))
            let wrong = try scene.pgretain("run", "--now", "2025-03-15T00:00:00Z")
            #expect(wrong.status == 78, "\(other): \(wrong)")
        }
        let other = try self.scene("epoch_microseconds")
        try other.configure(policy(["key_type: epoch_seconds"]))
        let wrong = try other.pgretain("plan")
        #expect(wrong.status == 78, "\(wrong)")
        #expect(wrong.everything.contains("another unit"), "\(wrong)")
    }

    @Test("what a wrong unit made ahead does not vouch for it")
    func wrongUnitMadeAhead() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE events (id int, at bigint NOT NULL) PARTITION BY RANGE (at);
            CREATE TABLE events_default PARTITION OF events DEFAULT;
            """)
        try scene.configure(
            Scene.policy(
                "public.events", key: "at", retain: "1 month",
                more: ["key_type: epoch_milliseconds"]))
        try scene.approve()
        let now = "2025-03-15T00:00:00Z"
        #expect(try scene.night(now).status == 0, "nothing shows it yet")
        try scene.database.psql("INSERT INTO events VALUES (1, 1741000000)")
        let park = try scene.pgretain(
            "park", "--table", "public.events", "--aside", "aside", "--now", now)
        #expect(park.status == 78 && park.stderr.contains("epoch_seconds"), "\(park)")

        try scene.database.psql(
            """
            CREATE TABLE events_2025_01 PARTITION OF events FOR VALUES FROM (1735689600) TO (1738368000);
            INSERT INTO events VALUES (2, 1735689600);
            """)
        let night = try scene.night(now)
        #expect(night.status == 78 && night.everything.contains("another unit"), "\(night)")
        #expect(try scene.database.superuser("SELECT count(*) FROM events") == "2")
    }

    @Test("a bound that no time of that unit has is seen beside MINVALUE")
    func wrongUnitWithoutBeginning() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE events (id int, at bigint NOT NULL) PARTITION BY RANGE (at);
            CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO (1735689600000);
            """)
        try scene.configure(
            Scene.policy("public.events", key: "at", more: ["key_type: epoch_seconds"]))
        #expect(try scene.pgretain("plan").status == 78)
        try scene.configure(
            Scene.policy("public.events", key: "at", more: ["key_type: epoch_milliseconds"]))
        #expect(try scene.pgretain("plan").status == 0)
    }

    @Test("who said yes to one unit has not said so to another")
    func approval() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE events (id int, at bigint NOT NULL) PARTITION BY RANGE (at);
            CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (1735689600) TO (1738368000);
            """)
        let policy = { (unit: String) in
            Scene.policy("public.events", key: "at", retain: "1 month", more: ["key_type: \(unit)"])
        }
        try scene.configure(policy("epoch_seconds"))
        try scene.approve()
        try scene.database.psql(
            """
            DROP TABLE events_old;
            CREATE TABLE events_old PARTITION OF events
                FOR VALUES FROM (1735689600000) TO (1738368000000);
            INSERT INTO events VALUES (1, 1735689600000);
            """)
        try scene.configure(policy("epoch_milliseconds"))
        let refused = try scene.night("2025-03-15T00:00:00Z")
        #expect(refused.everything.contains("approved was epoch_seconds"), "\(refused)")
        #expect(try scene.database.superuser("SELECT count(*) FROM events") == "1")
    }

    @Test("a plain table with such a key is refused by name")
    func plain() throws {
        let scene = try Scene()
        try scene.database.psql("CREATE TABLE events (id int, at bigint NOT NULL)")
        try scene.configure(
            Scene.policy(
                "public.events", key: "at", more: ["key_type: epoch_seconds", "partitioned: false"])
        )
        for command in [["plan"], ["adopt", "events", "--dry-run"]] {
            let refused = try scene.pgretain(command)
            #expect(refused.status == 78, "\(refused)")
            #expect(refused.everything.contains("not partitioned"), "\(refused)")
        }
    }
}

extension Outcome {
    fileprivate var everything: String { stdout + stderr }
}
