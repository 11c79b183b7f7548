import Retention

/// The SQL that makes `public.system_logs`, as SQLAlchemy emits it or partitioned by month.
public struct SystemLogsDefinition {
    private let shape: SampleShape

    public init(_ shape: SampleShape) { self.shape = shape }

    /// Statements for psql.
    public var sql: String {
        var statements = shape.hasForeignKeys ? [Self.referenced] : []
        statements.append(table)
        if !shape.isPlain { statements += partitions }
        return (statements + indexes).map { $0 + ";\n" }.joined()
    }

    private static let referenced = """
        CREATE TABLE public.users (id SERIAL PRIMARY KEY);
        CREATE TABLE public.companies (id SERIAL PRIMARY KEY);
        INSERT INTO public.users SELECT generate_series(1, \(SystemLogsRows.users));
        INSERT INTO public.companies SELECT generate_series(1, \(SystemLogsRows.companies))
        """

    private var table: String {
        func reference(_ target: String) -> String {
            shape.hasForeignKeys ? " REFERENCES public.\(target) (id)" : ""
        }
        // A partition key cannot be NULL, and every unique key has to hold it.
        let created = shape.isPlain ? "" : " NOT NULL"
        let key = shape.isPlain ? "id" : "id, created_at"
        return """
            CREATE TABLE public.system_logs (
                id SERIAL NOT NULL,
                level VARCHAR NOT NULL,
                component VARCHAR NOT NULL,
                action VARCHAR NOT NULL,
                message TEXT NOT NULL,
                user_id INTEGER\(reference("users")),
                company_id INTEGER\(reference("companies")),
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
                extra_metadata \(shape.metadata.rawValue.uppercased()),
                deployment_version VARCHAR,
                deployment_environment VARCHAR,
                created_at TIMESTAMP WITH TIME ZONE DEFAULT now()\(created),
                PRIMARY KEY (\(key))
            )\(shape.isPlain ? "" : " PARTITION BY RANGE (created_at)")
            """
    }

    private var partitions: [String] {
        let months = (0..<shape.months).map { month in
            let from = shape.firstMonth.adding(months: month)
            let to = from.adding(months: 1)
            let suffix = Period.month.name(ofFirstDay: from).map { $0 == "-" ? "_" : $0 }
            return """
                CREATE TABLE public.system_logs_\(String(suffix))
                    PARTITION OF public.system_logs
                    FOR VALUES FROM ('\(from) 00:00:00+00') TO ('\(to) 00:00:00+00')
                """
        }
        guard shape.hasDefaultPartition else { return months }
        return months + [
            "CREATE TABLE public.system_logs_default PARTITION OF public.system_logs DEFAULT"
        ]
    }

    /// With the primary key, sixteen.
    private var indexes: [String] {
        let single = [
            "id", "level", "component", "action", "user_id", "company_id", "request_id",
            "session_id", "http_path", "deployment_version", "deployment_environment", "created_at",
        ].map { "CREATE INDEX ix_system_logs_\($0) ON public.system_logs (\($0))" }
        return single + [
            """
            CREATE INDEX idx_system_logs_level_created ON public.system_logs
                (level, created_at DESC)
            """,
            """
            CREATE INDEX idx_system_logs_component_created ON public.system_logs
                (component, created_at DESC)
            """,
            """
            CREATE INDEX idx_system_logs_errors ON public.system_logs
                (error_type, created_at) WHERE error_type IS NOT NULL
            """,
        ]
    }
}
