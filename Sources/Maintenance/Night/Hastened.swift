import Retention

/// An operator's word that a quarantined table is to go before its grace is over.
public struct Hastened: Sendable {
    var bounds: PartitionBounds
    var reason: String
}

extension NightOptions {
    /// A run that does nothing but drop one quarantined table, with all that a night asks of it.
    static func hastening(
        _ bounds: PartitionBounds, reason: String, now: Instant?
    ) -> NightOptions {
        var options = NightOptions(only: .retire, now: now)
        options.hastened = Hastened(bounds: bounds, reason: reason)
        return options
    }
}

extension Orders {
    /// The night that drops a quarantined table at once: it proves the archive again, and obeys holds
    /// and pauses.
    public func night(
        dropping range: Range, of table: QualifiedName, reason: String, now: Instant?,
        interruption: Interruption, progress: ProgressSink?, host: String
    ) throws -> Night {
        let settings = try site.settings(of: table)
        let bounds = try bounds(of: range, settings.policy)
        try requireQuarantined(bounds, of: table, otherwise: "drop.missing")
        var site = site
        site.tables = [settings]
        return Night(
            site: site, options: .hastening(bounds, reason: reason, now: now),
            interruption: interruption, progress: progress, host: host)
    }
}

extension TableObservation {
    /// As though the grace of the quarantined table of a range were over.
    func hastened(_ bounds: PartitionBounds, at now: Instant) -> TableObservation {
        var seen = self
        for index in seen.quarantine.indices where seen.quarantine[index].bounds == bounds {
            if let due = seen.quarantine[index].dropAfter {
                seen.quarantine[index].dropAfter = min(due, now)
            }
        }
        return seen
    }
}

extension TablePlan {
    /// Nothing but what becomes of the quarantined table of a range.
    func only(_ bounds: PartitionBounds) -> TablePlan {
        var plan = TablePlan(table: table, then: then, isSeen: isSeen, cutoff: cutoff)
        plan.quarantine = quarantine.filter { $0.table.bounds == bounds }
        plan.problems = problems.filter { $0.id == "policy.approval" }
        for entry in plan.quarantine {
            guard case .keep(let reason) = entry.verdict, reason != .awaitingApproval else {
                continue
            }
            plan.problems.append(
                Problem(
                    "drop.stays", .brake,
                    "\(entry.table.formerName) stays: \(reason.sentence). Nothing was dropped.",
                    hint: reason == .detachedForGood
                        ? "Once then: drop is approved: pgretain reattach, pgretain restore "
                            + "--release; a night then retires it by today's policy."
                        : "pgretain plan --table \(table.description.shellWord) shows what stands "
                            + "in the way."))
        }
        if !plan.problems.isEmpty { plan.quarantine = [] }
        return plan
    }
}
