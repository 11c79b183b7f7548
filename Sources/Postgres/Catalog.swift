import Retention

/// Named reads of the system catalogue. Each takes a constant number of queries.
public struct Catalog {
    let connection: Connection

    /// The relations that hold the rows of `c`: itself, or its leaves. Looking a tree up locks all
    /// of it until the transaction ends; thousands of plain partitions would fill the lock table.
    static let leaves: SQL = """
        SELECT c.oid WHERE c.relkind <> 'p'
        UNION ALL
        SELECT t.relid FROM pg_catalog.pg_partition_tree(c.oid) AS t
        WHERE c.relkind = 'p' AND t.isleaf AND t.relid <> c.oid
        """

    // MARK: One table

    /// The table under a policy, or why it cannot be one.
    ///
    /// - Parameters:
    ///   - keyType: what the key is said to hold; nil: what its type says.
    ///   - plain: it is meant to be a plain one.
    public func partitionedTable(
        _ name: QualifiedName, key: String, keyType stated: KeyType? = nil, plain: Bool = false
    ) throws -> PartitionedTable {
        let result = try connection.run(
            "catalog.table",
            """
            SELECT c.oid, c.relkind, pg_catalog.pg_get_userbyid(c.relowner), a.attnum,
                a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod), p.partstrat,
                p.partnatts, p.partattrs[0], o.opcdefault,
                pg_catalog.pg_get_partkeydef(c.oid),
                a.attcollation = ANY (b.collations)
                    AND COALESCE(p.partcollation[0] = ANY (b.collations), true)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = c.oid AND a.attname = \(value: key)
                AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
            LEFT JOIN pg_catalog.pg_opclass AS o ON o.oid = p.partclass[0]
            CROSS JOIN LATERAL (
                SELECT ARRAY(
                    SELECT l.oid FROM pg_catalog.pg_collation AS l
                    WHERE l.collnamespace = 'pg_catalog'::pg_catalog.regnamespace
                        AND l.collname IN ('C', 'POSIX', 'ucs_basic'))
            ) AS b (collations)
            WHERE n.nspname = \(value: name.schema) AND c.relname = \(value: name.name)
            """)
        guard let row = result.first else { throw TableProblem.missing(name) }
        let kind = try row.text(1)
        guard kind == "r" || kind == "p" else { throw TableProblem.notATable(name) }
        guard let column = try row.optionalInt(3) else {
            throw TableProblem.keyMissing(name, key: key)
        }
        guard (kind == "r") == plain else {
            throw plain ? TableProblem.notPlain(name) : TableProblem.plain(name)
        }
        if !plain {
            guard try row.text(6) == "r", try row.int(7) == 1, try row.int(8) == column,
                try row.bool(9)
            else {
                throw TableProblem.keyPartitioning(name, key: key, found: try row.text(10))
            }
        }
        guard let keyType = KeyType(typeOID: try row.oid(4), stated: stated) else {
            throw TableProblem.keyType(name, key: key, type: try row.text(5), stated: stated)
        }
        if keyType == .ulid, try !row.bool(11) {
            throw TableProblem.collation(name, key: key, isPlain: plain)
        }
        // Where neither bounds nor values show a wrong type, rows would age that have not.
        if plain, !keyType.isSelfEvident {
            throw TableProblem.plain(name, key: key, keyType)
        }
        let oid = try row.oid(0)
        return PartitionedTable(
            oid: oid, name: name, key: key, keyType: keyType, owner: try row.text(2),
            incomingForeignKeys: try incomingForeignKeys(of: oid), isPlain: plain)
    }

    /// The partitions of a table, as rows `(oid, pending)`; a plain table is its own.
    static func children(of table: PartitionedTable) -> SQL {
        if table.isPlain { return "SELECT \(number: table.oid)::oid AS oid, false AS pending" }
        return """
            SELECT h.inhrelid AS oid, h.inhdetachpending AS pending
            FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = \(number: table.oid)::oid
            """
    }

    /// Foreign keys that point at the table, or directly at a partition of it.
    func incomingForeignKeys(of oid: UInt32) throws -> [String] {
        try connection.run(
            "catalog.incoming-foreign-keys",
            """
            SELECT pg_catalog.format('%I.%I.%I', n.nspname, c.relname, k.conname)
            FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE k.contype = 'f' AND k.conparentid = 0
                AND k.confrelid IN (
                    SELECT \(value: oid)::oid
                    UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i
                    WHERE i.inhparent = \(value: oid)::oid)
            ORDER BY 1
            """
        ).rows.map { try $0.text(0) }
    }

    /// Every child, by name; those whose bounds are not understood have an open extent.
    ///
    /// A table that somebody holds exclusively cannot be measured: then all sizes are those of the
    /// heap at the last VACUUM or ANALYZE.
    ///
    /// - Parameter measured: else they are that for all, which opens no table.
    public func partitions(of table: PartitionedTable, measured: Bool = true) throws
        -> [Partition]
    {
        let found = try partitions(of: table, areMeasured: measured)
        if let problem = TableProblem.unit(of: table, found)
            ?? TableProblem.identifiers(of: table, found)
        {
            throw problem
        }
        return found
    }

    private func partitions(of table: PartitionedTable, areMeasured: Bool) throws -> [Partition] {
        guard areMeasured else {
            return try partitions(of: table, sizes: Self.sizesOfLastVacuum)
        }
        do {
            return try partitions(
                of: table,
                sizes: """
                    SELECT
                        COALESCE(
                            pg_catalog.sum(pg_catalog.pg_total_relation_size(l.oid)), 0)::bigint
                            AS bytes,
                        CASE WHEN pg_catalog.min(l.reltuples) >= 0
                            THEN pg_catalog.sum(l.reltuples)::bigint END AS estimate
                    FROM (\(Self.leaves)) AS m
                    JOIN pg_catalog.pg_class AS l ON l.oid = m.oid
                    """)
        } catch let error as PostgresError
            where error.isLockTimeout && !connection.isInTransaction
        {
            return try partitions(of: table, sizes: Self.sizesOfLastVacuum)
        }
    }

    private static let sizesOfLastVacuum: SQL = """
        SELECT c.relpages * pg_catalog.current_setting('block_size')::bigint AS bytes,
            CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END AS estimate
        """

    private func partitions(of table: PartitionedTable, sizes: SQL) throws -> [Partition] {
        // Bounds name no column: without the table's OID it is not opened to print them.
        try connection.whileLocksAreShort {
            try connection.run(
                "catalog.partitions",
                """
                SELECT c.oid, n.nspname, c.relname, c.relkind,
                    pg_catalog.pg_get_expr(c.relpartbound, 0), i.pending, s.bytes, s.estimate
                FROM (\(Self.children(of: table))) AS i
                JOIN pg_catalog.pg_class AS c ON c.oid = i.oid
                JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                CROSS JOIN LATERAL (\(sizes)) AS s
                ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
                """
            ).rows.map { row in
                let bounds = row.optionalText(4) ?? ""
                let kind = try row.text(3)
                return Partition(
                    oid: try row.oid(0), name: try row.name(1),
                    extent: PartitionBoundsText.extent(bounds, of: table.keyType)
                        ?? .open(from: nil, to: nil),
                    boundsSQL: bounds, bytes: try row.int(6),
                    estimatedRows: try row.optionalInt(7), isPartitioned: kind == "p",
                    isForeign: kind != "r" && kind != "p", isDetachPending: try row.bool(5))
            }
        }
    }

    /// Every name that a table or index of a schema has.
    public func takenNames(in schema: String) throws -> Set<String> {
        let result = try connection.run(
            "catalog.names",
            """
            SELECT c.relname FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = \(value: schema)
            """)
        return Set(try result.rows.map { try $0.text(0) })
    }

    /// Whatever has a name now: a table, an index, a view.
    public func relation(named name: QualifiedName) throws -> Relation? {
        try connection.run(
            "catalog.relation",
            """
            SELECT c.oid FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = \(value: name.schema) AND c.relname = \(value: name.name)
            """
        ).first.map { Relation(oid: try $0.oid(0), name: name) }
    }

    /// Whether there is still a relation of an OID.
    public func exists(_ oid: UInt32) throws -> Bool {
        try connection.run(
            "catalog.exists",
            "SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = \(value: oid)::oid"
        ).count > 0
    }

    /// Others that manage the table's partitions, by name: `pg_partman`.
    public func otherOwners(of table: QualifiedName) throws -> [String] {
        let found = try connection.run(
            "catalog.partman",
            """
            SELECT n.nspname, pg_catalog.has_table_privilege(c.oid, 'SELECT')
                AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            FROM pg_catalog.pg_extension AS e
            JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
            JOIN pg_catalog.pg_class AS c
                ON c.relnamespace = n.oid AND c.relname = 'part_config'
            WHERE e.extname = 'pg_partman'
            """)
        guard let row = found.first else { return [] }
        guard try row.bool(1) else { return ["pg_partman (its part_config may not be read)"] }
        let config = QualifiedName(schema: try row.text(0), name: "part_config")
        let rows = try connection.run(
            "catalog.partman-config",
            """
            SELECT FROM \(config)
            WHERE parent_table = \(value: "\(table.schema).\(table.name)")
            """)
        return rows.count > 0 ? ["pg_partman"] : []
    }
}

extension Connection {
    /// Sizes open each table for an instant: behind an ACCESS EXCLUSIVE lock that is a wait, which
    /// ends after three seconds, or after what `hurry` says.
    func whileLocksAreShort<Value>(_ body: () throws -> Value) throws -> Value {
        if isInTransaction { return try body() }
        return try transaction(.readCommitted) {
            try setLocal(lockTimeout: longestWaitMilliseconds)
            return try body()
        }
    }
}
