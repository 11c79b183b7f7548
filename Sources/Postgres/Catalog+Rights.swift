import Retention

extension Catalog {
    /// What the role may not do and would have to, each with the GRANT that helps.
    ///
    /// Who only archives needs to read; who makes, detaches or drops partitions has to be a
    /// member of their owner.
    public func missingRights(on table: PartitionedTable, premakes: Bool, then: RetentionAction)
        throws -> [Problem]
    {
        var missing = try missingReads(on: table)
        if premakes || then != .keep { missing += try missingChanges(on: table) }
        if then != .keep { missing += try missingQuarantine() }
        let user = connection.facts.user
        return missing.map { missing in
            let grantee = Identifier(missing.grantee ?? user).quoted
            return Problem(
                "table.rights", .permission,
                "The role \(user) \(missing.what), which work on \(table.name) needs. "
                    + "Nothing was done to it.",
                hint: "GRANT \(missing.grant) TO \(grantee);")
        }
    }

    private struct MissingRight {
        var what: String
        /// What stands between GRANT and TO.
        var grant: String
        /// nil: the role itself.
        var grantee: String?
    }

    private func missingReads(on table: PartitionedTable) throws -> [MissingRight] {
        let row = try connection.run(
            "catalog.rights.read",
            """
            SELECT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE'),
                COALESCE((
                    SELECT pg_catalog.string_agg(
                        pg_catalog.format('%I.%I', n.nspname, p.relname), ', '
                        ORDER BY n.nspname, p.relname)
                    FROM pg_catalog.pg_inherits AS i
                    JOIN pg_catalog.pg_class AS p ON p.oid = i.inhrelid
                    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
                    WHERE i.inhparent = c.oid
                        AND NOT pg_catalog.has_table_privilege(p.oid, 'SELECT')), '')
            FROM pg_catalog.pg_class AS c
            WHERE c.oid = \(value: table.oid)::oid
            """
        ).one()
        var missing: [MissingRight] = []
        if try !row.bool(0) {
            let schema = Identifier(table.name.schema).quoted
            missing.append(
                MissingRight(what: "may not use its schema", grant: "USAGE ON SCHEMA \(schema)"))
        }
        let unreadable = try row.text(1)
        if !unreadable.isEmpty {
            missing.append(
                MissingRight(
                    what: "may not read all partitions", grant: "SELECT ON \(unreadable)"))
        }
        return missing
    }

    private func missingChanges(on table: PartitionedTable) throws -> [MissingRight] {
        let row = try connection.run(
            "catalog.rights.change",
            """
            SELECT COALESCE((
                    SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(
                        pg_catalog.pg_get_userbyid(o.owner)), ', ')
                    FROM (
                        SELECT c.relowner AS owner
                        UNION ALL
                        SELECT p.relowner FROM pg_catalog.pg_inherits AS i
                        JOIN pg_catalog.pg_class AS p ON p.oid = i.inhrelid
                        WHERE i.inhparent = c.oid
                    ) AS o
                    WHERE NOT pg_catalog.pg_has_role(o.owner, 'USAGE')), ''),
                pg_catalog.has_schema_privilege(c.relnamespace, 'CREATE'),
                pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'CREATE')
            FROM pg_catalog.pg_class AS c
            WHERE c.oid = \(value: table.oid)::oid
            """
        ).one()
        let schema = Identifier(table.name.schema).quoted
        var missing: [MissingRight] = []
        let owners = try row.text(0)
        if !owners.isEmpty {
            missing.append(
                MissingRight(
                    what: "is no member of the owners of the table and its partitions",
                    grant: owners))
        }
        if try !row.bool(1) {
            missing.append(
                MissingRight(
                    what: "may not create tables in its schema",
                    grant: "CREATE ON SCHEMA \(schema)"))
        }
        if try !row.bool(2) {
            missing.append(
                MissingRight(
                    what: "may not give tables of its schema to their owner \(table.owner)",
                    grant: "CREATE ON SCHEMA \(schema)", grantee: table.owner))
        }
        return missing
    }

    private func missingQuarantine() throws -> [MissingRight] {
        let row = try connection.run(
            "catalog.rights.quarantine",
            """
            SELECT COALESCE(pg_catalog.bool_and(
                pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                    AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')), true)
            FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'pgretain'
            """
        ).one()
        guard try !row.bool(0) else { return [] }
        return [
            MissingRight(
                what: "may not put tables into the schema pgretain",
                grant: "USAGE, CREATE ON SCHEMA pgretain")
        ]
    }
}
