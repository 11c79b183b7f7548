/// Policies and an observation in, a plan out. Pure: the same world gives the same plan.
public struct Planner: Sendable {
    /// How many partitions a table may lose in this run; nil leaves it to each policy.
    public var maxRetire: Int?

    public init(maxRetire: Int? = nil) {
        self.maxRetire = maxRetire
    }

    public func plan(_ observation: Observation) -> Plan {
        Plan(
            now: observation.now,
            tables: observation.tables.map { plan($0, now: observation.now) })
    }

    private func plan(_ seen: TableObservation, now: Instant) -> TablePlan {
        let policy = seen.policy
        guard let table = seen.table else {
            let cutoff = policy.retain.before(now, in: policy.zone)
            var plan = TablePlan(
                table: policy.table, then: policy.then, isSeen: false, cutoff: cutoff)
            plan.problems = seen.problems
            return plan
        }
        let calendar = TableCalendar(policy: policy, keyType: table.keyType, now: now)
        var plan = TablePlan(
            table: policy.table, then: policy.then, isSeen: true, cutoff: calendar.cutoff)
        plan.problems = seen.problems

        let places = ArchivePlaces(seen.places, calendar: calendar)
        let gate = Gate(seen, table: table, calendar: calendar, places: places)
        plan.problems += gate.problems
        PremakePlanner(seen, table: table, calendar: calendar).add(to: &plan)

        // What a night takes, and what is left of it for this run.
        let limit = maxRetire ?? policy.maxRetire
        let room = max(0, limit - seen.spent.partitions)
        var retired = 0
        var waiting = 0
        // What has begun to leave is ended first, and counts for no other.
        let agedPeriods = seen.agedPeriods.sorted {
            ($0.bounds, $0.partition.oid) < ($1.bounds, $1.partition.oid)
        }
        for aged in agedPeriods {
            var verdict = gate.verdict(of: aged)
            if case .retire(let steps) = verdict, steps.contains(.delete), !aged.isBeingDeleted {
                if retired < room {
                    retired += 1
                } else {
                    verdict = backlog(&waiting, limit: limit)
                }
            }
            plan.slices.append(
                .init(
                    partition: aged.partition, bounds: aged.bounds,
                    slice: places.slice(of: aged.bounds),
                    bytes: aged.bytes(since: agedPeriods[0].bounds.from, until: calendar.now),
                    verdict: verdict))
        }
        plan.emptied = gate.emptied
        // A count of their own: they hold no partition up, and none holds them up.
        var ruled = 0
        var waitingForGrace: Set<PartitionBounds> = []
        for aged in seen.ruledPeriods.sorted(by: seen.policy.isRuledBefore) {
            var verdict = gate.ruledVerdict(of: aged)
            if case .retire(let steps) = verdict {
                // What has begun is ended first, and counts for no other.
                let isBegun = steps == [.delete] && aged.rule?.archives ?? false
                if waitingForGrace.contains(aged.bounds) {
                    verdict = .keep(because: .otherRuleFirst)
                } else if !steps.contains(.delete) {
                    waitingForGrace.insert(aged.bounds)
                } else if !isBegun, ruled >= limit - seen.spent.ruled {
                    verdict = .keep(because: .backlog(nights: 1))
                } else if !isBegun {
                    ruled += 1
                }
            }
            plan.ruled.append(
                .init(
                    partition: aged.partition, bounds: aged.bounds, rule: aged.rule,
                    slice: places.slice(of: aged.bounds), bytes: aged.partition.bytes,
                    verdict: verdict))
        }
        for partition in Self.oldestFirst(seen.partitions) {
            let slice = partition.bounds.map { places.slice(of: $0) }
            var verdict = gate.verdict(of: partition)
            if case .retire = verdict, policy.then != .keep {
                if retired < room {
                    retired += 1
                } else {
                    verdict = backlog(&waiting, limit: limit)
                }
            }
            plan.entries.append(.init(partition: partition, verdict: verdict, slice: slice))
        }
        plan.backlog = waiting
        plan.backlogNights = limit > 0 ? (waiting + limit - 1) / limit : waiting
        plan.quarantine = seen.quarantine.sorted { ($0.bounds, $0.oid) < ($1.bounds, $1.oid) }
            .map {
                .init(
                    table: $0, verdict: gate.verdict(of: $0), slice: places.slice(of: $0.bounds))
            }
        plan.notes = gate.notes(on: plan)
        if let gate = ArchiveGate(seen, calendar: calendar) {
            plan.problems += gate.problems
            var expiring = 0
            for archive in gate.aged {
                var verdict = gate.verdict(of: archive)
                // What has begun is ended first, and counts for no other.
                if case .retire = verdict, !archive.isBeingRemoved {
                    if expiring < limit - seen.spent.archives {
                        expiring += 1
                    } else {
                        verdict = .keep(because: .backlog(nights: 1))
                    }
                }
                plan.archives.append(
                    .init(
                        slice: archive.slice, bounds: archive.bounds, bytes: archive.bytes,
                        digest: archive.digest, isBeingRemoved: archive.isBeingRemoved,
                        verdict: verdict))
            }
        }
        return plan
    }

    private func backlog(_ waiting: inout Int, limit: Int) -> Verdict {
        defer { waiting += 1 }
        return .keep(because: .backlog(nights: limit > 0 ? waiting / limit + 1 : waiting + 1))
    }

    /// Open and DEFAULT ones after all others; then by bounds, then by name.
    private static func oldestFirst(_ partitions: [Partition]) -> [Partition] {
        partitions.sorted { a, b in
            switch (a.bounds, b.bounds) {
            case (let x?, let y?): (x, a.name) < (y, b.name)
            case (nil, nil): a.name < b.name
            case (let x, _): x != nil
            }
        }
    }
}

extension RetentionPolicy {
    /// Oldest first; of one period, in the order in which the rules stand.
    fileprivate func isRuledBefore(
        _ a: TableObservation.AgedPeriod, _ b: TableObservation.AgedPeriod
    ) -> Bool {
        func place(_ aged: TableObservation.AgedPeriod) -> Int {
            rules.firstIndex { $0 == aged.rule } ?? -1
        }
        return (a.bounds, a.partition.oid, place(a)) < (b.bounds, b.partition.oid, place(b))
    }
}

extension TableObservation.AgedPeriod {
    /// Its share of what the partition has gathered; never more than all of it.
    fileprivate func bytes(since first: Instant, until now: Instant) -> Int64 {
        let own = Double(bounds.to.microseconds) - Double(bounds.from.microseconds)
        let all = Double(now.microseconds) - Double(first.microseconds)
        guard all > own else { return partition.bytes }
        return Int64(Double(partition.bytes) * own / all)
    }
}

/// A table's own clock and calendar. Keys without a zone live in a world where everything is UTC:
/// there, now is what a wall in the policy's zone shows.
public struct TableCalendar: Sendable {
    public let period: Period
    /// In which period bounds are midnights.
    public let zone: Zone
    public let now: Instant
    /// The real time, which `now` is too unless the key has no zone.
    public let wallClock: Instant
    public let cutoff: Instant
    public let table: QualifiedName

    public init(policy: RetentionPolicy, keyType: KeyType, now: Instant) {
        table = policy.table
        period = policy.period
        zone = keyType.isNaive ? .utc : policy.zone
        wallClock = now
        self.now = keyType.isNaive ? policy.zone.civil(now).asUTC : now
        cutoff = policy.retain.before(self.now, in: zone)
    }
}
