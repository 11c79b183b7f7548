import Retention

/// What a report says of one partition.
public struct PartitionMeasure: Sendable, Equatable {
    public var size: PartitionSize
    /// By the server's statistics.
    public var deadRows: Int64
    /// Somebody held it exclusively: it was not waited for, and its sizes are those of the last
    /// VACUUM or ANALYZE, without indexes and TOAST.
    public var isSkipped: Bool
}

extension Catalog {
    /// One entry a partition, by name, in one statement; what somebody holds exclusively is not
    /// waited for.
    public func measures(of table: PartitionedTable) throws -> [PartitionMeasure] {
        var attempt = 1
        while true {
            do {
                return try measures(of: table, skipping: Self.locked)
            } catch let error as PostgresError
                where error.isLockTimeout && !connection.isInTransaction
            {
                // Somebody came between the look at the locks and the table.
                attempt += 1
                if attempt > 3 { return try measures(of: table, skipping: "SELECT m.oid") }
            }
        }
    }

    /// Tables that could not be measured now, or whose indexes or TOAST could not.
    private static let locked: SQL = """
        SELECT h.relation FROM held AS h
        UNION ALL
        SELECT x.indrelid FROM pg_catalog.pg_index AS x JOIN held AS h ON h.relation = x.indexrelid
        UNION ALL
        SELECT t.oid FROM pg_catalog.pg_class AS t JOIN held AS h ON h.relation = t.reltoastrelid
        """

    private func measures(of table: PartitionedTable, skipping locked: SQL) throws
        -> [PartitionMeasure]
    {
        try connection.whileLocksAreShort {
            try connection.run(
                "catalog.measures",
                """
                WITH held (relation) AS MATERIALIZED (
                    SELECT k.relation FROM pg_catalog.pg_locks AS k
                    WHERE k.locktype = 'relation' AND k.mode = 'AccessExclusiveLock'
                        AND k.database = \(number: connection.facts.databaseOID)::oid
                        AND k.pid <> pg_catalog.pg_backend_pid())
                SELECT c.oid, n.nspname, c.relname,
                    pg_catalog.pg_get_expr(c.relpartbound, 0),
                    COALESCE(s.heap, 0), COALESCE(s.indexes, 0), COALESCE(s.toast, 0), s.estimate,
                    COALESCE(s.dead, 0), COALESCE(s.skipped, false)
                FROM (\(Self.children(of: table))) AS i
                JOIN pg_catalog.pg_class AS c ON c.oid = i.oid
                JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                CROSS JOIN LATERAL (
                    SELECT
                        pg_catalog.sum(CASE WHEN o.skipped THEN l.relpages * o.block ELSE o.main
                            + pg_catalog.pg_relation_size(l.oid, 'fsm')
                            + pg_catalog.pg_relation_size(l.oid, 'vm') END)::bigint AS heap,
                        pg_catalog.sum(CASE WHEN NOT o.skipped
                            THEN pg_catalog.pg_indexes_size(l.oid) END)::bigint AS indexes,
                        pg_catalog.sum(CASE WHEN NOT o.skipped AND l.reltoastrelid <> 0
                            THEN pg_catalog.pg_total_relation_size(l.reltoastrelid)
                            END)::bigint AS toast,
                        CASE WHEN pg_catalog.bool_and(o.rows IS NOT NULL)
                            THEN pg_catalog.sum(o.rows)::bigint END AS estimate,
                        pg_catalog.sum(pg_catalog.pg_stat_get_dead_tuples(l.oid))::bigint AS dead,
                        pg_catalog.bool_or(o.skipped) AS skipped
                    FROM (\(Self.leaves)) AS m
                    JOIN pg_catalog.pg_class AS l ON l.oid = m.oid
                    CROSS JOIN LATERAL (
                        SELECT q.skipped, q.main, q.block,
                            -- As the planner does: as dense as it was, and as long as it is.
                            CASE
                                WHEN l.reltuples < 0
                                    THEN NULLIF(pg_catalog.pg_stat_get_live_tuples(l.oid), 0)
                                WHEN q.skipped OR l.relpages = 0 THEN l.reltuples
                                ELSE l.reltuples / l.relpages * (q.main / q.block)
                            END AS rows
                        FROM (
                            SELECT p.skipped, pg_catalog.current_setting('block_size')::bigint
                                    AS block,
                                CASE WHEN NOT p.skipped
                                    THEN pg_catalog.pg_relation_size(l.oid) END AS main
                            FROM (SELECT m.oid IN (\(locked)) AS skipped OFFSET 0) AS p
                            OFFSET 0
                        ) AS q
                        -- Else each mention would measure it again.
                        OFFSET 0
                    ) AS o) AS s
                ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
                """
            ).rows.map { row in
                PartitionMeasure(
                    size: try PartitionSize(row, of: table.keyType), deadRows: try row.int(8),
                    isSkipped: try row.bool(9))
            }
        }
    }

    /// Transactions since the oldest row that is not frozen: of the table, and of the database.
    public func transactionAges(of table: PartitionedTable) throws -> (
        table: Int64, database: Int64
    ) {
        let row = try connection.run(
            "catalog.xid-ages",
            """
            SELECT
                (SELECT COALESCE(pg_catalog.max(pg_catalog.age(c.relfrozenxid)), 0)
                FROM (\(Self.children(of: table))) AS i
                JOIN pg_catalog.pg_class AS c ON c.oid = i.oid AND c.relfrozenxid <> '0'),
                (SELECT pg_catalog.age(d.datfrozenxid) FROM pg_catalog.pg_database AS d
                WHERE d.datname = pg_catalog.current_database())
            """
        ).one()
        return (try row.int(0), try row.int(1))
    }

    /// Bytes of all that is in the database; nil where that may not be asked.
    public func databaseBytes() throws -> Int64? {
        try connection.run(
            "catalog.database-bytes",
            """
            SELECT CASE WHEN pg_catalog.has_database_privilege(
                    pg_catalog.current_database(), 'CONNECT')
                THEN pg_catalog.pg_database_size(pg_catalog.current_database()) END
            """
        ).one().optionalInt(0)
    }

    /// Where the server's files are, when it runs on this machine and says so.
    public func localDataDirectory() throws -> String? {
        try connection.run(
            "catalog.data-directory",
            """
            SELECT s.setting FROM pg_catalog.pg_settings AS s
            WHERE s.name = 'data_directory' AND pg_catalog.inet_server_addr() IS NULL
            """
        ).first?.optionalText(0)
    }
}

extension Connection {
    /// From now on nothing waits longer than half a second for a lock, and no statement takes longer
    /// than half a minute.
    public func hurry() throws {
        longestWaitMilliseconds = 500
        try run("session.hurry", "SET lock_timeout = 500")
        try run("session.brief", "SET statement_timeout = 30000")
    }
}
