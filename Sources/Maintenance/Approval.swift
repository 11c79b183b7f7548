import Postgres
import Retention

/// An operator's yes to a policy.
public struct Approval: Sendable, Encodable {
    public var table: QualifiedName
    public var retain: Span
    public var then: RetentionAction
    public var rules: [RowRule]
    /// Everything wholly before this goes.
    public var cutoff: Instant
    /// What goes, oldest first; as many a night as the policy allows.
    public var partitions: [String]
    /// Whose rows leave partitions that stay, or a plain table, oldest first.
    public var periods: [String]
    public var bytes: Int64
    public var nights: Int
    /// Nil: for ever.
    public var keepArchives: Span?
    /// Archives that the ledger knows and that are older than that already.
    public var archives: [String]
    /// False where the policy removes nothing, or was approved before.
    public var isNew: Bool

    /// Shows what a policy will remove, and approves it.
    public static func approve(
        site: Site, tables: [QualifiedName], reason: String?, host: String, now: Instant?
    ) throws -> [Approval] {
        let connection = try site.connect(as: "pgretain: approve")
        try connection.ledger.prepare()
        let now = try now ?? connection.serverClock()
        let run = RunIdentity(newOn: host, tool: site.tool)
        var approvals: [(approval: Approval, policy: RetentionPolicy)] = []
        for table in tables {
            let settings = try site.settings(of: table)
            approvals.append(
                (try preview(settings, on: connection, now: now), settings.policy))
        }
        // All can be shown before any is approved.
        for (approval, policy) in approvals where approval.isNew {
            var details = ApprovedPolicy(policy).details
            details["reason"] = reason
            details["cutoff"] = approval.cutoff.description
            try connection.ledger.append(
                LedgerEvent(.approved, table: policy.table, details: details), by: run)
        }
        return approvals.map(\.approval)
    }

    private static func preview(
        _ settings: TableSettings, on connection: Connection, now: Instant
    ) throws -> Approval {
        let policy = settings.policy
        var seen = TableObservation.observe(settings, on: connection, store: nil, now: now)
        if seen.table == nil, let problem = seen.problems.first { throw problem }
        if let problem = seen.problems.first(where: { $0.id == "rule.condition" }) { throw problem }
        let isNew = policy.removes && seen.approved != ApprovedPolicy(policy)
        seen.approved = ApprovedPolicy(policy)
        let plan = Planner(maxRetire: .max).plan(Observation(now: now, tables: [seen])).tables[0]
        let leaving = plan.retirements.map(\.partition)
        let slices = plan.slices.map { "\($0.partition.name.name) \($0.bounds)" }
        let count = leaving.count + (policy.then == .drop ? slices.count : 0)
        let nights = policy.maxRetire > 0 ? (count + policy.maxRetire - 1) / policy.maxRetire : 0
        return Approval(
            table: policy.table, retain: policy.retain, then: policy.then, rules: policy.rules,
            cutoff: plan.cutoff,
            partitions: policy.then == .keep ? [] : leaving.map(\.name.name),
            periods: policy.then == .drop ? slices : [],
            bytes: policy.then == .keep ? 0 : leaving.reduce(0) { $0 + $1.bytes },
            nights: policy.then == .keep ? 0 : nights, keepArchives: policy.keepArchives,
            archives: try agedArchives(policy, on: connection, now: now), isNew: isNew)
    }

    private static func agedArchives(
        _ policy: RetentionPolicy, on connection: Connection, now: Instant
    ) throws -> [String] {
        guard let keep = policy.keepArchives else { return [] }
        let cutoff = keep.before(now, in: policy.zone)
        return try connection.ledger.archivesOnRecord(of: policy.table)
            .filter {
                $0.value.kind != .expired && ($0.value.bounds.map { $0.to <= cutoff } ?? false)
            }
            .keys.sorted().map(\.path)
    }
}
