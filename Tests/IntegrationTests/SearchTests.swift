import Foundation
import TestSupport
import Testing

/// Rows out of archives: PostgreSQL, asked the same of the table before it left, is the oracle.
@Suite struct Searches {
    private struct Library {
        let scene: Scene

        /// Three months of rows of many kinds, archived in parts of a megabyte; the server has them
        /// still, in `logs`.
        init(rows: Int = 3000, more: [String] = []) throws {
            scene = try Scene()
            try scene.database.psql(
                """
                CREATE TABLE logs (id bigint, at timestamptz NOT NULL, level text, price numeric,
                    "odd=name" text, extra jsonb, meta text, seen timestamp, tags text[], ok boolean)
                    PARTITION BY RANGE (at);
                CREATE TABLE logs_01 PARTITION OF logs FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00');
                CREATE TABLE logs_02 PARTITION OF logs FOR VALUES FROM ('2025-02-01 00:00+00') TO ('2025-03-01 00:00+00');
                CREATE TABLE logs_03 PARTITION OF logs FOR VALUES FROM ('2025-03-01 00:00+00') TO ('2025-04-01 00:00+00');
                CREATE TABLE logs_99 PARTITION OF logs FOR VALUES FROM ('2099-03-01 00:00+00') TO ('2099-04-01 00:00+00');
                INSERT INTO logs SELECT n, timestamptz '2025-01-01 00:00+00' + n * interval '40 minutes',
                    (ARRAY['INFO', 'ERROR', E'quo"te\\\\slash', 'ü', '', NULL])[1 + n % 6],
                    CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN n / 7.0 WHEN 2 THEN -n WHEN 3 THEN n * 1e20 ELSE 'NaN' END,
                    'x' || n % 11,
                    CASE n % 3 WHEN 0 THEN jsonb_build_object('host', 'h' || n % 4, 'deep', jsonb_build_object('n', n % 10, 'list', jsonb_build_array(n % 2, 'two'))) WHEN 1 THEN 'null' END,
                    CASE n % 4 WHEN 0 THEN '{ "host" : "h\\u0041", "n": ' || n % 10 || ', "n": ' || n % 3 || '}' WHEN 1 THEN 'not { json' WHEN 2 THEN NULL ELSE '"text"' END,
                    timestamp '2025-01-01 00:00' + n * interval '1.5 second', ARRAY['a', n::text], n % 2 = 0
                FROM generate_series(0, \(rows) - 1) AS n;
                """)
            try scene.configure(
                Scene.policy(key: "at", then: "keep", more: ["premake: 0"] + more),
                extra: "part_size: 1 MiB")
            let night = try scene.night("2025-12-01T00:00:00Z")
            guard night.status == 0 else { throw Unreadable(text: night.stderr) }
        }

        func search(_ arguments: String...) throws -> Outcome { try search(arguments) }

        func search(_ arguments: [String]) throws -> Outcome {
            // There is no server where the archives are read.
            try Program.run(
                [
                    "search", "--table", "logs", "--config", scene.configuration, "--database",
                    "host=/nowhere",
                ] + arguments)
        }

        func ids(_ arguments: [String] = [], where conditions: [String] = []) throws -> [Int] {
            let asked = arguments + conditions.flatMap { ["--where", $0] }
            let found = try search(asked + ["--columns", "id"])
            #expect(found.status == 0, "\(asked): \(found.stderr)")
            return found.stdout.split(separator: "\n").compactMap {
                Int($0.dropFirst(6).dropLast())
            }
        }

        func oracle(_ condition: String) throws -> [Int] {
            try scene.ids("SELECT id FROM logs WHERE \(condition) ORDER BY id")
        }
    }

    @Test func whatIsAskedIsFoundAsTheServerFindsIt() throws {
        let library = try Library()
        let asked: [([String], String)] = [
            (["level=ERROR"], "level = 'ERROR'"),
            (["level=quo\"te\\slash"], "level = E'quo\"te\\\\slash'"),
            (["level=ü"], "level = 'ü'"), (["level="], "level = ''"),
            (["level!=ERROR"], "level <> 'ERROR'"),
            (["level~^(INFO|ERR)"], "level ~ '^(INFO|ERR)'"),
            (["level!~O"], "level !~ 'O'"), (["level<INFO"], "level COLLATE \"C\" < 'INFO'"),
            (["id=7"], "id = 7"), (["id=7.0"], "id = 7.0"), (["id>=2990"], "id >= 2990"),
            (["id<10", "id>=8"], "id < 10 AND id >= 8"), (["id<=0"], "id <= 0"),
            (["price>1e21"], "price > 1e21 AND price <> 'NaN'"),
            (["price<-2900.5"], "price < -2900.5"),
            (["price=NaN"], "price = 'NaN'"), (["price!=NaN"], "price <> 'NaN'"),
            (["\"odd=name\"=x3"], "\"odd=name\" = 'x3'"), (["ok=true"], "ok"),
            (["at=2025-01-01T00:40:00Z"], "at = '2025-01-01 00:40+00'"),
            (["at>=2025-02-03"], "at >= '2025-02-03 00:00+00'"),
            (["seen<2025-01-01T00:00:02"], "seen < '2025-01-01 00:00:02'"),
            (["seen=2025-01-01T00:00:01.5"], "seen = '2025-01-01 00:00:01.5'"),
            (["extra.host=h3"], "extra ->> 'host' = 'h3'"),
            (["extra.deep.n>=8"], "(extra -> 'deep' ->> 'n')::int >= 8"),
            (["extra.deep.list.1=two"], "extra -> 'deep' -> 'list' ->> 1 = 'two'"),
            (["extra=null"], "false"), (["meta.host=hA"], "id % 4 = 0"),
            (["meta.n=2"], "id % 4 = 0 AND id % 3 = 2"), (["meta.raw~^not"], "meta = 'not { json'"),
            (["meta.raw=\"text\""], "meta = '\"text\"'"), (["tags~\"17\""], "tags[2] = '17'"),
        ]
        for (conditions, sql) in asked {
            let found = try library.ids(where: conditions)
            #expect(found == (try library.oracle(sql)), "\(conditions)")
        }
    }

    @Test func rangesOfTimeReadOnlyThePartsThatHaveThem() throws {
        let library = try Library()
        for (range, sql) in [
            (
                ["--from", "2025-01-20", "--to", "2025-01-20T12:00"],
                "at >= '2025-01-20 00:00+00' AND at < '2025-01-20 12:00+00'"
            ),
            (["--from", "2025-02-27T23:20:00Z"], "at >= '2025-02-27 23:20+00'"),
            (["--to", "2025-01-01T00:40"], "at < '2025-01-01 00:40+00'"),
            (["--from", "2030-01-01"], "false"),
        ] {
            #expect(try library.ids(range) == (try library.oracle(sql)), "\(range)")
        }
        let narrow = try library.search(
            "--from", "2025-01-20", "--to", "2025-01-21", "--count", "--json")
        let view = try JSONView(narrow.stdout)["search"]
        #expect(view["rows"].number == 36)
        #expect(view["archives"].number == 3 && view["archives_read"].number == 1)
        let (all, read) = (view["bytes"].number ?? 0, view["bytes_read"].number ?? 0)
        #expect(read > 0 && read * 2 < all, "\(read) of \(all)")
    }

    @Test func linesAreThoseOfTheArchivesAndStopAtTheLimit() throws {
        let library = try Library()
        let all = try library.search()
        let zcat = try Program.run(
            "/bin/sh",
            [
                "-c",
                "cd '\(library.scene.archives)' && find . -name 'part-*.gz' | sort | xargs zcat",
            ])
        #expect(all.stdout == zcat.stdout)
        let few = try library.search("--limit", "5", "-v")
        #expect(
            few.stdout == zcat.stdout.split(separator: "\n").prefix(5).joined(separator: "\n")
                + "\n")
        #expect(few.stderr.contains("5 rows; read "), "\(few.stderr)")
        #expect(try library.search("--count").stdout == "3000\n")
        let errors = try library.oracle("level = 'ERROR'").count
        #expect(try library.search("--where", "level=ERROR", "--count").stdout == "\(errors)\n")
        #expect(try library.search("--where", "level=NONE").stdout == "")
    }

    @Test func csvIsWhatTheServerWrites() throws {
        let library = try Library(rows: 200)
        let found = try library.search("--format", "csv", "--columns", "id,level,odd=name,meta")
        let copy = try library.scene.database.superuser(
            """
            COPY (SELECT id, level, "odd=name", meta FROM logs ORDER BY id) TO STDOUT (FORMAT csv, HEADER)
            """)
        #expect(found.stdout == copy + "\n")
        let table = try library.search(
            "--format", "table", "--columns", "id,level", "--where", "id<3")
        #expect(
            table.stdout == "id  level\n0   INFO\n1   ERROR\n2   quo\"te\\slash\n",
            "\(table.stdout)")
        let whole = try library.search("--format", "csv", "--limit", "1")
        #expect(
            whole.stdout.hasPrefix("id,at,level,price,odd=name,extra,meta,seen,tags,ok\n0,2025-"))
    }

    @Test func whatCannotBeAskedIsSaid() throws {
        let library = try Library(rows: 50)
        for (arguments, word) in [
            (["--where", "no_such=1"], "No archive of public.logs has a column no_such"),
            (["--columns", "id,nothing"], "has a column nothing"),
            (["--where", "level~("], "search.condition"), (["--where", "id>ten"], "is no number"),
            (["--where", "level"], "is no condition"), (["--where", "=x"], "is no condition"),
            (["--limit", "0"], "--limit"), (["--from", "soon"], "is no time"),
            (["--from", "2025-02-01", "--to", "2025-01-01"], "--from has to be before --to"),
            // What is compared byte by byte in place of what was meant meets rows, or none.
            (["--where", "at<2025-1-15"], "is no time"), (["--where", "at>=soon"], "is no time"),
            (["--where", "seen=05.01.2025"], "is no time"),
            (["--where", "id='5'"], "is no number"),
            (["--where", "id!=ten"], "is no number"), (["--where", "ok=yes"], "neither true nor"),
        ] {
            let outcome = try library.search(arguments)
            #expect(outcome.status == 64, "\(arguments): \(outcome.status)")
            #expect(outcome.stderr.contains(word), "\(arguments): \(outcome.stderr)")
            #expect(outcome.stdout.isEmpty)
        }
    }

    /// A disk that is not mounted looks like a store without archives.
    @Test func whatIsNotThereIsSaid() throws {
        let library = try Library(rows: 200)
        let part = try library.search("--from", "2025-01-01", "--to", "2025-06-01", "--count")
        #expect(part.status == 0 && part.stdout == "200\n")
        #expect(
            part.stderr.contains("no archive covers [2025-04-01, 2025-06-01)"), "\(part.stderr)")
        // With an end left open nobody has said where the archives should end.
        let root = library.scene.archives
        for open in [["--from", "2025-05-01"], ["--where", "level=NONE"]] {
            let nothing = try library.search(open)
            #expect(nothing.status == 0 && nothing.stdout.isEmpty, "\(open): \(nothing.stderr)")
            #expect(
                nothing.stderr.contains(
                    "no archive covers anything outside of [2025-01-01, 2025-04-01)"),
                "\(open): \(nothing.stderr)")
        }
        let list = try library.scene.pgretain("archives", "list", "--database", "host=/nowhere")
        #expect(list.status == 0 && list.stdout.contains("month=01"), "\(list.stderr)")
        let verified = try library.scene.pgretain(
            "archives", "verify", "-q", "--database", "host=/nowhere")
        for outcome in [list, verified] {
            #expect(outcome.status == 0)
            #expect(
                outcome.stderr.contains("note: lost archives were not looked for: "),
                "\(outcome.stderr)")
        }
        try FileManager.default.moveItem(atPath: root, toPath: root + "-away")
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750])
        let away = try library.search("--count")
        #expect(away.status == 66 && away.stdout.isEmpty, "\(away.stderr)")
    }

    @Test func whatIsDamagedIsSaidAndTheRestIsFound() throws {
        let library = try Library(rows: 200)
        let part = try #require(
            try library.scene.archiveFiles().first { $0.hasSuffix("month=01/part-00000.ndjson.gz") }
        )
        let path = library.scene.archives + "/" + part
        chmod(path, 0o640)
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: 40)
        try file.write(contentsOf: Data([0xff, 0xff, 0xff]))
        try file.close()
        let found = try library.search("--count")
        #expect(found.status == 65 && found.stderr.contains("[archive."), "\(found.stderr)")
        #expect(found.stdout == "0\n")
    }

    /// A migration came between: what an older archive has not is NULL there.
    @Test func columnsThatOneArchiveHasAndAnotherHasNot() throws {
        let library = try Library(rows: 2500)
        let scene = library.scene
        try scene.database.psql(
            """
            ALTER TABLE logs ADD added text;
            CREATE TABLE logs_04 PARTITION OF logs FOR VALUES FROM ('2025-04-01 00:00+00') TO ('2025-05-01 00:00+00');
            INSERT INTO logs (id, at, added) VALUES (9001, '2025-04-02 00:00+00', 'new');
            """)
        #expect(try scene.night("2025-12-01T00:00:00Z").status == 0)
        #expect(try library.ids(where: ["added=new"]) == [9001])
        let both = try library.search("--columns", "id,added", "--where", "id>=2499")
        #expect(both.stdout == "{\"id\":2499,\"added\":null}\n{\"id\":9001,\"added\":\"new\"}\n")
    }
}
