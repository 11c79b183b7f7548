import Retention

/// Looks at who holds locks that conflict with the wanted ones.
struct LockWatch {
    struct Holder: CustomStringConvertible {
        let pid: Int64
        let application: String
        let ageMilliseconds: Int64
        /// Autovacuum steps aside for a waiter, unless it prevents a wraparound.
        let isAutovacuum: Bool

        var description: String {
            guard pid != 0 else { return "a prepared transaction" }
            if isAutovacuum { return "pid \(pid), an autovacuum that does not give way" }
            let who = application.isEmpty ? "" : " (\(application))"
            return "pid \(pid)\(who), for \(ageMilliseconds / 1000) s"
        }
    }

    private let locks: [WantedLock]
    private let connection: Connection
    /// Ages of strangers' transactions may be hidden from us: then what counts is our own watch.
    private var firstSeen: [Int64: ContinuousClock.Instant] = [:]
    private var survivals: [Int64: Int] = [:]

    init(_ locks: [WantedLock], connection: Connection) {
        self.locks = locks
        self.connection = connection
    }

    mutating func oldHolders(than milliseconds: Int) throws -> [Holder] {
        try holders().filter { !$0.isAutovacuum && $0.ageMilliseconds >= milliseconds }
    }

    /// Whether an autovacuum has outlived two attempts: it prevents a wraparound, and stays until
    /// it is done. To be asked after each attempt that failed.
    mutating func hasStubbornVacuum() throws -> Bool {
        for holder in try holders() where holder.isAutovacuum {
            survivals[holder.pid, default: 0] += 1
        }
        return survivals.values.contains { $0 >= 2 }
    }

    mutating func holders() throws -> [Holder] {
        guard !locks.isEmpty else { return [] }
        let tables = locks.flatMap { lock in lock.mode.conflicts.map { _ in "\(lock.table)" } }
        let modes = locks.flatMap(\.mode.conflicts)
        if connection.isInTransaction {
            // Else a transaction goes on seeing the activity that it saw first.
            try connection.run("lock.fresh", "SELECT pg_catalog.pg_stat_clear_snapshot()")
        }
        let result = try connection.run(
            "lock.holders",
            """
            SELECT l.pid, pg_catalog.max(a.application_name),
                (pg_catalog.date_part('epoch',
                    pg_catalog.clock_timestamp() - pg_catalog.min(a.xact_start)) * 1000)::bigint,
                pg_catalog.bool_or(a.backend_type = 'autovacuum worker')
            FROM pg_catalog.pg_locks AS l
            JOIN ROWS FROM (
                    pg_catalog.unnest(\(values: tables)::oid[]),
                    pg_catalog.unnest(\(values: modes)::text[]))
                AS w (relation, mode) ON w.relation = l.relation AND w.mode = l.mode
            LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'relation' AND l.granted
                AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
                AND l.database = (
                    SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
            GROUP BY l.pid
            ORDER BY l.pid
            """)
        let now = ContinuousClock.now
        var seen: [Int64: ContinuousClock.Instant] = [:]
        let holders = try result.rows.map { row in
            // A prepared transaction holds locks without a process.
            let pid = try row.optionalInt(0) ?? 0
            let since = firstSeen[pid] ?? now
            seen[pid] = since
            let watched = (now - since).components
            let ownWatch = watched.seconds * 1000 + watched.attoseconds / 1_000_000_000_000_000
            return Holder(
                pid: pid, application: row.optionalText(1) ?? "",
                ageMilliseconds: try row.optionalInt(2) ?? (pid == 0 ? Int64.max : ownWatch),
                isAutovacuum: row.optionalText(3) == "t")
        }
        firstSeen = seen
        return holders
    }
}
