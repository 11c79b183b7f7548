extension HealthJudge {
    func tableFindings(_ facts: TableHealthFacts, _ all: HealthFacts) -> [Finding] {
        let table = facts.seen.policy.table
        guard facts.seen.table != nil else {
            return facts.seen.problems.map { problem in
                // A lock is somebody's moment; what else is in the way stays.
                let isBusy = problem.status == .tryLater
                return Finding(
                    isBusy ? .checkSkipped : .tableUnseen, isBusy ? .warning : .critical,
                    table: table,
                    "\(table) cannot be looked at\(isBusy ? " now" : ""): \(problem.message) "
                        + "[\(problem.id)]", hint: problem.hint)
            }
        }
        return premake(facts, now: all.now) + problems(facts) + archives(facts)
            + quarantine(facts, now: all.now) + orders(facts, now: all.now) + backlog(facts)
            + pendingDetaches(facts) + strays(facts) + sequences(facts) + owners(facts)
    }

    private static func command(_ words: String, _ table: QualifiedName) -> String {
        "pgretain \(words) --table \(table.description.shellWord)"
    }

    // MARK: Partitions ahead

    private func premake(_ facts: TableHealthFacts, now: Instant) -> [Finding] {
        let table = facts.seen.policy.table
        guard let headroom = PremakeHeadroom(facts.seen, now: now), let severity = headroom.severity
        else { return [] }
        let hint = Self.command("run --only premake", table)
        guard headroom.takesThePresent else {
            let hasDefault = facts.seen.partitions.contains { $0.extent == .default }
            return [
                Finding(
                    .premakeCurrent, .critical, table: table,
                    "No partition of \(table) takes rows of the present: "
                        + (hasDefault ? "they go to DEFAULT." : "inserts fail."),
                    hint: hint)
            ]
        }
        let seconds = headroom.seconds ?? 0
        return [
            Finding(
                .premakeHeadroom, severity, table: table,
                "\(table) has partitions for \(Self.duration(seconds)) more, "
                    + "\(headroom.periods ?? 0) of \(facts.seen.policy.premake) "
                    + "\(facts.seen.policy.period.rawValue)s ahead"
                    + (headroom.until.map { ", until \($0.dateText)." } ?? "."),
                hint: hint)
        ]
    }

    // MARK: What the plan says

    private func problems(_ facts: TableHealthFacts) -> [Finding] {
        let table = facts.seen.policy.table
        return facts.plan.problems.map { problem in
            let (id, severity): (Finding.ID, Severity) =
                switch problem.id {
                case "policy.approval", "policy.archives": (.policyApproval, .warning)
                case "archive.vanished": (.archiveVanished, .critical)
                case "store.stranger": (.storeStranger, .warning)
                case "archive.cold": (.archiveUnverified, .warning)
                case let other where other.hasPrefix("archive."): (.archiveDamaged, .critical)
                case let other where other.hasPrefix("premake."): (.premakeBlocked, .warning)
                default: (.policyProblem, .warning)
                }
            let origin = problem.id == id.rawValue ? "" : " [\(problem.id)]"
            return Finding(
                id, severity, table: table, problem.message + origin, hint: problem.hint)
        }
    }

    private func backlog(_ facts: TableHealthFacts) -> [Finding] {
        let (plan, table) = (facts.plan, facts.seen.policy.table)
        guard plan.backlog > 0 else { return [] }
        let isLong =
            plan.backlogNights > HealthThresholds.backlogWarningNights
            || facts.seen.policy.maxRetire == 0
        return [
            Finding(
                .retireBacklog, isLong ? .warning : .info, table: table,
                "\(plan.backlog) more of \(table) have expired than one night takes"
                    + (facts.seen.policy.maxRetire == 0
                        ? ", which is none." : ": \(plan.backlogNights) nights more."),
                hint: Self.command("run --max-retire N", table))
        ]
    }

    // MARK: Archives

    private func archives(_ facts: TableHealthFacts) -> [Finding] {
        let table = facts.seen.policy.table
        var findings: [Finding] = []
        if let lost = facts.lostArchives, !lost.isEmpty {
            findings.append(
                Finding(
                    .archiveLost, .critical, table: table,
                    "The ledger names \(Self.listed(lost)), and the store does not have "
                        + "\(lost.count == 1 ? "it" : "them").",
                    hint: "Is the store mounted? Else bring what is lost back from another copy "
                        + "of the store; then: pgretain archives verify"))
        }
        if !facts.acceptedLosses.isEmpty {
            findings.append(
                Finding(
                    .archiveLost, .info, table: table,
                    "An operator has said that \(Self.listed(facts.acceptedLosses)) "
                        + "\(facts.acceptedLosses.count == 1 ? "is" : "are") lost.",
                    hint: "pgretain status --ledger has who and why."))
        }
        if !facts.archivesThatFailed.isEmpty {
            findings.append(
                Finding(
                    .archiveDamaged, .critical, table: table,
                    "\(Self.listed(facts.archivesThatFailed)) did not pass the last verification.",
                    hint: "Bring back from another copy of the store what is damaged; then: "
                        + Self.command("archives verify --sample 1%", table)))
        }
        if let unproven = facts.unprovenArchives, !unproven.isEmpty {
            findings.append(
                Finding(
                    .archiveUnverified, .warning, table: table,
                    "The store has \(Self.listed(unproven)), and no ledger entry says that this "
                        + "content was proven.",
                    hint: Self.command("archives verify", table)
                        + "; the next run proves it before it relies on it."))
        }
        for copy in facts.uncopied where !copy.slices.isEmpty {
            findings.append(
                Finding(
                    .archiveUncopied, .warning, table: table,
                    "The copy at \(copy.root) does not have \(Self.listed(copy.slices)) as the "
                        + "store has \(copy.slices.count == 1 ? "it" : "them").",
                    hint: Self.command("run", table) + " copies what is missing, and proves it."))
        }
        if !facts.seen.accepted.isEmpty {
            findings.append(
                Finding(
                    .archiveVanished, .info, table: table,
                    "Rows that \(Self.listed(facts.seen.accepted)) once held are gone from "
                        + "\(table); both generations are kept, and somebody has accepted it.",
                    hint: "The ledger has who and why: kind = 'accepted'."))
        }
        return findings
    }

    private static func listed(_ slices: [Slice]) -> String {
        let names = slices.sorted().prefix(3).map(\.description).joined(separator: ", ")
        let rest = slices.count - 3
        return "\(slices.count) archive\(slices.count == 1 ? "" : "s") (\(names)"
            + (rest > 0 ? " and \(rest) more)" : ")")
    }

    // MARK: Quarantine

    private func quarantine(_ facts: TableHealthFacts, now: Instant) -> [Finding] {
        facts.overdue(at: now, after: thresholds.missedWarningSeconds).map { one in
            Finding(
                .quarantineOverdue, .warning, table: facts.seen.policy.table,
                "\(one.formerName.name) waits as \(one.name) though its grace ended "
                    + "\(one.dropAfter?.dateText ?? ""): \(ByteCount(one.bytes)) were not freed.",
                hint: Self.command("plan", facts.seen.policy.table)
                    + " says what is in the way of its drop.")
        }
    }

    private func pendingDetaches(_ facts: TableHealthFacts) -> [Finding] {
        facts.seen.partitions.filter(\.isDetachPending).map { partition in
            let isOurs = facts.seen.detaching.contains(partition.oid)
            return Finding(
                .detachPending, .warning, table: facts.seen.policy.table,
                "A detach of \(partition.name) has begun and not ended: its table does not show "
                    + "its rows meanwhile.",
                hint: isOurs
                    ? "Find the old snapshot that it waits for (pg_stat_activity.backend_xmin); the "
                        + "next run ends it."
                    : "Not ours: whoever began it ends it by ALTER TABLE … DETACH PARTITION … "
                        + "FINALIZE.")
        }
    }

    // MARK: Orders

    private func orders(_ facts: TableHealthFacts, now: Instant) -> [Finding] {
        let table = facts.seen.policy.table
        var findings: [Finding] = []
        for one in facts.pauses {
            let pause = one.pause
            let resume =
                pause.table == nil ? "pgretain resume" : Self.command("resume", table)
            if let until = pause.until, until <= now {
                findings.append(
                    Finding(
                        .orderPaused, .info, table: table,
                        "The pause of \(table) by \(pause.by) ended \(until.dateText), and was "
                            + "never taken back: \(pause.reason).", hint: resume))
                continue
            }
            let age =
                (now.microseconds - one.madeAt.microseconds) / Instant.microsecondsPerSecond
            findings.append(
                Finding(
                    .orderPaused, age > HealthThresholds.pauseWarningSeconds ? .warning : .info,
                    table: table,
                    "Retirement of \(table) is paused since \(one.madeAt.dateText)"
                        + (pause.until.map { ", until \($0.dateText)" } ?? "")
                        + " by \(pause.by): \(pause.reason).", hint: resume))
        }
        for hold in facts.seen.orders.holds where hold.until.map({ $0 > now }) ?? true {
            findings.append(
                Finding(
                    .orderHeld, .info, table: table,
                    "\(hold.bounds) of \(table) is held"
                        + (hold.until.map { " until \($0.dateText)" } ?? "")
                        + " by \(hold.by): \(hold.reason).",
                    hint: "pgretain hold release \(hold.id) --reason …"))
        }
        return findings
    }

    // MARK: Rows and ids

    private func strays(_ facts: TableHealthFacts) -> [Finding] {
        guard let rows = facts.strayRows, rows > 0 else { return [] }
        let table = facts.seen.policy.table
        let count =
            rows > TableHealthFacts.strayLimit
            ? "over \(rows - 1) rows" : "\(rows) row\(rows == 1 ? "" : "s")"
        return [
            Finding(
                .defaultRows, .warning, table: table,
                "DEFAULT of \(table) holds \(count): they stand in the way of their "
                    + "\(facts.seen.policy.period.rawValue), and are never retired.",
                hint: "Find out why they came too early or too late; `default: drain` moves those "
                    + "of a \(facts.seen.policy.period.rawValue) that is to be made ahead, pgretain "
                    + "park those that belong nowhere.")
        ]
    }

    private func sequences(_ facts: TableHealthFacts) -> [Finding] {
        facts.sequences.compactMap { sequence in
            let used = sequence.usedPercent
            guard used >= HealthThresholds.sequenceWarningPercent else { return nil }
            let isCritical = used >= HealthThresholds.sequenceCriticalPercent
            return Finding(
                .sequenceHeadroom, isCritical ? .critical : .warning,
                table: facts.seen.policy.table,
                "\(sequence.name), which fills \(sequence.column) of \(facts.seen.policy.table), "
                    + "has used \(used) %: \(sequence.last) of \(sequence.limit). At its end "
                    + "inserts fail.",
                hint: "Make the column bigint, and the sequence with it (ALTER SEQUENCE … AS "
                    + "bigint), while there is time.")
        }
    }

    private func owners(_ facts: TableHealthFacts) -> [Finding] {
        facts.otherOwners.map { owner in
            Finding(
                .ownerOther, owner.removes ? .critical : .warning, table: facts.seen.policy.table,
                "\(owner.who) \(owner.does).",
                hint: owner.removes
                    ? "Rows that it removes may be in no archive: let only one of the two remove."
                    : "Let only one of the two drop partitions.")
        }
    }
}

extension TableHealthFacts {
    /// What a run would drop, and no run of the last night has.
    func overdue(at now: Instant, after seconds: Int64) -> [Quarantined] {
        plan.drops.map(\.table).filter { one in
            one.dropAfter.map { $0.advanced(bySeconds: seconds) < now } ?? false
        }
    }
}
