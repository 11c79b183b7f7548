/// Decides what may leave. Any answer that is not understood means keep.
struct Gate {
    private let policy: RetentionPolicy
    private let table: PartitionedTable
    private let calendar: TableCalendar
    /// Ranges whose archive holds all of their rows, as far as the ledger knows.
    private let archived: Set<PartitionBounds>
    private let states: [PartitionBounds: LedgerEvent]
    private let superseded: Set<Slice>
    private let places: ArchivePlaces
    /// Aged periods that reach into the archive of another range, whose rows have not all left yet.
    private let overlapping: [PartitionBounds: PartitionBounds]
    private let newest: Instant?
    private let detaching: Set<UInt32>
    private let orders: StandingOrders
    private let wallClock: Instant
    private let approval: Approval
    private let expired: [Partition]
    /// Periods whose rows leave wide partitions, or a plain table.
    private let expiredPeriods: Int
    private let isPublished: Bool
    /// Wide partitions that are over and hold no row.
    let emptied: [Partition]

    private enum Approval: Equatable {
        case given
        case never
        case outgrown([String])
    }

    init(
        _ seen: TableObservation, table: PartitionedTable, calendar: TableCalendar,
        places: ArchivePlaces
    ) {
        policy = seen.policy
        self.places = places
        self.table = table
        self.calendar = calendar
        states = seen.states
        archived = Set(seen.archives.map(\.bounds).filter { seen.states[$0]?.condition == nil })
        superseded = seen.superseded
        overlapping = Self.overlapping(seen, archived)
        newest = seen.partitions.compactMap(\.bounds?.to).max()
        detaching = seen.detaching
        orders = seen.orders
        wallClock = calendar.wallClock
        if policy.then == .keep {
            approval = .given
        } else if let approved = seen.approved {
            let ways = approved.harsherWays(of: policy, at: calendar.wallClock)
            approval = ways.isEmpty ? .given : .outgrown(ways)
        } else {
            approval = .never
        }
        isPublished = seen.isPublished
        let isOver = approval == .given && policy.then == .drop && seen.orders.pauses.isEmpty
        emptied = seen.partitions.filter { partition in
            guard isOver, partition.isWide, seen.emptied.contains(partition.oid),
                case .open(_, let to?) = partition.extent
            else { return false }
            return to <= calendar.cutoff && table.incomingForeignKeys.isEmpty
        }
        expired = seen.partitions.filter { partition in
            partition.bounds.map { $0.to <= calendar.cutoff } ?? false
        }
        expiredPeriods = seen.agedPeriods.count { $0.bounds.to <= calendar.cutoff }
    }

    // MARK: Partitions

    func verdict(of partition: Partition) -> Verdict {
        if let reason = reasonToKeep(partition) { return .keep(because: reason) }
        switch policy.then {
        case .keep: return .retire(steps: [.export, .verify, .publish])
        case .detach: return .retire(steps: [.export, .verify, .publish, .detach])
        case .drop: return .retire(steps: [.export, .verify, .publish, .detach, .drop])
        }
    }

    private func reasonToKeep(_ partition: Partition) -> Verdict.Reason? {
        if case .default = partition.extent { return .defaultPartition }
        guard let bounds = partition.bounds else {
            return partition.isWide ? .sliced : .openBounds
        }
        if partition.isPartitioned { return .subpartitioned }
        if partition.isForeign { return .notAPlainTable }
        if partition.isDetachPending {
            return detaching.contains(partition.oid) ? .pendingDetach : .foreignPendingDetach
        }
        if bounds.contains(calendar.now) { return .current }
        if bounds.from > calendar.now { return .future }
        if bounds.to > calendar.cutoff {
            return .withinRetention(until: policy.retain.after(bounds.to, in: calendar.zone))
        }
        if bounds.to == newest { return .last }
        if let reason = reasonToHold(bounds) { return reason }
        if superseded.contains(places.slice(of: bounds)) { return .rowsVanished }
        if states[bounds]?.kind == .deleting { return .beingDeleted }
        if !table.incomingForeignKeys.isEmpty, policy.then != .keep {
            return .incomingForeignKeys(names: table.incomingForeignKeys)
        }
        if policy.then == .keep, archived.contains(bounds) { return .archived }
        return approval == .given ? nil : .awaitingApproval
    }

    // MARK: Slices

    func verdict(of aged: TableObservation.AgedPeriod) -> Verdict {
        let (bounds, partition) = (aged.bounds, aged.partition)
        guard bounds.to <= calendar.cutoff, !bounds.contains(calendar.now) else {
            return .keep(
                because: .withinRetention(until: policy.retain.after(bounds.to, in: calendar.zone)))
        }
        guard partition.isWide else { return .keep(because: .openBounds) }
        if partition.isDetachPending { return .keep(because: .foreignPendingDetach) }
        if let reason = reasonToHold(bounds) { return .keep(because: reason) }
        if superseded.contains(places.slice(of: bounds)) { return .keep(because: .rowsVanished) }
        if states[bounds]?.kind == .deleting, states[bounds]?.condition != nil {
            return .keep(because: .beingDeleted)
        }
        if aged.isBeingDeleted {
            return policy.then == .drop && approval == .given
                ? .retire(steps: [.delete]) : .keep(because: .awaitingApproval)
        }
        if let other = overlapping[bounds] { return .keep(because: .archivedElsewhere(in: other)) }
        func onceArchived(_ reason: Verdict.Reason) -> Verdict {
            archived.contains(bounds)
                ? .keep(because: reason) : .retire(steps: [.export, .verify, .publish])
        }
        switch policy.then {
        case .keep: return onceArchived(.archived)
        case .detach: return onceArchived(.archivedSlice)
        case .drop: break
        }
        if !table.incomingForeignKeys.isEmpty {
            return .keep(because: .incomingForeignKeys(names: table.incomingForeignKeys))
        }
        guard approval == .given else { return .keep(because: .awaitingApproval) }
        if isPublished, !policy.replicatesDeletes { return onceArchived(.published) }
        return afterTheGrace(since: archived.contains(bounds) ? aged.archivedAt : nil)
    }

    private static func overlapping(
        _ seen: TableObservation, _ archived: Set<PartitionBounds>
    ) -> [PartitionBounds: PartitionBounds] {
        let unfinished = seen.states.filter {
            ($0.value.kind == .archived || $0.value.kind == .deleting) && $0.value.condition == nil
        }.keys.sorted()
        var overlapping: [PartitionBounds: PartitionBounds] = [:]
        for bounds in seen.agedPeriods.map(\.bounds) where !archived.contains(bounds) {
            overlapping[bounds] = unfinished.first { $0 != bounds && $0.overlaps(bounds) }
        }
        return overlapping
    }

    /// Until the end of the grace, which is for people and by the real clock, rows are in both
    /// places.
    ///
    /// - Parameter archivedAt: nil: they are not archived yet.
    private func afterTheGrace(since archivedAt: Instant?) -> Verdict {
        let due = policy.grace.after(archivedAt ?? wallClock, in: policy.zone)
        guard due > wallClock, policy.grace != Span() else {
            return .retire(steps: [.export, .verify, .publish, .delete])
        }
        return archivedAt == nil
            ? .retire(steps: [.export, .verify, .publish])
            : .keep(because: .archivedGrace(until: due))
    }

    // MARK: Rules

    /// Of the rows of a rule in a period whose other rows stay.
    func ruledVerdict(of aged: TableObservation.AgedPeriod) -> Verdict {
        let (bounds, partition) = (aged.bounds, aged.partition)
        guard let rule = aged.rule else { return .keep(because: .openBounds) }
        let expiry = rule.retain.after(bounds.to, in: calendar.zone)
        guard expiry <= calendar.now, !bounds.contains(calendar.now) else {
            return .keep(because: .withinRetention(until: expiry))
        }
        guard !partition.isPartitioned, !partition.isForeign,
            partition.isWide || partition.bounds == bounds
        else { return .keep(because: .notAPlainTable) }
        if partition.isDetachPending { return .keep(because: .foreignPendingDetach) }
        if let reason = reasonToHold(bounds) { return .keep(because: reason) }
        if superseded.contains(places.slice(of: bounds)) { return .keep(because: .rowsVanished) }
        guard policy.then == .drop else { return .keep(because: .ruleOfAMilderPolicy) }
        if !table.incomingForeignKeys.isEmpty {
            return .keep(because: .incomingForeignKeys(names: table.incomingForeignKeys))
        }
        if isPublished, !policy.replicatesDeletes { return .keep(because: .notReplicated) }
        guard approval == .given else { return .keep(because: .awaitingApproval) }
        let state = states[bounds]
        if state?.kind == .deleting {
            let isOurs =
                state?.condition == rule.condition && state?.relationOID == partition.oid
            return isOurs && rule.archives
                ? .retire(steps: [.delete]) : .keep(because: .beingDeleted)
        }
        if archived.contains(bounds), state?.kind != .deleted {
            return .keep(because: .archivedWhole)
        }
        if state?.kind == .archived, let other = state?.condition, other != rule.condition {
            return .keep(because: .otherRuleFirst)
        }
        guard rule.archives else { return .retire(steps: [.delete]) }
        return afterTheGrace(since: state?.kind == .archived ? aged.archivedAt : nil)
    }

    /// What an operator has said about a range, whatever the policy says.
    private func reasonToHold(_ bounds: PartitionBounds) -> Verdict.Reason? {
        orders.reasonToKeep(bounds, at: wallClock)
    }

    // MARK: Quarantine

    func verdict(of quarantined: Quarantined) -> Verdict {
        if let reason = reasonToHold(quarantined.bounds) { return .keep(because: reason) }
        guard let due = quarantined.dropAfter, policy.then == .drop else {
            return .keep(because: .detachedForGood)
        }
        guard quarantined.bounds.to <= calendar.cutoff else {
            let until = policy.retain.after(quarantined.bounds.to, in: calendar.zone)
            return .keep(because: .retentionLengthened(until: until))
        }
        // The grace is measured by the real clock, whatever the key's calendar is.
        guard due <= calendar.wallClock else { return .keep(because: .grace(until: due)) }
        if superseded.contains(places.slice(of: quarantined.bounds)) {
            return .keep(because: .rowsVanished)
        }
        return approval == .given ? .retire(steps: [.drop]) : .keep(because: .awaitingApproval)
    }

    // MARK: What to say

    var problems: [Problem] { approvalProblems + withdrawnRules + periodProblems }

    private var periodProblems: [Problem] {
        overlapping.sorted { $0.key < $1.key }.prefix(1).map { bounds, other in
            Problem(
                "period.changed", .brake,
                "The rows of \(bounds) of \(policy.table) are in the archive of \(other) already, "
                    + "at least in part: it was made when the policy had another period or "
                    + "timezone. They are not archived a second time, and stay.",
                hint: "With then: drop they go on by themselves, once the rows of that archive "
                    + "have left. Else put `period` and `timezone` back.")
        }
    }

    /// Deletions that have begun, and that no rule of today goes on with.
    private var withdrawnRules: [Problem] {
        let conditions = Set(policy.rules.map(\.condition))
        return states.sorted { $0.key < $1.key }.compactMap { bounds, state in
            guard state.kind == .deleting, let condition = state.condition,
                !conditions.contains(condition)
            else { return nil }
            return Problem(
                "rule.withdrawn", .brake,
                "Rows of \(bounds) of \(policy.table) where \(condition) are archived and were "
                    + "being deleted when their rule was taken out of the configuration. The "
                    + "period is left alone until that has ended.",
                hint: "Put the rule back until a run has ended what it began.")
        }
    }

    private var approvalProblems: [Problem] {
        let ask: String
        switch approval {
        case .given: return []
        case .never: ask = "was never approved"
        case .outgrown(let ways):
            ask = "is harsher than the approved one (\(ways.joined(separator: "; ")))"
        }
        let verb = policy.then == .drop ? "drop" : "detach"
        return [
            Problem(
                "policy.approval", .brake,
                "The policy of \(policy.table) \(ask): it would \(verb) everything before "
                    + "\(calendar.cutoff.dateText), which today is \(whatIsExpired). "
                    + "Nothing was retired; months are still made ahead.",
                hint: "pgretain approve --table \(policy.table.description.shellWord)")
        ]
    }

    /// `2 partitions of 31 MB`, `the rows of 4 months`
    private var whatIsExpired: String {
        let bytes = ByteCount(expired.reduce(0) { $0 + $1.bytes })
        let partitions = "\(expired.count) partition\(expired.count == 1 ? "" : "s") of \(bytes)"
        guard policy.then == .drop, expiredPeriods > 0 else { return partitions }
        let periods =
            "the rows of \(expiredPeriods) \(policy.period.rawValue)\(expiredPeriods == 1 ? "" : "s")"
        return expired.isEmpty ? periods : partitions + " and " + periods
    }

    func notes(on plan: TablePlan) -> [String] {
        var notes: [String] = []
        if plan.backlog > 0 {
            notes.append(
                "backlog \(plan.backlog), done in \(plan.backlogNights) "
                    + "night\(plan.backlogNights == 1 ? "" : "s")")
        }
        let ranges = plan.entries.compactMap(\.partition.bounds).sorted()
        for (older, newer) in zip(ranges, ranges.dropFirst()) where older.to < newer.from {
            notes.append(
                "gap: no partition takes rows from \(older.to.dateText) to \(newer.from.dateText)")
        }
        if !table.incomingForeignKeys.isEmpty, policy.then != .keep {
            let keys = table.incomingForeignKeys.joined(separator: ", ")
            notes.append(
                "foreign keys point at \(table.name) (\(keys)): no partition of it can be retired")
        }
        return notes
    }
}
