import Postgres
import Retention

/// What a restore would read, load and need, and what stands in its way.
public struct RestorePlan: Sendable, Encodable {
    /// An archive, and what of it is read.
    public struct Archive: Sendable, Encodable {
        public var slice: Slice
        public var generation: Int
        public var bounds: PartitionBounds
        public var partsRead: Int
        public var parts: Int
        public var bytesRead: Int64
        public var bytes: Int64
        /// In the parts that are read.
        public var rows: UInt64
    }

    public enum Kind: String, Sendable, Encodable {
        case newTable = "new table"
        case append, partition
    }

    public var table: QualifiedName
    public var kind: Kind
    /// The table or partition that the rows go to.
    public var relation: QualifiedName
    public var bounds: PartitionBounds
    /// Those that no part is read of are left out.
    public var archives: [Archive]
    /// How many archives were found not to hold wanted rows, without reading any of them.
    public var archivesPassed: Int
    /// Of the range, what no archive covers.
    public var gaps: [PartitionBounds]
    /// In the parts that are read.
    public var rows: UInt64
    /// Whether all of these rows are loaded; else only those that meet the conditions.
    public var isWhole: Bool
    /// Of the rows as NDJSON: about what they take in the table at most, without indexes.
    public var spaceNeeded: Int64
    /// Beside those of a table that is there; none for a table of the archive's own shape.
    public var columns: [ColumnMatch]
    /// What is not as it was, a sentence each.
    public var notes: [String]
    /// What a restore of the same has loaded that was killed: this one would load the rest.
    public var goesOnWith: UnfinishedRestore?
    public var obstacles: [Problem]

    let sources: [RestoreSource]
    /// Nil where something stands in the way.
    var landing: Landing?
    var needsSchema: Bool

    var partsRead: Int { sources.reduce(0) { $0 + $1.parts.count } }

    private enum CodingKeys: CodingKey {
        case table, kind, relation, bounds, archives, archivesPassed, gaps, rows, isWhole
        case spaceNeeded, columns, notes, goesOnWith, obstacles
    }
}
