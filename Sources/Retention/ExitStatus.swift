/// How the program ended, as a process exit status. Most follow sysexits.h.
public enum ExitStatus: Int32, Sendable, Codable, CaseIterable {
    /// Done, or nothing to do.
    case done = 0
    /// Some partition or table failed; the others were finished.
    case partial = 1
    /// Wrong arguments.
    case usage = 64
    /// An archive does not verify, or contents differ; nothing was dropped.
    case data = 65
    /// An archive or table that was named does not exist.
    case missing = 66
    /// The database cannot be reached, is a standby, or is not the one in the ledger.
    case unavailable = 69
    /// A bug.
    case bug = 70
    /// The archive cannot be created.
    case cannotCreate = 73
    /// Input-output error, or the disk is full.
    case inputOutput = 74
    /// Another run holds the lock, a lock was not to be had, or the server was under pressure.
    case tryLater = 75
    /// Refused by a safety brake.
    case brake = 76
    /// Permission.
    case permission = 77
    /// The configuration is wrong.
    case configuration = 78
    /// Interrupted by SIGINT; what was reached is in the report.
    case interrupted = 130
    /// Interrupted by SIGTERM; what was reached is in the report.
    case terminated = 143

    /// Worst first. `usage` and the two interruptions end a run alone and outrank everything.
    private static let worstFirst: [ExitStatus] = [
        .usage, .interrupted, .terminated,
        .bug, .data, .inputOutput, .cannotCreate, .permission, .configuration, .unavailable, .brake,
        .missing, .tryLater, .partial, .done,
    ]

    /// The one of two that a run ends with.
    public func worse(of other: ExitStatus) -> ExitStatus {
        for status in Self.worstFirst where status == self || status == other { return status }
        return .bug
    }

    /// The status of a run whose parts ended so.
    public static func of(_ parts: some Sequence<ExitStatus>) -> ExitStatus {
        parts.reduce(.done) { $0.worse(of: $1) }
    }
}
