import Foundation
import TestSupport
import Testing

/// How big, how fast, until when: in every form, of tables as they are found.
@Suite struct Reports {
    private static let now = "2025-12-15T02:17:00Z"
    private static let forms = ["text", "json", "csv", "markdown", "html", "prometheus"]

    /// Twelve months and the one to come, of which the oldest have left in archives.
    private func scene() throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 13, rows: 300)
        try scene.database.psql("CREATE TABLE logs_default PARTITION OF logs DEFAULT; ANALYZE logs")
        try scene.configure(Scene.policy(retain: "90 days", more: ["premake: 1"]))
        try scene.approve()
        let night = try scene.night(Self.now, "--max-retire", "20")
        try #require(night.status == 0, "\(night.stderr)")
        return scene
    }

    private func report(_ scene: Scene, _ arguments: String...) throws -> Outcome {
        try scene.pgretain(["report", "--now", Self.now] + arguments)
    }

    @Test func itSaysHowBigHowFastAndUntilWhen() throws {
        let scene = try scene()
        let text = try report(scene, "--capacity", "1 GB", "--what-if", "then keep, ingest x1000")
        #expect(text.status == 0, "\(text.stderr)")
        for words in [
            "live 90 to 121 days, in the database at most 121, archives for ever",
            "until 90 % is full: never under this policy (peaks at ",
            "with then keep, ingest x1000: ~", "months", "DEFAULT is empty",
            "freed       ", "; tonight 0 B; 2025-12-30: ", "archives    8: 2 400 rows in ",
            "sequence    id: 0.0 % of 2 147 483 647",
            "the index ix_logs_level (", ") has not been read since the statistics began",
        ] where words != "months" {
            #expect(text.stdout.contains(words), "\(words): \(text.stdout)")
        }
        let json = try JSONView(try report(scene, "--json", "--partitions").stdout)
        #expect(json["schema_version"].number == 1)
        let table = json["growth"]["tables"][0]
        #expect(table["archives"]["rows"].number == 2400)
        #expect(table["dropped_partitions"].number == 8 && table["unmeasured_drops"].number == 0)
        #expect(table["periods"].list.count == 12)
        #expect(table["periods"][0]["is_in_database"].flag == false)
        #expect(table["periods"][9]["rows"].number == 300)
        #expect(table["outlook"]["steady"]["middle"].number ?? 0 > 0)
        let total = try scene.database.superuser(
            """
            SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits
            WHERE inhparent = 'logs'::regclass
            """)
        #expect(table["total"]["bytes"].number == Int(total))
        #expect(
            try report(scene, "--output", "csv").stdout.split(separator: "\r\n").count == 13)
        #expect(
            try report(scene, "--output", "csv", "--partitions").stdout.contains("logs_default"))
        let page = try report(scene, "--output", "html").stdout
        #expect(page.utf8.count < 500_000 && page.contains("<svg"))
        #expect(!page.contains("<script") && !page.contains("href") && !page.contains("src="))
        try expectMetrics(try report(scene, "--output", "prometheus", "--partitions").stdout)
        #expect(try report(scene, "--json", "--output", "csv").status == 64)
        #expect(try report(scene, "--what-if", "retain 60").status == 64)
    }

    @Test func whatWaitsInQuarantineIsNotGone() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3, rows: 10)
        try scene.configure(Scene.policy(grace: "300 days", more: ["premake: 1"]))
        try scene.approve()
        #expect(try scene.night(nil, "--max-retire", "1").status == 0)
        let text = try scene.pgretain("report")
        #expect(text.stdout.contains("(in quarantine)"), "\(text.stdout)")
        #expect(!text.stdout.contains("(gone)"))
        let periods = try JSONView(try scene.pgretain("report", "--json").stdout)["growth"][
            "tables"][0]["periods"]
        #expect(periods[0]["is_quarantined"].flag == true)
        #expect(periods[0]["is_in_database"].flag == true && periods[0]["rows"].number == 10)
        #expect(periods[1]["is_quarantined"].flag == false)
    }

    @Test func whatIsNotKnownIsNotMadeUp() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-11-01", months: 3, rows: 10)
        try scene.configure(
            Scene.policy(then: "keep", more: ["premake: 1"]), extra: "capacity: 1 TB")
        let text = try report(scene)
        #expect(text.status == 0, "\(text.stderr)")
        #expect(text.stdout.contains("capacity: 1 TB: "), "\(text.stdout)")
        #expect(text.stdout.contains("is full: not enough history"), "\(text.stdout)")
        #expect(text.stdout.contains("live for ever, archives for ever"))
        #expect(!text.stdout.contains("steady state"))
    }

    @Test func aPlainTableGetsAForecastOfItsFiles() throws {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE logs (id serial PRIMARY KEY, created_at timestamptz NOT NULL, v text);
            CREATE INDEX ON logs (created_at);
            INSERT INTO logs (created_at, v)
            SELECT d + n * interval '1 minute', repeat('v', 100)
            FROM generate_series(timestamptz '2025-08-15', '2025-12-14', '1 day') AS d,
                generate_series(1, 100) AS n;
            ANALYZE logs;
            """)
        func look(retain: String) throws -> JSONView {
            try scene.configure(Scene.policy(retain: retain, more: ["partitioned: false"]))
            try scene.approve()
            let night = try scene.night(Self.now)
            #expect(night.status == 0, "\(night.stderr)")
            let json = try report(
                scene, "--json", "--capacity", "1 GB", "--what-if", "retain 900 days")
            return try JSONView(json.stdout)["growth"]
        }
        let before = try look(retain: "200 days")["tables"][0]
        // It takes in 100 rows a day and holds 122 days of them: of 200 days and a month it grows.
        let size = try #require(before["total"]["bytes"].number)
        let steady = try #require(before["outlook"]["steady"]["middle"].number)
        #expect(Double(steady) > 1.6 * Double(size) && Double(steady) < 2.1 * Double(size))
        let growth = try look(retain: "60 days")
        let after = growth["tables"][0]
        let rows = try scene.database.superuser("SELECT count(*) FROM logs")
        #expect(rows == "7500", "August and September were deleted")
        #expect(after["total"]["bytes"].number ?? 0 >= size, "the files are as large as they were")
        // What comes has room in them; with another policy it has not.
        #expect(after["outlook"]["steady"]["middle"].number == after["total"]["bytes"].number)
        #expect(after["what_if"]["steady"]["middle"].number ?? 0 > 3 * size, "\(after["what_if"])")
        #expect(growth["room"]["forecast"].text?.hasPrefix("never under this policy") ?? false)
        let unread = try report(scene, "--no-rows").stdout
        #expect(unread.contains("no forecast: how much comes into a plain table only its rows say"))
        // Subscribers would delete them too.
        try scene.database.superuser("CREATE PUBLICATION p FOR TABLE logs")
        let published = try report(scene).stdout
        #expect(published.contains("no steady state") && published.contains("it is published"))
    }

    @Test func aLockedPartitionIsSkippedAndNamed() throws {
        let scene = try scene()
        let other = try scene.database.session()
        #expect(
            other.ask("BEGIN; LOCK TABLE logs_2025_10 IN ACCESS EXCLUSIVE MODE; SELECT 1;") == "1")
        let text = try report(scene, "--partitions")
        other.ask("ROLLBACK;")
        #expect(text.status == 0, "\(text.stderr)")
        #expect(
            text.stdout.contains("note: public.logs_2025_10 is locked and was not waited for"),
            "\(text.stdout)")
        #expect(text.stdout.contains("logs_2025_10  locked"), "\(text.stdout)")
        // The others are measured as ever.
        #expect(text.stdout.contains("[2025-11-01, 2025-12-01)  ~300  49.2 kB  "), "\(text.stdout)")
    }

    @Test func whatFillsATableIsFoundInItsRows() throws {
        let hostile = [
            "<script>alert(1)</script>", "]]>\u{202E}\u{2066}x", "<\u{301}b>\u{1B}[31m\r\nx",
            String(repeating: "w", count: 10_000), "`|*_[x](y)\"'",
        ]
        let scene = try Scene()
        let values = hostile.map { word in
            "'" + word.replacingOccurrences(of: "'", with: "''") + "'"
        }.joined(separator: ", ")
        try scene.database.psql(
            """
            CREATE TABLE logs (level text, component text, action text, user_id int,
                created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
            CREATE TABLE logs_2025_11 PARTITION OF logs FOR VALUES FROM ('2025-11-01') TO ('2025-12-01');
            CREATE TABLE logs_2025_12 PARTITION OF logs FOR VALUES FROM ('2025-12-01') TO ('2026-01-01');
            INSERT INTO logs
            SELECT 'INFO', 'web', 'post_users_' || n || '_invite', n % 7,
                d + n * interval '1 minute'
            FROM generate_series(timestamptz '2025-11-01', '2025-12-15', '1 day') AS d,
                generate_series(1, 100) AS n;
            INSERT INTO logs
            SELECT 'ERROR', 'api', 'fail', 1, timestamptz '2025-12-05' + n * interval '1 minute'
            FROM generate_series(1, 600) AS n;
            INSERT INTO logs SELECT w, w, w, 2, '2025-12-12' FROM unnest(ARRAY[\(values)]) AS w;
            INSERT INTO logs
            SELECT 'zz', 'web', string_agg(md5(n::text), ''), 3, '2025-12-12'
            FROM generate_series(1, 1250) AS n;
            ANALYZE logs;
            """)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        let table = try JSONView(try report(scene, "--json").stdout)["growth"]["tables"][0]
        #expect(table["ingest"]["source"].text == "rows", "there are no nights, and one period")
        let drivers = table["drivers"]
        #expect(drivers["sampled_percent"].number == 100)
        let users = drivers["active_users"]
        #expect(users["last_day"].number == 7 && users["is_at_least"].flag == false)
        // The day of the hostile words has them of user 2, who was there anyway.
        #expect(users["days"].list.map { $0["users"].number } == Array(repeating: 7, count: 14))
        #expect(users["days"][13]["date"].text == "2025-12-14")
        let action = drivers["columns"].list.first { $0["column"].text == "action" }
        #expect(action?["values"][0]["value"].text == "post_users_{id}_invite")
        // Seven days of a hundred rows each.
        #expect(action?["values"][0]["rows"].number == 700)
        // One row of 40 kB in TOAST: not common, and still among what fills the table most.
        let size = try scene.database.superuser(
            """
            SELECT 24 + pg_column_size(level) + pg_column_size(component) + pg_column_size(action)
                + 4 + 8 FROM logs WHERE level = 'zz'
            """)
        let levels = drivers["columns"].list.first { $0["column"].text == "level" }?["values"].list
        let large = try #require(levels?.first { $0["value"].text == "zz" })
        #expect(levels?.count == 7 && levels?[0]["value"].text == "INFO")
        #expect(large["rows"].number == 1 && large["bytes"].number == Int(size))
        #expect(large["bytes"].number ?? 0 > 40_000 && large["bytes_before"].number == 0)
        for form in Self.forms {
            let outcome = try report(scene, "--output", form)
            #expect(outcome.status == 0, "\(form): \(outcome.stderr)")
            let scalars = outcome.stdout.unicodeScalars
            #expect(!scalars.contains("\u{1B}"), "\(form)")
            #expect(!outcome.stdout.contains(String(repeating: "w", count: 500)), "\(form)")
            guard form != "csv", form != "prometheus" else { continue }
            #expect(
                form == "markdown"
                    || outcome.stdout.contains(
                        "2025-12-05: 7.0 × the usual Friday (700 rows against 100 rows); "
                            + "100 % of the extra rows are level=ERROR, 100 % component=api"),
                "\(form): \(outcome.stdout)")
            if form == "html" { expectPage(outcome.stdout) }
            if form == "markdown" { #expect(!scalars.contains("<")) }
            if form == "text" {
                #expect(!scalars.contains { [0x202E, 0x2066].contains($0.value) })
            }
        }
        let none = try report(scene, "--no-rows")
        #expect(!none.stdout.contains("INFO") && !none.stdout.contains("unusual"))
    }

    /// Five tables whose names and rows are what an attacker would write.
    private func hostileScene() throws -> Scene {
        let names = [
            "<script>alert(1)</script>", "]]>\u{202E}\u{2066}txt", "=cmd|'/C'!A0\",\"x",
            "<\u{301}img src=x>\u{1B}[31m\r\n", "`a`|*b*_c_\\[d](e)",
        ]
        func quoted(_ name: String) -> String {
            var scalars = String.UnicodeScalarView()
            for scalar in name.unicodeScalars {
                scalars.append(scalar)
                if scalar == "\"" { scalars.append(scalar) }
            }
            return "\"\(scalars)\""
        }
        let scene = try Scene()
        var yaml = ""
        for name in names {
            let table = quoted(name)
            try scene.database.psql(
                """
                CREATE TABLE \(table) (\(table) serial, at timestamptz NOT NULL, v text)
                    PARTITION BY RANGE (at);
                CREATE INDEX \(quoted(name + "i")) ON \(table) (v);
                CREATE TABLE \(quoted(name + "p")) PARTITION OF \(table)
                    FOR VALUES FROM ('2025-12-01') TO ('2026-01-01');
                INSERT INTO \(table) (at, v) VALUES ('2025-12-02', '<b>x</b>');
                """)
            let literal = "public." + table
            let data = try JSONSerialization.data(
                withJSONObject: [literal], options: [.withoutEscapingSlashes])
            let json = String(decoding: data, as: UTF8.self).dropFirst().dropLast()
            yaml += "  - {table: \(json), key: at, retain: 90 days, then: keep}\n"
        }
        try scene.configure(yaml)
        return scene
    }

    @Test(.enabled(if: PrometheusTools.nodeExporter != nil, "there is no node exporter"))
    func aNodeExporterServesWhatIsWritten() throws {
        let scene = try hostileScene()
        let place = TemporaryDirectory()
        let metrics = ["--output", "prometheus", "--partitions"]
        let made = try scene.pgretain(
            [
                "report", "--now", Self.now, "--capacity", "1 TB", "--file",
                place.path + "/report.prom",
            ]
                + metrics)
        #expect(made.status == 0, "\(made.stderr)")
        // Beside it, in the same directory: neither has a name of the other.
        try scene.pgretain("check", "--now", Self.now, "--textfile", place.path + "/check.prom")
        let served = try PrometheusTools.samples(try PrometheusTools.served(place.path))
        #expect(served["node_textfile_scrape_error{[]}"] == 0)
        for file in ["report", "check"] {
            let written = try PrometheusTools.samples(
                String(contentsOfFile: "\(place.path)/\(file).prom", encoding: .utf8))
            #expect(written.count > 20, "\(file)")
            for (key, value) in written { #expect(served[key] == value, "\(file): \(key)") }
        }
    }

    @Test func hostileNamesAreHarmlessInEveryForm() throws {
        let scene = try hostileScene()
        for form in Self.forms {
            let outcome = try report(
                scene, "--partitions", "--output", form, "--capacity", "1 TB")
            #expect(outcome.status == 0, "\(form): \(outcome.stderr)")
            let scalars = outcome.stdout.unicodeScalars
            if form != "json" {
                #expect(!scalars.contains { [0x1B, 0x202E, 0x2066].contains($0.value) }, "\(form)")
            }
            #expect(!scalars.contains("\u{1B}"), "\(form)")
            switch form {
            case "html": expectPage(outcome.stdout)
            case "markdown":
                #expect(!scalars.contains("<"), "\(outcome.stdout)")
            case "csv":
                for line in outcome.stdout.components(separatedBy: "\r\n").dropLast() {
                    #expect(fields(line) == 11, "\(line)")
                }
                #expect(!outcome.stdout.contains(",=") && !outcome.stdout.contains(",\"="))
            case "prometheus": try expectMetrics(outcome.stdout)
            case "json": #expect(try JSONView(outcome.stdout)["growth"]["tables"].list.count == 5)
            default: break
            }
        }
    }

    /// Every tag is one that the page is made of.
    private func expectPage(_ page: String) {
        let known: Set<String> = [
            "!doctype", "html", "head", "meta", "title", "style", "body", "header", "h1", "p",
            "main",
            "section", "h2", "h3", "div", "dl", "dt", "dd", "small", "figure", "figcaption", "span",
            "i",
            "svg", "line", "text", "polygon", "polyline", "rect", "circle", "ul", "li", "strong",
            "details", "summary", "table", "tr", "th", "td", "footer",
        ]
        var rest = page.unicodeScalars[...]
        while let open = rest.firstIndex(of: "<") {
            rest = rest[rest.index(after: open)...]
            let tag = String(rest.drop { $0 == "/" }.prefix { $0 != " " && $0 != ">" })
            #expect(known.contains(tag.lowercased()), "<\(tag)")
        }
    }

    private func fields(_ line: String) -> Int {
        var count = 1
        var isQuoted = false
        for scalar in line.unicodeScalars {
            if scalar == "\"" { isQuoted.toggle() }
            if scalar == ",", !isQuoted { count += 1 }
        }
        return isQuoted ? -1 : count
    }

    /// By promtool, and as strictly where there is none.
    private func expectMetrics(_ text: String) throws {
        try PrometheusTools.expectAcceptance(of: text)
        let head = #/# (HELP|TYPE) (pgretain(?:_[a-z]+)+) (.+)/#
        let sample =
            #/(pgretain(?:_[a-z]+)+)(?:\{([a-z]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z]+="(?:[^"\\\n]|\\[\\"n])*")*)\})? (-?[0-9.]+|\+Inf)/#
        var types: [String: String] = [:]
        var seen: Set<Substring> = []
        var current = ""
        #expect(text.hasSuffix("\n"))
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if let match = line.wholeMatch(of: head) {
                let name = String(match.2)
                if match.1 == "TYPE" {
                    #expect(types.updateValue(String(match.3), forKey: name) == nil, "\(name)")
                    #expect(
                        (match.3 == "counter") == name.hasSuffix("_total"), "\(name): \(match.3)")
                }
                current = name
            } else {
                let match = try #require(line.wholeMatch(of: sample), "\(line)")
                #expect(match.1 == current && types[current] != nil, "\(line)")
                let key = line.prefix(upTo: try #require(line.lastIndex(of: " ")))
                #expect(seen.insert(key).inserted, "twice: \(line)")
            }
        }
        #expect(types.count > 10)
    }

    @Test func aFileAppearsWholeAndTheLastSuccessStays() throws {
        let scene = try scene()
        let place = TemporaryDirectory()
        let file = place.path + "/pgretain.prom"
        let made = try report(scene, "--output", "prometheus", "--file", file)
        #expect(made.status == 0 && made.stdout.isEmpty, "\(made.stderr)")
        let before = try String(contentsOfFile: file, encoding: .utf8)
        try expectMetrics(before)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
        #expect(mode as? Int == 0o644)
        try scene.configure(Scene.policy("public.nothing"))
        let failed = try report(scene, "--output", "prometheus", "--file", file)
        #expect(failed.status == 66 || failed.status == 78, "\(failed.status) \(failed.stderr)")
        #expect(failed.stderr.contains("nothing"), "\(failed.stderr)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).count == 1)
    }
}
