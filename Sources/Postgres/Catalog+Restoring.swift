import Retention

/// A table that rows are to be added to.
public struct AppendTarget: Equatable, Sendable {
    public let relation: Relation
    /// A plain or a partitioned table, which alone take rows as they are.
    public let isTable: Bool
    /// What it is a partition of, and so on up.
    public let ancestors: [QualifiedName]
    /// INSERT and SELECT, which is needed to read back what was added.
    public let isAllowed: Bool
}

extension Catalog {
    /// Nil where there is no relation of that name.
    public func appendTarget(_ name: QualifiedName) throws -> AppendTarget? {
        let found = try connection.run(
            "catalog.append-target",
            """
            SELECT c.oid, c.relkind IN ('r', 'p'),
                pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                    AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
                    AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = \(value: name.schema) AND c.relname = \(value: name.name)
            """)
        guard let row = found.first else { return nil }
        let oid = try row.oid(0)
        let ancestors = try connection.run(
            "catalog.ancestors",
            """
            SELECT n.nspname, c.relname
            FROM pg_catalog.pg_partition_ancestors(\(value: oid)::oid) AS a
            JOIN pg_catalog.pg_class AS c ON c.oid = a.relid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE a.relid <> \(value: oid)::oid
            """
        ).rows.map { try $0.name(0) }
        return AppendTarget(
            relation: Relation(oid: oid, name: name), isTable: try row.bool(1),
            ancestors: ancestors, isAllowed: try row.bool(2))
    }

    /// Whether there is such a schema, and whether tables may be made in it.
    public func schema(_ name: String) throws -> (exists: Bool, mayCreate: Bool) {
        let row = try connection.run(
            "catalog.schema",
            """
            SELECT pg_catalog.count(*) > 0,
                COALESCE(pg_catalog.bool_or(
                    pg_catalog.has_schema_privilege(n.oid, 'CREATE')
                        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')), false)
            FROM pg_catalog.pg_namespace AS n WHERE n.nspname = \(value: name)
            """
        ).one()
        return (try row.bool(0), try row.bool(1))
    }
}
