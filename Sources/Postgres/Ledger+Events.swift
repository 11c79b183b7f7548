import Retention

/// An event, and who wrote it when.
public struct RecordedEvent: Equatable, Sendable, Codable {
    public var id: Int64
    public var at: Instant
    public var run: String
    public var actor: String
    public var host: String
    public var tool: String
    public var event: LedgerEvent
}

extension Ledger {
    /// Adds an event: in the current transaction where there is one.
    public func append(_ event: LedgerEvent, by run: RunIdentity) throws {
        let details = event.details.sorted { $0.key < $1.key }
        let relation = event.relation
        let added = try connection.run(
            "ledger.append",
            """
            INSERT INTO pgretain.ledger (run, host, tool, kind, table_schema, table_name,
                relation_schema, relation_name, relation_oid, bounds_from, bounds_to, bounds_sql,
                drop_after, rows, digest, archive, details)
            VALUES (\(value: run.id), \(value: run.host), \(value: run.tool),
                \(value: event.kind.rawValue), \(value: event.table.schema),
                \(value: event.table.name), \(value: relation?.schema), \(value: relation?.name),
                \(value: event.relationOID.map { "\($0)" }), \(value: event.bounds?.from),
                \(value: event.bounds?.to), \(value: event.boundsSQL), \(value: event.dropAfter),
                \(value: event.digest.map { "\($0.rows)" }), \(value: event.digest?.hex),
                \(value: event.archive),
                pg_catalog.jsonb_object(
                    \(values: details.map(\.key))::text[], \(values: details.map(\.value))::text[]))
            RETURNING id
            """)
        connection.unlinked.append(try added.one().int(0))
        if !connection.isInTransaction { linkCommitted() }
    }

    /// The details of the latest approval of a table's policy.
    public func approvedPolicy(of table: QualifiedName) throws -> [String: String]? {
        try events(
            "WHERE \(Self.isOf(table)) AND l.kind = 'approved' ORDER BY l.id DESC LIMIT 1"
        ).first?.event.details
    }

    /// Latest first.
    public func lastEvents(of table: QualifiedName, limit: Int) throws -> [RecordedEvent] {
        try events("WHERE \(Self.isOf(table)) ORDER BY l.id DESC LIMIT \(number: limit)")
    }

    /// For each range the latest event that says where its rows are: archived, dropped, or restored
    /// to their place (a table of its own that they were restored into says nothing of that).
    public func states(of table: QualifiedName) throws -> [PartitionBounds: LedgerEvent] {
        let latest = try events(
            """
            WHERE l.id IN (
                SELECT pg_catalog.max(m.id) FROM pgretain.ledger AS m
                WHERE m.table_schema = \(value: table.schema)
                    AND m.table_name = \(value: table.name)
                    AND (m.kind IN ('archived', 'dropped', 'deleting', 'deleted', 'expiring',
                            'expired')
                        OR (m.kind = 'restored' AND m.details ->> 'attached' = 'yes'))
                GROUP BY m.bounds_from, m.bounds_to)
            """)
        var states: [PartitionBounds: LedgerEvent] = [:]
        for recorded in latest {
            if let bounds = recorded.event.bounds { states[bounds] = recorded.event }
        }
        return states
    }

    /// When an archive of each range was published last: of all of its rows, or of a rule's.
    public func archivedAt(_ table: QualifiedName, rule: RowRule? = nil) throws
        -> [PartitionBounds: Instant]
    {
        try connection.run(
            "ledger.archived-at",
            """
            SELECT l.bounds_from, l.bounds_to, pg_catalog.max(l.at)
            FROM pgretain.ledger AS l
            WHERE \(Self.isOf(table)) AND l.kind = 'archived' AND l.bounds_from IS NOT NULL
                AND l.details ->> 'where' IS NOT DISTINCT FROM \(value: rule?.condition)
            GROUP BY l.bounds_from, l.bounds_to
            """
        ).rows.reduce(into: [:]) { times, row in
            times[try row.bounds(0)] = try row.instant(2)
        }
    }

    /// The ranges that a rule has been applied to.
    public func rangesDone(by rule: RowRule, in table: QualifiedName) throws
        -> Set<PartitionBounds>
    {
        Set(
            try connection.run(
                "ledger.ruled",
                """
                SELECT DISTINCT l.bounds_from, l.bounds_to FROM pgretain.ledger AS l
                WHERE \(Self.isOf(table)) AND l.kind IN ('deleted', 'purged', 'swept')
                    AND l.details ->> 'where' = \(value: rule.condition)
                """
            ).rows.map { try $0.bounds(0) })
    }

    /// Whether a relation holds rows that came out of an archive.
    public func wasRestored(_ oid: UInt32) throws -> Bool {
        try connection.run(
            "ledger.was-restored",
            """
            SELECT EXISTS (
                SELECT FROM pgretain.ledger AS l
                WHERE l.relation_oid = \(value: oid)::oid AND l.kind = 'restored')
            """
        ).one().bool(0)
    }

    /// Whether the rows of a range left a table that stayed.
    public func hasDeleted(_ bounds: PartitionBounds, from oid: UInt32) throws -> Bool {
        try connection.run(
            "ledger.has-deleted",
            """
            SELECT EXISTS (
                SELECT FROM pgretain.ledger AS l
                WHERE l.relation_oid = \(value: oid)::oid AND l.kind = 'deleted'
                    AND l.bounds_from = \(value: bounds.from)::timestamptz
                    AND l.bounds_to = \(value: bounds.to)::timestamptz)
            """
        ).one().bool(0)
    }

    /// Whether rows of an archive were added to a table before, with no condition.
    public func hasAppended(
        _ archives: [String], _ bounds: PartitionBounds, of table: QualifiedName,
        to target: QualifiedName
    ) throws -> Bool {
        try events(
            """
            WHERE \(Self.isOf(table)) AND l.kind = 'restored'
                AND l.relation_schema = \(value: target.schema)
                AND l.relation_name = \(value: target.name)
                AND l.bounds_from = \(value: bounds.from)::timestamptz
                AND l.bounds_to = \(value: bounds.to)::timestamptz
            """
        ).contains { recorded in
            let event = recorded.event
            let before = event.archive ?? event.details["archives"]
            return event.details["appended"] != nil && event.details["conditions"] == nil
                && before == archives.joined(separator: ", ")
        }
    }

    /// Whether a table is under retention, or was: by whatever configuration.
    public func isAbout(_ table: QualifiedName) throws -> Bool {
        try connection.run(
            "ledger.is-about",
            """
            SELECT EXISTS (
                SELECT FROM pgretain.ledger AS l
                WHERE \(Self.isOf(table)) AND l.kind IN ('approved', 'archived'))
            """
        ).one().bool(0)
    }

    /// Whether any archive was ever published from this database.
    public func hasArchives() throws -> Bool {
        try connection.run(
            "ledger.has-archives",
            "SELECT EXISTS (SELECT FROM pgretain.ledger AS l WHERE l.kind = 'archived')"
        ).one().bool(0)
    }

    /// Whether a store has been taken into use for copies.
    public func hasUsed(copy root: String) throws -> Bool {
        try connection.run(
            "ledger.has-used-copy",
            """
            SELECT EXISTS (
                SELECT FROM pgretain.ledger AS l
                WHERE l.kind = 'copying' AND l.details ->> 'store' = \(value: root))
            """
        ).one().bool(0)
    }

    /// Whether an archive with this content was said to be published in this place.
    public func knows(_ slice: Slice, digest: ContentDigest) throws -> Bool {
        try connection.run(
            "ledger.knows",
            """
            SELECT EXISTS (
                SELECT FROM pgretain.ledger AS l
                WHERE \(Self.isOf(slice.table)) AND l.kind IN ('archived', 'erased')
                    AND l.archive = \(value: slice.path) AND l.digest = \(value: digest.hex)
                    AND l.rows = \(value: "\(digest.rows)")::bigint)
            """
        ).one().bool(0)
    }

    /// The ledger's last word on each archive of a table: that it was published, that rows of it were
    /// erased, that its removal was begun, or that it is gone.
    public func archivesOnRecord(of table: QualifiedName) throws -> [Slice: LedgerEvent] {
        let latest = try events(
            """
            WHERE l.id IN (
                SELECT pg_catalog.max(m.id) FROM pgretain.ledger AS m
                WHERE m.table_schema = \(value: table.schema)
                    AND m.table_name = \(value: table.name) AND m.archive IS NOT NULL
                    AND m.kind IN ('archived', 'erased', 'expiring', 'expired')
                GROUP BY m.archive)
            """)
        return latest.reduce(into: [:]) { words, recorded in
            guard let path = recorded.event.archive else { return }
            words[Slice(table: table, path: path)] = recorded.event
        }
    }

    /// Older generations, by their slice and content, that an operator has looked at.
    public func acceptedArchives(of table: QualifiedName) throws -> [Slice: Set<ContentDigest>] {
        try events(
            "WHERE \(Self.isOf(table)) AND l.kind = 'accepted' AND \(Self.isOfLoss) IS NOT TRUE"
        ).reduce(into: [:]) {
            accepted, recorded in
            guard let path = recorded.event.archive, let digest = recorded.event.digest else {
                return
            }
            accepted[Slice(table: table, path: path), default: []].insert(digest)
        }
    }

    /// Archives of which an operator has said that they are lost, since they were published last.
    public func acceptedLosses(of table: QualifiedName) throws -> Set<Slice> {
        let losses = try events(
            """
            WHERE \(Self.isOf(table)) AND l.kind = 'accepted' AND \(Self.isOfLoss)
                AND NOT EXISTS (
                    SELECT FROM pgretain.ledger AS m
                    WHERE m.table_schema = l.table_schema AND m.table_name = l.table_name
                        AND m.archive = l.archive AND m.id > l.id
                        AND m.kind IN ('archived', 'erased'))
            """)
        return Set(
            losses.compactMap { recorded in
                recorded.event.archive.map { Slice(table: table, path: $0) }
            })
    }

    private static let isOfLoss: SQL = "l.details ->> 'lost' = 'yes'"

    /// The latest event of each of some relations; nothing for those without any.
    func latestEvents(
        of oids: [UInt32],
        kinds: [LedgerEvent.Kind] = [.detaching, .detached, .reattached, .dropped]
    ) throws -> [UInt32: RecordedEvent] {
        let latest = try events(
            """
            WHERE l.id IN (
                SELECT pg_catalog.max(m.id) FROM pgretain.ledger AS m
                WHERE m.relation_oid = ANY (\(values: oids.map { "\($0)" })::oid[])
                    AND m.kind = ANY (\(values: kinds.map(\.rawValue))::text[])
                GROUP BY m.relation_oid)
            """)
        var byOID: [UInt32: RecordedEvent] = [:]
        for recorded in latest {
            if let oid = recorded.event.relationOID { byOID[oid] = recorded }
        }
        return byOID
    }

    static func isOf(_ table: QualifiedName) -> SQL {
        "l.table_schema = \(value: table.schema) AND l.table_name = \(value: table.name)"
    }

    /// `ending` filters and orders `pgretain.ledger AS l`.
    func events(_ ending: SQL) throws -> [RecordedEvent] {
        let result = try connection.run(
            "ledger.events",
            """
            SELECT e.id, e.at, e.run, e.actor, e.host, e.tool, e.kind, e.table_schema,
                e.table_name, e.relation_schema, e.relation_name, e.relation_oid, e.bounds_from,
                e.bounds_to, e.bounds_sql, e.drop_after, e.rows, e.digest, e.archive, d.key,
                d.value
            FROM (SELECT l.* FROM pgretain.ledger AS l \(ending)) AS e
            LEFT JOIN LATERAL pg_catalog.jsonb_each_text(e.details) AS d ON true
            ORDER BY e.id DESC, d.key COLLATE "C"
            """)
        var events: [RecordedEvent] = []
        for row in result.rows {
            // An event that a newer program wrote means nothing to this one.
            guard let kind = LedgerEvent.Kind(rawValue: try row.text(6)) else { continue }
            let id = try row.int(0)
            if events.last?.id != id { events.append(try Self.recorded(row, id, kind)) }
            if let key = row.optionalText(19) {
                events[events.count - 1].event.details[key] = row.optionalText(20)
            }
        }
        return events
    }

    private static func recorded(_ row: QueryResult.Row, _ id: Int64, _ kind: LedgerEvent.Kind)
        throws -> RecordedEvent
    {
        var event = LedgerEvent(kind, table: try row.name(7))
        event.relation = row.optionalText(9) == nil ? nil : try row.name(9)
        event.relationOID = try row.optionalOID(11)
        event.bounds = try row.optionalBounds(12)
        event.boundsSQL = row.optionalText(14)
        event.dropAfter = try row.optionalInstant(15)
        if let rows = try row.optionalInt(16), let hex = row.optionalText(17) {
            guard let digest = ContentDigest(rows: UInt64(clamping: rows), hex: hex) else {
                throw PostgresError.unexpected(
                    "event \(id) has a digest of another form", statement: "ledger.events")
            }
            event.digest = digest
        }
        event.archive = row.optionalText(18)
        return RecordedEvent(
            id: id, at: try row.instant(1), run: try row.text(2), actor: try row.text(3),
            host: try row.text(4), tool: try row.text(5), event: event)
    }
}
