import Foundation
import TestSupport
import Testing

/// Values that are never archived, and tables that are proven all the same.
@Suite struct Redactions {
    private static let first = "2025-05-20T00:00:00Z"
    private static let redact =
        "redact: [token, pass, meta.headers.authorization, doc.headers.authorization, "
        + "bin.headers.authorization, shown]"

    private func scene(_ more: [String] = [redact], grace: String = "0 days", rows: Int = 40) throws
        -> Scene
    {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE logs (id int, token int, pass text NOT NULL, meta text, doc json, bin jsonb,
                shown text GENERATED ALWAYS AS (bin -> 'headers' ->> 'authorization') STORED,
                created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at))
                PARTITION BY RANGE (created_at);
            CREATE TABLE logs_2025_01 PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            INSERT INTO logs (id, token, pass, meta, doc, bin, created_at)
            SELECT n, 777000 + n, 'SECRET' || n,
                CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN E'no JSON\\tSECRET' ELSE
                    E'{"headers":{"\\\\u0061uthorization": "SECRET\\\\\\\\", "host":"h' || n || E'"}}' END,
                ('{"headers": {"authorization":["SECRET"], "host":"h' || n || '"}}')::json,
                CASE n % 2 WHEN 0 THEN '{"headers": {"Authorization": "SECRET"}, "n": 1.50}'::jsonb END,
                timestamptz '2025-01-01' + n * interval '1 minute'
            FROM generate_series(1, \(rows)) AS n
            """)
        try configure(scene, more, grace)
        return scene
    }

    private func configure(_ scene: Scene, _ more: [String], _ grace: String = "0 days") throws {
        try scene.configure(Scene.policy(grace: grace, more: ["premake: 0"] + more))
        try scene.approve()
    }

    /// All lines of all parts, and how many of them hold a secret.
    private func lines(_ scene: Scene) throws -> (all: Int, secret: Int) {
        let lines = try scene.archivedLines()
        return (
            lines.count, lines.filter { $0.contains("SECRET") || $0.contains("\"token\":7") }.count
        )
    }

    private func drop(_ scene: Scene) throws -> Outcome {
        try scene.pgretain(
            "drop", "--skip-grace", "--table", "logs", "--period", "2025-01", "--reason", "full")
    }

    private func generation(_ scene: Scene) throws -> String {
        let shown = try scene.pgretain("archives", "show", "--table", "logs", "--period", "2025-01")
        #expect(shown.status == 0, "\(shown.stderr)")
        return String(shown.stdout.split(separator: "generation ")[1].prefix { $0 != "\n" })
    }

    @Test func whatIsRedactedIsInNoArchiveAndTheTableIsProvenAgainstIt() throws {
        let scene = try scene(grace: "7 days")
        let kept = try scene.database.superuser(
            "SELECT string_agg(id || (doc -> 'headers' ->> 'host'), ' ' ORDER BY id) FROM logs")
        let night = try scene.night(Self.first)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try lines(scene) == (40, 0))
        let diff = try scene.pgretain("archives", "diff", "--table", "logs", "--period", "2025-01")
        #expect(diff.status == 0, "\(diff.stdout)\(diff.stderr)")

        // Without the words in the configuration it keeps to them; a late row is archived alike.
        try configure(scene, [], "7 days")
        let quarantined = try scene.database.superuser(
            "SELECT 'pgretain.' || relname FROM pg_class WHERE relname LIKE 'q\\_%' AND relkind = 'r'"
        )
        try scene.database.superuser(
            """
            INSERT INTO \(quarantined) (id, token, pass, meta, created_at)
            VALUES (99, 777099, 'SECRET', '{"headers":{"authorization":"SECRET"}}', '2025-01-09')
            """)
        let dropped = try drop(scene)
        #expect(dropped.status == 0, "\(dropped.stderr)")
        #expect(try scene.quarantined() == 0)
        #expect(try lines(scene) == (41, 0))
        #expect(try generation(scene) == "2")
        #expect(try scene.pgretain("archives", "verify").status == 0)

        let restored = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--into", "back")
        #expect(restored.status == 0, "\(restored.stderr)")
        #expect(
            restored.stderr.contains("token was redacted: NULL comes back")
                && restored.stderr.contains("bin.headers.authorization was redacted"),
            "\(restored.stderr)")
        #expect(
            try scene.database.superuser(
                """
                SELECT count(*), count(token), string_agg(DISTINCT pass, ','),
                    string_agg(DISTINCT meta::json -> 'headers' ->> 'authorization', ',')
                        FILTER (WHERE meta LIKE '{%'),
                    count(*) FILTER (WHERE meta = '[redacted]'),
                    string_agg(DISTINCT bin::text, ',')
                FROM back
                """)
                == #"41|0|[redacted]|[redacted]|14|{"n": 1.50, "headers": {"Authorization": "[redacted]"}}"#
        )
        #expect(
            try scene.database.superuser(
                "SELECT string_agg(id || (doc -> 'headers' ->> 'host'), ' ' ORDER BY id) FROM back")
                == kept)

        // As a partition again it is dropped against the archive it came from.
        let attached = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--attach")
        #expect(attached.status == 0, "\(attached.stderr)")
        try scene.database.superuser("UPDATE pgretain.pins SET released_at = now()")
        let again = try scene.night(nil)
        #expect(again.status == 0, "\(again.stderr)")
        #expect(try !scene.partitions().contains("logs_2025_01"))
        #expect(try generation(scene) == "2")
    }

    /// A row whose other values change between the archive and the drop is one that vanished; one that
    /// changes under the night's hand is looked at again.
    @Test func aRedactionHidesNoChange() throws {
        let scene = try scene()
        let night = try scene.night(
            ["run", "--json", "--now", Self.first],
            standingAt: [
                (
                    Place(name: "night.detached", number: 1),
                    {
                        try scene.database.superuser(
                            """
                            DO $$ BEGIN EXECUTE (SELECT format('UPDATE pgretain.%I SET token = 1 '
                                'WHERE id = 5', relname) FROM pg_class
                                WHERE relname LIKE 'q\\_%' AND relkind = 'r'); END $$
                            """)
                    }
                )
            ])
        // The archive holds what it is to hold of the row as it is now, proven anew.
        #expect(night.status == 0, "\(night.stderr)")
        #expect(night.stdout.contains("proven again"), "\(night.stdout)")
        #expect(try scene.quarantined() == 0)
        #expect(try lines(scene) == (40, 0))

        let other = try self.scene(grace: "7 days")
        #expect(try other.night(Self.first).status == 0)
        try other.database.superuser(
            """
            DO $$ BEGIN EXECUTE (SELECT format('UPDATE pgretain.%I SET token = 1, '
                'bin = ''{"headers": {"authorization": 1}, "n": 2}'' WHERE id = 5', relname)
                FROM pg_class WHERE relname LIKE 'q\\_%' AND relkind = 'r'); END $$
            """)
        let refused = try drop(other)
        #expect(refused.status == 65 && refused.stderr.contains("archive.vanished"))
        #expect(try other.quarantined() == 1)
    }

    /// Range by range, over two nights and a change of the configuration.
    @Test func rangesKeepToWhatTheyWereBegunWith() throws {
        let scene = try scene([Self.redact, "slice_over: 1 MB"], rows: 12_000)
        let killed = try scene.pgretain(
            "run", "--now", Self.first,
            environment: ["PGRETAIN_FAIL_AT": "night.range-kept#1=crash"])
        #expect(killed.status == 137, "\(killed.stderr)")
        try configure(scene, ["slice_over: 1 MB"])
        let night = try scene.night(Self.first)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try lines(scene) == (12_000, 0))
        #expect(try !scene.partitions().contains("logs_2025_01"))
    }

    @Test func whatCannotBeRedactedIsSaidAndNothingIsArchived() throws {
        let scene = try scene(["redact: [pass]"])
        for (wrong, why) in [
            ("id", "primary key"), ("created_at", "partition key"), ("tokn", "no such column"),
            ("token.x", "only text, json and jsonb"), ("bin.headers", "makes shown out of bin"),
        ] {
            try configure(scene, ["redact: ['\(wrong)']"])
            let plan = try scene.pgretain("plan", "--now", Self.first)
            #expect(
                plan.stdout.contains("in the way") && plan.stdout.contains(why), "\(plan.stdout)")
        }
        let night = try scene.night(Self.first)
        #expect(night.status == 78 && night.stderr.contains("[redact.generated]"))
        #expect(try scene.slices() == [] && scene.partitions().contains("logs_2025_01"))
        for wrong in ["a..b", "[]", "'\"a'", "[a, a]"] {
            try scene.configure(Scene.policy(more: ["redact: [\(wrong)]"]))
            #expect(try scene.pgretain("plan").status == 78, "\(wrong)")
        }

        // Credentials that would be archived are told, as far as was looked.
        try configure(scene, ["redact: [pass]"])
        let told = try scene.night(Self.first, "--json")
        #expect(told.status == 0, "\(told.stderr)")
        let notes = try scene.notes(told).joined()
        #expect(
            notes.contains("values of `authorization` were seen in the JSON of bin"), "\(notes)")
        let shown = try scene.pgretain("archives", "show", "--table", "logs", "--period", "2025-01")
        #expect(shown.stdout.contains("values of `authorization`"), "\(shown.stdout)")
        #expect(shown.stdout.contains("pass, written as [redacted]"))
    }
}
