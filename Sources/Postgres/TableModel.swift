import Retention

/// What a new partition takes over from a sibling, beyond what LIKE copies.
struct TableModel {
    /// Options and tablespace, to follow CREATE TABLE (…).
    let storage: SQL
    private let statistics: [(QualifiedName) -> SQL]
    private let security: [(QualifiedName) -> SQL]
    /// Indexes and keys that the sibling has and the parent has not.
    private let ownIndexes: [(QualifiedName) -> SQL]
    private let grants: [Grant]
    private let owner: String
    private let replicaIdentity: String
    /// The parent's index that the sibling's identity index belongs to.
    private let identityIndex: UInt32?

    struct Grant {
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
        ownIndexes = try row.bool(7) ? Self.ownIndexes(of: oid, connection) : []
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

    /// For a table beside it that takes some of its rows: where policies hide rows, nobody but the
    /// owner reads it.
    func applyAside(to relation: Relation, owner: String, on connection: Connection) throws {
        guard security.isEmpty else {
            try handOver(relation, to: owner, on: connection)
            return try revokeGrants(on: relation, owner: owner, on: connection)
        }
        try apply(to: relation, owner: owner, on: connection)
    }

    /// For a table that is empty: a key that the parent cannot have, such as one without the time
    /// column, is kept by each partition for itself.
    func applyIndexes(to relation: Relation, on connection: Connection) throws {
        for statement in ownIndexes {
            try connection.run("premake.index", statement(relation.name))
        }
    }

    private func handOver(
        _ relation: Relation, to owner: String, on connection: Connection
    ) throws {
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
    private func copyGrants(
        to relation: Relation, owner: String, on connection: Connection
    ) throws {
        try revokeGrants(on: relation, owner: owner, on: connection)
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

    private func revokeGrants(
        on relation: Relation, owner: String, on connection: Connection
    ) throws {
        let given = try Self.grants(on: relation.oid, connection).map(\.grantee)
        for grantee in Set(given).sorted() where grantee != owner {
            try connection.run(
                "premake.revoke", "REVOKE ALL ON \(relation.name) FROM \(Self.role(grantee))")
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
