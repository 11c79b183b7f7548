import Foundation
import TestSupport
import Testing

/// Databases whose bytes are not UTF-8, or not promised to be.
@Suite struct Encodings {
    /// January with `rows`, and a partition that stays.
    private func scene(encoding: String?, _ rows: String) throws -> Scene {
        let scene = try Scene(encoding: encoding)
        try scene.database.superuser(
            """
            SET ROLE logs_owner;
            CREATE TABLE logs (id int, at timestamptz NOT NULL, plain text, odd text,
                list text[], document json, short char(3)) PARTITION BY RANGE (at);
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00');
            CREATE TABLE logs_now PARTITION OF logs
                FOR VALUES FROM ('2025-02-01 00:00+00') TO ('2999-01-01 00:00+00');
            RESET ROLE;
            SET client_encoding = '\(encoding ?? "UTF8")';
            \(rows)
            CREATE TABLE reference AS TABLE logs;
            """)
        try scene.configure(Scene.policy(key: "at", more: ["premake: 0"]))
        try scene.approve()
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_now"])
        return scene
    }

    private func manifest(_ scene: Scene) throws -> JSONView {
        try JSONView(
            String(
                contentsOfFile: scene.archives + "/public.logs/year=2025/month=01/_manifest.json",
                encoding: .utf8))
    }

    private func encodings(_ manifest: JSONView) -> [String: String] {
        var encodings: [String: String] = [:]
        for column in manifest["columns"].list {
            encodings[column["name"].text ?? ""] = column["encoding"].text
        }
        return encodings
    }

    /// Into a new table and as a partition, byte for byte.
    private func expectAllBack(_ scene: Scene, rows: Int) throws {
        for (target, table) in [
            (["--into", "public.back"], "back"), (["--attach"], "logs_2025_01"),
        ] {
            let restored = try scene.pgretain(
                ["restore", "--table", "public.logs", "--period", "2025-01"] + target)
            #expect(restored.status == 0, "\(restored.stderr)")
            let equal = try scene.database.superuser(
                """
                SELECT (SELECT count(*) FROM reference), (SELECT count(*) FROM \(table)), count(*)
                FROM (SELECT * FROM reference) r JOIN (SELECT * FROM \(table)) b
                ON r.id = b.id AND r *= b
                """)
            #expect(equal == "\(rows)|\(rows)|\(rows)")
        }
    }

    /// The archive's lines, which have to be UTF-8.
    private func lines(_ scene: Scene) throws -> String {
        let slice = scene.archives + "/public.logs/year=2025/month=01"
        return try Program.run(
            "/bin/sh", ["-c", "zcat \(slice)/part-*.ndjson.gz | iconv -f UTF-8 -t UTF-8"]
        ).stdout
    }

    @Test func bytesThatAreNotUTF8AreWrittenAsHex() throws {
        let scene = try scene(
            encoding: "SQL_ASCII",
            #"""
            INSERT INTO logs VALUES
                (1, '2025-01-01', E'caf\xc3\xa9', E'caf\xe9', ARRAY[E'\xff', 'a b', NULL],
                    E'{"a": "\xfe"}', E'\xe9'),
                (2, '2025-01-02', 'ascii', 'ascii', ARRAY['x'], '{}', 'abc'),
                (3, '2025-01-03', E'\\ "\n\t', E'\x80\\\n\t\x01"\xed\xa0\x80\xf4\x90\x80\x80',
                    ARRAY[E'\x80"\\'], 'null', ''),
                (4, '2025-01-04', NULL, NULL, NULL, NULL, NULL), (5, '2025-01-05', '', '', '{}', '""', '');
            """#)
        let manifest = try manifest(scene)
        let encodings = encodings(manifest)
        #expect(encodings["plain"] == "text")
        for name in ["odd", "list", "document", "short"] {
            #expect(encodings[name] == "hex", "\(name)")
            let said = manifest["warnings"].list.compactMap(\.text)
            #expect(said.contains { $0.hasPrefix("\(name) holds bytes") }, "\(said)")
        }
        #expect(manifest["origin"]["encoding"].text == "SQL_ASCII")
        let lines = try lines(scene)
        #expect(lines.contains(#""plain":"café","odd":"636166e9""#), "\(lines)")
        #expect(lines.split(separator: "\n").count == 5)

        // Late rows that would need no such digits join the archive all the same.
        try scene.database.superuser(
            """
            SET ROLE logs_owner;
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00');
            RESET ROLE;
            INSERT INTO logs VALUES (6, '2025-01-06', 'late', 'late', '{late}', '1', 'l');
            INSERT INTO reference SELECT * FROM logs;
            """)
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_now"])
        try expectAllBack(scene, rows: 6)
    }

    @Test func anotherEncodingIsArchivedAsUTF8() throws {
        let scene = try scene(
            encoding: "LATIN1",
            #"""
            INSERT INTO logs SELECT n, '2025-01-05', chr(n), repeat(chr(n), 3), ARRAY[chr(n), 'é', NULL],
                to_json(chr(n)), chr(n) FROM generate_series(1, 255) AS n;
            """#)
        #expect(try encodings(manifest(scene))["odd"] == "text")
        #expect(try lines(scene).contains(#""plain":"é","odd":"ééé""#))
        try expectAllBack(scene, rows: 255)
    }

    /// A cast that somebody made can put any bytes into a UTF-8 database. No COPY can put them back
    /// into a text; a bytea takes them.
    @Test func bytesThatAreNotUTF8InAUTF8DatabaseComeBackAsBytes() throws {
        let scene = try scene(
            encoding: nil,
            #"""
            CREATE CAST (bytea AS text) WITHOUT FUNCTION;
            INSERT INTO logs VALUES (1, '2025-01-01', 'é', '\xff41'::bytea::text),
                (2, '2025-01-02', E'a\\b', E'b\\\n\t"'), (3, '2025-01-03', 'a', NULL),
                (4, '2025-01-04', '', '');
            """#)
        let manifest = try manifest(scene)
        #expect(encodings(manifest)["odd"] == "hex" && encodings(manifest)["plain"] == "text")
        #expect(manifest["warnings"][0].text?.hasPrefix("odd holds bytes") == true)
        #expect(try lines(scene).contains(#""plain":"é","odd":"ff41""#))
        let restored = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        #expect(restored.status == 0, "\(restored.stderr)")
        let equal = try scene.database.superuser(
            """
            SELECT count(*), count(b.odd) FROM reference r JOIN back b
            ON r.id = b.id AND r.at = b.at AND r.plain = b.plain
                AND pg_typeof(b.odd) = 'bytea'::regtype
                AND encode(b.odd, 'escape') IS NOT DISTINCT FROM encode(textsend(r.odd), 'escape')
            """)
        #expect(equal == "4|3")
        let attached = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--attach")
        #expect(attached.status == 65 && attached.stderr.contains("odd"), "\(attached.stderr)")
        #expect(try scene.partitions() == ["logs_now"])
    }
}
