import Retention

/// What a new partition takes over from a sibling, beyond what LIKE copies.
struct TableModel {
    /// Options and tablespace, to follow CREATE TABLE (…).
    let storage: SQL
    private let statistics: [(QualifiedName) -> SQL]
    private let security: [(QualifiedName) -> SQL]
    private let grants: [Grant]
    private let owner: String
    private let replicaIdentity: String
    /// The parent's index that the sibling's identity index belongs to.
    private let identityIndex: UInt32?

    private struct Grant {
        /// Empty for PUBLIC.
        let grantee: String
        let privilege: String
        let isGrantable: Bool
        let column: String?
    }

    init(of oid: UInt32, on connection: Connection) throws {
        let row = try connection.run(
            "model.table",
            """
            SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), ts.spcname,
                c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relkind = 'r',
                (SELECT CASE c.relkind WHEN 'p' THEN x.indexrelid ELSE i.inhparent END
                    FROM pg_catalog.pg_index AS x
                    LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = x.indexrelid
                    WHERE x.indrelid = c.oid AND x.indisreplident)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_tablespace AS ts ON ts.oid = c.reltablespace
            WHERE c.oid = \(value: oid)::oid
            """
        ).one()
        owner = try row.text(2)
        replicaIdentity = try row.text(6)
        identityIndex = try row.optionalOID(8)
        var storage: SQL = ""
        let options = try row.bool(7) ? Self.options(of: oid, connection) : []
        if !options.isEmpty { storage = " WITH (\(SQL.list(options)))" }
        if let space = row.optionalText(3) {
            storage = storage + " TABLESPACE \(Identifier(space))"
        }
        self.storage = storage
        var security: [(QualifiedName) -> SQL] = []
        if try row.bool(4) {
            security.append { "ALTER TABLE \($0) ENABLE ROW LEVEL SECURITY" }
        }
        if try row.bool(5) {
            security.append { "ALTER TABLE \($0) FORCE ROW LEVEL SECURITY" }
        }
        self.security = try security + Self.policies(of: oid, connection)
        statistics = try Self.statistics(of: oid, connection)
        grants = try Self.grants(on: oid, connection)
    }

    /// Makes a new table look so; it is still nobody's partition.
    func apply(to relation: Relation, owner: String, on connection: Connection) throws {
        try handOver(relation, to: owner, on: connection)
        try copyGrants(to: relation, owner: owner, on: connection)
        for statement in statistics {
            try connection.run("premake.statistics", statement(relation.name))
        }
    }

    private func handOver(_ relation: Relation, to owner: String, on connection: Connection) throws {
        guard owner != connection.facts.user else { return }
        do {
            try connection.run(
                "premake.owner", "ALTER TABLE \(relation.name) OWNER TO \(Identifier(owner))")
        } catch let error as PostgresError where error.isPermission {
            throw Problem(
                "premake.owner", .permission,
                "\(relation.name) cannot be given to its owner \(owner): \(error.message). Nothing "
                    + "was changed.",
                hint: "GRANT \(Identifier(owner).quoted) TO "
                    + "\(Identifier(connection.facts.user).quoted); and GRANT CREATE ON SCHEMA "
                    + "\(Identifier(relation.name.schema).quoted) TO \(Identifier(owner).quoted);")
        }
    }

    /// Whatever default privileges gave away is taken back first.
    private func copyGrants(to relation: Relation, owner: String, on connection: Connection) throws {
        let given = try Self.grants(on: relation.oid, connection).map(\.grantee)
        for grantee in Set(given).sorted() where grantee != owner {
            try connection.run(
                "premake.revoke", "REVOKE ALL ON \(relation.name) FROM \(Self.role(grantee))")
        }
        for grant in grants where grant.grantee != self.owner {
            let columns: SQL = grant.column.map { " (\(Identifier($0)))" } ?? ""
            let ending: SQL = grant.isGrantable ? " WITH GRANT OPTION" : ""
            try connection.run(
                "premake.grant",
                """
                GRANT \(printed: grant.privilege)\(columns) ON \(relation.name)
                    TO \(Self.role(grant.grantee))\(ending)
                """)
        }
    }

    /// What has to wait until the table is attached, in the same transaction: loading it and
    /// checking its foreign keys are refused under forced row security, and an identity by index
    /// needs the index that ATTACH has matched.
    func applyOnceAttached(to relation: Relation, on connection: Connection) throws {
        for statement in security {
            try connection.run("premake.security", statement(relation.name))
        }
        switch replicaIdentity {
        case "f":
            try connection.run(
                "premake.identity", "ALTER TABLE \(relation.name) REPLICA IDENTITY FULL")
        case "n":
            try connection.run(
                "premake.identity", "ALTER TABLE \(relation.name) REPLICA IDENTITY NOTHING")
        case "i":
            guard let identityIndex else { return }
            let index = try connection.run(
                "premake.identity-index",
                """
                SELECT c.relname FROM pg_catalog.pg_inherits AS i
                JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.inhrelid
                JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid
                WHERE i.inhparent = \(value: identityIndex)::oid
                    AND x.indrelid = \(value: relation.oid)::oid
                """)
            guard let name = index.first?.optionalText(0) else { return }
            try connection.run(
                "premake.identity",
                "ALTER TABLE \(relation.name) REPLICA IDENTITY USING INDEX \(Identifier(name))")
        default: return
        }
    }

    private static func role(_ name: String) -> SQL {
        name.isEmpty ? "PUBLIC" : "\(Identifier(name))"
    }
}

// MARK: Reading

extension TableModel {
    /// `fillfactor = '70'`, `toast.autovacuum_enabled = 'off'`
    private static func options(of oid: UInt32, _ connection: Connection) throws -> [SQL] {
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
    private static func statistics(of oid: UInt32, _ connection: Connection) throws
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

    private static func policies(of oid: UInt32, _ connection: Connection) throws
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

    private static func grants(on oid: UInt32, _ connection: Connection) throws -> [Grant] {
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
