import Retention

extension TableModel {
    /// `fillfactor = '70'`, `toast.autovacuum_enabled = 'off'`
    static func options(of oid: UInt32, _ connection: Connection) throws -> [SQL] {
        try connection.run(
            "model.options",
            """
            SELECT o.prefix, e.option_name, e.option_value
            FROM (
                SELECT '' AS prefix, c.reloptions FROM pg_catalog.pg_class AS c
                WHERE c.oid = \(value: oid)::oid
                UNION ALL
                SELECT 'toast', t.reloptions FROM pg_catalog.pg_class AS c
                JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
                WHERE c.oid = \(value: oid)::oid
            ) AS o
            CROSS JOIN LATERAL pg_catalog.pg_options_to_table(o.reloptions) AS e
            ORDER BY 1, 2
            """
        ).rows.map { row in
            let prefix: SQL = try row.text(0).isEmpty ? "" : "toast."
            return "\(prefix)\(Identifier(try row.text(1))) = \(literal: try row.text(2))"
        }
    }

    /// Targets, and estimates of distinct values. `attoptions` may hold other entries: left out.
    static func statistics(of oid: UInt32, _ connection: Connection) throws
        -> [(QualifiedName) -> SQL]
    {
        try connection.run(
            "model.statistics",
            """
            SELECT a.attname, NULLIF(a.attstattarget, -1), e.option_name, e.option_value
            FROM pg_catalog.pg_attribute AS a
            LEFT JOIN LATERAL pg_catalog.pg_options_to_table(a.attoptions) AS e
                ON e.option_name IN ('n_distinct', 'n_distinct_inherited')
            WHERE a.attrelid = \(value: oid)::oid AND a.attnum > 0 AND NOT a.attisdropped
                AND (NULLIF(a.attstattarget, -1) IS NOT NULL OR e.option_name IS NOT NULL)
            ORDER BY a.attnum, e.option_name
            """
        ).rows.flatMap { row -> [(QualifiedName) -> SQL] in
            let column = Identifier(try row.text(0))
            var statements: [(QualifiedName) -> SQL] = []
            if let target = try row.optionalInt(1) {
                statements.append {
                    "ALTER TABLE \($0) ALTER COLUMN \(column) SET STATISTICS \(number: target)"
                }
            }
            if let name = row.optionalText(2), let value = row.optionalText(3) {
                let option: SQL = "\(Identifier(name)) = \(literal: value)"
                statements.append { "ALTER TABLE \($0) ALTER COLUMN \(column) SET (\(option))" }
            }
            return statements
        }
    }

    /// Those that no index of the parent belongs to, under names that the server chooses.
    static func ownIndexes(of oid: UInt32, _ connection: Connection) throws
        -> [(QualifiedName) -> SQL]
    {
        let inherited = Set(
            try connection.run(
                "model.inherited-indexes",
                """
                SELECT COALESCE(k.conname, c.relname)
                FROM pg_catalog.pg_index AS i
                JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = i.indexrelid
                JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                LEFT JOIN pg_catalog.pg_constraint AS k
                    ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid
                        AND k.contype IN ('u', 'p', 'x')
                WHERE i.indrelid = \(value: oid)::oid
                """
            ).rows.map { try $0.text(0) })
        let definition = try connection.catalog.definition(of: oid)
        let indexes = definition.indexes.filter { !inherited.contains($0.name) }
            .map { index -> (QualifiedName) -> SQL in
                let unique: SQL = index.isUnique ? "UNIQUE " : ""
                return { "CREATE \(unique)INDEX ON \($0) \(printed: index.definition)" }
            }
        let keys = definition.constraints
            .filter { [.unique, .primaryKey, .exclusion].contains($0.kind) }
            .filter { !inherited.contains($0.name) }
            .map { key -> (QualifiedName) -> SQL in
                { "ALTER TABLE \($0) ADD \(printed: key.definition)" }
            }
        return indexes + keys
    }

    static func policies(of oid: UInt32, _ connection: Connection) throws
        -> [(QualifiedName) -> SQL]
    {
        try connection.run(
            "model.policies",
            """
            SELECT p.polname, p.polpermissive,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                    WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                (SELECT pg_catalog.string_agg(CASE r.oid WHEN 0 THEN 'PUBLIC'
                    ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.oid)) END, ', ')
                    FROM pg_catalog.unnest(p.polroles) AS r (oid)),
                pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
            FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid = \(value: oid)::oid
            ORDER BY p.polname COLLATE "C"
            """
        ).rows.map { row in
            let name = Identifier(try row.text(0))
            let kind: SQL = try row.bool(1) ? "PERMISSIVE" : "RESTRICTIVE"
            let command = try row.text(2)
            let roles = try row.text(3)
            let using: SQL = row.optionalText(4).map { " USING (\(printed: $0))" } ?? ""
            let check: SQL = row.optionalText(5).map { " WITH CHECK (\(printed: $0))" } ?? ""
            return {
                """
                CREATE POLICY \(name) ON \($0) AS \(kind) FOR \(printed: command)
                    TO \(printed: roles)\(using)\(check)
                """
            }
        }
    }

    static func grants(on oid: UInt32, _ connection: Connection) throws -> [Grant] {
        try connection.run(
            "model.grants",
            """
            SELECT CASE x.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END,
                x.privilege_type, x.is_grantable, l.attname
            FROM (
                SELECT c.relacl, NULL::pg_catalog.name AS attname, 0 AS attnum
                FROM pg_catalog.pg_class AS c WHERE c.oid = \(value: oid)::oid
                UNION ALL
                SELECT a.attacl, a.attname, a.attnum FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = \(value: oid)::oid AND a.attnum > 0 AND NOT a.attisdropped
            ) AS l
            CROSS JOIN LATERAL pg_catalog.aclexplode(l.relacl) AS x
            ORDER BY l.attnum, 1, 2
            """
        ).rows.map { row in
            Grant(
                grantee: try row.text(0), privilege: try row.text(1),
                isGrantable: try row.bool(2), column: row.optionalText(3))
        }
    }
}
