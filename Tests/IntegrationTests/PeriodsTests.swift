import Foundation
import TestSupport
import Testing

/// Days to years in zones with awkward clocks: PostgreSQL's own calendar is the oracle.
@Suite struct Periods {
    static let periods = ["day", "week", "month", "quarter", "year"]

    /// A partitioned table for one period, zone and type of key.
    struct Calendar: Sendable {
        let table: String
        let period: String
        let zone: String
        let type: String
    }

    /// Every period in every zone, and naive keys in one of them.
    static let calendars: [Calendar] = {
        // In São Paulo and Cairo the clocks change at midnight; Apia once left a whole day out.
        let zones = [
            "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia",
            "America/Sao_Paulo", "Africa/Cairo",
        ]
        var all: [(String, String)] = zones.map { ($0, "timestamptz") }
        all += [("Europe/Berlin", "timestamp"), ("Europe/Berlin", "date")]
        all += [("Pacific/Apia", "date")]
        var calendars: [Calendar] = []
        for (zone, type) in all {
            for period in periods {
                calendars.append(
                    Calendar(
                        table: "t_\(calendars.count)", period: period, zone: zone, type: type))
            }
        }
        return calendars
    }()

    private func scene() throws -> Scene {
        let scene = try Scene()
        var sql = "CREATE TABLE calendars (t text, period text, zone text, type text);\n"
        var tables = ""
        for one in Self.calendars {
            sql += """
                CREATE TABLE \(one.table) (id int, at \(one.type) NOT NULL)
                    PARTITION BY RANGE (at);
                INSERT INTO calendars VALUES
                    ('\(one.table)', '\(one.period)', '\(one.zone)', '\(one.type)');

                """
            tables += Scene.policy(
                "public.\(one.table)", key: "at", retain: "1 day",
                more: ["period: \(one.period)", "timezone: \(one.zone)", "premake: 3"])
        }
        // What the catalogue has, as instants or as what a wall shows.
        sql += """
            CREATE VIEW made AS
                SELECT k.*, c.oid, c.relname, b[1]::timestamptz AS f, b[2]::timestamptz AS u
                FROM calendars k JOIN pg_inherits i ON i.inhparent = k.t::regclass
                JOIN pg_class c ON c.oid = i.inhrelid,
                LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), '''(.*)''.*''(.*)''') AS b;
            """
        try scene.database.psql(sql)
        try scene.configure(tables, extra: "limits: { max_retire: 100 }")
        return scene
    }

    /// Bounds that are not as PostgreSQL computes them: of tables, whatever of them is missing or
    /// too much.
    private func differences(_ scene: Scene, now: String) throws -> String {
        try scene.database.superuser(
            """
            WITH starts AS (
                SELECT t, CASE type WHEN 'timestamptz' THEN s.local AT TIME ZONE zone
                    ELSE s.local AT TIME ZONE 'UTC' END AS f
                FROM calendars, LATERAL (
                    SELECT date_trunc(period, timestamptz '\(now)' AT TIME ZONE zone)
                        + n * CASE period WHEN 'quarter' THEN interval '3 months'
                            ELSE ('1 ' || period)::interval END AS local
                    FROM generate_series(0, 4) AS n) AS s
            ), expected AS (
                -- A day that the clocks leave out has no length.
                SELECT t, f, lead(f) OVER (PARTITION BY t ORDER BY f) AS u
                FROM (SELECT DISTINCT t, f FROM starts) AS x
            ), both_ways AS (
                (SELECT t, f, u FROM expected WHERE u IS NOT NULL EXCEPT SELECT t, f, u FROM made)
                UNION ALL
                (SELECT t, f, u FROM made EXCEPT SELECT t, f, u FROM expected)
            )
            SELECT t, period, zone, type, f, u FROM both_ways JOIN calendars USING (t) ORDER BY 1, 5
            """)
    }

    /// The last week of the old year, both changes of the clocks, and the day that Apia left out.
    @Test(arguments: [
        "2024-12-30T22:30:00Z", "2025-03-28T23:30:00Z", "2025-10-30T20:30:00Z",
        "2025-04-23T21:59:59Z", "2017-10-14T12:00:00Z", "2018-02-16T12:00:00Z",
        "2011-12-29T12:00:00Z",
    ])
    func premadeBoundsAreTheServersOwn(now: String) throws {
        let scene = try scene()
        let night = try scene.night(now, "--only", "premake")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try differences(scene, now: now) == "")
        let crooked = try scene.database.superuser(
            """
            SELECT t, period, zone, f FROM made
            WHERE type = 'timestamptz' AND date_trunc(period, f, zone) <> f
            """)
        #expect(crooked == "", "not where date_trunc begins a period")
        let gaps = try scene.database.superuser(
            """
            SELECT * FROM (SELECT t, u, lead(f) OVER (PARTITION BY t ORDER BY f) AS next FROM made)
                AS x WHERE u <> next
            """)
        #expect(gaps == "")
        let again = try scene.night(now, "--only", "premake", "--json")
        #expect(again.status == 0 && !again.stdout.contains("\"premake\""), "\(again.stdout)")
    }

    /// Over the change at midnight, each period is archived whole, to a path that names it.
    @Test(arguments: ["2017-10-14T12:00:00Z", "2011-12-29T12:00:00Z"])
    func retiredPeriodsAreNamedAndComeBack(now: String) throws {
        let scene = try scene()
        #expect(try scene.night(now, "--only", "premake").status == 0)
        // A row at either end of each: half-open bounds send both to where they belong.
        try scene.database.psql(
            """
            DO $$ DECLARE m record; BEGIN
                FOR m IN SELECT * FROM made LOOP
                    EXECUTE format('INSERT INTO %I VALUES (1, %L), (2, %L)', m.t, m.f,
                        CASE m.type WHEN 'date' THEN m.u - interval '1 day'
                            ELSE m.u - interval '1 microsecond' END);
                END LOOP;
            END $$;
            CREATE TABLE before AS SELECT * FROM made;
            """)
        try scene.approve()
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        let wrong = try scene.database.superuser(
            """
            SELECT b.t, period, zone, type, b.f, l.archive, l.rows
            FROM before b LEFT JOIN pgretain.ledger l
                ON l.table_name = b.t AND l.bounds_from = b.f AND l.bounds_to = b.u
                    AND l.kind = 'dropped'
            CROSS JOIN LATERAL (
                SELECT to_char(f AT TIME ZONE CASE type WHEN 'timestamptz' THEN zone ELSE 'UTC' END,
                    CASE period WHEN 'day' THEN '"year="YYYY"/month="MM"/day="DD'
                        WHEN 'week' THEN '"year="IYYY"/week="IW'
                        WHEN 'month' THEN '"year="YYYY"/month="MM'
                        WHEN 'quarter' THEN '"year="YYYY"/quarter="Q' ELSE '"year="YYYY' END) AS path
            ) AS x
            WHERE (l.archive IS DISTINCT FROM path OR l.rows <> 2)
                -- The newest is never retired.
                AND b.f <> (SELECT max(f) FROM before n WHERE n.t = b.t)
            """)
        #expect(wrong == "")
        let left = try scene.database.superuser(
            "SELECT count(*), count(DISTINCT t) FROM made")
        #expect(left == "\(Self.calendars.count)|\(Self.calendars.count)")

        let names = try scene.database.superuser(
            """
            SELECT DISTINCT ON (t) t || ' ' || to_char(
                f AT TIME ZONE CASE type WHEN 'timestamptz' THEN zone ELSE 'UTC' END,
                CASE period WHEN 'day' THEN 'YYYY-MM-DD' WHEN 'week' THEN 'IYYY"-w"IW'
                    WHEN 'month' THEN 'YYYY-MM' WHEN 'quarter' THEN 'YYYY"-q"Q' ELSE 'YYYY' END)
            FROM before ORDER BY t, f
            """)
        for line in names.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            let restored = try scene.pgretain(
                "restore", "--table", words[0], "--period", words[1], "--into", "back_\(words[0])")
            #expect(restored.status == 0, "\(line): \(restored.stderr)")
            let found = try scene.database.superuser(
                """
                SELECT count(*) = 2 AND min(at)::timestamptz = f
                FROM back_\(words[0]), LATERAL (SELECT min(f) AS f FROM before WHERE t = '\(words[0])') b
                GROUP BY f
                """)
            #expect(found == "t", "\(line)")
        }
    }
}
