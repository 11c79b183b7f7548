import Foundation
import TestSupport
import Testing

/// Rows that leave earlier than their partition: archived, proven and deleted, and in the same
/// archive as the rest of it in the end. As with slices, one after another on a server of their own.
@Suite(.serialized) struct Rules {
    static let cluster = Cluster(settings: [])

    static let june = "2025-06-20T00:00:00Z"
    static let october = "2025-10-20T00:00:00Z"
    static let debug = "{where: \"level = 'DEBUG'\", retain: 14 days}"

    /// Months from March to September; of each three rows one is DEBUG. On 20 June nothing is as
    /// old as 90 days but what February has.
    static func scene(_ rules: String, more: [String] = [], then: String = "drop") throws
        -> Scene
    {
        let scene = try Scene(on: Self.cluster)
        try scene.makeLogs(from: "2025-03-01", months: 7, rows: 90)
        try scene.database.psql("UPDATE logs SET level = 'DEBUG' WHERE id % 3 = 0")
        try scene.database.psql("VACUUM ANALYZE logs")
        try configure(scene, rules, more: more, then: then)
        try scene.approve()
        return scene
    }

    static func configure(
        _ scene: Scene, _ rules: String, more: [String] = [], then: String = "drop",
        grace: String = "0 days"
    ) throws {
        try scene.configure(
            Scene.policy(
                then: then, grace: grace,
                more: ["premake: 0", "rules: [\(rules)]"] + more),
            extra: "limits: {max_retire: 9}")
    }

    static func count(_ scene: Scene, _ condition: String) throws -> Int {
        Int(try scene.database.superuser("SELECT count(*) FROM logs WHERE \(condition)")) ?? -1
    }

    static let left = (7...9).map { "logs_2025_0\($0)" } + ["logs_2025_10"]
    static let old = "created_at < '2025-06-01 00:00+00'"

    @Test func rowsLeaveFirstAndThenTheirPartition() throws {
        let scene = try Self.scene(Self.debug)
        let rows = try Conservation(scene)
        let before = try scene.database.superuser(
            "SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM logs_2025_04 AS t")
        let plan = try scene.pgretain("plan", "--now", Self.june)
        #expect(plan.stdout.contains("rule: 14 days, archived: level = 'DEBUG'"))
        #expect(plan.stdout.contains("where level = 'DEBUG'"), "\(plan.stdout)")
        let night = try scene.night(Self.june, "-v")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try Self.count(scene, "level = 'DEBUG' AND \(Self.old)") == 0)
        #expect(try Self.count(scene, "level = 'DEBUG'") == 120, "June to September stay")
        #expect(try Self.count(scene, "level = 'INFO'") == 420)
        #expect(
            try scene.slices() == (3...5).map { "public.logs/year=2025/month=0\($0)" })
        try rows.expectEachOnce("after the rule")
        let again = try scene.night(Self.june)
        #expect(again.status == 0 && again.stdout.isEmpty && again.stderr.isEmpty)

        let later = try scene.night(Self.october)
        #expect(later.status == 0, "\(later.stderr)")
        try rows.expectEachOnce("with their partitions")
        #expect(try scene.partitions() == Self.left)
        let whole = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-04", "--into", "april")
        #expect(whole.status == 0, "\(whole.stderr)")
        #expect(
            try scene.database.superuser(
                "SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM april AS t") == before)
    }

    /// Neither in what a rule archives, nor in what joins it with the partition.
    @Test func whatIsRedactedIsArchivedByNoRule() throws {
        let scene = try Self.scene(Self.debug, more: ["redact: [message]"])
        for (night, archived) in [(Self.june, 90), (Self.october, 450)] {
            let outcome = try scene.night(night)
            #expect(outcome.status == 0, "\(outcome.stderr)")
            let lines = try scene.archivedLines()
            #expect(lines.count == archived, "\(night)")
            #expect(lines.allSatisfy { $0.contains("\"message\":null") }, "\(night)")
        }
        #expect(try scene.partitions() == Self.left)
        #expect(try scene.pgretain("archives", "verify").status == 0)
        let back = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-04", "--into", "april")
        #expect(back.status == 0 && back.stderr.contains("message was redacted"), "\(back.stderr)")
        #expect(
            try scene.database.superuser("SELECT count(*), count(message) FROM april") == "90|0")
    }

    @Test func aRuleWithoutAnArchiveIsLoud() throws {
        let rule = "{where: \"level = 'DEBUG'\", retain: 14 days, archive: false}"
        let scene = try Scene(on: Self.cluster)
        try scene.makeLogs(from: "2025-03-01", months: 7, rows: 90)
        try scene.database.psql("UPDATE logs SET level = 'DEBUG' WHERE id % 3 = 0")
        try Self.configure(scene, rule)
        let yes = try scene.pgretain("approve")
        #expect(yes.stdout.contains("FOR GOOD: no archive keeps them"), "\(yes.stdout)")
        let plan = try scene.pgretain("plan", "--now", Self.june)
        #expect(plan.stdout.contains("for good: archive: false"), "\(plan.stdout)")
        let night = try scene.night(Self.june, "-v")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try Self.count(scene, "level = 'DEBUG' AND \(Self.old)") == 0)
        #expect(try Self.count(scene, "true") == 540)
        #expect(try scene.slices().isEmpty)
        let events = try scene.database.superuser(
            """
            SELECT kind, details ->> 'where', details ->> 'rows' FROM pgretain.ledger
            WHERE kind <> 'approved' ORDER BY id LIMIT 2
            """)
        #expect(events == "purging|level = 'DEBUG'|\npurged|level = 'DEBUG'|30")
        // What is left is archived with its partition as ever.
        try scene.database.psql("DELETE FROM logs WHERE level = 'DEBUG'")
        let rows = try Conservation(scene)
        #expect(try scene.night(Self.october).status == 0)
        try rows.expectEachOnce("later")
    }

    @Test func rulesWaitForAYesOfTheirOwn() throws {
        let scene = try Self.scene("")
        try Self.configure(scene, Self.debug)
        let night = try scene.night(Self.june)
        #expect(night.status == 76, "\(night.stderr)")
        #expect(night.stderr.contains("the rule 14 days, archived: level = 'DEBUG'"))
        #expect(try Self.count(scene, "true") == 630)
        try scene.approve()
        #expect(try scene.night(Self.june).status == 0)
        #expect(try Self.count(scene, "true") == 540)
        // Without its archive the same rule is harsher, and so is a shorter one.
        for harsher in [
            "{where: \"level = 'DEBUG'\", retain: 14 days, archive: false}",
            "{where: \"level = 'DEBUG'\", retain: 13 days}",
        ] {
            try Self.configure(scene, harsher)
            #expect(try scene.night(Self.june).status == 76, "\(harsher)")
        }
        try Self.configure(scene, "{where: \"level = 'DEBUG'\", retain: 15 days}")
        #expect(try scene.night(Self.june).status == 0)
    }

    @Test(arguments: [
        "no_such_column = 1", "level = ", "level", "true) OR (true", "true ORDER BY 1",
        "true UNION SELECT", "true; DROP TABLE logs", "created_at < now() - interval '1 day'",
        "random() < 0.5", "level IN (SELECT level FROM logs)", "count(*) > 1",
        "ctid IS NOT NULL AND xmin::text = '1'", "true -- and so on\n OR", "1",
        "no_such_function(level)",
    ])
    func aBrokenConditionIsAnErrorOfTheConfiguration(condition: String) throws {
        let scene = try Self.scene("")
        let quoted = condition.replacingOccurrences(of: "'", with: "''")
            .replacingOccurrences(of: "\n", with: "\\n")
        let rule =
            condition.contains("\n")
            ? "{where: \"\(condition.replacingOccurrences(of: "\n", with: "\\n"))\", retain: 14 days}"
            : "{where: '\(quoted)', retain: 14 days}"
        try Self.configure(scene, rule, more: ["period: month"])
        let before = try scene.picture()
        let yes = try scene.pgretain("approve")
        #expect(yes.status == 78, "\(yes.stdout) \(yes.stderr)")
        let plan = try scene.pgretain("plan", "--now", Self.june)
        #expect(plan.stdout.contains("[rule.condition]"), "\(plan.stdout)")
        let night = try scene.night(Self.june)
        #expect(night.status == 78 || night.status == 76, "\(night.stderr)")
        #expect(night.stderr.contains("[rule.condition]"), "\(night.stderr)")
        #expect(try scene.picture() == before)
    }

    @Test func aCommentInAConditionEndsBeforeItsParenthesis() throws {
        let scene = try Self.scene("{where: \"level = 'DEBUG' -- chatter\", retain: 14 days}")
        let night = try scene.night(Self.june)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try Self.count(scene, "true") == 540)
    }

    @Test func milderPoliciesHoldsAndPublicationsKeepTheRows() throws {
        for then in ["keep", "detach"] {
            let scene = try Self.scene(Self.debug, then: then)
            #expect(try scene.night(Self.june).status == 0)
            #expect(try Self.count(scene, "true") == 630, "\(then)")
            #expect(try scene.slices().isEmpty, "\(then)")
        }
        let scene = try Self.scene(Self.debug)
        try scene.database.superuser(
            """
            INSERT INTO pgretain.holds (table_schema, table_name, bounds_from, bounds_to, reason)
            VALUES ('public', 'logs', '2025-04-10 00:00+00', '2025-04-11 00:00+00', 'a law suit')
            """)
        #expect(try scene.night(Self.june).status == 0)
        #expect(try Self.count(scene, "level = 'DEBUG' AND \(Self.old)") == 30, "April's")

        let published = try Self.scene(Self.debug)
        try published.database.superuser("CREATE PUBLICATION p FOR TABLE logs")
        #expect(try published.night(Self.june).status == 0)
        #expect(try Self.count(published, "true") == 630)
        try Self.configure(published, Self.debug, more: ["replicate_deletes: true"])
        #expect(try published.night(Self.june).status == 0)
        #expect(try Self.count(published, "true") == 540)
    }

    /// The application's migrations go on while rows of a period are in the archive already.
    @Test func columnsThatComeBetween() throws {
        let scene = try Self.scene(Self.debug)
        #expect(try scene.night(Self.june).status == 0)
        try scene.database.psql(
            "ALTER TABLE logs ADD extra text, ADD weight integer NOT NULL DEFAULT 7")
        let live = try Conservation(scene)
        let later = try scene.night(Self.october)
        #expect(later.status == 0, "\(later.stderr)")
        try live.expectNothingLost("with more columns")
        let back = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-04", "--into", "april")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(
            try scene.database.superuser(
                """
                SELECT level, weight, count(*), count(DISTINCT id) FROM april
                GROUP BY level, weight ORDER BY level
                """) == "DEBUG||30|30\nINFO|7|60|60")
    }

    @Test func twoRulesOfWhichRowsMeetBoth() throws {
        let both =
            "{where: \"level = 'DEBUG'\", retain: 14 days}, {where: 'id % 2 = 0', retain: 30 days}"
        let scene = try Self.scene(both)
        let rows = try Conservation(scene)
        for _ in 0..<2 {
            let night = try scene.night(Self.june)
            #expect(night.status == 0, "\(night.stderr)")
        }
        #expect(try Self.count(scene, "level = 'DEBUG' AND \(Self.old)") == 0)
        #expect(try Self.count(scene, "id % 2 = 0 AND created_at < '2025-05-01 00:00+00'") == 0)
        #expect(try Self.count(scene, "id % 2 = 0 AND \(Self.old)") > 0, "May is too young")
        try rows.expectEachOnce("after both")
        #expect(try scene.night(Self.october).status == 0)
        try rows.expectEachOnce("in the end")
    }

    @Test func theGraceHoldsForRulesToo() throws {
        let scene = try Self.scene(Self.debug)
        let rows = try Conservation(scene)
        try Self.configure(
            scene, Self.debug + ", {where: 'id % 2 = 0', retain: 15 days}", grace: "7 days")
        try scene.approve()
        let first = try scene.night(Self.june)
        #expect(first.status == 0, "\(first.stderr)")
        #expect(try Self.count(scene, "true") == 630, "archived, and still there")
        #expect(try scene.slices().count == 3)
        let plan = try scene.pgretain("plan", "--now", Self.june)
        #expect(plan.stdout.contains("archived; its rows are deleted from"), "\(plan.stdout)")
        #expect(plan.stdout.contains("rows of another rule are archived and leave first"))
        // As though a week had gone by.
        try scene.database.superuser(
            """
            ALTER TABLE pgretain.ledger DISABLE TRIGGER USER;
            UPDATE pgretain.ledger SET at = timestamptz '2025-06-10 00:00+00'
                WHERE kind = 'archived'
            """)
        #expect(try scene.night(Self.june).status == 0)
        #expect(try Self.count(scene, "level = 'DEBUG' AND \(Self.old)") == 0)
        try rows.expectEachOnce("after the grace")
        // An archive that waits for its grace is taken over by its partition.
        #expect(try scene.night(Self.june).status == 0)
        #expect(try scene.night(Self.october).status == 0)
        try rows.expectNothingLost("in the end")
    }

    @Test func aRuleThatIsTakenOutInTheMidstOfItsDeletion() throws {
        let scene = try Self.scene(Self.debug)
        let rows = try Conservation(scene)
        let broken = try scene.pgretain(
            ["run", "--now", Self.june],
            environment: ["PGRETAIN_FAIL_AT": "night.deleting#1=crash"])
        #expect(broken.status != 0)
        try Self.configure(scene, "")
        for now in [Self.june, Self.october] {
            let night = try scene.night(now)
            #expect(night.status == 76, "\(night.stderr)")
            #expect(night.stderr.contains("[rule.withdrawn]"), "\(night.stderr)")
            #expect(try scene.partitions().contains("logs_2025_03"))
        }
        try Self.configure(scene, Self.debug)
        for _ in 0..<2 {
            let night = try scene.night(Self.october)
            #expect(night.status == 0, "\(night.stderr)")
        }
        #expect(try scene.partitions() == Self.left)
        try rows.expectEachOnce("in the end")
    }

    /// The condition is of the columns that there were when it was proven: by others it might be met
    /// by rows that no archive has.
    @Test func columnsThatChangeInTheMidstOfADeletion() throws {
        for (change, status) in [
            ("ALTER TABLE logs ADD extra text DEFAULT 'DEBUG'", Int32(0)),
            (
                "ALTER TABLE logs RENAME level TO was; ALTER TABLE logs ADD level text DEFAULT 'DEBUG'",
                76
            ),
        ] {
            let scene = try Self.scene(Self.debug)
            let broken = try scene.pgretain(
                ["run", "--now", Self.june],
                environment: ["PGRETAIN_FAIL_AT": "night.deleting#1=crash"])
            #expect(broken.status != 0)
            try scene.database.psql(change)
            let night = try scene.nightOnceFree("--now", Self.june)
            #expect(night.status == status, "\(change): \(night.stderr)")
            let march = "created_at < '2025-04-01 00:00+00'"
            #expect(try Self.count(scene, march) == (status == 0 ? 60 : 90), "\(change)")
            guard status != 0 else { continue }

            // What the message says ends it: the archive stays, and the rule is for what is there.
            let accept = [
                "archives", "accept", "--table", "public.logs", "--period", "2025-03", "--reason",
            ]
            #expect(
                night.stderr.contains("pgretain \(accept.joined(separator: " "))"),
                "\(night.stderr)")
            let accepted = try scene.pgretain(accept + ["the columns changed"])
            #expect(accepted.stdout.contains("published: 30 rows"), "\(accepted.stderr)")
            #expect(try scene.pgretain(accept + ["again"]).status == 66)
            let next = try scene.night(Self.june)
            #expect(next.status == 0, "\(next.stderr)")
            #expect(try Self.count(scene, march) == 0)
            let list = try scene.pgretain("archives", "list")
            #expect(list.stdout.contains("30 rows") && list.stdout.contains("90 rows"))
            #expect(try scene.pgretain("archives", "verify").status == 0)
            #expect(try scene.night(Self.june).status == 0)
        }
    }

    /// A deletion that goes on is nobody's to give up.
    @Test func aDeletionThatIsOnlyInterruptedIsNotGivenUp() throws {
        let scene = try Self.scene(Self.debug)
        let rows = try Conservation(scene)
        let broken = try scene.pgretain(
            ["run", "--now", Self.june],
            environment: ["PGRETAIN_FAIL_AT": "night.deleting#1=crash"])
        #expect(broken.status != 0)
        let accepted = try scene.pgretain(
            "archives", "accept", "--table", "logs", "--period", "2025-03", "--reason", "x")
        #expect(accepted.status == 66, "\(accepted.stdout)")
        #expect(try scene.nightOnceFree("--now", Self.june).status == 0)
        try rows.expectEachOnce("after all")
    }

    /// Between the archive of a rule and the deletion after the grace.
    @Test(arguments: [
        ("DROP message", "has not got the column message any more"),
        (
            "ALTER message TYPE bytea USING convert_to(message, 'UTF8')",
            "The type of the column message has changed"
        ), ("ALTER message TYPE varchar(99)", ""),
    ])
    func columnsThatGoBeforeTheDeletion(change: String, words: String) throws {
        let scene = try Self.scene(Self.debug)
        try Self.configure(scene, Self.debug, grace: "7 days")
        try scene.approve()
        #expect(try scene.night(Self.june).status == 0)
        try scene.database.psql("ALTER TABLE logs \(change)")
        try scene.database.superuser(
            """
            ALTER TABLE pgretain.ledger DISABLE TRIGGER USER;
            UPDATE pgretain.ledger SET at = timestamptz '2025-06-10 00:00+00'
                WHERE kind = 'archived'
            """)
        let night = try scene.night(Self.june)
        guard !words.isEmpty else {
            #expect(night.status == 0, "each value reads as before: \(night.stderr)")
            #expect(try Self.count(scene, "level = 'DEBUG' AND \(Self.old)") == 0)
            return
        }
        #expect(night.status == 65 && night.stderr.contains(words), "\(night.stderr)")
        #expect(try Self.count(scene, "level = 'DEBUG'") == 210, "nothing has left")
        for period in ["2025-03", "2025-04", "2025-05"] {
            let accept = "archives accept --table public.logs --period \(period) --reason"
            #expect(night.stderr.contains("pgretain \(accept)"), "\(night.stderr)")
            let words = accept.split(separator: " ").map(String.init) + ["a migration"]
            #expect(try scene.pgretain(words, environment: [:]).status == 0)
        }
        try scene.database.superuser(
            """
            UPDATE pgretain.ledger SET at = timestamptz '2025-06-10 00:00+00'
                WHERE kind = 'archived'
            """)
        let next = try scene.night(Self.june)
        #expect(next.status == 0, "\(next.stderr)")
        #expect(try Self.count(scene, "level = 'DEBUG' AND \(Self.old)") == 0)
    }

    /// Writers in every window, and nights that end anywhere.
    @Suite(.serialized) struct UnderFire {
        @Test(arguments: Slices.UnderFire.places)
        func lateRowsOfARuleAreNeverLost(place: String) throws {
            let scene = try Rules.scene(Rules.debug)
            var conservation = try Conservation(scene)
            let night = try scene.start(
                "run", "--now", Rules.june,
                environment: ["PGRETAIN_FAIL_AT": "\(place)#1=pause:\(scene.configuration).mark"])
            while !FileManager.default.fileExists(atPath: scene.configuration + ".mark.reached") {
                try #require(night.isRunning, "\(place)")
                Thread.sleep(forTimeInterval: 0.02)
            }
            let late = try scene.database.superuser(
                """
                WITH added AS (INSERT INTO logs (level, message, created_at)
                    SELECT CASE n % 2 WHEN 0 THEN 'DEBUG' ELSE 'LATE' END, 'late',
                        timestamptz '2025-03-31 12:00+00' FROM generate_series(1, 20) AS n
                    RETURNING *)
                SELECT row_to_json(added) FROM added
                """)
            conservation.note(late.split(separator: "\n").map(String.init))
            try Data().write(to: URL(fileURLWithPath: scene.configuration + ".mark.go"))
            let ended = night.wait()
            #expect(ended.status == 0, "\(ended.stderr)")
            try conservation.expectNothingLost(place)
            for now in [Rules.june, Rules.october] {
                let next = try scene.night(now)
                #expect(next.status == 0, "\(next.stderr)")
            }
            try conservation.expectEachOnce("after \(place)")
        }

        @Test(arguments: ["crash", "error"])
        func aNightOfARuleThatEndsAnywhereIsFinishedByTheNext(action: String) throws {
            let june = Rules.june
            let first = try Rules.scene(Rules.debug)
            let trace = first.configuration + ".trace"
            #expect(
                try first.pgretain(
                    ["run", "--now", june], environment: ["PGRETAIN_FAIL_TRACE": trace]
                ).status == 0)
            let all = try Place.passed(trace).filter {
                action == "crash" || !$0.name.hasPrefix("night.")
            }
            try #require(all.contains { $0.name.hasPrefix("sql.slice.delete.") })
            for place in Faults.chosen(all, costing: 2, of: { $0.name }) {
                let what = "\(place)=\(action)"
                let scene = try Rules.scene(Rules.debug)
                let conservation = try Conservation(scene)
                let broken = try scene.pgretain(
                    ["run", "--now", june], environment: ["PGRETAIN_FAIL_AT": what])
                #expect(broken.status != 0 || action == "error", "\(what)")
                try conservation.expectNothingLost(what)
                for (now, left) in [(june, 120), (Rules.october, 0)] {
                    let night = try scene.nightOnceFree("--now", now)
                    #expect(night.status == 0, "after \(what): \(night.stderr)")
                    try conservation.expectEachOnce("after \(what), \(now)")
                    let debug = try Rules.count(scene, "level = 'DEBUG'")
                    #expect(debug == left, "after \(what), \(now)")
                }
                #expect(try scene.unfinished().isEmpty, "after \(what)")
            }
        }
    }
}
