extension HealthJudge {
    /// What was brought back to see that it can be, and what was not.
    func drillFindings(_ drills: HealthFacts.Drills, now: Instant) -> [Finding] {
        let failed: [Finding] = drills.outcomes.compactMap { outcome in
            guard let failure = outcome.failure else { return nil }
            let table = outcome.slice.table
            let isDamaged = [ExitStatus.data, .missing].map(\.rawValue).contains(failure.status)
            return Finding(
                .drillFailed, isDamaged ? .critical : .warning, table: table,
                "\(outcome.slice) was to be brought back \(outcome.at.dateText), and could not be "
                    + "[\(failure.problem)].",
                hint:
                    "pgretain archives verify --table \(table.description.shellWord); then by hand: "
                    + "pgretain restore --drill --table \(table.description.shellWord)")
        }
        return failed + overdue(drills, now: now)
    }

    /// A warning once a night should have dropped it.
    func unfinished(_ begun: UnfinishedRestore, now: Instant) -> Finding {
        let end = begun.keptUntil.advanced(bySeconds: thresholds.missedWarningSeconds)
        return Finding(
            .restoreUnfinished, end < now ? .warning : .info, table: begun.table,
            "A restore as \(begun.relation) was killed: \(ByteCount(begun.bytes)) of it wait in "
                + "\(begun.hidden) since \(begun.lastStepAt.dateText).",
            hint: "The same command goes on with it. After \(begun.keptUntil.dateText) the next "
                + "night of its table drops it, or the next restore of anything.")
    }

    private func overdue(_ drills: HealthFacts.Drills, now: Instant) -> [Finding] {
        guard let interval = drills.rhythm.seconds,
            let since = drills.lastSuccess?.at ?? drills.since
        else { return [] }
        let age = (now.microseconds - since.microseconds) / Instant.microsecondsPerSecond
        guard age > interval + thresholds.missedCriticalSeconds else { return [] }
        let what =
            drills.lastSuccess == nil
            ? "No archive has ever been brought back, and there are some since \(since.dateText)"
            : "No archive has been brought back for \(Self.duration(age)), since \(since.dateText)"
        return [
            Finding(
                .drillOverdue, .warning, "\(what); drill: \(drills.rhythm.rawValue) promises it.",
                hint: "pgretain run --drill -v; what keeps the nights from it is in their reports.")
        ]
    }
}
