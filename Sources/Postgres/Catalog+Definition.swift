import Retention

extension Catalog {
    /// The shape of a table, enough to make it again on an empty server.
    public func definition(of oid: UInt32) throws -> TableDefinition {
        TableDefinition(
            columns: try columns(of: oid), constraints: try constraints(of: oid),
            indexes: try indexes(of: oid))
    }

    /// Types reached from the columns: through domains, arrays, composites and ranges.
    static let reachedTypes: SQL = """
        reached (attnum, type) AS (
            SELECT a.attnum, a.atttypid FROM pg_catalog.pg_attribute AS a, relation AS r
            WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
            UNION
            SELECT r.attnum, next.type
            FROM reached AS r
            JOIN pg_catalog.pg_type AS t ON t.oid = r.type
            CROSS JOIN LATERAL (
                SELECT t.typbasetype WHERE t.typtype = 'd'
                UNION ALL SELECT t.typelem WHERE t.typelem <> 0
                UNION ALL SELECT f.atttypid FROM pg_catalog.pg_attribute AS f
                    WHERE t.typtype = 'c' AND f.attrelid = t.typrelid AND f.attnum > 0
                        AND NOT f.attisdropped
                UNION ALL SELECT g.rngsubtype FROM pg_catalog.pg_range AS g
                    WHERE t.oid IN (g.rngtypid, g.rngmultitypid)
            ) AS next (type)
        )
        """

    private func columns(of oid: UInt32) throws -> [Column] {
        try connection.run(
            "catalog.columns",
            """
            WITH RECURSIVE relation AS (SELECT \(value: oid)::oid AS oid),
            \(Self.reachedTypes),
            based (attnum, type, base) AS (
                SELECT a.attnum, t.oid, t.typbasetype
                FROM pg_catalog.pg_attribute AS a
                JOIN relation AS r ON r.oid = a.attrelid
                JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                WHERE a.attnum > 0 AND NOT a.attisdropped
                UNION ALL
                SELECT b.attnum, t.oid, t.typbasetype
                FROM based AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.base
            )
            SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), b.type,
                -- From 18 on a NOT NULL may not hold yet for the rows that are there.
                NOT a.attnotnull OR EXISTS (
                    SELECT FROM pg_catalog.pg_constraint AS k
                    WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated
                        AND a.attnum = ANY (k.conkey)),
                a.attgenerated <> '', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
                CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
                CASE WHEN a.attcollation <> t.typcollation
                    THEN pg_catalog.format('%I.%I', cn.nspname, co.collname) END,
                EXISTS (
                    SELECT FROM reached AS x
                    JOIN pg_catalog.pg_type AS xt ON xt.oid = x.type
                    WHERE x.attnum = a.attnum
                        AND xt.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
                        AND (xt.typtype = 'p' AND xt.typname NOT IN ('record', '_record')
                            OR xt.typname IN (
                                'aclitem', 'pg_node_tree', 'pg_ndistinct', 'pg_dependencies',
                                'pg_mcv_list', 'pg_brin_bloom_summary',
                                'pg_brin_minmax_multi_summary', 'gtsvector',
                                'regclass', 'regcollation', 'regconfig', 'regdatabase',
                                'regdictionary', 'regnamespace', 'regoper', 'regoperator',
                                'regproc', 'regprocedure', 'regrole', 'regtype')))
            FROM pg_catalog.pg_attribute AS a
            JOIN relation AS r ON r.oid = a.attrelid
            JOIN based AS b ON b.attnum = a.attnum AND b.base = 0
            JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_attrdef AS d
                ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            LEFT JOIN pg_catalog.pg_collation AS co ON co.oid = a.attcollation
            LEFT JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
            WHERE a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum
            """
        ).rows.map { row in
            Column(
                name: try row.text(0), type: try row.text(1), baseTypeOID: try row.oid(2),
                isNullable: try row.bool(3), isGenerated: try row.bool(4),
                expression: row.optionalText(5), identity: row.optionalText(6),
                collation: row.optionalText(7), isUnreadable: try row.bool(8))
        }
    }

    private func constraints(of oid: UInt32) throws -> [ConstraintDefinition] {
        try connection.run(
            "catalog.constraints",
            """
            SELECT k.conname, k.contype, pg_catalog.pg_get_constraintdef(k.oid)
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = \(value: oid)::oid AND k.contype IN ('c', 'u', 'p', 'f', 'x')
            ORDER BY k.conname COLLATE "C"
            """
        ).rows.map { row in
            let kind: ConstraintDefinition.Kind =
                switch try row.text(1) {
                case "c": .check
                case "u": .unique
                case "p": .primaryKey
                case "f": .foreignKey
                default: .exclusion
                }
            return ConstraintDefinition(
                name: try row.text(0), kind: kind, definition: try row.text(2))
        }
    }

    private func indexes(of oid: UInt32) throws -> [IndexDefinition] {
        try connection.run(
            "catalog.indexes",
            """
            SELECT c.relname, i.indisunique, pg_catalog.pg_get_indexdef(c.oid),
                pg_catalog.format('CREATE %sINDEX %I ON %s%I.%I ',
                    CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname,
                    CASE WHEN c.relkind = 'I' THEN 'ONLY ' END, n.nspname, t.relname)
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
            WHERE i.indrelid = \(value: oid)::oid AND i.indisvalid
                AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_constraint AS k
                    WHERE k.conindid = i.indexrelid AND k.contype IN ('u', 'p', 'x'))
            ORDER BY c.relname COLLATE "C"
            """
        ).rows.map { row in
            let whole = try row.text(2)
            let beginning = try row.text(3)
            guard whole.hasPrefix(beginning) else {
                throw PostgresError.unexpected(
                    "an index definition does not begin as expected", statement: "catalog.indexes")
            }
            return IndexDefinition(
                name: try row.text(0), isUnique: try row.bool(1),
                definition: String(whole.dropFirst(beginning.count)))
        }
    }
}

extension TableDefinition {
    /// What an INSERT may name: the server makes the others itself.
    var writtenColumns: [Identifier] {
        columns.filter { !$0.isGenerated }.map { Identifier($0.name) }
    }
}
