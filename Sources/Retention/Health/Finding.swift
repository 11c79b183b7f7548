/// Something that monitoring has to know: how bad it is, what it is, and what to do next.
public struct Finding: Equatable, Sendable, Codable {
    /// Which kind; each has a section in docs/runbook.md.
    public enum ID: String, Sendable, Codable, CaseIterable {
        case premakeCurrent = "premake.current"
        case premakeHeadroom = "premake.headroom"
        case premakeBlocked = "premake.blocked"
        case runsMissed = "runs.missed"
        case runFailed = "run.failed"
        case runUnfinished = "run.unfinished"
        case archiveLost = "archive.lost"
        case archiveDamaged = "archive.damaged"
        case archiveUnverified = "archive.unverified"
        case archiveUncopied = "archive.uncopied"
        case archiveVanished = "archive.vanished"
        case drillFailed = "drill.failed"
        case drillOverdue = "drill.overdue"
        case restoreUnfinished = "restore.unfinished"
        case storeStranger = "store.stranger"
        case storeUnusable = "store.unusable"
        case storeFull = "store.full"
        case storeSameDisk = "store.same-disk"
        case quarantineOverdue = "quarantine.overdue"
        case defaultRows = "default.rows"
        case sequenceHeadroom = "sequence.headroom"
        case ownerOther = "owner.other"
        case policyApproval = "policy.approval"
        case policyProblem = "policy.problem"
        case matchEmpty = "match.empty"
        case matchPlain = "match.plain"
        case matchAmbiguous = "match.ambiguous"
        case orderPaused = "order.paused"
        case orderHeld = "order.held"
        case retireBacklog = "retire.backlog"
        case detachPending = "detach.pending"
        case tableUnseen = "table.unseen"
        case checkSkipped = "check.skipped"
        case checkFailed = "check.failed"
        case checkTimeout = "check.timeout"
    }

    public var id: ID
    public var severity: Severity
    /// Nil: it is about no single table.
    public var table: QualifiedName?
    /// One sentence, with names and numbers.
    public var message: String
    /// The next command or action.
    public var hint: String

    public init(
        _ id: ID, _ severity: Severity, table: QualifiedName? = nil, _ message: String, hint: String
    ) {
        self.id = id
        self.severity = severity
        self.table = table
        self.message = message
        self.hint = hint
    }
}

/// How bad a finding is; worse ones are greater.
public enum Severity: String, Sendable, Codable, CaseIterable, Comparable {
    /// To know, and not to act upon.
    case info
    case warning
    /// Nothing is known, which may be as bad as anything; but what is known to be bad outranks it.
    case unknown
    case critical

    public static func < (a: Severity, b: Severity) -> Bool {
        allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
}
