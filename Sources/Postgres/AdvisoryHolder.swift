/// Another session of this database that has an advisory lock.
struct AdvisoryHolder {
    /// `pid 4711 (pgretain: export system_logs_2025_01)`
    let name: String
    let isShared: Bool

    /// Of a lock with two keys; nil where nobody else has it.
    static func first(classID: Int32, object: UInt32, on connection: Connection) throws
        -> AdvisoryHolder?
    {
        try connection.run(
            "runlock.holder",
            """
            SELECT l.pid, a.application_name, l.mode = 'ShareLock'
            FROM pg_catalog.pg_locks AS l
            LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
                AND l.classid = \(value: classID)::oid AND l.objid = \(value: object)::oid
                AND l.database = (
                    SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
                AND l.pid <> pg_catalog.pg_backend_pid()
            ORDER BY l.pid LIMIT 1
            """
        ).first.map { row in
            let name = row.optionalText(1) ?? ""
            return AdvisoryHolder(
                name: "pid \(try row.text(0))" + (name.isEmpty ? "" : " (\(name))"),
                isShared: try row.bool(2))
        }
    }
}
