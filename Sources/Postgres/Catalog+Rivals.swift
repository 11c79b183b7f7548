import Retention

/// A statement that was run, and how often.
public struct CountedStatement: Equatable, Sendable {
    public var text: String
    public var calls: Int64
    public var rows: Int64
}

// Others who take rows or partitions of a table away. Only what belongs to an extension is read: a
// table or view of that name that anybody made could run anything with our rights.
extension Catalog {
    /// pg_partman, TimescaleDB and pg_cron.
    public func rivals(of table: QualifiedName) throws -> [TableHealthFacts.OtherOwner] {
        try partman(table) + timescale(table) + cron(table)
    }

    private func partman(_ table: QualifiedName) throws -> [TableHealthFacts.OtherOwner] {
        guard let settings = try partmanSettings(of: table) else { return [] }
        return [
            .init(
                who: "pg_partman",
                does: settings.retention.map { "takes partitions of \(table) away after \($0)" }
                    ?? "manages \(table) too",
                removes: settings.retention != nil)
        ]
    }

    /// What pg_partman is told about a table, where it is told anything and may be read.
    public func partmanSettings(of table: QualifiedName) throws -> PartmanSettings? {
        guard
            let config = try readable(
                "part_config", in: nil,
                columns: ["parent_table", "premake", "retention", "retention_keep_table"])
        else { return nil }
        return try connection.run(
            "catalog.partman-settings",
            """
            SELECT c.premake, c.retention, c.retention_keep_table FROM \(config) AS c
            WHERE c.parent_table = \(value: "\(table.schema).\(table.name)")
            """
        ).first.map {
            PartmanSettings(
                config: config, premake: Int(try $0.int(0)), retention: $0.optionalText(1),
                keepsTables: try $0.bool(2))
        }
    }

    private func timescale(_ table: QualifiedName) throws -> [TableHealthFacts.OtherOwner] {
        guard
            let jobs = try readable(
                "jobs", in: "timescaledb_information",
                columns: ["job_id", "proc_name", "hypertable_schema", "hypertable_name"])
        else { return [] }
        return try connection.run(
            "health.timescale",
            """
            SELECT j.job_id, j.proc_name FROM \(jobs) AS j
            WHERE j.hypertable_schema = \(value: table.schema)
                AND j.hypertable_name = \(value: table.name)
            ORDER BY j.job_id
            """
        ).rows.map { row in
            let procedure = try row.text(1)
            return .init(
                who: "TimescaleDB's job \(try row.text(0))", does: "runs \(procedure) on \(table)",
                removes: procedure == "policy_retention")
        }
    }

    private func cron(_ table: QualifiedName) throws -> [TableHealthFacts.OtherOwner] {
        guard
            let jobs = try readable(
                "job", in: "cron", columns: ["jobid", "command", "active", "database"])
        else { return [] }
        return try connection.run(
            "health.cron",
            """
            SELECT j.jobid, j.command FROM \(jobs) AS j
            WHERE j.active AND j.database = pg_catalog.current_database()
            ORDER BY j.jobid
            """
        ).rows.compactMap { row in
            let command = try row.text(1)
            guard table.isMentioned(in: command), !command.contains("pgretain") else { return nil }
            return .init(
                who: "pg_cron's job \(try row.text(0))", does: "works on \(table): \(command)",
                removes: DeleteStatement.removesFrom([table], in: command))
        }
    }

    /// Statements that delete or truncate, whatever the table, where pg_stat_statements can be read.
    public func removals() throws -> [CountedStatement] {
        guard
            let statements = try readable(
                "pg_stat_statements", in: nil, columns: ["query", "calls", "rows", "dbid"])
        else { return [] }
        return try connection.run(
            "health.statements",
            """
            SELECT pg_catalog.left(s.query, 10000), s.calls, s.rows FROM \(statements) AS s
            WHERE s.dbid = (
                    SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
                AND s.query ~* '\\m(delete|truncate)\\M' AND s.query !~* '^\\s*select'
                AND s.calls > 0
            ORDER BY s.calls DESC LIMIT 1000
            """
        ).rows.map {
            CountedStatement(text: try $0.text(0), calls: try $0.int(1), rows: try $0.int(2))
        }
    }

    /// A relation of an extension, by name, that has these columns and may be read.
    private func readable(_ name: String, in schema: String?, columns: [String]) throws
        -> QualifiedName?
    {
        try connection.run(
            "health.extension",
            """
            SELECT n.nspname, c.relname
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_depend AS d
                ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
            WHERE c.relname = \(value: name) AND c.relkind IN ('r', 'v')
                AND (\(value: schema)::text IS NULL OR n.nspname = \(value: schema)::text)
                AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
                AND NOT pg_catalog.row_security_active(c.oid)
                AND NOT EXISTS (
                    SELECT FROM pg_catalog.unnest(\(values: columns)::text[]) AS w (name)
                    WHERE NOT EXISTS (
                        SELECT FROM pg_catalog.pg_attribute AS a
                        WHERE a.attrelid = c.oid AND a.attname = w.name AND a.attnum > 0
                            AND NOT a.attisdropped))
            ORDER BY n.nspname COLLATE "C" LIMIT 1
            """
        ).first.map { try $0.name(0) }
    }
}
