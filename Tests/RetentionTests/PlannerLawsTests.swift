import Retention
import Testing

@Suite struct PlannerLaws {
    /// For each law; more than a hundred thousand in all.
    static let worlds = 12_000

    /// One world after another, with the plan made of it.
    private func forEachWorld(
        seed: UInt64, maxRetire: Int? = nil,
        _ check: (TableObservation, TablePlan, Instant) -> String?
    ) {
        var world = RandomWorld(seed: seed)
        for index in 0..<Self.worlds {
            let observation = world.observation()
            let plan = Planner(maxRetire: maxRetire).plan(observation)
            if let broken = check(observation.tables[0], plan.tables[0], observation.now) {
                Issue.record("seed \(seed), world \(index): \(broken)")
                return
            }
        }
    }

    private func steps(_ verdict: Verdict) -> [Step] {
        if case .retire(let steps) = verdict { steps } else { [] }
    }

    /// Two runs that share a night take what one would take, and the second nothing that counts
    /// twice; what waits, waits for as many nights.
    @Test func whatOthersHaveTakenIsNotTakenAgain() {
        var world = RandomWorld(seed: 77)
        var taken = 0
        for index in 0..<Self.worlds {
            var observation = world.observation()
            let most = index % 5
            let spent = index / 5 % 7
            let left = Planner(maxRetire: max(0, most - spent)).plan(observation).tables[0]
            let full = Planner(maxRetire: most).plan(observation).tables[0]
            observation.tables[0].spent = .init(partitions: spent, ruled: spent, archives: spent)
            let shared = Planner(maxRetire: most).plan(observation).tables[0]
            #expect(shared.retirements == left.retirements, "world \(index)")
            #expect(shared.agedSlices == left.agedSlices, "world \(index)")
            #expect(shared.agedRuled == left.agedRuled, "world \(index)")
            #expect(shared.expiries == left.expiries, "world \(index)")
            #expect(shared.drops == full.drops, "world \(index)")
            #expect(shared.backlog >= full.backlog, "world \(index)")
            taken += spent > 0 ? shared.retirements.count : 0
        }
        #expect(taken > 100)
    }

    @Test func nothingLeavesThatIsNotExpiredOrIsProtected() {
        var retired = 0
        forEachWorld(seed: 1) { seen, plan, now in
            let calendar = TableCalendar(
                policy: seen.policy, keyType: seen.table!.keyType, now: now)
            let newest = seen.partitions.compactMap(\.bounds?.to).max()
            for entry in plan.retirements {
                retired += 1
                let partition = entry.partition
                guard let bounds = partition.bounds else { return "retires \(partition.extent)" }
                if bounds.to > calendar.cutoff { return "retires what has not expired" }
                if bounds.contains(calendar.now) { return "retires the present" }
                if bounds.from > calendar.now { return "retires the future" }
                if bounds.to == newest { return "retires the newest" }
                if partition.isPartitioned || partition.isForeign { return "retires a stranger" }
                if partition.isDetachPending, !seen.detaching.contains(partition.oid) {
                    return "touches somebody else's detach"
                }
                if seen.orders.holds.contains(where: {
                    $0.bounds.overlaps(bounds) && ($0.until ?? now.advanced(bySeconds: 1)) > now
                }) {
                    return "retires what is held"
                }
                if seen.orders.pins.contains(where: { $0.bounds.overlaps(bounds) && $0.until > now }
                ) {
                    return "retires what is pinned"
                }
                if seen.orders.pauses.contains(where: {
                    ($0.until ?? now.advanced(bySeconds: 1)) > now
                }) {
                    return "retires while paused"
                }
            }
            return nil
        }
        #expect(retired > Self.worlds / 4, "the worlds hold too little to retire: \(retired)")
    }

    @Test func noRowOfASliceLeavesThatIsNotExpiredArchivedAndAllowed() {
        var deleted = 0
        forEachWorld(seed: 8) { seen, plan, now in
            let calendar = TableCalendar(
                policy: seen.policy, keyType: seen.table!.keyType, now: now)
            for entry in plan.agedSlices {
                let bounds = entry.bounds
                let steps = steps(entry.verdict)
                if bounds.to > calendar.cutoff { return "touches what has not expired" }
                if bounds.contains(calendar.now) { return "touches the present" }
                if !entry.partition.isWide { return "cuts a slice from \(entry.partition.extent)" }
                let isHeld = seen.orders.reasonToKeep(bounds, at: now) != nil
                if isHeld { return "touches what somebody keeps" }
                guard steps.contains(.delete) else {
                    if steps != [.export, .verify, .publish] { return "does \(steps)" }
                    continue
                }
                deleted += 1
                if seen.policy.then != .drop { return "deletes although the policy does not" }
                let ways = seen.approved?.harsherWays(of: seen.policy, at: now)
                if ways?.isEmpty != true { return "deletes what nobody approved" }
                guard let aged = seen.agedPeriods.first(where: { $0.bounds == bounds }) else {
                    return "deletes what was not seen"
                }
                if aged.isBeingDeleted {
                    if steps != [.delete] { return "does not end what has begun: \(steps)" }
                    continue
                }
                if steps != [.export, .verify, .publish, .delete] { return "does \(steps)" }
                if seen.isPublished { return "deletes at subscribers" }
                if seen.table!.incomingForeignKeys != [] { return "deletes what is pointed at" }
                let isArchived = seen.archives.contains { $0.bounds == bounds }
                let since = isArchived ? aged.archivedAt ?? now : now
                let isOver = seen.policy.grace == Span()
                if !isOver, seen.policy.grace.after(since, in: seen.policy.zone) > now {
                    return "deletes in the grace"
                }
            }
            for partition in plan.emptied {
                if !seen.emptied.contains(partition.oid) { return "drops what has rows" }
                guard case .open(nil, let to?) = partition.extent, to <= calendar.cutoff else {
                    return "drops \(partition.extent)"
                }
            }
            return nil
        }
        #expect(deleted > Self.worlds / 100, "the worlds hold too little to delete: \(deleted)")
    }

    @Test func noRowOfARuleLeavesThatIsNotExpiredApprovedAndItsOwn() {
        var deleted = 0
        forEachWorld(seed: 9) { seen, plan, now in
            let calendar = TableCalendar(
                policy: seen.policy, keyType: seen.table!.keyType, now: now)
            for entry in plan.agedRuled {
                let (bounds, steps) = (entry.bounds, steps(entry.verdict))
                guard let rule = entry.rule else { return "has no rule" }
                if rule.retain.after(bounds.to, in: calendar.zone) > calendar.now {
                    return "touches what has not expired"
                }
                if bounds.contains(calendar.now) { return "touches the present" }
                if seen.orders.reasonToKeep(bounds, at: now) != nil {
                    return "touches what is kept"
                }
                if entry.partition.isForeign || entry.partition.isPartitioned {
                    return "touches a stranger"
                }
                if !entry.partition.isWide, entry.partition.bounds != bounds {
                    return "touches a part of \(entry.partition.extent)"
                }
                if seen.policy.then != .drop { return "touches although the policy does not drop" }
                let ways = seen.approved?.harsherWays(of: seen.policy, at: now)
                if ways?.isEmpty != true { return "touches what nobody approved" }
                if seen.isPublished { return "deletes at subscribers" }
                if seen.table!.incomingForeignKeys != [] { return "deletes what is pointed at" }
                let state = seen.states[bounds]
                if steps == [.delete] {
                    let begun = state?.kind == .deleting && state?.condition == rule.condition
                    if !begun, rule.archives { return "deletes unproven" }
                } else if steps.prefix(3) != [.export, .verify, .publish] {
                    return "does \(steps)"
                }
                let isArchived = seen.archives.contains { $0.bounds == bounds }
                if isArchived, state == nil { return "cuts rows out of an archive of all" }
                if state?.kind == .archived, state?.condition != rule.condition {
                    return "replaces an archive of others"
                }
                if state?.kind == .deleting, state?.condition != rule.condition {
                    return "does not let another deletion end"
                }
                if steps.contains(.delete) { deleted += 1 }
            }
            for entry in plan.retirements {
                guard let bounds = entry.partition.bounds else { continue }
                if seen.states[bounds]?.kind == .deleting { return "retires in a deletion" }
            }
            return nil
        }
        #expect(deleted > Self.worlds / 100, "the worlds hold too little to delete: \(deleted)")
    }

    @Test func aRuleReadsBackFromItsWords() {
        for rule in [
            RowRule(condition: "level = 'DEBUG'", retain: Span(days: 14)),
            RowRule(condition: "a, b: c", retain: Span(months: 13, days: 1), archives: false),
            RowRule(condition: "", retain: Span()),
        ] {
            #expect(RowRule(rule.description) == rule, "\(rule)")
        }
        for text in ["", "14 days", "14 days, kept: x", "14 days: archived, x", "x, archived: y"] {
            #expect(RowRule(text) == nil, "\(text)")
        }
    }

    @Test func nothingIsDetachedOrDroppedUnverified() {
        forEachWorld(seed: 2) { seen, plan, now in
            for entry in plan.retirements {
                let steps = steps(entry.verdict)
                let chain = Array(Step.allCases.prefix(steps.count))
                if steps != chain { return "steps out of order: \(steps)" }
                if steps.contains(.detach), seen.policy.then < .detach { return "detaches" }
                if steps.contains(.drop), seen.policy.then < .drop { return "drops" }
                if entry.slice == nil { return "archives without a place" }
            }
            for drop in plan.drops {
                if seen.policy.then != .drop { return "drops although the policy does not" }
                guard let due = drop.table.dropAfter, due <= now else { return "drops in grace" }
                if drop.table.bounds.to > plan.cutoff { return "drops what today's policy keeps" }
            }
            return nil
        }
    }

    @Test func brakesHoldUntilApproved() {
        forEachWorld(seed: 3) { seen, plan, now in
            var plan = plan
            plan.problems.removeAll { ["policy.archives", "period.changed"].contains($0.id) }
            guard seen.policy.then != .keep else {
                let asks = plan.problems.contains { $0.status == .brake }
                return asks ? "asks approval for keeping" : nil
            }
            let ways = seen.approved?.harsherWays(of: seen.policy, at: now)
            let isApproved = ways?.isEmpty ?? false
            let brakes = plan.problems.filter { $0.status == .brake }.count
            if isApproved, brakes != 0 { return "brakes an approved policy" }
            if !isApproved, brakes != 1 { return "does not brake: \(plan.problems)" }
            let deletes = plan.agedSlices.contains { steps($0.verdict).contains(.delete) }
            if !isApproved, !plan.retirements.isEmpty || !plan.drops.isEmpty || deletes {
                return "removes what nobody approved"
            }
            var approved = seen
            approved.approved = ApprovedPolicy(seen.policy)
            let other = Planner().plan(Observation(now: now, tables: [approved])).tables[0]
            return other.premakes == plan.premakes ? nil : "approval changes what is premade"
        }
    }

    @Test func noRowsAreArchivedInTwoRanges() {
        var kept = 0
        forEachWorld(seed: 11) { seen, plan, _ in
            for slice in plan.slices {
                let isArchived =
                    seen.archives.contains { $0.bounds == slice.bounds }
                    && seen.states[slice.bounds]?.condition == nil
                let reachesInto = seen.states.contains { bounds, state in
                    bounds != slice.bounds && bounds.overlaps(slice.bounds)
                        && state.condition == nil && [.archived, .deleting].contains(state.kind)
                }
                guard reachesInto, !isArchived else { continue }
                kept += 1
                if steps(slice.verdict).contains(.export) { return "archives \(slice.bounds) anew" }
                if !plan.problems.contains(where: { $0.id == "period.changed" }) {
                    return "does not say what stays"
                }
            }
            return nil
        }
        #expect(kept > 0, "no world has such a range")
    }

    @Test func theOldestGoFirstAndNoMoreThanAllowed() {
        forEachWorld(seed: 4) { seen, plan, _ in
            guard seen.policy.then != .keep else { return nil }
            // A deletion that had begun counts for no other.
            let deletions = plan.agedSlices.filter {
                let steps = steps($0.verdict)
                return steps.contains(.delete) && steps != [.delete]
            }
            let count = plan.retirements.count + deletions.count
            if count > seen.policy.maxRetire { return "retires \(count)" }
            let waiting = plan.entries.filter {
                if case .keep(because: .backlog) = $0.verdict { true } else { false }
            }
            let slicesWaiting = plan.slices.filter {
                if case .keep(because: .backlog) = $0.verdict { true } else { false }
            }
            if waiting.count + slicesWaiting.count != plan.backlog {
                return "counts the backlog wrong"
            }
            if let first = waiting.first?.partition.bounds,
                let last = plan.retirements.last?.partition.bounds, first < last
            {
                return "an older one waits"
            }
            if !waiting.isEmpty, count < seen.policy.maxRetire { return "waits for nothing" }
            return nil
        }
    }

    @Test func whatIsPremadeFitsAndCoversThePeriodsAhead() {
        forEachWorld(seed: 5) { seen, plan, now in
            let calendar = TableCalendar(
                policy: seen.policy, keyType: seen.table!.keyType, now: now)
            var names = seen.takenNames
            for premake in plan.premakes {
                if !names.insert(premake.name).inserted { return "name taken: \(premake.name)" }
                if premake.name.utf8.count > 63 { return "name too long" }
                for partition in seen.partitions {
                    switch partition.extent {
                    case .range(let bounds) where bounds.overlaps(premake.bounds):
                        return "overlaps \(partition.name)"
                    case .open(_, let to?) where premake.bounds.from < to:
                        return "overlaps an open one"
                    default: break
                    }
                }
            }
            let made = plan.premakes.map(\.bounds)
            for ahead in 0...seen.policy.premake {
                let bounds = calendar.period.bounds(
                    containing: calendar.now, plus: ahead, in: calendar.zone)
                let exists = seen.partitions.contains {
                    switch $0.extent {
                    case .range(let own): own.from <= bounds.from && bounds.to <= own.to
                    case .open(_, let to): to.map { bounds.to <= $0 } ?? true
                    case .default: false
                    }
                }
                let isReported = plan.problems.contains { $0.id.hasPrefix("premake.") }
                if !exists, !made.contains(bounds), !isReported { return "leaves \(bounds) out" }
            }
            return nil
        }
    }

    @Test func noArchiveGoesWhoseRowsMayBeWantedOrWereNotDropped() {
        var expired = 0
        forEachWorld(seed: 10) { seen, plan, now in
            guard let keep = seen.policy.keepArchives else {
                return plan.archives.isEmpty ? nil : "removes what is kept for ever"
            }
            let calendar = TableCalendar(
                policy: seen.policy, keyType: seen.table!.keyType, now: now)
            let begun = plan.expiries.filter(\.isBeingRemoved).count
            if plan.expiries.count - begun > seen.policy.maxRetire { return "too many a night" }
            for entry in plan.expiries {
                expired += 1
                let bounds = entry.bounds
                if bounds.to > keep.before(calendar.now, in: calendar.zone) {
                    return "is too young"
                }
                if seen.orders.reasonToKeep(bounds, at: now) != nil { return "somebody keeps it" }
                guard let approved = seen.approved?.keepArchives,
                    keep.before(now, in: seen.policy.zone)
                        <= approved.before(now, in: seen.policy.zone)
                else { return "nobody approved it" }
                if seen.superseded.contains(entry.slice) { return "rows have vanished" }
                if seen.partitions.contains(where: { $0.bounds?.overlaps(bounds) ?? false }) {
                    return "a partition has its range"
                }
                if seen.quarantine.contains(where: { $0.bounds.overlaps(bounds) }) {
                    return "its rows wait in quarantine"
                }
                if seen.agedPeriods.contains(where: { $0.bounds.overlaps(bounds) }) {
                    return "rows of its range are in a wide partition"
                }
                guard
                    seen.agedArchives.contains(where: { $0.slice == entry.slice && $0.isOnRecord })
                else { return "the ledger does not know it" }
                let state = seen.states[bounds]
                if state?.rowsAreGone != true, state?.kind != .expiring {
                    return "was never dropped"
                }
            }
            return nil
        }
        #expect(expired > 100, "the worlds hold too little to expire: \(expired)")
    }

    @Test func aLongerRetentionNeverRetiresMore() {
        forEachWorld(seed: 6, maxRetire: .max) { seen, plan, now in
            guard seen.policy.then != .keep else { return nil }
            var milder = seen
            milder.policy.retain.days += 40
            let other = Planner(maxRetire: .max).plan(Observation(now: now, tables: [milder]))
            let fewer = Set(other.tables[0].retirements.map(\.partition.oid))
            // The newest approval may have braked the harsher one; then there is nothing to compare.
            if plan.problems.contains(where: { $0.status == .brake }) { return nil }
            return fewer.isSubset(of: plan.retirements.map(\.partition.oid)) ? nil : "retires more"
        }
    }

    @Test func theOrderOfWhatWasSeenDoesNotMatter() {
        var shuffler = SeededGenerator(seed: 7)
        forEachWorld(seed: 7) { seen, plan, now in
            var other = seen
            other.partitions.shuffle(using: &shuffler)
            other.archives.shuffle(using: &shuffler)
            other.agedPeriods.shuffle(using: &shuffler)
            let again = Planner().plan(Observation(now: now, tables: [other])).tables[0]
            return again == plan ? nil : "the plan changed"
        }
    }

    @Test func aTableThatCannotBeSeenIsLeftAlone() {
        let name = QualifiedName(schema: "public", name: "gone")
        let policy = RetentionPolicy(
            table: name, key: "created_at", period: .month, premake: 3, retain: Span(days: 90),
            then: .drop, grace: Span(), zone: .utc, maxRetire: 2)
        let problem = Problem("table.missing", .missing, "gone", hint: "")
        let seen = TableObservation(policy: policy, table: nil, problems: [problem])
        let plan = Planner().plan(Observation(now: Instant(microseconds: 0), tables: [seen]))
        #expect(plan.tables[0].premakes.isEmpty && plan.tables[0].retirements.isEmpty)
        #expect(plan.exitStatus == .missing)
    }
}
