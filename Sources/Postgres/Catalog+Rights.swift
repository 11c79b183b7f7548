import Retention

extension Catalog {
    /// What the role may not do and would have to, each with the GRANT that helps.
    public func missingRights(on table: PartitionedTable, then: RetentionAction) throws
        -> [Problem]
    {
        let row = try connection.run(
            "catalog.rights",
            """
            SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE'),
                pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
                pg_catalog.has_schema_privilege(c.relowner, n.oid, 'CREATE'),
                COALESCE((
                    SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(
                        pg_catalog.pg_get_userbyid(p.relowner)), ', ')
                    FROM pg_catalog.pg_inherits AS i
                    JOIN pg_catalog.pg_class AS p ON p.oid = i.inhrelid
                    WHERE i.inhparent = c.oid
                        AND NOT pg_catalog.pg_has_role(p.relowner, 'USAGE')), ''),
                pg_catalog.has_schema_privilege(n.oid, 'CREATE'),
                COALESCE((
                    SELECT pg_catalog.has_schema_privilege(r.oid, 'USAGE')
                        AND pg_catalog.has_schema_privilege(r.oid, 'CREATE')
                    FROM pg_catalog.pg_namespace AS r WHERE r.nspname = 'pgretain'), true)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid = \(value: table.oid)::oid
            """
        ).one()
        let user = Identifier(connection.facts.user).quoted
        let owner = Identifier(table.owner).quoted
        let schema = Identifier(table.name.schema).quoted
        var grants: [(what: String, grant: String)] = []
        if try !row.bool(0) {
            grants.append(("is no member of its owner \(table.owner)", "GRANT \(owner) TO \(user)"))
        }
        if try !row.bool(1) || !row.bool(4) {
            grants.append(
                (
                    "may not create tables in its schema",
                    "GRANT USAGE, CREATE ON SCHEMA \(schema) TO \(user)"
                ))
        } else if try !row.bool(2) {
            grants.append(
                (
                    "may not give tables of its schema to the owner \(table.owner)",
                    "GRANT CREATE ON SCHEMA \(schema) TO \(owner)"
                ))
        }
        let strangers = try row.text(3)
        if !strangers.isEmpty {
            grants.append(
                (
                    "is no member of the owners of some partitions",
                    "GRANT \(strangers) TO \(user)"
                ))
        }
        if then != .keep, try !row.bool(5) {
            grants.append(
                (
                    "may not put tables into the schema pgretain",
                    "GRANT USAGE, CREATE ON SCHEMA pgretain TO \(user)"
                ))
        }
        return grants.map { missing in
            Problem(
                "table.rights", .permission,
                "The role \(connection.facts.user) \(missing.what), which work on \(table.name) "
                    + "needs. Nothing was done to it.",
                hint: "\(missing.grant);")
        }
    }
}
