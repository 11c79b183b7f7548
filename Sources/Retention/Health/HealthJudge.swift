/// Facts in, findings out. Pure: the same facts are judged the same.
public struct HealthJudge: Sendable {
    public var thresholds: HealthThresholds

    public init(_ thresholds: HealthThresholds = HealthThresholds()) {
        self.thresholds = thresholds
    }

    public func verdict(on facts: HealthFacts) -> HealthVerdict {
        HealthVerdict(findings(facts), ignoring: thresholds.ignored)
    }

    func findings(_ facts: HealthFacts) -> [Finding] {
        runFindings(facts) + storeFindings(facts) + drillFindings(facts.drills, now: facts.now)
            + facts.unfinishedRestores.map { unfinished($0, now: facts.now) }
            + Self.patternFindings(facts.patterns)
            + facts.tables.flatMap { tableFindings($0, facts) }
            + facts.skipped.map(Self.skipped)
    }

    // MARK: Patterns

    private static func patternFindings(_ found: PatternFindings) -> [Finding] {
        found.empty.map { pattern in
            Finding(
                .matchEmpty, .warning, PatternFindings.sentence(empty: pattern) + ".",
                hint: "Is it the right database, and is the pattern what was meant? Where the "
                    + "tables are still to come: check: {ignore: [match.empty]}.")
        }
            + found.plain.map { pattern, tables in
                Finding(
                    .matchPlain, .info, PatternFindings.sentence(plain: tables, pattern) + ".",
                    hint: "pgretain adopt makes a table partitioned; partitioned: false leaves it "
                        + "plain.")
            }
            + found.ambiguous.map { table, patterns in
                let problem = Problem.ambiguous(table, patterns)
                return Finding(
                    .matchAmbiguous, .critical, table: table, problem.message, hint: problem.hint)
            }
    }

    // MARK: Runs

    private func runFindings(_ facts: HealthFacts) -> [Finding] {
        let runs = facts.runs
        var findings: [Finding] = []
        if let missed = missed(runs, now: facts.now) { findings.append(missed) }
        if let last = runs.last, last.status != 0 {
            findings.append(failed(last, tables: facts.tables.map(\.seen.policy.table)))
        }
        if let abandoned = runs.abandoned {
            findings.append(
                Finding(
                    .runUnfinished, .warning,
                    "The run that began \(abandoned.startedAt.dateText) on \(abandoned.host) has "
                        + "not ended, and its session is gone: it died, or was killed.",
                    hint: "pgretain run; it finishes or discards what was begun."))
        }
        return findings
    }

    /// The dead man's switch: a night that never ran reports nothing by itself.
    private func missed(_ runs: HealthFacts.Runs, now: Instant) -> Finding? {
        let hint = "Look at cron and its mail; by hand: pgretain run -v"
        guard let since = runs.lastSuccessAt ?? runs.ledgerMadeAt else {
            return Finding(
                .runsMissed, .critical, "No run has ever been here: this database has no ledger.",
                hint: "Is it the right database? The first run: pgretain run -v")
        }
        let age = (now.microseconds - since.microseconds) / Instant.microsecondsPerSecond
        guard age > thresholds.missedWarningSeconds else { return nil }
        let severity: Severity = age > thresholds.missedCriticalSeconds ? .critical : .warning
        let what =
            runs.lastSuccessAt == nil
            ? "No run has ever succeeded; the ledger was made \(since.dateText)."
            : "No run has succeeded for \(Self.duration(age)), since \(since.dateText)."
        return Finding(.runsMissed, severity, what, hint: hint)
    }

    /// Statuses that a night gets over by itself, or that wait for a person's yes.
    private static let mild: Set<Int32> = [
        ExitStatus.partial.rawValue, ExitStatus.tryLater.rawValue, ExitStatus.brake.rawValue,
        ExitStatus.interrupted.rawValue, ExitStatus.terminated.rawValue,
    ]

    private static let interrupted: Set<Int32> = [
        ExitStatus.interrupted.rawValue, ExitStatus.terminated.rawValue,
    ]

    private func failed(_ run: HealthFacts.EndedRun, tables: [QualifiedName]) -> Finding {
        let ours = run.troubles.filter { $0.table.map(tables.contains) ?? true }
        let others = run.troubles.count - ours.count
        var message =
            "The last run ended with \(run.status) at \(run.finishedAt.dateText) on \(run.host)"
        let told = ours.prefix(3).map { "\($0.message) [\($0.id)]" }
        if !told.isEmpty { message += ": " + told.joined(separator: " ") } else { message += "." }
        let more = ours.count - told.count
        if more > 0 { message += " And \(more) more." }
        if others > 0 { message += " \(others) of it was about other tables." }
        // What only other tables have is no alarm of these, and a missing yes is told by itself.
        // But a run that was interrupted left all of them.
        let isTold =
            !run.troubles.isEmpty && !Self.interrupted.contains(run.status)
            && ours.allSatisfy { $0.id == Finding.ID.policyApproval.rawValue }
        let severity: Severity =
            isTold
            ? .info : Self.mild.contains(run.status) ? .warning : .critical
        return Finding(
            .runFailed, severity, message,
            hint: ours.first?.hint ?? "pgretain status; by hand: pgretain run -v")
    }

    // MARK: The store

    private func storeFindings(_ facts: HealthFacts) -> [Finding] {
        let stores = [facts.store] + facts.copies
        var findings = stores.flatMap(Self.findings)
        // With one of them on another disk, a lost disk loses no row.
        if stores.allSatisfy({ $0.sharesTheDatabasesDisk == true }) {
            let roots = stores.map(\.root).joined(separator: ", ")
            findings.append(
                Finding(
                    .storeSameDisk, .warning,
                    "The archives in \(roots) are on the database's own disk: one lost disk loses "
                        + "both the rows and their archive.",
                    hint:
                        "Move archives: to another disk, or name one under copies:. Where they are "
                        + "copied by other means: "
                        + "check: {ignore: [\(Finding.ID.storeSameDisk.rawValue)]}."))
        }
        return findings
    }

    private static func findings(_ store: HealthFacts.Store) -> [Finding] {
        var findings: [Finding] = []
        if let problem = store.problem {
            findings.append(
                Finding(
                    .storeUnusable, .critical, "\(problem.message) [\(problem.id)]",
                    hint: problem.hint))
        }
        if let free = store.freeBytes, free < 2 * store.neededBytes {
            findings.append(
                Finding(
                    .storeFull, free < store.neededBytes ? .critical : .warning,
                    "The store \(store.root) has \(ByteCount(free)) free, and tonight's archives "
                        + "may need \(ByteCount(store.neededBytes)).",
                    hint: "Make room in \(store.root), or move it to a larger disk."))
        }
        return findings
    }

    private static func skipped(_ skipped: HealthFacts.Skipped) -> Finding {
        Finding(
            .checkSkipped, .warning, table: skipped.table,
            "Not looked at: \(skipped.what). \(skipped.problem.message) [\(skipped.problem.id)]",
            hint: skipped.problem.hint)
    }

    /// `26 h`, `3 days`
    static func duration(_ seconds: Int64) -> String {
        let hours = seconds / HealthThresholds.hour
        if hours < 1 { return "\(max(0, seconds / 60)) min" }
        return hours < 96 ? "\(hours) h" : "\(hours / 24) days"
    }
}
