import Foundation
import Retention
import TestSupport
import Testing

/// What monitoring is told, of real servers and stores.
@Suite struct Checks {
    // MARK: Health

    @Test func aNightLaterAllIsWell() throws {
        let scene = try CheckScene.scene()
        let (before, found) = try CheckScene.check(scene)
        #expect(before.status == 2, "\(before.stdout)")
        let alarms = found.filter { $0.value != "info" }
        #expect(alarms == [.runsMissed: "critical", .premakeHeadroom: "critical"])
        let late = try CheckScene.check(scene, now: "2025-08-10T00:00:00Z").findings
        #expect(late[.premakeCurrent] == "critical" && late[.premakeHeadroom] == nil)

        let picture = try scene.picture()
        #expect(try scene.pgretain("check").stderr.isEmpty)
        #expect(try scene.picture() == picture, "it changes nothing")
        #expect(try scene.database.superuser("SELECT to_regclass('pgretain.meta') IS NULL") == "t")

        #expect(try scene.night(CheckScene.now).status == 0)
        let well = try scene.pgretain("check", "--now", CheckScene.now)
        #expect(well.status == 0 && well.stderr.isEmpty, "\(well)")
        #expect(well.stdout.hasPrefix("PGRETAIN OK - 1 table, last success "), "\(well.stdout)")
        #expect(well.stdout.contains(" | critical=0;;;0 warning=0;;;0 last_success="))
        #expect(well.stdout.contains(" 'public.logs:archives_lost'=0;;0;0 "))
        #expect(well.stdout.split(separator: "\n").count == 1)
        #expect(try scene.pgretain("check", "-q", "--now", CheckScene.now).stdout == "")
        let (json, none) = try CheckScene.check(scene)
        #expect(json.status == 0 && none.values.allSatisfy { $0 == "info" }, "\(none)")
        #expect(try JSONView(json.stdout)["check"]["status"].text == "ok")
        #expect(
            try scene.pgretain("check", "--table", "public.logs", "--now", CheckScene.now).status
                == 0)

        // Told where it is not ignored, by roles that may see where the data is.
        try scene.configure(Scene.policy(then: "keep"))
        let disk = try CheckScene.check(scene)
        #expect(disk.outcome.status == (Cluster.asMember ? 0 : 1), "\(disk)")
        #expect(disk.findings[.storeSameDisk] == (Cluster.asMember ? nil : "warning"))
    }

    // MARK: Each finding, provoked

    private static let ofTheLedger: Set<Finding.ID> = [
        .runsMissed, .runFailed, .runUnfinished, .policyApproval, .retireBacklog, .orderPaused,
        .orderHeld, .defaultRows, .sequenceHeadroom, .ownerOther, .detachPending, .premakeBlocked,
    ]

    @Test func whatServerAndLedgerSayIsTold() throws {
        let scene = try CheckScene.scene(policy: Scene.policy(retain: "30 days"))
        let run = try scene.night(CheckScene.now)
        #expect(run.status == 76, "not approved")
        let first = try CheckScene.check(scene).findings
        #expect(first[.policyApproval] == "warning", "\(first)")
        #expect(first[.runFailed] == "info", "that it ended with 76 says the same")
        #expect(first[.runsMissed] == nil, "it did all that it might")
        try scene.approve()
        #expect(try CheckScene.check(scene).findings[.retireBacklog] == "info")

        #expect(try scene.pgretain("pause", "--reason", "a\nb | c").status == 0)
        let held = try scene.pgretain(
            "hold", "add", "--table", "logs", "--period", "2025-02", "--reason", "case 4711")
        #expect(held.status == 0, "\(held.stderr)")
        #expect(try CheckScene.check(scene).findings[.orderPaused] == "info")
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
        let stranger = try CheckScene.check(scene, now: nil).findings
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
        let (outcome, found) = try CheckScene.check(scene, now: nil)
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
        let atThatTime = try CheckScene.check(scene).findings
        #expect(atThatTime[.premakeBlocked] == "warning", "\(atThatTime)")

        let text = try scene.pgretain("check", "-v")
        #expect(text.stdout.contains("\n  next: pgretain resume\n"), "\(text.stdout)")
        #expect(text.stdout.contains("a\\u{a}b \\u{7c} c"), "one line, whatever a reason holds")
    }

    private static let ofTheStore: Set<Finding.ID> = [
        .archiveLost, .archiveDamaged, .archiveUnverified, .archiveUncopied, .archiveVanished,
        .storeStranger,
        .storeUnusable, .storeSameDisk,
    ]

    @Test func whatTheStoreLacksIsTold() throws {
        let scene = try CheckScene.scene(policy: Scene.policy(retain: "30 days", then: "keep"))
        #expect(try scene.night(CheckScene.now).status == 0)
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
        let (outcome, found) = try CheckScene.check(scene)
        #expect(outcome.status == 2)
        for (id, severity) in [
            (Finding.ID.archiveLost, "critical"), (.archiveDamaged, "critical"),
            (.archiveUnverified, "warning"), (.archiveVanished, "critical"),
            (.storeStranger, "warning"), (.storeUnusable, nil),
        ] {
            #expect(found[id] == severity, "\(id): \(outcome.stdout)")
        }
        #expect(outcome.stdout.contains("names 1 archive (public.logs/year=2025/month=01)"))

        let copy = TemporaryDirectory()
        try scene.configure(
            Scene.policy(retain: "30 days", then: "keep"),
            extra: CheckScene.ignoring + "\ncopies: [\(copy.path)]")
        let uncopied = try CheckScene.check(scene)
        #expect(uncopied.findings[.archiveUncopied] == "warning", "\(uncopied.outcome.stdout)")
        #expect(uncopied.outcome.stdout.contains("does not have 2 archives (public.logs/year=2025"))
        try scene.database.superuser(
            """
            INSERT INTO pgretain.ledger (run, host, tool, kind, table_schema, table_name, details)
            VALUES (gen_random_uuid(), 'h', 't', 'copying', 'public', 'logs',
                '{"store": "\(copy.path)"}')
            """)
        let away = try CheckScene.check(scene)
        #expect(away.findings[.storeUnusable] == "critical", "the copy's disk is not mounted")
        #expect(away.findings[.archiveUncopied] == nil, "said once")

        let missing = try CheckScene.check(scene, now: CheckScene.now, "--archives", "/nonexistent")
        #expect(missing.findings[.storeUnusable] == "critical", "\(missing.outcome.stdout)")
        let empty = TemporaryDirectory()
        let unmounted = try CheckScene.check(scene, now: CheckScene.now, "--archives", empty.path)
        #expect(unmounted.findings[.storeUnusable] == "critical", "the disk is not mounted")
        #expect(unmounted.findings[.archiveLost] == nil, "said once")
        let numbers = try JSONView(unmounted.outcome.stdout)["check"]["measures"]["tables"][0]
        #expect(numbers["table"].exists && !numbers["archives_lost"].exists, "a zero is health")
    }

    private static let ofTheTable: Set<Finding.ID> = [
        .quarantineOverdue, .tableUnseen, .policyProblem, .checkSkipped,
    ]

    @Test func whatBecameOfTheTableIsTold() throws {
        let scene = try CheckScene.scene(
            policy: Scene.policy(retain: "30 days", grace: "1 day"))
        try scene.approve()
        #expect(try scene.night(CheckScene.now).status == 0)
        #expect(try CheckScene.check(scene).findings[.quarantineOverdue] == nil)
        let weeksLater = try scene.database.superuser(
            "SELECT to_char(now() + interval '3 weeks', 'YYYY-MM-DD')")
        let later = try CheckScene.check(scene, now: weeksLater + "T00:00:00Z").findings
        #expect(later[.quarantineOverdue] == "warning", "\(later)")

        // Somebody has it all for himself: nobody waits for him for long.
        let session = try scene.database.session()
        for (lock, words) in [
            ("LOCK TABLE logs IN ACCESS EXCLUSIVE MODE", "public.logs cannot be looked at now"),
            ("ALTER SEQUENCE logs_id_seq CACHE 2", "Not looked at: its sequences."),
        ] {
            session.ask("BEGIN; \(lock);")
            let (outcome, found) = try CheckScene.check(scene)
            #expect(outcome.status == 1 && found[.checkSkipped] == "warning", "\(outcome)")
            #expect(outcome.stdout.contains(words), "\(outcome.stdout)")
            session.ask("ROLLBACK;")
        }

        let rule = ["rules: [{where: 'no_such_column', retain: 7 days}]"]
        try scene.configure(
            Scene.policy(retain: "30 days", more: rule)
                + Scene.policy("public.no_such_table", then: "keep"), extra: CheckScene.ignoring)
        let two = try CheckScene.check(scene)
        #expect(two.outcome.status == 2)
        #expect(two.findings[.policyProblem] == "warning", "\(two.outcome.stdout)")
        #expect(two.findings[.tableUnseen] == "critical", "\(two.outcome.stdout)")
        let one = try CheckScene.check(scene, now: CheckScene.now, "--table", "public.logs")
        #expect(one.outcome.status == 1 && one.findings[.tableUnseen] == nil)
    }

    /// `CheckAnswers` has these.
    private static let ofNothing: Set<Finding.ID> = [.checkFailed, .checkTimeout]

    /// A disk that is too small cannot be had here: `HealthLaws` has the law of it.
    @Test func everyIDIsProvoked() {
        let here: Set<Finding.ID> = [.premakeCurrent, .premakeHeadroom, .storeFull]
        // `Drills` and `RestoreCrashes` have these.
        let ofDrills: Set<Finding.ID> = [.drillFailed, .drillOverdue, .restoreUnfinished]
        // And `Matches` these.
        let ofPatterns: Set<Finding.ID> = [.matchEmpty, .matchPlain, .matchAmbiguous]
        let all = here.union(Self.ofTheLedger).union(Self.ofTheStore).union(Self.ofTheTable)
            .union(Self.ofNothing).union(ofDrills).union(ofPatterns)
        #expect(all == Set(Finding.ID.allCases))
    }

    // MARK: Who else

    @Test(.enabled(if: Cluster.brings("pg_partman"), "this server has no pg_partman"))
    func whatPartmanWillDropIsTold() throws {
        let scene = try CheckScene.scene()
        try scene.database.superuser(
            """
            CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman;
            GRANT USAGE ON SCHEMA partman TO logs_owner;
            GRANT SELECT ON partman.part_config TO logs_owner;
            INSERT INTO partman.part_config (parent_table, control, partition_type,
                partition_interval) VALUES ('public.logs', 'created_at', 'native', '1 month');
            """)
        #expect(try CheckScene.check(scene).findings[.ownerOther] == "warning")
        try scene.database.superuser("UPDATE partman.part_config SET retention = '3 months'")
        let (outcome, found) = try CheckScene.check(scene)
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
        try scene.configure(Scene.policy(then: "keep"), extra: CheckScene.ignoring)
        #expect(try CheckScene.check(scene).findings[.ownerOther] == nil)
        try scene.database.psql("DELETE FROM logs WHERE created_at < '2025-01-01 00:05+00'")
        let (outcome, found) = try CheckScene.check(scene)
        #expect(found[.ownerOther] == "warning", "\(outcome.stdout)")
        #expect(outcome.stdout.contains("has removed 5 rows of public.logs in 1 statement,"))
        // The server goes while monitoring goes on.
        try cluster.crash()
        let down = try scene.pgretain("check")
        #expect(down.status == 3 && down.stdout.hasPrefix("PGRETAIN UNKNOWN - "), "\(down)")
    }

    /// The role that docs/operations.md gives to monitoring sees all that it has to.
    @Test func theRoleOfMonitoringIsEnough() throws {
        let scene = try CheckScene.scene()
        #expect(try scene.night(CheckScene.now).status == 0)
        let grants = try #require(
            try Documentation.blocks("sql", of: "docs/monitoring/README.md").first)
        let role = "pgretain_monitor_\(scene.database.name)"
        try scene.database.superuser(
            grants.replacingOccurrences(
                of: "DATABASE logs", with: "DATABASE \(scene.database.name)"
            )
            .replacingOccurrences(of: "pgretain_monitor", with: role))
        try scene.configure(Scene.policy(then: "keep"), user: role)
        let well = try scene.pgretain("check", "--now", CheckScene.now)
        #expect(well.status == 0, "\(well)")
    }
}
