import Retention
import Testing

/// Laws of the verdict that monitoring gets.
@Suite struct HealthLaws {
    private static let now = Instant(iso: "2026-03-14T09:26:53Z")!

    private static func facts(
        _ observation: Observation, _ runs: HealthFacts.Runs? = nil
    ) -> HealthFacts {
        let plan = Planner().plan(observation)
        return HealthFacts(
            now: observation.now,
            runs: runs
                ?? HealthFacts.Runs(
                    ledgerMadeAt: observation.now, lastSuccessAt: observation.now),
            store: HealthFacts.Store(root: "/archives", freeBytes: 1 << 40),
            tables: zip(observation.tables, plan.tables).map {
                TableHealthFacts(seen: $0, plan: $1)
            })
    }

    private static func ids(_ facts: HealthFacts) -> [Finding.ID: Severity] {
        HealthJudge().verdict(on: facts).findings.reduce(into: [:]) { worst, finding in
            worst[finding.id] = max(worst[finding.id] ?? .info, finding.severity)
        }
    }

    // MARK: Partitions ahead

    private static func premade(
        _ period: Period, premake: Int, zone: Zone, keyType: KeyType, at made: Instant
    ) -> TableObservation {
        let name = QualifiedName(schema: "public", name: "logs")
        let policy = RetentionPolicy(
            table: name, key: "at", period: period, premake: premake, retain: Span(days: 90),
            then: .keep, grace: Span(), zone: zone, maxRetire: 2)
        let table = PartitionedTable(
            oid: 1, name: name, key: "at", keyType: keyType, owner: "owner", incomingForeignKeys: []
        )
        var seen = TableObservation(policy: policy, table: table)
        let plan = Planner().plan(Observation(now: made, tables: [seen])).tables[0]
        seen.partitions = plan.premakes.enumerated().map { index, made in
            Partition(
                oid: UInt32(10 + index), name: .init(schema: "public", name: made.name),
                extent: .range(made.bounds), boundsSQL: "", bytes: 1, estimatedRows: nil)
        }
        return seen
    }

    /// Whatever is cut how, where and when: a night that ran wakes nobody until the next has run.
    @Test func whoRunsEveryNightHasEnoughPartitionsAhead() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<4000 {
            let period = Period.allCases.randomElement(using: &random)!
            let premake = Int.random(in: 1...40, using: &random)
            let made = Self.now.advanced(
                bySeconds: Int64.random(in: -99_000_000...99_000_000, using: &random))
            let later = made.advanced(bySeconds: Int64.random(in: 0...93_000, using: &random))
            let seen = Self.premade(
                period, premake: premake, zone: RandomWorld.zones.randomElement(using: &random)!,
                keyType: [.timestamp, .timestampWithTimeZone, .date].randomElement(using: &random)!,
                at: made)
            let headroom = PremakeHeadroom(seen, now: later)
            // A day that was to be made ahead by one may be over before the night comes.
            guard period != .day || premake > 1 else { continue }
            if headroom?.severity != nil {
                Issue.record(
                    "\(period) \(premake) \(made) \(later): \(String(describing: headroom))")
                return
            }
        }
    }

    /// The last partitions missing, it is never better; and three days before the end it is critical.
    @Test func fewerPartitionsAreNeverBetter() {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<800 {
            let period = Period.allCases.randomElement(using: &random)!
            let made = Self.now.advanced(
                bySeconds: Int64.random(in: -99_000_000...99_000_000, using: &random))
            var seen = Self.premade(
                period, premake: Int.random(in: 5...12, using: &random), zone: .utc,
                keyType: .timestampWithTimeZone, at: made)
            var last: Severity?
            while true {
                let severity = PremakeHeadroom(seen, now: made)!.severity
                #expect((severity ?? .info) >= (last ?? .info), "\(seen.partitions.count)")
                last = severity
                if seen.partitions.isEmpty { break }
                let end = seen.partitions.last!.bounds!.to
                let before = end.advanced(
                    bySeconds: -Int64.random(in: 1..<3 * 86_400, using: &random))
                #expect(PremakeHeadroom(seen, now: before)!.severity == .critical)
                seen.partitions.removeLast()
            }
            #expect(last == .critical, "nothing takes the present")
        }
    }

    @Test func aGapEndsWhatIsAheadAndAnOpenEndDoesNot() {
        var seen = Self.premade(
            .month, premake: 6, zone: .utc, keyType: .timestampWithTimeZone, at: Self.now)
        let all = seen.partitions
        #expect(PremakeHeadroom(seen, now: Self.now)?.periods == 6)
        seen.partitions.remove(at: 2)
        #expect(PremakeHeadroom(seen, now: Self.now)?.periods == 1)
        #expect(PremakeHeadroom(seen, now: Self.now)?.severity == .critical)
        seen.partitions[2].extent = .open(from: all[2].bounds!.from, to: nil)
        let endless = PremakeHeadroom(seen, now: Self.now)!
        #expect(endless.severity == nil && endless.seconds == nil && endless.takesThePresent)
        seen.partitions = [all[0]]
        seen.partitions[0].isDetachPending = true
        #expect(PremakeHeadroom(seen, now: Self.now)?.takesThePresent == false)
        seen.partitions[0].isDetachPending = false
        seen.partitions[0].extent = .default
        #expect(
            Self.ids(Self.facts(.init(now: Self.now, tables: [seen])))[.premakeCurrent] == .critical
        )
    }

    // MARK: Runs

    @Test func aNightThatNeverRanIsMissed() {
        func severity(_ runs: HealthFacts.Runs) -> Severity? {
            Self.ids(Self.facts(.init(now: Self.now, tables: []), runs))[.runsMissed]
        }
        func ago(_ seconds: Int64) -> Instant { Self.now.advanced(bySeconds: -seconds) }
        #expect(severity(.init()) == .critical)
        for begin in [26, 50] as [Int64] {
            let worse: Severity? = begin == 26 ? .warning : .critical
            let better: Severity? = begin == 26 ? nil : .warning
            for (seconds, expected) in [(begin * 3600, better), (begin * 3600 + 1, worse)] {
                #expect(severity(.init(lastSuccessAt: ago(seconds))) == expected)
                #expect(severity(.init(ledgerMadeAt: ago(seconds))) == expected)
            }
        }
        #expect(severity(.init(ledgerMadeAt: ago(9_000_000), lastSuccessAt: ago(60))) == nil)
    }

    @Test(arguments: Retention.ExitStatus.allCases)
    func aRunThatFailedIsToldAndOnlyOfTheTablesAskedFor(status: Retention.ExitStatus) {
        var world = RandomWorld(seed: 3)
        let observation = world.observation()
        func severity(of table: QualifiedName?) -> Severity? {
            var runs = HealthFacts.Runs(lastSuccessAt: observation.now)
            runs.last = HealthFacts.EndedRun(
                finishedAt: observation.now, host: "here", status: status.rawValue,
                troubles: [.init(table: table, id: "x.y", message: "It broke.", hint: "Mend it.")])
            return Self.ids(Self.facts(observation, runs))[.runFailed]
        }
        let own = severity(of: observation.tables[0].policy.table)
        #expect(own == severity(of: nil))
        if status == .done {
            #expect(own == nil)
        } else {
            #expect(own == .warning || own == .critical)
            let isInterrupted = status == .interrupted || status == .terminated
            let others = severity(of: .init(schema: "other", name: "table"))
            #expect(others == (isInterrupted ? .warning : .info))
        }
    }

    // MARK: Any world

    /// For observations of all kinds: the state is that of the worst; ignoring makes nothing worse and
    /// hides nothing that is unknown; every sentence and hint is there.
    @Test func theVerdictIsThatOfItsWorstFinding() {
        var world = RandomWorld(seed: 13)
        for _ in 0..<1500 {
            let facts = Self.facts(world.observation())
            let verdict = HealthJudge().verdict(on: facts)
            let severities = verdict.findings.map(\.severity)
            #expect(severities == severities.sorted(by: >))
            let state: HealthVerdict.State =
                severities.contains(.critical)
                ? .critical
                : severities.contains(.unknown)
                    ? .unknown : severities.contains(.warning) ? .warning : .ok
            #expect(verdict.state == state)
            #expect(verdict.findings.allSatisfy { !$0.message.isEmpty && !$0.hint.isEmpty })
            let everything = HealthJudge(HealthThresholds(ignored: Set(Finding.ID.allCases)))
            let quiet = everything.verdict(on: facts)
            #expect(quiet.state == .ok && quiet.findings.count == verdict.findings.count)
            #expect(quiet.ignored == severities.count { $0 != .info })
            let plan = facts.tables[0].plan
            let ids = Set(verdict.findings.map(\.id))
            #expect(ids.contains(.retireBacklog) == (plan.backlog > 0))
            #expect(
                ids.contains(.policyApproval)
                    == plan.problems.contains {
                        ["policy.approval", "policy.archives"].contains($0.id)
                    })
            #expect(
                ids.contains(.detachPending)
                    == facts.tables[0].seen.partitions.contains(where: \.isDetachPending))
        }
        let blind = HealthVerdict(
            [Finding(.checkFailed, .unknown, "x", hint: "y")], ignoring: [.checkFailed])
        #expect(blind.state == .unknown)
    }

    @Test func spaceSequencesStraysAndPausesHaveTheirLimits() {
        var world = RandomWorld(seed: 14)
        var facts = Self.facts(world.observation())
        facts.store.neededBytes = 1000
        for (free, expected) in [
            (Int64(2000), nil), (1999, .warning), (1000, .warning), (999, Severity.critical),
        ] {
            facts.store.freeBytes = free
            #expect(Self.ids(facts)[.storeFull] == expected, "\(free)")
        }
        for (disks, expected) in [
            ([true], Severity.warning), ([true, true], .warning), ([true, false], nil),
            ([true, nil], nil), ([nil], nil), ([false, true], nil),
        ] as [([Bool?], Severity?)] {
            let stores = disks.map {
                HealthFacts.Store(root: "/x", freeBytes: 5000, sharesTheDatabasesDisk: $0)
            }
            (facts.store, facts.copies) = (stores[0], Array(stores.dropFirst()))
            #expect(Self.ids(facts)[.storeSameDisk] == expected, "\(disks)")
        }
        for (last, expected) in [
            (Int64(79), nil), (80, .warning), (89, .warning), (90, Severity.critical),
            (-5, nil),
        ] {
            facts.tables[0].sequences = [
                .init(
                    column: "id", name: .init(schema: "public", name: "s"), last: last, limit: 100)
            ]
            #expect(Self.ids(facts)[.sequenceHeadroom] == expected, "\(last)")
        }
        for rows in [nil, 0, 1, 10_001] as [Int64?] {
            facts.tables[0].strayRows = rows
            #expect((Self.ids(facts)[.defaultRows] != nil) == (rows ?? 0 > 0))
        }
        for (days, until, expected) in [
            (6, nil, Severity.info), (8, nil, .warning), (8, -1, .info), (8, 1, .warning),
        ] as [(Int64, Int64?, Severity)] {
            let until = until.map { facts.now.advanced(bySeconds: $0) }
            facts.tables[0].pauses = [
                .init(
                    pause: Pause(table: nil, reason: "r", by: "me", until: until),
                    madeAt: facts.now.advanced(bySeconds: -days * 86_400))
            ]
            #expect(Self.ids(facts)[.orderPaused] == expected, "\(days)")
        }
    }

    // MARK: Words

    @Test func noNameBreaksALine() {
        let name = QualifiedName(
            schema: "a.b", name: "x|y'=;\n\u{1b}[31m<script>\u{202e}\u{2028}\"é日")
        #expect(
            name.description.plainLine
                == "\"a.b\".\"x\\u{7c}y'=;\\u{a}\\u{1b}[31m\\u{3c}script\\u{3e}\\u{202e}\\u{2028}"
                + "\"\"é日\"")
        #expect(
            name.plainLabel.utf8.allSatisfy {
                ($0 >= 48 && $0 <= 57) || ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122)
                    || "_-.%".utf8.contains($0)
            })
        #expect(QualifiedName(schema: "a", name: "b.c").plainLabel == "a.b%2Ec")
        #expect(QualifiedName(schema: "a.b", name: "c").plainLabel == "a%2Eb.c")
    }

    @Test(arguments: [
        ("DELETE FROM logs WHERE created_at < $1", true),
        ("delete from ONLY public.logs", true), ("Delete From \"public\".\"logs\"", true),
        ("WITH x AS (DELETE FROM logs RETURNING *) INSERT INTO y SELECT * FROM x", true),
        ("TRUNCATE logs", true), ("truncate table only public.logs_1", true),
        ("DELETE /* FROM other */ FROM -- x\n logs", true),
        ("DELETE FROM other.logs", false), ("DELETE FROM logs2", false),
        ("DELETE FROM \"Logs\"", false), ("SELECT 'DELETE FROM logs'", false),
        ("DELETE FROM ONLY \"public\".\"logs_1\" WHERE ctid >= $1", false), ("DELETE", false),
        ("DELETE FROM", false), ("-- DELETE FROM logs", false), ("", false), ("'", false),
    ])
    func whatDeletesIsSeen(sql: String, does: Bool) {
        let tables: Set = [
            QualifiedName(schema: "public", name: "logs"),
            QualifiedName(schema: "public", name: "logs_1"),
        ]
        #expect(DeleteStatement.removesFrom(tables, in: sql) == does)
    }

    @Test func aNameIsAWordOfItsOwn() {
        let logs = QualifiedName(schema: "public", name: "logs")
        for text in ["CALL purge('public.logs')", "vacuum LOGS", "logs", "x;logs;"] {
            #expect(logs.isMentioned(in: text), "\(text)")
        }
        for text in ["logs2", "my_logs", "blogs", "", "log"] {
            #expect(!logs.isMentioned(in: text), "\(text)")
        }
    }
}
