import Retention

extension Catalog {
    /// All that the catalogue knows to be in the way of making a plain table a partitioned one,
    /// whatever its rows are.
    public func obstacles(to table: PlainTable) throws -> [AdoptionObstacle] {
        try kinds(of: table) + keys(of: table) + parts(of: table) + strangers(to: table)
            + publications(of: table) + rights(on: table)
    }

    private func obstacle(
        _ id: String, _ message: String, cure: String,
        acceptance: AdoptionObstacle.Acceptance? = nil, status: ExitStatus = .brake
    ) -> AdoptionObstacle {
        let hint = acceptance.map { "\(cure) Or, where that is fine: --accept \($0.rawValue)" }
        return AdoptionObstacle(
            problem: Problem(
                "adopt.\(id)", status, message + " Nothing was changed, writes go on.",
                hint: hint ?? cure),
            acceptance: acceptance)
    }

    /// What kind of table it is.
    private func kinds(of table: PlainTable) throws -> [AdoptionObstacle] {
        let row = try connection.run(
            "adopt.kind",
            """
            SELECT c.relpersistence, c.reloftype <> 0,
                EXISTS (
                    SELECT FROM pg_catalog.pg_inherits AS i
                    WHERE c.oid IN (i.inhrelid, i.inhparent)),
                EXISTS (
                    SELECT FROM pg_catalog.pg_attribute AS a
                    WHERE a.attrelid = c.oid AND a.attname = \(value: table.key)
                        AND a.attgenerated <> ''),
                EXISTS (
                    SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND d.objid = c.oid AND d.deptype = 'e')
            FROM pg_catalog.pg_class AS c WHERE c.oid = \(value: table.relation.oid)::oid
            """
        ).one()
        let name = table.relation.name
        var found: [AdoptionObstacle] = []
        if try row.text(0) != "p" {
            found.append(
                obstacle(
                    "persistence", "\(name) is temporary or unlogged.",
                    cure: "ALTER TABLE \(name) SET LOGGED;"))
        }
        if try row.bool(1) {
            found.append(
                obstacle(
                    "typed", "\(name) is of a composite type (CREATE TABLE … OF).",
                    cure: "ALTER TABLE \(name) NOT OF;"))
        }
        if try row.bool(2) {
            found.append(
                obstacle(
                    "inheritance", "\(name) inherits, or is inherited from.",
                    cure: "ALTER TABLE … NO INHERIT …;"))
        }
        if try row.bool(3) {
            found.append(
                obstacle(
                    "generated-key", "\(table.key) of \(name) is a generated column.",
                    cure: "Partition by the column that it is made of."))
        }
        if try row.bool(4) {
            found.append(
                obstacle(
                    "extension", "\(name) belongs to an extension.",
                    cure: "ALTER EXTENSION … DROP TABLE \(name);"))
        }
        return found
    }

    /// Keys that a partitioned table cannot have.
    private func keys(of table: PlainTable) throws -> [AdoptionObstacle] {
        let name = table.relation.name
        var found: [AdoptionObstacle] = []
        for index in table.indexes where !index.isValid {
            found.append(
                obstacle(
                    "invalid-index", "The index \(index.name) of \(name) is not valid.",
                    cure: "DROP INDEX CONCURRENTLY or REINDEX INDEX CONCURRENTLY it."))
        }
        for index in table.indexes where index.constraint?.hasPrefix("EXCLUDE") ?? false {
            found.append(
                obstacle(
                    "exclusion", "\(name) has the exclusion constraint \(index.name).",
                    cure: "Drop it: partitioned tables have none on 15."))
        }
        for index in table.indexes where index.constraint?.contains("DEFERRABLE") ?? false {
            found.append(
                obstacle(
                    "deferrable", "The key \(index.name) of \(name) is deferrable.",
                    cure: "Make it anew without DEFERRABLE."))
        }
        let unique = table.indexes.filter { !$0.isShareable && !$0.isPrimary }
        for index in unique where !(index.constraint?.hasPrefix("EXCLUDE") ?? false) {
            found.append(
                obstacle(
                    "unique",
                    "\(index.name) keeps values unique in all of \(name) and does not have "
                        + "\(table.key) in it: a partitioned table cannot have that, each "
                        + "partition keeps it for itself.",
                    cure: "Drop it.", acceptance: .unique))
        }
        if let key = table.primaryKey, !key.holdsKey {
            if key.isReplicaIdentity {
                found.append(
                    obstacle(
                        "replica-identity", "The replica identity of \(name) is \(key.name).",
                        cure: "ALTER TABLE \(name) REPLICA IDENTITY DEFAULT;"))
            }
            if key.definition.contains(") INCLUDE (") {
                found.append(
                    obstacle(
                        "include", "The primary key \(key.name) has INCLUDE columns.",
                        cure: "Make it anew without them."))
            }
        }
        return found
    }

    private func parts(of table: PlainTable) throws -> [AdoptionObstacle] {
        let name = table.relation.name
        var found: [AdoptionObstacle] = []
        for constraint in table.constraints {
            if !constraint.isValidated {
                found.append(
                    obstacle(
                        "not-validated", "\(constraint.name) of \(name) is NOT VALID.",
                        cure: "ALTER TABLE \(name) VALIDATE CONSTRAINT "
                            + "\(Identifier(constraint.name).quoted);"))
            }
            if constraint.isLocal {
                found.append(
                    obstacle(
                        "no-inherit", "The check \(constraint.name) of \(name) is NO INHERIT.",
                        cure: "Make it anew without NO INHERIT."))
            }
        }
        for trigger in table.triggers where trigger.hasRowTables {
            found.append(
                obstacle(
                    "trigger",
                    "The trigger \(trigger.name) of \(name) sees rows as a table for each row.",
                    cure: "Make it FOR EACH STATEMENT."))
        }
        for view in table.views where !view.mayReplace {
            found.append(
                obstacle(
                    "view-owner",
                    "The view \(view.name) reads \(name), and its owner is somebody else: it would "
                        + "go on reading the old rows alone.",
                    cure: "GRANT its owner TO \(Identifier(connection.facts.user).quoted);",
                    status: .permission))
        }
        return found
    }

    /// Whatever else holds on to the table by its OID, and would hold on to the wide partition.
    private func strangers(to table: PlainTable) throws -> [AdoptionObstacle] {
        let name = table.relation.name
        var found: [AdoptionObstacle] = []
        for key in try incomingForeignKeys(of: table.relation.oid) {
            found.append(
                obstacle(
                    "foreign-key",
                    "The foreign key \(key) points at \(name), whose primary key alone will no "
                        + "longer be unique.",
                    cure: "Drop that foreign key."))
        }
        let dependents = try connection.run(
            "adopt.dependents",
            """
            WITH t AS (
                SELECT c.oid, y.oid AS row_type, y.typarray AS array_type
                FROM pg_catalog.pg_class AS c
                JOIN pg_catalog.pg_type AS y ON y.oid = c.reltype
                WHERE c.oid = \(value: table.relation.oid)::oid
            )
            SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
            FROM pg_catalog.pg_depend AS d CROSS JOIN t
            LEFT JOIN pg_catalog.pg_rewrite AS r
                ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
            LEFT JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class
            LEFT JOIN pg_catalog.pg_policy AS p
                ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
            WHERE d.deptype IN ('n', 'a') AND (
                d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = t.oid
                AND CASE
                    WHEN v.oid IS NOT NULL THEN v.relkind <> 'v'
                    WHEN p.oid IS NOT NULL THEN p.polrelid <> t.oid
                    ELSE d.classid NOT IN (
                        'pg_catalog.pg_class'::pg_catalog.regclass,
                        'pg_catalog.pg_attrdef'::pg_catalog.regclass,
                        'pg_catalog.pg_constraint'::pg_catalog.regclass,
                        'pg_catalog.pg_trigger'::pg_catalog.regclass,
                        'pg_catalog.pg_publication_rel'::pg_catalog.regclass,
                        'pg_catalog.pg_statistic_ext'::pg_catalog.regclass)
                    END
                OR d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
                    AND d.refobjid IN (t.row_type, t.array_type))
            ORDER BY 1
            """
        ).rows.map { try $0.text(0) }
        for dependent in dependents {
            found.append(
                obstacle(
                    "dependent",
                    "The \(dependent) holds on to \(name) itself: afterwards it would mean the old "
                        + "rows alone.",
                    cure: "Drop it, and make it again after the adoption."))
        }
        return found
    }

    private func publications(of table: PlainTable) throws -> [AdoptionObstacle] {
        let name = table.relation.name
        return try connection.run(
            "adopt.publications",
            """
            SELECT pg_catalog.quote_ident(p.pubname), EXISTS (
                SELECT FROM pg_catalog.pg_publication_rel AS r
                WHERE r.prpubid = p.oid AND r.prrelid = \(value: table.relation.oid)::oid)
            FROM pg_catalog.pg_publication AS p
            JOIN pg_catalog.pg_publication_tables AS l ON l.pubname = p.pubname
            WHERE NOT (p.pubviaroot AND p.puballtables)
                AND l.schemaname = \(value: name.schema) AND l.tablename = \(value: name.name)
            ORDER BY 1
            """
        ).rows.compactMap { row in
            let publication = try row.text(0)
            if try row.bool(1) {
                return obstacle(
                    "publication",
                    "The publication \(publication) names \(name): it would go on with the old "
                        + "rows alone.",
                    cure: "ALTER PUBLICATION \(publication) DROP TABLE \(name); and ADD TABLE it "
                        + "again after the adoption, with publish_via_partition_root.")
            }
            return obstacle(
                "publications",
                "The publication \(publication) has all tables: subscribers will see the changes "
                    + "of partitions under their own names.",
                cure: "ALTER PUBLICATION \(publication) SET (publish_via_partition_root);",
                acceptance: .publication)
        }
    }

    private func rights(on table: PlainTable) throws -> [AdoptionObstacle] {
        let row = try connection.run(
            "adopt.rights",
            """
            SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE'),
                pg_catalog.has_schema_privilege(c.relnamespace, 'CREATE'),
                pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'CREATE')
            FROM pg_catalog.pg_class AS c
            WHERE c.oid = \(value: table.relation.oid)::oid
            """
        ).one()
        let user = Identifier(connection.facts.user).quoted
        let owner = Identifier(table.owner).quoted
        let schema = Identifier(table.relation.name.schema).quoted
        let grants = [
            "GRANT \(owner) TO \(user);", "GRANT CREATE ON SCHEMA \(schema) TO \(user);",
            "GRANT CREATE ON SCHEMA \(schema) TO \(owner);",
        ]
        return try grants.enumerated().filter { try !row.bool(Int32($0.offset)) }.map { missing in
            obstacle(
                "rights",
                "The role \(connection.facts.user) and the owner \(table.owner) of "
                    + "\(table.relation.name) may not do what the adoption needs.",
                cure: missing.element, status: .permission)
        }
    }
}
