/// What a run reached.
public struct Report: Equatable, Sendable, Codable {
    public static let schemaVersion = 1

    /// One thing that was done, or was not.
    public struct Entry: Equatable, Sendable, Codable {
        public enum Action: String, Sendable, Codable {
            case heal, premake, archive, copy, detach, drop, delete, expire, sample, drill
        }

        public var action: Action
        /// The partition's readable name.
        public var partition: String
        public var bounds: PartitionBounds?
        /// Rows that were archived, that a dropped table held, or that were deleted.
        public var rows: UInt64?
        /// Of the archive, compressed.
        public var archiveBytes: Int64?
        public var seconds: Double
        /// Of these, what the export took; nil where nothing was exported.
        public var exportSeconds: Double?
        /// How much of the table that export read, with its share of indexes and TOAST.
        public var tableBytes: Int64?
        /// A sentence on what was done.
        public var note: String

        public init(
            _ action: Action, _ partition: String, bounds: PartitionBounds? = nil,
            rows: UInt64? = nil, archiveBytes: Int64? = nil, seconds: Double = 0,
            exportSeconds: Double? = nil, tableBytes: Int64? = nil, note: String = ""
        ) {
            self.action = action
            self.partition = partition
            self.bounds = bounds
            self.rows = rows
            self.archiveBytes = archiveBytes
            self.seconds = seconds
            self.exportSeconds = exportSeconds
            self.tableBytes = tableBytes
            self.note = note
        }
    }

    public struct Table: Equatable, Sendable, Codable {
        public var table: QualifiedName
        public var done: [Entry]
        public var problems: [Problem]
        public var notes: [String]

        public init(table: QualifiedName) {
            self.table = table
            done = []
            problems = []
            notes = []
        }
    }

    public var run: String
    public var startedAt: Instant
    public var finishedAt: Instant
    public var tables: [Table]
    /// What concerns no single table.
    public var problems: [Problem]
    /// The signal's status, when one ended the run.
    public var interruption: ExitStatus?
    /// The last link of the ledger's chain when the run ended.
    public var ledger: LedgerLink?
    /// The server is a standby, where nothing is to be done (`on_standby: skip`).
    public var isOnStandby: Bool?
    /// What concerns no single table and is no problem; nil: nothing.
    public var notes: [String]?

    public init(run: String, startedAt: Instant) {
        self.run = run
        self.startedAt = startedAt
        finishedAt = startedAt
        tables = []
        problems = []
    }

    public var exitStatus: ExitStatus {
        if let interruption { return interruption }
        return .of((problems + tables.flatMap(\.problems)).map(\.status))
    }
}
