import Foundation

/// One database, one archive root and one configuration: what a night needs.
public struct Scene: Sendable {
    public let database: Database
    private let directory: TemporaryDirectory
    private let store: ObjectStoreServer?
    private let bucket: String

    /// `encoding`: the database's, where it is not UTF8. With a store the archives are in a bucket.
    public init(
        on cluster: Cluster = .shared, encoding: String? = nil, in store: ObjectStoreServer? = nil,
        bucket: String = "logs"
    ) throws {
        database = try cluster.createDatabase(encoding: encoding)
        directory = TemporaryDirectory()
        self.store = store
        self.bucket = bucket
        try FileManager.default.createDirectory(
            atPath: archives, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750])
    }

    private init(_ scene: Scene, database: Database) {
        self.database = database
        directory = scene.directory
        store = scene.store
        bucket = scene.bucket
    }

    /// The same database and the same files, seen through another server: a replica of the first.
    public func served(by cluster: Cluster) -> Scene {
        Scene(self, database: Database(cluster: cluster, name: database.name))
    }

    /// The archives' directory; for those in a bucket, what `mirror` has found there.
    public var archives: String { directory.path + "/archives" }

    /// As the configuration names it.
    public var root: String { store == nil ? archives : "s3://\(bucket)/\(database.name)" }

    /// Looks into the bucket `logs`, where the archives are in one.
    public func mirror() throws { try store?.download("\(database.name)/", to: archives) }

    public var configuration: String { directory.path + "/pgretain.yaml" }

    /// Writes the configuration: the connection, the archive root, and what is given. Without a
    /// user it is the role under test that connects; `through` are libpq keywords that replace others
    /// or join them, such as another `host`. `endpoint`: instead of the
    /// store's; `storing`: more of what stands under `s3:`.
    public func configure(
        _ tables: String, extra: String = "", user: String? = nil, through: String = "",
        endpoint: String? = nil, storing: String = "versioned: true"
    ) throws {
        let settings = store.map {
            "\ns3: { endpoint: '\(endpoint ?? $0.endpoint)', \(storing) }"
        }
        let text = """
            database: "\(database.conninfo(user: user ?? database.user)) \(through)"
            archives: \(root)\(settings ?? "")
            \(extra)
            tables:
            \(tables)
            """
        try text.write(toFile: configuration, atomically: true, encoding: .utf8)
    }

    /// A policy for one table, as YAML. `more` are lines such as `period: week`.
    public static func policy(
        _ table: String = "public.logs", key: String = "created_at", retain: String = "90 days",
        then: String = "drop", grace: String = "0 days", more: [String] = []
    ) -> String {
        let lines =
            ["  - table: '\(table.replacingOccurrences(of: "'", with: "''"))'"]
            + (["key: \(key)", "retain: \(retain)", "then: \(then)", "grace: \(grace)"] + more)
            .map { "    " + $0 }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Runs pgretain with this configuration.
    @discardableResult
    public func pgretain(_ arguments: String..., environment: [String: String] = [:]) throws
        -> Outcome
    {
        try Program.run(
            arguments + ["--config", configuration], environment: surroundings(environment))
    }

    /// An environment with the credentials that the store wants.
    public func surroundings(_ environment: [String: String]) -> [String: String] {
        store == nil ? environment : ObjectStoreServer.environment.merging(environment) { $1 }
    }

    /// Starts pgretain with this configuration, and does not wait.
    public func start(_ arguments: String..., environment: [String: String] = [:]) throws -> Running
    {
        try Program.start(
            arguments + ["--config", configuration], environment: surroundings(environment))
    }

    /// A monthly partitioned `public.logs (id, level, message, created_at)`, one partition a
    /// month, `rows` rows in each.
    public func makeLogs(from first: String = "2025-01-01", months: Int, rows: Int = 100) throws {
        try database.psql(
            """
            CREATE TABLE logs (id serial, level text NOT NULL, message text,
                created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (id, created_at))
                PARTITION BY RANGE (created_at);
            CREATE INDEX ix_logs_level ON logs (level);
            DO $$
            DECLARE f date;
            BEGIN
                FOR i IN 0..\(months - 1) LOOP
                    f := date '\(first)' + make_interval(months => i);
                    EXECUTE format('CREATE TABLE logs_%s PARTITION OF logs FOR VALUES FROM (%L) TO (%L)',
                        to_char(f, 'YYYY_MM'), f, f + interval '1 month');
                    INSERT INTO logs (level, message, created_at)
                        SELECT 'INFO', E'line "' || n || E'"\\n', f + n * interval '1 minute'
                        FROM generate_series(0, \(rows) - 1) AS n;
                END LOOP;
            END $$;
            """)
    }
}
