import Foundation
import TestSupport
import Testing

/// Several databases in one configuration.
@Suite struct SeveralDatabases {
    private static let day = "2025-05-15T02:17:00Z"

    private struct Pair {
        let eu: Scene
        let us: Scene

        init() throws {
            eu = try Scene()
            us = try Scene()
            for scene in [eu, us] { try scene.makeLogs(months: 2, rows: 20) }
            try configure()
        }

        /// - Parameters:
        ///   - shared: what stands at the top besides the tables.
        ///   - more: what the second entry has besides, or instead.
        func configure(
            shared: String = "", tables: String = Scene.policy(more: ["premake: 0"]),
            user: String? = nil, archives: String? = nil, more: String = ""
        ) throws {
            let text = """
                \(shared)
                tables:
                \(tables)
                databases:
                  - name: eu
                    database: "\(eu.database.conninfo)"
                    archives: \(eu.archives)
                  - name: us
                    database: "\(us.database.conninfo) \(user.map { "user=\($0)" } ?? "")"
                    archives: \(archives ?? us.archives)
                    \(more)
                """
            try text.write(toFile: eu.configuration, atomically: true, encoding: .utf8)
        }

        func pgretain(_ arguments: String..., environment: [String: String] = [:]) throws
            -> Outcome
        {
            try eu.pgretain(arguments, environment: environment)
        }

        func approve() throws {
            for name in ["eu", "us"] {
                #expect(try pgretain("approve", "--database", name).status == 0)
            }
        }
    }

    @Test func eachHasItsNightAndItsArchives() throws {
        let pair = try Pair()
        // What acts on one wants to know on which.
        for command in [
            ["approve"], ["pause", "--reason", "r"], ["hold", "list"], ["archives", "list"],
            ["search", "--table", "logs", "--count"], ["uninstall", "--print"],
            ["restore", "--table", "logs", "--period", "2025-01", "--into", "back"],
            ["report", "--output", "html"],
        ] {
            let outcome = try pair.eu.pgretain(command)
            #expect(outcome.status == 64, "\(command): \(outcome.stderr)")
            #expect(outcome.stderr.contains("--database: eu, us."), "\(outcome.stderr)")
        }
        try pair.approve()
        let night = try pair.pgretain("run", "--now", Self.day)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(night.stdout == "" && night.stderr == "", "cron would send mail")
        for scene in [pair.eu, pair.us] {
            #expect(try scene.slices() == ["public.logs/year=2025/month=01"])
            #expect(try scene.partitions() == ["logs_2025_02", "logs_2025_05"])
        }
        let again = try pair.pgretain("run", "-v", "--now", Self.day)
        for line in ["eu: public.logs", "us: public.logs"] {
            #expect(again.stderr.split(separator: "\n").contains { $0 == line }, "\(again.stderr)")
        }
        let found = try pair.pgretain(
            "search", "--table", "logs", "--count", environment: ["PGRETAIN_DATABASE": "us"])
        #expect(found.stdout == "20\n", "\(found.stderr)")
        let back = try pair.pgretain(
            "restore", "--database", "us", "--table", "logs", "--period", "2025-01", "--into",
            "back")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(try pair.us.database.superuser("SELECT count(*) FROM back") == "20")

        // Of all of them one document, and of a chosen one that which it has always been.
        for (command, member) in [
            ("run", "report"), ("plan", "preview"), ("status", "status"), ("report", "growth"),
            ("check", "check"), ("config", "settings"),
        ] {
            let all = try JSONView(try pair.pgretain(command, "--json").stdout)
            #expect(all["schema_version"].number == 1, "\(command)")
            #expect(all["databases"].list.compactMap { $0["database"].text } == ["eu", "us"])
            for one in all["databases"].list { #expect(one[member].exists, "\(command)") }
            let one = try JSONView(
                try pair.pgretain(command, "--json", "--database", "us").stdout)
            #expect(one.keys == ["schema_version", member], "\(command)")
        }
        for command in ["plan", "status", "report"] {
            let text = try pair.pgretain(command).stdout
            for line in text.split(separator: "\n") {
                #expect(line.hasPrefix("eu: ") || line.hasPrefix("us: "), "\(command): \(line)")
            }
        }
        let rows = try pair.pgretain("report", "--output", "csv").stdout
            .components(separatedBy: "\r\n").map { $0.prefix { $0 != "," } }
        #expect(rows[0] == "database" && Set(rows.dropFirst()) == ["eu", "us", ""], "\(rows)")
    }

    @Test func oneThatFailsStopsNoOther() throws {
        let pair = try Pair()
        try pair.approve()
        try pair.configure(user: "nobody_such")
        let night = try pair.pgretain("run", "--now", Self.day, "--json")
        #expect(night.status == 69, "\(night.stderr)")
        for line in night.stderr.split(separator: "\n") { #expect(line.hasPrefix("us: ")) }
        #expect(try pair.eu.partitions() == ["logs_2025_02", "logs_2025_05"])
        let nights = try JSONView(night.stdout)["databases"]
        #expect(nights[0]["report"]["problems"].list.isEmpty)
        #expect(nights[1]["report"]["problems"][0]["status"].number == 69)
        let status = try pair.pgretain("status", "--json")
        #expect(status.status == 69, "\(status.stderr)")
        #expect(try JSONView(status.stdout)["databases"][1]["problem"]["status"].number == 69)

        // What is known to be bad outranks that of another nothing is known.
        let check = try pair.pgretain("check")
        #expect(check.status == 2, "\(check.stdout)")
        #expect(check.stdout.hasPrefix("PGRETAIN CRITICAL - eu: "), "\(check.stdout)")
        #expect(check.stdout.contains("; us: "), "\(check.stdout)")
        #expect(check.stdout.contains(" 'eu:public.logs:backlog'="), "\(check.stdout)")
        for command in ["check", "report"] {
            let metrics = try pair.pgretain(command, "--output", "prometheus").stdout
                .split(separator: "\n")
            let families = metrics.filter { $0.hasPrefix("# TYPE") }
            #expect(families.count > 5 && Set(families).count == families.count)
            for line in metrics where !line.hasPrefix("#") && !line.contains("build_info") {
                #expect(
                    line.contains("database=\"eu\"") || line.contains("database=\"us\""), "\(line)")
            }
        }
    }

    /// What stands at the top is for all of them, and what one says itself for that one.
    @Test func whatIsSharedIsSaidOnce() throws {
        let pair = try Pair()
        try pair.configure(
            shared: "workers: 3\non_failure: echo $PGRETAIN_DATABASE $PGRETAIN_STATUS >&2",
            more: "workers: 1\n    tables: [{ table: other, key: at, retain: 9 days }]")
        let settings = try JSONView(try pair.pgretain("config", "--json").stdout)["databases"].list
            .map { one in
                one["settings"].list.reduce(into: [:]) {
                    $0[$1["key"].text ?? ""] = $1["value"].text
                }
            }
        #expect(settings.map { $0["workers"] } == ["3", "1"])
        #expect(settings.map { $0["tables[0].table"] } == ["public.logs", "other"])
        let night = try pair.pgretain("run", "--now", Self.day)
        // Not approved, and not there.
        #expect(night.status == 66 || night.status == 78 || night.status == 76, "\(night.stderr)")
        #expect(night.stderr.contains("eu: pgretain: public.logs: "), "\(night.stderr)")
        #expect(night.stderr.contains("us: pgretain: public.other: "), "\(night.stderr)")
        #expect(night.stderr.contains("\neu 76\n"), "\(night.stderr)")
    }

    @Test func whatWouldMixThemUpIsRefused() throws {
        let pair = try Pair()
        let link = pair.us.archives + "-link"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: pair.eu.archives)
        for root in [
            pair.eu.archives, pair.eu.archives + "/", pair.eu.archives + "/us", link,
            (pair.eu.archives as NSString).deletingLastPathComponent,
        ] {
            try pair.configure(archives: root)
            let outcome = try pair.pgretain("plan")
            #expect(outcome.status == 78, "\(root): \(outcome.stderr)")
            #expect(outcome.stderr.contains("are one store, or one lies in the other"))
        }
        for (shared, more, complaint) in [
            ("archives: /x", "", "archives: belongs into each entry of databases:"),
            ("ping: https://example.org/x", "", "ping: belongs into each entry"),
            ("", "copies: [\(pair.eu.archives)]", "are one store"),
            ("", "colour: red", "databases[1].colour: unknown key"),
            ("", "workers: many", "workers: must be a whole number"),
            ("", "- name: eu", "`eu` stands twice"),
            ("", "- name: 'e u'", "must be of letters"), ("", "- role: x", "name: is required"),
            ("", "- name: one\n  - name: two", "one and two have the same connection"),
        ] {
            let lines = more.hasPrefix("-") ? "\n  " + more : more
            try pair.configure(shared: shared, more: lines)
            let outcome = try pair.pgretain("plan")
            #expect(outcome.status == 78, "\(complaint): \(outcome.stderr)")
            #expect(outcome.stderr.contains(complaint), "\(complaint): \(outcome.stderr)")
        }
        try pair.configure()
        let secret = try pair.pgretain("plan", "--database", "postgresql://u:geheim@h/d")
        #expect(secret.status == 64 && !secret.stderr.contains("geheim"), "\(secret.stderr)")
        #expect(try pair.pgretain("plan", "--archives", "/elsewhere").status == 64)
        let moved = try pair.pgretain("config", "--database", "us", "--archives", "/elsewhere")
        #expect(moved.stdout.contains("/elsewhere"), "\(moved.stderr)")
    }
}
