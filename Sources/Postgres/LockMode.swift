/// Table locks, and what they conflict with. (PostgreSQL manual, 13.3.1 Table-Level Locks.)
enum LockMode: Int, CaseIterable {
    case accessShare
    case rowShare
    case rowExclusive
    case shareUpdateExclusive
    case share
    case shareRowExclusive
    case exclusive
    case accessExclusive

    /// As LOCK TABLE spells it.
    var sql: SQL {
        switch self {
        case .accessShare: "ACCESS SHARE"
        case .rowShare: "ROW SHARE"
        case .rowExclusive: "ROW EXCLUSIVE"
        case .shareUpdateExclusive: "SHARE UPDATE EXCLUSIVE"
        case .share: "SHARE"
        case .shareRowExclusive: "SHARE ROW EXCLUSIVE"
        case .exclusive: "EXCLUSIVE"
        case .accessExclusive: "ACCESS EXCLUSIVE"
        }
    }

    /// As `pg_locks` spells it.
    private var catalogName: String {
        switch self {
        case .accessShare: "AccessShareLock"
        case .rowShare: "RowShareLock"
        case .rowExclusive: "RowExclusiveLock"
        case .shareUpdateExclusive: "ShareUpdateExclusiveLock"
        case .share: "ShareLock"
        case .shareRowExclusive: "ShareRowExclusiveLock"
        case .exclusive: "ExclusiveLock"
        case .accessExclusive: "AccessExclusiveLock"
        }
    }

    /// The modes that others may not hold meanwhile, as `pg_locks` spells them.
    var conflicts: [String] { conflictingModes.map(\.catalogName) }

    var conflictingModes: [LockMode] { Self.allCases.filter { conflicts(with: $0) } }

    private func conflicts(with other: LockMode) -> Bool {
        switch self {
        case .accessShare: other == .accessExclusive
        case .rowShare: other >= .exclusive
        case .rowExclusive: other >= .share
        case .shareUpdateExclusive: other >= .shareUpdateExclusive
        case .share: other >= .rowExclusive && other != .share
        case .shareRowExclusive: other >= .rowExclusive
        case .exclusive: other >= .rowShare
        case .accessExclusive: true
        }
    }
}

extension LockMode: Comparable {
    static func < (a: LockMode, b: LockMode) -> Bool { a.rawValue < b.rawValue }
}

/// A lock that a step is about to want.
struct WantedLock {
    let table: UInt32
    let mode: LockMode
}
