import Retention

/// One run at a time works on a table: an advisory lock on the table's OID, held by a session.
///
/// It ends with the session; a connection that is lost has lost it.
public final class RunLock {
    /// "pgre" in ASCII.
    static let classID: Int32 = 0x7067_7265

    let connection: Connection
    private let objectID: Int32
    let acquiredAt: ContinuousClock.Instant
    private var isReleased = false

    /// Takes the lock, or says who has it.
    public init(on connection: Connection, table: Relation) throws {
        self.connection = connection
        objectID = Int32(bitPattern: table.oid)
        let row = try connection.run(
            "runlock.take",
            """
            SELECT pg_catalog.pg_try_advisory_lock(
                \(value: Self.classID)::int, \(value: objectID)::int)
            """
        ).one()
        acquiredAt = .now
        guard try row.bool(0) else {
            isReleased = true
            let holder = try Self.holder(of: table, on: connection) ?? "another session"
            throw Problem(
                "run.locked", .tryLater,
                "Another run works on \(table.name): \(holder). Nothing was done to it.",
                hint: "Let it finish; `pgretain status` shows what it does.")
        }
    }

    /// Held without a break since it was taken.
    public var isHeld: Bool { !isReleased && !connection.isBroken }

    public func release() throws {
        guard isHeld else { return }
        isReleased = true
        try connection.run(
            "runlock.release",
            """
            SELECT pg_catalog.pg_advisory_unlock(
                \(value: Self.classID)::int, \(value: objectID)::int)
            """)
    }

    /// Who works on a table now: `pid 4711 (pgretain: export system_logs_2025_01)`.
    public static func holder(of table: Relation, on connection: Connection) throws
        -> String?
    {
        let result = try connection.run(
            "runlock.holder",
            """
            SELECT l.pid, a.application_name
            FROM pg_catalog.pg_locks AS l
            LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
                AND l.classid = \(value: classID)::oid AND l.objid = \(value: table.oid)::oid
                AND l.database = (
                    SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
                AND l.pid <> pg_catalog.pg_backend_pid()
            """)
        return try result.first.map { row in
            let name = row.optionalText(1) ?? ""
            return "pid \(try row.text(0))" + (name.isEmpty ? "" : " (\(name))")
        }
    }
}
