import Retention

extension Catalog {
    /// How replicas, slots and the archiver are doing. A few milliseconds, and no lock.
    public func load() throws -> ServerLoad {
        var load = ServerLoad()
        try addReplicas(to: &load)
        load.slots = try connection.run(
            "catalog.slots",
            """
            SELECT s.slot_name,
                pg_catalog.pg_wal_lsn_diff(
                    pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::bigint
            FROM pg_catalog.pg_replication_slots AS s
            WHERE s.restart_lsn IS NOT NULL AND s.wal_status IS DISTINCT FROM 'lost'
            """
        ).rows.map { row in
            ServerLoad.Slot(name: try row.text(0), retained: ByteCount(try row.int(1)))
        }
        load.unarchivedFile = try connection.run(
            "catalog.archiver",
            """
            SELECT a.last_failed_wal
            FROM pg_catalog.pg_stat_archiver AS a
            WHERE pg_catalog.current_setting('archive_mode') <> 'off'
                AND a.last_failed_time > COALESCE(a.last_archived_time, '-infinity')
            """
        ).first?.text(0)
        return load
    }

    /// Who has replayed all there is lags by nothing, whatever was measured last. Who replays
    /// nothing at all, such as a base backup or pg_receivewal, is no replica. Without the rights
    /// of `pg_read_all_stats` (`pg_monitor` has them) all but the process is NULL.
    private func addReplicas(to load: inout ServerLoad) throws {
        let result = try connection.run(
            "catalog.replicas",
            """
            SELECT r.state IS NULL,
                COALESCE(NULLIF(r.application_name, ''), 'of pid ' || r.pid),
                CASE WHEN r.replay_lsn >= pg_catalog.pg_current_wal_lsn() THEN 0
                    ELSE pg_catalog.floor(
                        EXTRACT(epoch FROM COALESCE(r.replay_lag, '0')) * 1000000)::bigint
                END
            FROM pg_catalog.pg_stat_replication AS r
            WHERE r.state IS NULL OR (r.state <> 'backup' AND r.replay_lsn IS NOT NULL)
            """)
        for row in result.rows {
            if try row.bool(0) {
                load.hiddenReplicas += 1
            } else {
                load.replicas.append(
                    .init(name: try row.text(1), lag: Span(microseconds: try row.int(2))))
            }
        }
    }
}
