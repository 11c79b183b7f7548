import Retention

// What operators said: pins, holds and pauses. They are released, never deleted.
extension Ledger {
    /// All that stands for a table, the pauses of every table among it.
    public func standingOrders(of table: QualifiedName) throws -> StandingOrders {
        StandingOrders(
            holds: try holds(of: table), pins: try pins(of: table),
            pauses: try pauses().filter { $0.table.map { $0 == table } ?? true })
    }

    // MARK: Pins

    /// Those that are not released; some may have ended.
    public func pins(of table: QualifiedName) throws -> [Pin] {
        try connection.run(
            "ledger.pins",
            """
            SELECT l.id, l.relation_schema, l.relation_name, l.bounds_from, l.bounds_to, l.until
            FROM pgretain.pins AS l
            WHERE \(Self.isOf(table)) AND l.released_at IS NULL ORDER BY l.id
            """
        ).rows.map { row in
            Pin(
                id: try row.int(0), table: table, relation: try row.name(1),
                bounds: try row.bounds(3), until: try row.instant(5))
        }
    }

    @discardableResult
    public func addPin(
        table: QualifiedName, relation: QualifiedName, bounds: PartitionBounds, until: Instant
    ) throws -> Pin {
        let row = try connection.run(
            "ledger.pin",
            """
            INSERT INTO pgretain.pins (table_schema, table_name, relation_schema, relation_name,
                bounds_from, bounds_to, until)
            VALUES (\(value: table.schema), \(value: table.name), \(value: relation.schema),
                \(value: relation.name), \(value: bounds.from), \(value: bounds.to),
                \(value: until))
            RETURNING id
            """
        ).one()
        return Pin(
            id: try row.int(0), table: table, relation: relation, bounds: bounds, until: until)
    }

    /// How many were released.
    @discardableResult
    public func releasePins(_ ids: [Int64]) throws -> Int {
        try connection.run(
            "ledger.unpin",
            """
            UPDATE pgretain.pins
            SET released_at = pg_catalog.clock_timestamp(), released_by = session_user
            WHERE id = ANY (\(values: ids.map { "\($0)" })::bigint[]) AND released_at IS NULL
            RETURNING id
            """
        ).count
    }

    // MARK: Holds

    /// Those that are not released, of a table or of every one; some may have ended.
    public func holds(of table: QualifiedName?) throws -> [Hold] {
        let whose: SQL = table.map { Self.isOf($0) } ?? "true"
        return try connection.run(
            "ledger.holds",
            """
            SELECT l.id, l.bounds_from, l.bounds_to, l.reason, l.made_by, l.until, l.table_schema,
                l.table_name
            FROM pgretain.holds AS l
            WHERE \(whose) AND l.released_at IS NULL ORDER BY l.id
            """
        ).rows.map { row in
            Hold(
                id: try row.int(0),
                table: QualifiedName(schema: try row.text(6), name: try row.text(7)),
                bounds: try row.bounds(1), reason: try row.text(3), by: try row.text(4),
                until: try row.optionalInstant(5))
        }
    }

    @discardableResult
    public func addHold(
        table: QualifiedName, bounds: PartitionBounds, reason: String, until: Instant?
    ) throws -> Hold {
        let row = try connection.run(
            "ledger.hold",
            """
            INSERT INTO pgretain.holds (table_schema, table_name, bounds_from, bounds_to, reason,
                until)
            VALUES (\(value: table.schema), \(value: table.name), \(value: bounds.from),
                \(value: bounds.to), \(value: reason), \(value: until))
            RETURNING id, made_by
            """
        ).one()
        return Hold(
            id: try row.int(0), table: table, bounds: bounds, reason: reason, by: try row.text(1),
            until: until)
    }

    /// False when there is no such hold, or it was released before.
    public func releaseHold(_ id: Int64) throws -> Bool {
        try connection.run(
            "ledger.unhold",
            """
            UPDATE pgretain.holds
            SET released_at = pg_catalog.clock_timestamp(), released_by = session_user
            WHERE id = \(value: id) AND released_at IS NULL
            RETURNING id
            """
        ).count == 1
    }

    // MARK: Pauses

    /// Those that are not released; some may have ended. Without a table: of every table.
    public func pauses() throws -> [Pause] {
        try connection.run(
            "ledger.pauses",
            """
            SELECT l.table_schema, l.table_name, l.reason, l.made_by, l.until
            FROM pgretain.pauses AS l WHERE l.released_at IS NULL ORDER BY l.id
            """
        ).rows.map { row in
            Pause(
                table: row.optionalText(0) == nil ? nil : try row.name(0),
                reason: try row.text(2), by: try row.text(3), until: try row.optionalInstant(4))
        }
    }

    public func addPause(table: QualifiedName?, reason: String, until: Instant?) throws {
        try connection.run(
            "ledger.pause",
            """
            INSERT INTO pgretain.pauses (table_schema, table_name, reason, until)
            VALUES (\(value: table?.schema), \(value: table?.name), \(value: reason),
                \(value: until))
            """)
    }

    /// Releases the pauses of one table, or those of every table; how many there were.
    @discardableResult
    public func releasePauses(table: QualifiedName?) throws -> Int {
        try connection.run(
            "ledger.unpause",
            """
            UPDATE pgretain.pauses
            SET released_at = pg_catalog.clock_timestamp(), released_by = session_user
            WHERE released_at IS NULL
                AND (table_schema, table_name) IS NOT DISTINCT FROM
                    (\(value: table?.schema)::text, \(value: table?.name)::text)
            RETURNING id
            """
        ).count
    }
}
