import Retention

/// One run at a time works on a table, or several that share it: an advisory lock on the table's OID,
/// held by a session.
///
/// It ends with the session; a connection that is lost has lost it.
public final class RunLock {
    public enum Mode: Sendable {
        case alone
        /// Beside others that share the table's night (`SharedNight`), and nobody else.
        case shared
    }

    /// "pgre" in ASCII.
    static let classID: Int32 = 0x7067_7265

    let connection: Connection
    private let objectID: Int32
    private let mode: Mode
    let acquiredAt: ContinuousClock.Instant
    private var isReleased = false

    /// Takes the lock, or says who has it.
    public init(on connection: Connection, table: Relation, mode: Mode = .alone) throws {
        self.connection = connection
        self.mode = mode
        objectID = Int32(bitPattern: table.oid)
        let function: SQL =
            mode == .alone ? "pg_try_advisory_lock" : "pg_try_advisory_lock_shared"
        let row = try connection.run(
            "runlock.take",
            """
            SELECT pg_catalog.\(function)(
                \(value: Self.classID)::int, \(value: objectID)::int)
            """
        ).one()
        acquiredAt = .now
        guard try row.bool(0) else {
            isReleased = true
            let holder = try Self.holder(of: table, on: connection)
            throw Problem(
                "run.locked", .tryLater,
                "Another run works on \(table.name): \(holder?.name ?? "another session"). Nothing "
                    + "was done to it.",
                hint: holder?.mode == .shared
                    ? "Let it finish; to work beside it: pgretain run --share."
                    : "Let it finish; `pgretain status` shows what it does.")
        }
    }

    /// Held without a break since it was taken.
    public var isHeld: Bool { !isReleased && !connection.isBroken }

    public func release() throws {
        guard isHeld else { return }
        isReleased = true
        let function: SQL =
            mode == .alone ? "pg_advisory_unlock" : "pg_advisory_unlock_shared"
        try connection.run(
            "runlock.release",
            """
            SELECT pg_catalog.\(function)(
                \(value: Self.classID)::int, \(value: objectID)::int)
            """)
    }

    /// Who works on a table now: `pid 4711 (pgretain: export system_logs_2025_01)`; one of them where
    /// it is shared.
    private static func holder(of table: Relation, on connection: Connection) throws
        -> (name: String, mode: Mode)?
    {
        try AdvisoryHolder.first(classID: classID, object: table.oid, on: connection)
            .map { ($0.name, $0.isShared ? .shared : .alone) }
    }
}
