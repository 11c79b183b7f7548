import Foundation
import TestSupport
import Testing

/// What ages leaves a wide partition, or a plain table, period by period: archived, proven, and
/// only then deleted, whoever writes meanwhile. One after another on a server of their own: what
/// is open on it decides which rows may go.
@Suite(.serialized) struct Slices {
    static let cluster = Cluster(settings: [])

    /// `logs` with one partition for all that is older than May 2025, four months of rows in it, and
    /// one for the rest.
    static func wide(
        rows: Int = 300, then: String = "drop", grace: String = "0 days", more: [String] = []
    ) throws -> Scene {
        let scene = try Scene(on: Slices.cluster)
        try scene.database.psql(
            """
            CREATE TABLE logs (id serial, level text NOT NULL, message text,
                created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (id, created_at))
                PARTITION BY RANGE (created_at);
            CREATE INDEX ON logs (created_at);
            CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2025-05-01 00:00+00');
            CREATE TABLE logs_now PARTITION OF logs
                FOR VALUES FROM ('2025-05-01 00:00+00') TO ('2999-01-01 00:00+00');
            INSERT INTO logs (level, message, created_at)
                SELECT 'INFO', 'line ' || n || repeat('x', 300), m + n * interval '1 minute'
                FROM generate_series(1, \(rows)) AS n, generate_series(
                    timestamptz '2025-01-01 00:00+00', '2025-04-01 00:00+00', '1 month') AS m;
            """)
        try scene.configure(
            Scene.policy(then: then, grace: grace, more: ["premake: 0"] + more))
        try scene.approve()
        return scene
    }

    static func old(_ scene: Scene) throws -> Int {
        Int(
            try scene.database.superuser(
                "SELECT count(*) FROM logs WHERE created_at < '2025-05-01 00:00+00'")) ?? -1
    }

    @Test func monthsLeaveOneByOneAndThenThePartition() throws {
        let scene = try Self.wide()
        let rows = try Conservation(scene)
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("[2025-01-01, 2025-02-01)"), "\(plan.stdout)")
        for left in [600, 0] {
            let night = try scene.night(nil, "-v")
            #expect(night.status == 0, "\(night.stderr)")
            #expect(try Self.old(scene) == left, "two a night: \(night.stderr)")
            try rows.expectEachOnce("with \(left) left")
        }
        #expect(
            try scene.slices() == (1...4).map { "public.logs/year=2025/month=0\($0)" })
        #expect(try scene.partitions() == ["logs_now", "logs_old"])
        let last = try scene.night(nil)
        #expect(last.status == 0, "\(last.stderr)")
        #expect(try scene.partitions() == ["logs_now"], "it was empty")
        try rows.expectEachOnce("in the end")
        let events = try scene.database.superuser(
            "SELECT kind, count(*) FROM pgretain.ledger GROUP BY kind ORDER BY kind")
        #expect(events == "approved|1\narchived|4\ndeleted|4\ndeleting|4\ndropped|1")
        let back = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-02", "--into", "back")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(try scene.database.superuser("SELECT count(*) FROM back") == "300")
    }

    @Test func theMildPoliciesDeleteNothing() throws {
        for then in ["keep", "detach"] {
            let scene = try Self.wide(then: then)
            let before = try scene.digest(of: "logs")
            for _ in 0..<2 { #expect(try scene.night(nil).status == 0) }
            #expect(try scene.digest(of: "logs") == before, "\(then)")
            #expect(try scene.slices().count == 4, "\(then)")
        }
        let scene = try Self.wide(grace: "7 days")
        let before = try scene.digest(of: "logs")
        #expect(try scene.night(nil).status == 0)
        #expect(try scene.digest(of: "logs") == before, "the grace")
        #expect(try scene.slices().count == 4)
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("archived; its rows are deleted from"), "\(plan.stdout)")
        // As though a week had gone by.
        try scene.database.superuser(
            """
            ALTER TABLE pgretain.ledger DISABLE TRIGGER USER;
            UPDATE pgretain.ledger SET at = at - interval '8 days' WHERE kind = 'archived';
            """)
        #expect(try scene.night(nil).status == 0)
        #expect(try Self.old(scene) == 600)
    }

    @Test func whatIsHeldOrPublishedStays() throws {
        let held = try Self.wide()
        #expect(try held.night(nil, "--only", "premake").status == 0)
        try held.database.superuser(
            """
            INSERT INTO pgretain.holds (table_schema, table_name, bounds_from, bounds_to, reason)
            VALUES ('public', 'logs', '2025-01-10 00:00+00', '2025-01-11 00:00+00', 'a law suit')
            """)
        #expect(try held.night(nil, "--max-retire", "9").status == 0)
        #expect(try Self.old(held) == 300, "January stays")

        let published = try Self.wide()
        try published.database.superuser("CREATE PUBLICATION p FOR TABLE logs")
        #expect(try published.night(nil, "--max-retire", "9").status == 0)
        #expect(try Self.old(published) == 1200)
        #expect(try published.slices().count == 4, "archived all the same")
        try published.configure(
            Scene.policy(more: ["premake: 0", "replicate_deletes: true"]))
        let night = try published.night(nil, "--max-retire", "9")
        // It has no replica identity that deletes could go by but its primary key.
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try Self.old(published) == 0)
    }

    @Test func whatIsRedactedIsInTheArchiveOfNoSlice() throws {
        let wide = try Self.wide(more: ["redact: [message]"])
        #expect(try wide.night(nil, "--max-retire", "9").status == 0)
        #expect(try Self.old(wide) == 0)
        let lines = try wide.archivedLines()
        #expect(lines.count == 1200 && lines.allSatisfy { $0.contains("\"message\":null") })

        let plain = try Scene(on: Slices.cluster)
        try plain.database.psql(
            """
            CREATE TABLE events (id serial PRIMARY KEY, body text NOT NULL, at timestamptz NOT NULL);
            INSERT INTO events (body, at) SELECT '{"user": {"token": "SECRET' || n || '"}, "n": 1}',
                timestamptz '2025-01-01 00:00+00' + n * interval '1 hour'
                FROM generate_series(0, 999) AS n;
            """)
        try plain.configure(
            Scene.policy(
                "public.events", key: "at",
                more: ["partitioned: false", "redact: [body.user.token]"]))
        // 1000 hours are of two months: a plain table has those, and no partitions.
        let plan = try plain.pgretain("plan")
        #expect(plan.stdout.contains("which today is the rows of 2 months."), "\(plan.stdout)")
        let yes = try plain.pgretain("approve")
        #expect(yes.stdout.contains("goes: the rows of 2 periods, from"), "\(yes.stdout)")
        #expect(try plain.night(nil, "--max-retire", "9").status == 0)
        #expect(try plain.database.superuser("SELECT count(*) FROM events") == "0")
        let events = try plain.archivedLines()
        let redacted = #"\"token\": \"[redacted]\"}, \"n\": 1}"#
        #expect(events.count == 1000 && events.allSatisfy { $0.contains(redacted) })
        let back = try plain.pgretain(
            "restore", "--table", "events", "--period", "2025-01", "--into", "back")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(
            try plain.database.superuser(
                "SELECT count(*), string_agg(DISTINCT body::json #>> '{user,token}', ',') FROM back"
            )
                == "744|[redacted]")
    }

    @Test func aPlainTableStaysPlain() throws {
        let scene = try Scene(on: Slices.cluster)
        try scene.database.psql(
            """
            CREATE TABLE user_invitations (id serial PRIMARY KEY, email varchar NOT NULL,
                token varchar NOT NULL UNIQUE, expires_at timestamptz NOT NULL);
            INSERT INTO user_invitations (email, token, expires_at)
                SELECT 'a@b.example', n::text, timestamptz '2025-01-01 00:00+00' + n * interval '1 day'
                FROM generate_series(0, 1000) AS n;
            """)
        let before = try scene.digest(of: "user_invitations")
        try scene.configure(
            Scene.policy(
                "public.user_invitations", key: "expires_at", more: ["partitioned: false"]))
        try scene.approve()
        let live =
            "SELECT count(*) FROM user_invitations WHERE expires_at < now() - interval '130 days'"
        #expect(try scene.database.superuser(live) != "0")
        let night = try scene.night(nil, "--max-retire", "99")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.database.superuser(live) == "0", "\(night.stderr)")
        #expect(
            try scene.database.superuser(
                "SELECT relkind FROM pg_class WHERE relname = 'user_invitations'") == "r")
        let periods = try scene.slices().compactMap { $0.split(separator: "=").last }
        #expect(periods.count > 10)
        for slice in try scene.slices() {
            let words = slice.split(separator: "/")
            let period = "\(words[1].dropFirst(5))-\(words[2].dropFirst(6))"
            let back = try scene.pgretain(
                "restore", "--table", "user_invitations", "--period", period, "--into", "back")
            #expect(back.status == 0, "\(back.stderr)")
            try scene.database.superuser(
                "INSERT INTO user_invitations SELECT * FROM back; DROP TABLE back")
        }
        #expect(try scene.digest(of: "user_invitations") == before)
        let status = try scene.pgretain("status")
        #expect(status.status == 0, "\(status.stderr)")
    }

    /// Regression: each month was to become a partition of the wide one's name.
    @Test func monthsOfAWidePartitionAreAttachedAsMonths() throws {
        let scene = try Self.wide(rows: 20)
        func attach(_ month: String) throws -> Outcome {
            try scene.pgretain(
                "restore", "--table", "logs", "--period", "2025-\(month)", "--attach")
        }
        for _ in 1...2 { #expect(try scene.night(nil).status == 0) }
        let there = try attach("01")
        #expect(there.status == 73 && there.stderr.contains("restore.overlap"), "\(there)")
        #expect(there.stderr.contains("logs_old, which takes FOR VALUES FROM (MINVALUE)"))
        #expect(try scene.night(nil).status == 0)
        for month in ["01", "02"] {
            let attached = try attach(month)
            #expect(attached.status == 0, "\(attached.stderr)")
        }
        #expect(try scene.partitions() == ["logs_2025_01", "logs_2025_02", "logs_now"])
        #expect(try Self.old(scene) == 40)
    }
}
