import Retention

/// The request log of a web application, partitioned from the start: the columns that its ORM
/// expects, and of the indexes those that its queries use.
public enum SystemLogsTable {
    /// The type of `extra_metadata`: JSON in text in older applications.
    public enum Metadata: String, Sendable, CaseIterable {
        case jsonb, text
    }

    /// Statements for psql, which change nothing where the table is there.
    public static func sql(_ name: QualifiedName, metadata: Metadata) -> String {
        let table: SQL = "\(name)"
        let indexes = indexes.map { prefix, suffix, definition in
            "CREATE INDEX IF NOT EXISTS \(Identifier(prefix + name.name + suffix).quoted)"
                + " ON \(table.text) \(definition);\n"
        }
        return """
            CREATE TABLE IF NOT EXISTS \(table.text) (
                id BIGSERIAL NOT NULL,
                level VARCHAR NOT NULL,
                component VARCHAR NOT NULL,
                action VARCHAR NOT NULL,
                message TEXT NOT NULL,
                user_id INTEGER,
                company_id INTEGER,
                request_id VARCHAR,
                session_id VARCHAR,
                http_method VARCHAR,
                http_path VARCHAR,
                http_status INTEGER,
                response_time_ms INTEGER,
                ip_address VARCHAR,
                user_agent TEXT,
                error_type VARCHAR,
                error_message TEXT,
                stack_trace TEXT,
                extra_metadata \(metadata.rawValue.uppercased()),
                deployment_version VARCHAR,
                deployment_environment VARCHAR,
                created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                PRIMARY KEY (id, created_at)
            ) PARTITION BY RANGE (created_at);

            """ + indexes.joined()
    }

    /// Names as the application looks for them, and what follows `ON table`.
    private static let indexes = [
        ("ix_", "_created_at", "(created_at)"),
        ("idx_", "_level_created", "(level, created_at DESC)"),
        ("idx_", "_component_created", "(component, created_at DESC)"),
        ("idx_", "_errors", "(error_type, created_at) WHERE error_type IS NOT NULL"),
        ("ix_", "_request_id", "(request_id)"), ("ix_", "_user_id", "(user_id)"),
        ("ix_", "_company_id", "(company_id)"),
    ]

    /// Makes the table and its indexes, all or nothing; a plain table of that name is refused.
    public static func create(
        _ name: QualifiedName, metadata: Metadata, on connection: Connection
    ) throws -> PartitionedTable {
        if try connection.catalog.relation(named: name) != nil {
            // A plain one would get the indexes, and stay plain.
            _ = try connection.catalog.partitionedTable(name, key: "created_at")
        }
        try connection.runScript("init.create", sql(name, metadata: metadata))
        return try connection.catalog.partitionedTable(name, key: "created_at")
    }
}
