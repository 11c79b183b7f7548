import Foundation
import Retention
import TestSupport
import Testing

/// What monitoring is told, of real servers and stores.
@Suite struct Checks {
    static let now = "2025-06-10T00:00:00Z"

    /// The archives of tests are on the disk of the server of tests.
    static let ignoring = "check: {ignore: [store.same-disk]}"

    private static func scene(
        policy: String = Scene.policy(then: "keep"), extra: String = ignoring, rows: Int = 20
    ) throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(months: 6, rows: rows)
        try scene.configure(policy, extra: extra)
        return scene
    }

    /// The worst severity of each id that a check tells.
    private static func findings(_ outcome: Outcome) throws -> [Finding.ID: String] {
        let check = try JSONView(outcome.stdout)["check"]
        let order = Severity.allCases.map(\.rawValue)
        return check["findings"].list.reduce(into: [:]) { worst, finding in
            guard let id = finding["id"].text.flatMap(Finding.ID.init),
                let severity = finding["severity"].text
            else { return }
            let known = worst[id].flatMap(order.firstIndex(of:)) ?? -1
            if order.firstIndex(of: severity)! > known { worst[id] = severity }
        }
    }

    private static func check(_ scene: Scene, now: String? = Checks.now, _ more: String...) throws
        -> (outcome: Outcome, findings: [Finding.ID: String])
    {
        let outcome = try scene.pgretain(
            ["check", "--json"] + more + (now.map { ["--now", $0] } ?? []))
        return (outcome, try findings(outcome))
    }

    // MARK: Health

    @Test func aNightLaterAllIsWell() throws {
        let scene = try Self.scene()
        let (before, found) = try Self.check(scene)
        #expect(before.status == 2, "\(before.stdout)")
        let alarms = found.filter { $0.value != "info" }
        #expect(alarms == [.runsMissed: "critical", .premakeHeadroom: "critical"])
        let late = try Self.check(scene, now: "2025-08-10T00:00:00Z").findings
        #expect(late[.premakeCurrent] == "critical" && late[.premakeHeadroom] == nil)

        let picture = try scene.picture()
        #expect(try scene.pgretain("check").stderr.isEmpty)
        #expect(try scene.picture() == picture, "it changes nothing")
        #expect(try scene.database.superuser("SELECT to_regclass('pgretain.meta') IS NULL") == "t")

        #expect(try scene.night(Self.now).status == 0)
        let well = try scene.pgretain("check", "--now", Self.now)
        #expect(well.status == 0 && well.stderr.isEmpty, "\(well)")
        #expect(well.stdout.hasPrefix("PGRETAIN OK - 1 table, last success "), "\(well.stdout)")
        #expect(well.stdout.contains(" | critical=0;;;0 warning=0;;;0 last_success="))
        #expect(well.stdout.contains(" 'public.logs:archives_lost'=0;;0;0 "))
        #expect(well.stdout.split(separator: "\n").count == 1)
        #expect(try scene.pgretain("check", "-q", "--now", Self.now).stdout == "")
        let (json, none) = try Self.check(scene)
        #expect(json.status == 0 && none.values.allSatisfy { $0 == "info" }, "\(none)")
        #expect(try JSONView(json.stdout)["check"]["status"].text == "ok")
        #expect(
            try scene.pgretain("check", "--table", "public.logs", "--now", Self.now).status == 0)

        // Told where it is not ignored, by roles that may see where the data is.
        try scene.configure(Scene.policy(then: "keep"))
        let disk = try Self.check(scene)
        #expect(disk.outcome.status == (Cluster.asMember ? 0 : 1), "\(disk)")
        #expect(disk.findings[.storeSameDisk] == (Cluster.asMember ? nil : "warning"))
    }

    // MARK: Each finding, provoked

    private static let ofTheLedger: Set<Finding.ID> = [
        .runsMissed, .runFailed, .runUnfinished, .policyApproval, .retireBacklog, .orderPaused,
        .orderHeld, .defaultRows, .sequenceHeadroom, .ownerOther, .detachPending, .premakeBlocked,
    ]

    @Test func whatServerAndLedgerSayIsTold() throws {
        let scene = try Self.scene(policy: Scene.policy(retain: "30 days"))
        let run = try scene.night(Self.now)
        #expect(run.status == 76, "not approved")
        let first = try Self.check(scene).findings
        #expect(first[.policyApproval] == "warning", "\(first)")
        #expect(first[.runFailed] == "info", "that it ended with 76 says the same")
        #expect(first[.runsMissed] == nil, "it did all that it might")
        try scene.approve()
        #expect(try Self.check(scene).findings[.retireBacklog] == "info")

        #expect(try scene.pgretain("pause", "--reason", "a\nb | c").status == 0)
        let held = try scene.pgretain(
            "hold", "add", "--table", "logs", "--period", "2025-02", "--reason", "case 4711")
        #expect(held.status == 0, "\(held.stderr)")
        #expect(try Self.check(scene).findings[.orderPaused] == "info")
        try scene.database.psql(
            """
            CREATE TABLE logs_default PARTITION OF logs DEFAULT;
            INSERT INTO logs (level, created_at) VALUES ('STRAY', '2031-01-01');
            """)
        try scene.database.superuser(
            """
            UPDATE pgretain.pauses SET made_at = now() - interval '9 days';
            UPDATE pgretain.runs SET started_at = now() - interval '51 hours',
                finished_at = now() - interval '51 hours';
            UPDATE pgretain.runs SET report = replace(report::text, 'policy.approval',
                'rule.withdrawn')::jsonb;
            INSERT INTO pgretain.runs (id, started_at, host, tool, pid)
                VALUES (gen_random_uuid(), now() - interval '1 hour', 'elsewhere', 'pgretain', 1);
            SELECT setval('logs_id_seq', 2000000000);
            -- As though somebody's DETACH CONCURRENTLY hung.
            UPDATE pg_inherits SET inhdetachpending = true
                WHERE inhrelid = 'logs_2025_01'::regclass;
            DROP TABLE logs_2025_09;
            CREATE TABLE logs_2025_09 ();
            -- As though pg_cron were here.
            CREATE SCHEMA cron; GRANT USAGE ON SCHEMA cron TO PUBLIC;
            CREATE TABLE cron.job (jobid bigint, command text, active boolean, database text);
            GRANT SELECT ON cron.job TO PUBLIC;
            INSERT INTO cron.job VALUES
                (1, 'DELETE FROM public.logs WHERE created_at < now()', true, current_database()),
                (2, 'DELETE FROM catalogs', true, current_database()),
                (3, 'DELETE FROM logs', false, current_database());
            """)
        let stranger = try Self.check(scene, now: nil).findings
        #expect(stranger[.ownerOther] == nil, "a table of that name that anybody made")
        try scene.database.superuser(
            """
            ALTER EXTENSION plpgsql ADD TABLE cron.job;
            CREATE SCHEMA timescaledb_information;
            GRANT USAGE ON SCHEMA timescaledb_information TO PUBLIC;
            CREATE VIEW timescaledb_information.jobs AS
                SELECT 1000 AS job_id, p::name AS proc_name, 'public'::name AS hypertable_schema,
                    t::name AS hypertable_name
                FROM (VALUES ('policy_retention', 'logs'), ('policy_reorder', 'other')) AS v (p, t);
            GRANT SELECT ON timescaledb_information.jobs TO PUBLIC;
            ALTER EXTENSION plpgsql ADD VIEW timescaledb_information.jobs;
            """)
        let (outcome, found) = try Self.check(scene, now: nil)
        #expect(outcome.status == 2)
        for (id, severity) in [
            (Finding.ID.runsMissed, "critical"), (.runFailed, "warning"),
            (.runUnfinished, "warning"), (.retireBacklog, nil), (.orderPaused, "warning"),
            (.orderHeld, "info"), (.defaultRows, "warning"), (.sequenceHeadroom, "critical"),
            (.ownerOther, "critical"), (.detachPending, "warning"),
        ] {
            #expect(found[id] == severity, "\(id): \(outcome.stdout)")
        }
        #expect(outcome.stdout.contains("pg_cron's job 1 works on public.logs: DELETE"))
        #expect(outcome.stdout.contains("job 1000 runs policy_retention on public.logs."))
        #expect(!outcome.stdout.contains("policy_reorder"))
        #expect(!outcome.stdout.contains("pg_cron's job 2") && !outcome.stdout.contains("job 3"))
        let atThatTime = try Self.check(scene).findings
        #expect(atThatTime[.premakeBlocked] == "warning", "\(atThatTime)")

        let text = try scene.pgretain("check", "-v")
        #expect(text.stdout.contains("\n  next: pgretain resume\n"), "\(text.stdout)")
        #expect(text.stdout.contains("a\\u{a}b \\u{7c} c"), "one line, whatever a reason holds")
    }

    private static let ofTheStore: Set<Finding.ID> = [
        .archiveLost, .archiveDamaged, .archiveUnverified, .archiveVanished, .storeStranger,
        .storeUnusable, .storeSameDisk,
    ]

    @Test func whatTheStoreLacksIsTold() throws {
        let scene = try Self.scene(policy: Scene.policy(retain: "30 days", then: "keep"))
        #expect(try scene.night(Self.now).status == 0)
        #expect(try scene.slices().count == 4)
        let year = scene.archives + "/public.logs/year=2025"
        let line = """
            rm -rf \(year)/month=01 && rm -f \(year)/month=02/part-00000.ndjson.gz &&
            cp -r \(year)/month=03 \(year)/.superseded-1-month=03 &&
            touch \(scene.archives)/public.logs/notes.txt
            """
        #expect(try Program.run("/bin/sh", ["-c", line]).status == 0)
        try scene.database.superuser(
            """
            ALTER TABLE pgretain.ledger DISABLE TRIGGER never_changed;
            DELETE FROM pgretain.ledger WHERE kind = 'archived' AND archive LIKE '%month=04';
            """)
        let (outcome, found) = try Self.check(scene)
        #expect(outcome.status == 2)
        for (id, severity) in [
            (Finding.ID.archiveLost, "critical"), (.archiveDamaged, "critical"),
            (.archiveUnverified, "warning"), (.archiveVanished, "critical"),
            (.storeStranger, "warning"), (.storeUnusable, nil),
        ] {
            #expect(found[id] == severity, "\(id): \(outcome.stdout)")
        }
        #expect(outcome.stdout.contains("names 1 archive (public.logs/year=2025/month=01)"))

        let missing = try Self.check(scene, now: Self.now, "--archives", "/nonexistent")
        #expect(missing.findings[.storeUnusable] == "critical", "\(missing.outcome.stdout)")
        let empty = TemporaryDirectory()
        let unmounted = try Self.check(scene, now: Self.now, "--archives", empty.path)
        #expect(unmounted.findings[.storeUnusable] == "critical", "the disk is not mounted")
        #expect(unmounted.findings[.archiveLost] == nil, "said once")
        let numbers = try JSONView(unmounted.outcome.stdout)["check"]["measures"]["tables"][0]
        #expect(numbers["table"].exists && !numbers["archives_lost"].exists, "a zero is health")
    }

    private static let ofTheTable: Set<Finding.ID> = [
        .quarantineOverdue, .tableUnseen, .policyProblem, .checkSkipped,
    ]

    @Test func whatBecameOfTheTableIsTold() throws {
        let scene = try Self.scene(
            policy: Scene.policy(retain: "30 days", grace: "1 day"))
        try scene.approve()
        #expect(try scene.night(Self.now).status == 0)
        #expect(try Self.check(scene).findings[.quarantineOverdue] == nil)
        let weeksLater = try scene.database.superuser(
            "SELECT to_char(now() + interval '3 weeks', 'YYYY-MM-DD')")
        let later = try Self.check(scene, now: weeksLater + "T00:00:00Z").findings
        #expect(later[.quarantineOverdue] == "warning", "\(later)")

        // Somebody has it all for himself: nobody waits for him for long.
        let session = try scene.database.session()
        for (lock, words) in [
            ("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE", "public.logs cannot be looked at now"),
            ("ALTER SEQUENCE logs_id_seq CACHE 2", "Not looked at: its sequences."),
        ] {
            session.ask("BEGIN; \(lock);")
            let (outcome, found) = try Self.check(scene)
            #expect(outcome.status == 1 && found[.checkSkipped] == "warning", "\(outcome)")
            #expect(outcome.stdout.contains(words), "\(outcome.stdout)")
            session.ask("ROLLBACK;")
        }

        let rule = ["rules: [{where: 'no_such_column', retain: 7 days}]"]
        try scene.configure(
            Scene.policy(retain: "30 days", more: rule)
                + Scene.policy("public.no_such_table", then: "keep"), extra: Self.ignoring)
        let two = try Self.check(scene)
        #expect(two.outcome.status == 2)
        #expect(two.findings[.policyProblem] == "warning", "\(two.outcome.stdout)")
        #expect(two.findings[.tableUnseen] == "critical", "\(two.outcome.stdout)")
        let one = try Self.check(scene, now: Self.now, "--table", "public.logs")
        #expect(one.outcome.status == 1 && one.findings[.tableUnseen] == nil)
    }

    private static let ofNothing: Set<Finding.ID> = [.checkFailed, .checkTimeout]

    @Test func withoutAnAnswerNothingIsKnown() throws {
        let scene = try Scene()
        func expectUnknown(_ outcome: Outcome, _ words: String) {
            #expect(outcome.status == 3, "\(outcome)")
            #expect(outcome.stdout.hasPrefix("PGRETAIN UNKNOWN - "), "\(outcome)")
            #expect(outcome.stdout.contains(words), "\(outcome)")
            #expect(outcome.stdout.split(separator: "\n").count == 1, "\(outcome)")
        }
        try scene.configure(Scene.policy(then: "keep"), through: "port=1")
        expectUnknown(try scene.pgretain("check"), "[database.unreachable] [check.failed]")
        let json = try Self.check(scene, now: nil)
        #expect(json.outcome.status == 3 && json.findings == [.checkFailed: "unknown"])

        try scene.configure(Scene.policy(then: "keep"), extra: "chekc: {}")
        expectUnknown(try scene.pgretain("check"), "did you mean check?")
        try scene.configure(
            Scene.policy(then: "keep"),
            extra: "check: {missed_warning: 2 days, missed_critical: 1 day, ignore: [run.faild]}")
        let wrong = try scene.pgretain("check")
        expectUnknown(wrong, "must not be shorter than check.missed_warning, which is 48 h")
        let all = try scene.pgretain("check", "-v")
        #expect(all.status == 3 && all.stdout.contains("did you mean run.failed?"), "\(all)")
        try scene.configure(Scene.policy(then: "keep"))
        expectUnknown(try scene.pgretain("check", "--table", "no_such"), "[table.unknown]")
        #expect(try scene.pgretain("check", "--nonsense").status == 64)

        // It takes the connection, and never says a word.
        let silent = try #require(SilentServer())
        try scene.configure(
            Scene.policy(then: "keep"), extra: "check: {timeout: 1 s}",
            through: "host=127.0.0.1 port=\(silent.port)")
        expectUnknown(try scene.pgretain("check"), "within 1 s")
        #expect(try Self.check(scene, now: nil).findings == [.checkTimeout: "unknown"])
        try scene.configure(
            Scene.policy(then: "keep"), through: "host=127.0.0.1 port=\(silent.port)")
        let patient = try scene.start("check")
        Thread.sleep(forTimeInterval: 0.5)
        patient.signal(SIGTERM)
        #expect(patient.wait().status == 143, "a signal ends it at once")
    }

    /// A disk that is too small cannot be had here: `HealthLaws` has the law of it.
    @Test func everyIDIsProvoked() {
        let here: Set<Finding.ID> = [.premakeCurrent, .premakeHeadroom, .storeFull]
        let all = here.union(Self.ofTheLedger).union(Self.ofTheStore).union(Self.ofTheTable)
            .union(Self.ofNothing)
        #expect(all == Set(Finding.ID.allCases))
    }

    // MARK: Who else

    @Test(.enabled(if: Cluster.brings("pg_partman"), "this server has no pg_partman"))
    func whatPartmanWillDropIsTold() throws {
        let scene = try Self.scene()
        try scene.database.superuser(
            """
            CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman;
            GRANT USAGE ON SCHEMA partman TO logs_owner;
            GRANT SELECT ON partman.part_config TO logs_owner;
            INSERT INTO partman.part_config (parent_table, control, partition_type,
                partition_interval) VALUES ('public.logs', 'created_at', 'native', '1 month');
            """)
        #expect(try Self.check(scene).findings[.ownerOther] == "warning")
        try scene.database.superuser("UPDATE partman.part_config SET retention = '3 months'")
        let (outcome, found) = try Self.check(scene)
        #expect(found[.ownerOther] == "critical")
        #expect(outcome.stdout.contains("takes partitions of public.logs away after 3 months"))
    }

    @Test(
        .enabled(if: Cluster.brings("pg_stat_statements"), "this server has no pg_stat_statements"))
    func statementsThatDeleteAreTold() throws {
        let cluster = Cluster(settings: ["shared_preload_libraries=pg_stat_statements"])
        defer { cluster.end() }
        let scene = try Scene(on: cluster)
        try scene.makeLogs(months: 6, rows: 20)
        try scene.database.superuser(
            """
            CREATE EXTENSION pg_stat_statements;
            GRANT pg_read_all_stats TO logs_member;
            SELECT pg_stat_statements_reset();
            """)
        try scene.configure(Scene.policy(then: "keep"), extra: Self.ignoring)
        #expect(try Self.check(scene).findings[.ownerOther] == nil)
        try scene.database.psql("DELETE FROM logs WHERE created_at < '2025-01-01 00:05+00'")
        let (outcome, found) = try Self.check(scene)
        #expect(found[.ownerOther] == "warning", "\(outcome.stdout)")
        #expect(outcome.stdout.contains("has removed 5 rows of public.logs in 1 statement,"))
        // The server goes while monitoring goes on.
        try cluster.crash()
        let down = try scene.pgretain("check")
        #expect(down.status == 3 && down.stdout.hasPrefix("PGRETAIN UNKNOWN - "), "\(down)")
    }

    // MARK: Hostile names

    @Test func aHostileNameBreaksNeitherLineNorPerfdata() throws {
        let name = "ev|il'=;\n<b>\u{202e}\"$(x)"
        let scene = try Scene()
        let quoted = "\"" + name.escaping(["\""], with: "\"") + "\""
        try scene.database.psql(
            """
            CREATE TABLE \(quoted) (id int NOT NULL, at timestamptz NOT NULL)
                PARTITION BY RANGE (at);
            """)
        let yaml = try String(
            decoding: JSONSerialization.data(
                withJSONObject: "public." + quoted, options: .fragmentsAllowed), as: UTF8.self)
        try scene.configure(
            "  - {table: \(yaml), key: at, retain: 30 days}", extra: Self.ignoring)
        let line = try scene.pgretain("check")
        #expect(line.status == 2, "\(line)")
        #expect(line.stdout.split(separator: "\n").count == 1, "\(line.stdout)")
        let halves = line.stdout.split(separator: "|", omittingEmptySubsequences: false)
        try #require(halves.count == 2, "\(line.stdout)")
        #expect(!halves[0].contains("<"))
        let datum =
            #/(?:[a-z_]+|'[A-Za-z0-9_.:%-]+')=(?:U|-?[0-9.]+(?:s|B|%)?)(?:;[0-9:]*){0,4}/#
        for data in halves[1].split(whereSeparator: \.isWhitespace) {
            #expect(data.wholeMatch(of: datum) != nil, "\(data)")
        }
        #expect(halves[1].contains("'public.ev%7Cil%27%3D%3B%0A%3Cb%3E%E2%80%AE%22%24%28x%29:"))
        let long = try scene.pgretain("check", "-v")
        #expect(!long.stdout.contains("\u{202e}") && !long.stdout.contains("<b>"))
        let metrics = try scene.pgretain("check", "--output", "prometheus").stdout
        #expect(metrics.contains(#"table="public.\"ev|il'=;\n<b>"#))
        try Promtool.expectAcceptance(of: metrics)
    }

    // MARK: Metrics

    @Test func metricsAreWrittenWholeOrNotAtAll() throws {
        let scene = try Self.scene()
        #expect(try scene.night(Self.now).status == 0)
        let directory = TemporaryDirectory()
        let file = directory.path + "/pgretain.prom"
        let well = try scene.pgretain("check", "-q", "--textfile", file, "--now", Self.now)
        #expect(well.status == 0 && well.stdout.isEmpty && well.stderr.isEmpty, "\(well)")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("\npgretain_check_status 0\n"))
        #expect(text.contains("\npgretain_premake_current{table=\"public.logs\"} 1\n"))
        let printed = try scene.pgretain("check", "--output", "prometheus", "--now", Self.now)
        func names(_ text: String) -> [Substring] {
            text.split(separator: "\n").map { $0.hasPrefix("#") ? $0 : $0.prefix { $0 != " " } }
        }
        #expect(names(printed.stdout) == names(text))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
        #expect(mode as? Int == 0o644)
        try Promtool.expectAcceptance(of: text)

        // Nothing is known: what was known stays.
        try scene.configure(Scene.policy(then: "keep"), through: "port=1")
        #expect(try scene.pgretain("check", "--textfile", file).status == 3)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 1)
        try scene.configure(Scene.policy(then: "keep"), extra: Self.ignoring)
        let unwritten = try scene.pgretain(
            "check", "--textfile", "/nonexistent/x.prom", "--now", Self.now)
        #expect(unwritten.status == 3 && unwritten.stdout.contains("[textfile.unwritten]"))

        // The rules that are shipped ask for nothing that is not measured.
        let rules = try String(
            contentsOf: Cluster.repository.appendingPathComponent("docs/monitoring/alerts.yaml"),
            encoding: .utf8)
        let asked = Set(rules.matches(of: #/\bpgretain_[a-z_]+/#).map { String($0.output) })
        let alarming = try scene.pgretain("check", "--output", "prometheus").stdout
        let told = Set(
            (text + alarming).split(separator: "\n").filter { $0.hasPrefix("# HELP ") }.map {
                String($0.split(separator: " ")[2])
            })
        #expect(!asked.isEmpty && asked.isSubset(of: told), "\(asked.subtracting(told))")
    }

    @Test(.enabled(if: Promtool.path != nil, "there is no promtool"))
    func theAlertsAreWhatTheirTestsSay() throws {
        let place = Cluster.repository.appendingPathComponent("docs/monitoring").path
        for arguments in [
            ["check", "rules", "alerts.yaml"], ["test", "rules", "alerts-test.yaml"],
        ] {
            let words = arguments.dropLast() + ["\(place)/\(arguments.last!)"]
            let outcome = try Program.run(try #require(Promtool.path), Array(words))
            #expect(outcome.status == 0, "\(outcome.stdout) \(outcome.stderr)")
        }
    }

    /// The role that docs/operations.md gives to monitoring sees all that it has to.
    @Test func theRoleOfMonitoringIsEnough() throws {
        let scene = try Self.scene()
        #expect(try scene.night(Self.now).status == 0)
        let grants = try #require(
            try Documentation.blocks("sql", of: "docs/monitoring/README.md").first)
        let role = "pgretain_monitor_\(scene.database.name)"
        try scene.database.superuser(
            grants.replacingOccurrences(
                of: "DATABASE logs", with: "DATABASE \(scene.database.name)"
            )
            .replacingOccurrences(of: "pgretain_monitor", with: role))
        try scene.configure(Scene.policy(then: "keep"), user: role)
        let well = try scene.pgretain("check", "--now", Self.now)
        #expect(well.status == 0, "\(well)")
    }
}

/// Debian's package `prometheus` has it; `Tests/Support/promtool.sh` gets it alone.
enum Promtool {
    static let path: String? = {
        let own = Cluster.repository.appendingPathComponent(".build/promtool/usr/bin/promtool").path
        return ([own, "/usr/bin/promtool", "/usr/local/bin/promtool"]).first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    /// Silent where there is no promtool: `theAlertsAreWhatTheirTestsSay` says so.
    static func expectAcceptance(of metrics: String) throws {
        guard let path else { return }
        let outcome = try Program.run(path, ["check", "metrics"], input: Data(metrics.utf8))
        #expect(
            outcome.status == 0 && outcome.stderr.isEmpty && outcome.stdout.isEmpty,
            "\(outcome.stdout) \(outcome.stderr)\n\(metrics)")
    }
}

/// Takes connections, and says nothing.
private final class SilentServer {
    private let descriptor: Int32
    let port: Int

    init?() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard bound else { return nil }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
