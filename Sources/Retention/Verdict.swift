/// What becomes of a partition or a quarantined table tonight, and why.
public enum Verdict: Equatable, Sendable, Codable {
    case keep(because: Reason)
    /// The steps to take, in order.
    case retire(steps: [Step])

    /// Why something stays.
    public enum Reason: Equatable, Sendable, Codable {
        case withinRetention(until: Instant)
        /// Now falls into it.
        case current
        case future
        /// It is the newest one; a table is never left without.
        case last
        case defaultPartition
        /// MINVALUE, MAXVALUE or an infinity.
        case openBounds
        case subpartitioned
        case notAPlainTable
        /// A DETACH CONCURRENTLY of ours has not ended; healing ends it, before all else.
        case pendingDetach
        /// Somebody else began to detach it.
        case foreignPendingDetach
        case incomingForeignKeys(names: [String])
        case held(by: String, reason: String)
        case pinned(until: Instant)
        case paused(by: String, reason: String)
        /// The policy waits for `approve`.
        case awaitingApproval
        /// Its archive exists, and the policy is `then: keep`.
        case archived
        /// Others are older; `nights` from now it is its turn.
        case backlog(nights: Int)
        /// Rows have vanished from under its archive, and nobody has looked yet.
        case rowsVanished
        /// Quarantined until the grace is over.
        case grace(until: Instant)
        /// Quarantined for good: the policy said `then: detach`.
        case detachedForGood
        /// The policy was changed since the detach, and now keeps it.
        case retentionLengthened(until: Instant)
        /// Its aged periods leave one by one.
        case sliced
        /// A slice that is archived, and whose rows stay until the grace is over.
        case archivedGrace(until: Instant)
        /// A slice that is archived; deleting its rows would delete them at subscribers too.
        case published
        /// A slice that is archived; rows cannot be detached.
        case archivedSlice
        /// Rows of it that are archived are being deleted; it waits until that has ended.
        case beingDeleted
        /// Only `then: drop` deletes the rows of a rule.
        case ruleOfAMilderPolicy
        /// Its rows are in the archive of the whole period already, and leave with it.
        case archivedWhole
        /// Its rows are, at least in part, in the archive of another range, and have not left yet.
        case archivedElsewhere(in: PartitionBounds)
        /// The rows of another rule are archived and have not left yet.
        case otherRuleFirst
        /// It is published, and deletes would reach subscribers.
        case notReplicated
        /// Of an archive: the ledger does not know it.
        case notOnRecord
        /// Of an archive: its rows are in a table still, or nobody has dropped them.
        case rowsRemain
    }
}

/// One step of a retirement. What is left of the chain is always a suffix of it.
public enum Step: String, Sendable, Codable, CaseIterable {
    case export, verify, publish, detach, drop
    /// Of a slice: its rows go, and the table stays.
    case delete
    /// Of an archive: it goes, and its rows with it.
    case expire
}

extension Verdict.Reason {
    /// Whether an operator has said so.
    var isStandingOrder: Bool {
        switch self {
        case .held, .pinned, .paused: true
        default: false
        }
    }

    /// The reason as a sentence without its full stop.
    public var sentence: String {
        switch self {
        case .withinRetention(let until): "younger than the policy until \(until.dateText)"
        case .current: "holds the present"
        case .future: "made ahead"
        case .last: "the newest partition is never retired"
        case .defaultPartition: "the DEFAULT partition is never retired"
        case .openBounds: "has MINVALUE, MAXVALUE or infinity as a bound"
        case .subpartitioned: "is partitioned itself"
        case .notAPlainTable: "is not a plain table"
        case .pendingDetach: "its detach has begun; the next run ends it"
        case .foreignPendingDetach: "somebody else has begun to detach it"
        case .incomingForeignKeys(let keys):
            "foreign keys point at the table: \(keys.joined(separator: ", "))"
        case .held(let who, let reason): "held by \(who): \(reason)"
        case .pinned(let until): "restored, and pinned until \(until.dateText)"
        case .paused(let who, let reason): "paused by \(who): \(reason)"
        case .awaitingApproval: "expired; the policy waits for approval"
        case .archived: "expired and archived; the policy keeps it"
        case .backlog(let nights):
            "expired; older ones go first (in \(nights) night\(nights == 1 ? "" : "s"))"
        case .rowsVanished: "rows of its archive have vanished; both generations are kept"
        case .grace(let until): "detached; its grace ends \(until.dateText)"
        case .detachedForGood: "detached for good: by a policy that does not drop"
        case .retentionLengthened(let until):
            "detached; the policy of today keeps it until \(until.dateText)"
        case .sliced: "what ages leaves it period by period"
        case .archivedGrace(let until): "archived; its rows are deleted from \(until.dateText) on"
        case .published: "archived; it is published, and replicate_deletes is not set"
        case .archivedSlice:
            "archived; a part of a table cannot be detached, only then: drop ends it"
        case .beingDeleted: "rows of it are being deleted against their archive; that ends first"
        case .ruleOfAMilderPolicy: "rules delete rows only with then: drop"
        case .archivedWhole: "archived whole; its rows leave with their partition"
        case .archivedElsewhere(let range): "rows of it are in the archive of \(range)"
        case .otherRuleFirst: "rows of another rule are archived and leave first"
        case .notReplicated: "it is published, and replicate_deletes is not set"
        case .notOnRecord: "the ledger does not know this archive as it is"
        case .rowsRemain: "rows of its range are in a table still, or were not dropped by a night"
        }
    }
}

extension Instant {
    /// `2025-01-01`, or `2025-01-01 02:17 UTC` when it is no midnight.
    public var dateText: String {
        let civil = CivilDateTime(utc: self)
        guard civil.microseconds != 0 else { return civil.date.description }
        return "\(civil.date) \(civil.text().dropFirst(11).prefix(5)) UTC"
    }
}
