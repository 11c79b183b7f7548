import Retention

/// A column of a primary key, and what its index takes for equal, whatever the search path is.
struct KeyColumn {
    let name: String
    let equality: SQL
}

/// What a splitting makes in the schema `pgretain`, by the OID of the wide partition.
struct SplitNames {
    let oid: UInt32

    /// Holds the new partitions while they are filled, so that one reading fills them all.
    var staging: QualifiedName { QualifiedName(schema: "pgretain", name: "s_\(oid)") }
    /// Keys of rows that were changed; NULLs where the table was truncated.
    var notes: QualifiedName { QualifiedName(schema: "pgretain", name: "c_\(oid)") }
    private var noting: QualifiedName { QualifiedName(schema: "pgretain", name: "note_\(oid)") }

    static let check = Identifier("pgretain_split_bounds")
    private static let trigger = Identifier("pgretain_split")
    private static let truncation = Identifier("pgretain_split_truncate")

    func keyColumn(_ number: Int) -> SQL { "\(Identifier("k\(number)"))" }

    /// The table of notes, and the function that writes them for whoever changes a row, whatever
    /// their rights and their search path.
    func notebook(of table: QualifiedName, keys: [Identifier]) -> [SQL] {
        let columns = keys.enumerated().map { "\($1) AS \(keyColumn($0))" as SQL }
        func note(_ row: SQL) -> SQL {
            "INSERT INTO \(notes) VALUES (\(SQL.list(keys.map { "\(row).\($0)" })));"
        }
        let nulls = SQL.list(keys.map { _ in "NULL" })
        let body: SQL = """
            BEGIN
                IF TG_OP = 'TRUNCATE' THEN INSERT INTO \(notes) VALUES (\(nulls)); END IF;
                IF TG_OP IN ('UPDATE', 'DELETE') THEN \(note("OLD")) END IF;
                IF TG_OP IN ('UPDATE', 'INSERT') THEN \(note("NEW")) END IF;
                RETURN NULL;
            END
            """
        return [
            "CREATE TABLE \(notes) AS SELECT \(SQL.list(columns)) FROM ONLY \(table) WITH NO DATA",
            """
            CREATE FUNCTION \(noting)() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
                AS \(literal: body.text)
            """,
        ]
    }

    /// Fire for replicated changes too.
    func triggers(on table: QualifiedName) -> [SQL] {
        [
            """
            CREATE TRIGGER \(Self.trigger) AFTER INSERT OR UPDATE OR DELETE ON \(table)
                FOR EACH ROW EXECUTE FUNCTION \(noting)()
            """,
            """
            CREATE TRIGGER \(Self.truncation) AFTER TRUNCATE ON \(table)
                FOR EACH STATEMENT EXECUTE FUNCTION \(noting)()
            """,
            "ALTER TABLE \(table) ENABLE ALWAYS TRIGGER \(Self.trigger)",
            "ALTER TABLE \(table) ENABLE ALWAYS TRIGGER \(Self.truncation)",
        ]
    }

    /// Before `removal`, where the table stays.
    func unwatching(_ table: QualifiedName) -> [SQL] {
        [
            "DROP TRIGGER IF EXISTS \(Self.trigger) ON \(table)",
            "DROP TRIGGER IF EXISTS \(Self.truncation) ON \(table)",
        ]
    }

    /// Takes along the partitions that are still in it.
    var removal: [SQL] {
        [
            "DROP FUNCTION IF EXISTS \(noting)() RESTRICT",
            "DROP TABLE IF EXISTS \(notes) RESTRICT",
            "DROP TABLE IF EXISTS \(staging) RESTRICT",
        ]
    }
}

extension Connection {
    /// Takes away what splittings of a table have left that did not end well, while nobody else
    /// works on the table; which wide partitions that were.
    public func removeUnfinishedSplits(
        of table: PartitionedTable, ladder: LockLadder, by run: RunIdentity
    ) throws -> [QualifiedName] {
        try ledger.splitsUnderWay(of: table.name).map { event in
            guard let oid = event.relationOID, let name = event.relation else {
                throw PostgresError.unexpected(
                    "a splitting of no table", statement: "split.unfinished")
            }
            let names = SplitNames(oid: oid)
            let wide = try catalog.exists(oid) ? try catalog.name(of: oid) : nil
            let wanted = WantedLock(table: oid, mode: .accessExclusive)
            try ladder.climb("\(name)", wanting: wide == nil ? [] : [wanted], on: self) { rung in
                try transaction(.readCommitted) {
                    if let wide {
                        try lockPastAutovacuum(wide, rung: rung)
                        for statement in names.unwatching(wide) {
                            try self.run("split.unwatch", statement)
                        }
                    }
                    for statement in names.removal { try self.run("split.remove", statement) }
                    var event = event
                    event.kind = .unsplit
                    try ledger.append(event, by: run)
                }
            }
            return wide ?? name
        }
    }
}

extension Ledger {
    /// Splittings that have begun and not ended.
    func splitsUnderWay(of table: QualifiedName) throws -> [LedgerEvent] {
        try events(
            """
            WHERE l.kind = 'splitting' AND l.id IN (
                SELECT pg_catalog.max(m.id) FROM pgretain.ledger AS m
                WHERE m.table_schema = \(value: table.schema)
                    AND m.table_name = \(value: table.name)
                    AND m.kind IN ('splitting', 'split', 'unsplit')
                GROUP BY m.relation_oid)
            """
        ).map(\.event)
    }
}

extension Catalog {
    /// What a relation is called now.
    func name(of oid: UInt32) throws -> QualifiedName? {
        try connection.run(
            "catalog.name",
            """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid = \(value: oid)::oid
            """
        ).first.map { try $0.name(0) }
    }

    /// In the order of the key; none where there is none.
    func primaryKeyColumns(of oid: UInt32) throws -> [KeyColumn] {
        try connection.run(
            "catalog.primary-key",
            """
            SELECT a.attname, n.nspname, o.oprname
            FROM pg_catalog.pg_index AS i
            CROSS JOIN LATERAL ROWS FROM (
                pg_catalog.unnest(i.indkey), pg_catalog.unnest(i.indclass))
                WITH ORDINALITY AS k (number, class, place)
            JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = i.indrelid AND a.attnum = k.number
            JOIN pg_catalog.pg_opclass AS c ON c.oid = k.class
            JOIN pg_catalog.pg_amop AS m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
                AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
            JOIN pg_catalog.pg_operator AS o ON o.oid = m.amopopr
            JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
            WHERE i.indrelid = \(value: oid)::oid AND i.indisprimary AND i.indisvalid
                AND k.place <= i.indnkeyatts
            ORDER BY k.place
            """
        ).rows.map { row in
            let equality: SQL =
                "OPERATOR(\(Identifier(try row.text(1))).\(printed: try row.text(2)))"
            return KeyColumn(name: try row.text(0), equality: equality)
        }
    }

    /// Whether rows can be told apart by a primary key.
    public func hasPrimaryKey(_ oid: UInt32) throws -> Bool {
        try !primaryKeyColumns(of: oid).isEmpty
    }

    /// Checks that not all rows are known to meet: a table made after this one takes them at their
    /// word.
    public func unvalidatedChecks(of table: PartitionedTable) throws -> [String] {
        try connection.run(
            "split.unvalidated",
            """
            SELECT k.conname FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = \(value: table.oid)::oid AND k.contype = 'c' AND NOT k.convalidated
            ORDER BY 1
            """
        ).rows.map { try $0.text(0) }
    }

    /// The oldest key of a partition that is a time, from the year 1 on; nil where there is none.
    public func oldestKey(of partition: Partition, in table: PartitionedTable) throws -> Instant? {
        let key = Identifier(table.key)
        return try connection.run(
            "split.oldest",
            """
            SELECT pg_catalog.min(\(key))::timestamptz FROM ONLY \(partition.name)
            WHERE \(key) >= '0001-01-01'
            """
        ).one().optionalInstant(0)
    }
}
