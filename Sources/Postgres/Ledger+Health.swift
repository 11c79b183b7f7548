import Retention

/// What an archive held when it was proven.
public struct ProvenArchive: Hashable, Sendable {
    public var slice: Slice
    public var digest: ContentDigest

    public init(slice: Slice, digest: ContentDigest) {
        self.slice = slice
        self.digest = digest
    }
}

// What monitoring asks of the ledger.
extension Ledger {
    /// The last success, the last end, and a run that died.
    public func runFacts() throws -> HealthFacts.Runs {
        guard try state() != .absent else { return HealthFacts.Runs() }
        // A run that ended at a brake did all that it might; what the brake is, is told beside.
        let row = try connection.run(
            "ledger.last-success",
            """
            SELECT m.created_at, (
                SELECT pg_catalog.max(r.finished_at) FROM pgretain.runs AS r
                WHERE r.status IN (\(number: ExitStatus.done.rawValue),
                    \(number: ExitStatus.brake.rawValue)))
            FROM pgretain.meta AS m
            """
        ).one()
        return HealthFacts.Runs(
            ledgerMadeAt: try row.instant(0), lastSuccessAt: try row.optionalInstant(1),
            last: try lastEndedRun(), abandoned: try abandonedRun())
    }

    private func lastEndedRun() throws -> HealthFacts.EndedRun? {
        let found = try connection.run(
            "ledger.last-ended",
            """
            SELECT r.id, r.finished_at, r.host, r.status FROM pgretain.runs AS r
            WHERE r.finished_at IS NOT NULL AND r.status IS NOT NULL
            ORDER BY r.started_at DESC, r.id LIMIT 1
            """)
        guard let row = found.first else { return nil }
        let status = Int32(clamping: try row.int(3))
        return HealthFacts.EndedRun(
            finishedAt: try row.instant(1), host: try row.text(2), status: status,
            troubles: status == 0 ? [] : try troubles(ofRun: try row.text(0)))
    }

    private func troubles(ofRun id: String) throws -> [HealthFacts.EndedRun.Trouble] {
        try connection.run(
            "ledger.troubles",
            """
            SELECT t.of ->> 'schema', t.of ->> 'name', p.one ->> 'id', p.one ->> 'message',
                p.one ->> 'hint'
            FROM pgretain.runs AS r
            CROSS JOIN LATERAL (
                SELECT NULL::jsonb, r.report -> 'problems'
                UNION ALL
                SELECT e.entry -> 'table', e.entry -> 'problems'
                FROM pg_catalog.jsonb_path_query(r.report, '$.tables[*]') AS e (entry)
            ) AS t (of, problems)
            CROSS JOIN LATERAL pg_catalog.jsonb_path_query(t.problems, '$[*]') AS p (one)
            WHERE r.id = \(value: id)::uuid AND p.one ->> 'id' IS NOT NULL
            """
        ).rows.map { row in
            HealthFacts.EndedRun.Trouble(
                table: row.optionalText(0) == nil ? nil : try row.name(0), id: try row.text(2),
                message: row.optionalText(3) ?? "", hint: row.optionalText(4) ?? "")
        }
    }

    /// The latest run, where it has not ended and neither its first session is left nor a lock of a
    /// table.
    private func abandonedRun() throws -> HealthFacts.BegunRun? {
        try connection.run(
            "ledger.abandoned",
            """
            SELECT r.started_at, r.host
            FROM (
                SELECT l.* FROM pgretain.runs AS l ORDER BY l.started_at DESC, l.id LIMIT 1
            ) AS r
            WHERE r.finished_at IS NULL
                AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_stat_activity AS a
                    WHERE a.datname = pg_catalog.current_database()
                        AND a.pid <> pg_catalog.pg_backend_pid()
                        AND a.application_name LIKE 'pgretain%'
                        AND a.backend_start <= r.started_at)
                AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_locks AS k
                    JOIN pg_catalog.pg_database AS d ON d.oid = k.database
                    WHERE d.datname = pg_catalog.current_database()
                        AND k.locktype = 'advisory' AND k.granted
                        AND k.classid = \(value: RunLock.classID)::oid)
            """
        ).first.map { HealthFacts.BegunRun(startedAt: try $0.instant(0), host: try $0.text(1)) }
    }

    /// Every archive that was ever proven and published for a table, with each content it had, unless its
    /// own retention has ended since.
    public func provenArchives(of table: QualifiedName) throws -> Set<ProvenArchive> {
        Set(
            try connection.run(
                "ledger.proven",
                """
                SELECT DISTINCT l.archive, l.rows, l.digest FROM pgretain.ledger AS l
                WHERE \(Self.isOf(table)) AND l.kind IN ('archived', 'erased')
                    AND l.archive IS NOT NULL
                    AND l.digest IS NOT NULL AND NOT EXISTS (
                        SELECT FROM pgretain.ledger AS m
                        WHERE m.table_schema = l.table_schema AND m.table_name = l.table_name
                            AND m.archive = l.archive AND m.id > l.id
                            AND m.kind IN ('expiring', 'expired'))
                """
            ).rows.compactMap { row in
                try ContentDigest(rows: UInt64(clamping: try row.int(1)), hex: try row.text(2)).map
                {
                    ProvenArchive(slice: Slice(table: table, path: try row.text(0)), digest: $0)
                }
            })
    }

    /// Pauses of a table, and of every table, that nobody has taken back; some may have ended.
    public func pausesWithTheirAge(of table: QualifiedName) throws
        -> [TableHealthFacts.PauseInForce]
    {
        try connection.run(
            "ledger.pauses-aged",
            """
            SELECT l.table_schema, l.table_name, l.reason, l.made_by, l.until, l.made_at
            FROM pgretain.pauses AS l
            WHERE l.released_at IS NULL AND (l.table_name IS NULL OR (\(Self.isOf(table))))
            ORDER BY l.id
            """
        ).rows.map { row in
            TableHealthFacts.PauseInForce(
                pause: Pause(
                    table: row.optionalText(0) == nil ? nil : try row.name(0),
                    reason: try row.text(2), by: try row.text(3),
                    until: try row.optionalInstant(4)),
                madeAt: try row.instant(5))
        }
    }
}
