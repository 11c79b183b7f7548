import Retention

/// What a run and a check do on a server that is a standby.
public enum OnStandby: String, Sendable, CaseIterable {
    /// It is a failure: the wrong server.
    case refuse
    /// There is nothing to do here: each host of a cluster has the same job, and one is primary.
    case skip
}

/// Where the work is done and within which limits: what the configuration says, believed.
public struct Site: Sendable {
    /// Whatever libpq understands; empty leaves it to libpq's environment.
    public var database: String
    /// From `password_command`; nil leaves it to libpq.
    public var password: String?
    /// SET ROLE after connecting.
    public var role: String?
    /// The archive root: a directory, or `s3://bucket/prefix`.
    public var archives: String
    /// Roots of stores that get each archive too.
    public var copies: [String]
    public var tables: [TableSettings]
    /// What is said of tables that are not named one by one.
    public var patterns: [PatternSettings] = []
    /// Nil until the database was asked for the tables that the patterns stand for.
    public internal(set) var matching: Matching?
    /// The one table that is wanted of them.
    var narrowing: QualifiedName?
    /// Threads that encode, compress and verify.
    public var workers: Int
    /// Partitions of a table that are archived at a time.
    public var jobs: Int
    /// NDJSON bytes a part holds, about.
    public var partBytes: Int
    /// The longest rung of the lock ladder, in milliseconds.
    public var lockTimeoutMilliseconds: Int
    public var lockAttempts: Int
    public var throttle: ThrottleSettings
    /// What monitoring is alarmed by.
    public var check = CheckSettings()
    /// Bytes that the database may come to fill; nil leaves it to the disk.
    public var capacity: ByteCount?
    /// What a run and a check do where the server is a standby.
    public var onStandby = OnStandby.refuse
    /// How often a night brings an archive back to see that it can be.
    public var drill = DrillRhythm.never
    /// How buckets are spoken to, where a store is in one.
    public var objectStores = ObjectStoreSettings()
    /// Whether the run is to end: looked at while an object store is waited for.
    public var isInterrupted: @Sendable () -> Bool = { false }
    /// Name and version, as manifests and the ledger have it.
    public var tool: String

    public init(
        database: String, password: String?, role: String?, archives: String,
        copies: [String] = [], tables: [TableSettings], workers: Int, jobs: Int, partBytes: Int,
        lockTimeoutMilliseconds: Int,
        lockAttempts: Int, throttle: ThrottleSettings, tool: String
    ) {
        self.database = database
        self.password = password
        self.role = role
        self.archives = archives
        self.copies = copies
        self.tables = tables
        self.workers = workers
        self.jobs = jobs
        self.partBytes = partBytes
        self.lockTimeoutMilliseconds = lockTimeoutMilliseconds
        self.lockAttempts = lockAttempts
        self.throttle = throttle
        self.tool = tool
    }
}

/// What the configuration says about one table.
public struct TableSettings: Sendable {
    public var policy: RetentionPolicy
    public var compression: Compression
    /// Larger partitions, with indexes and TOAST, are exported range by range.
    public var sliceOver: Int64
    /// Columns whose values get filters beside the parts, where there are such columns.
    public var searchColumns: [String]
    /// What is never written to an archive.
    public var redact: [RedactionTarget]

    public static let usualSearchColumns = ["request_id", "user_id"]

    public init(
        policy: RetentionPolicy, compression: Compression, sliceOver: Int64,
        searchColumns: [String] = usualSearchColumns, redact: [RedactionTarget] = []
    ) {
        self.policy = policy
        self.compression = compression
        self.sliceOver = sliceOver
        self.searchColumns = searchColumns
        self.redact = redact
    }
}
