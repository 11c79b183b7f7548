/// What an archive claims: the commit record of one `[from, to)` slice of one table.
///
/// The file's form, byte for byte, is fixed by `docs/archive-format.md`.
public struct Manifest: Equatable, Sendable, Codable {
    /// The latest format that is read.
    public static let currentFormat = 2

    /// The format of an archive: 2 where its key holds what a reader of format 1 would not know to be
    /// time.
    public static func format(keyType: KeyType) -> Int { keyType.isEncoded ? 2 : 1 }

    public struct Relation: Equatable, Sendable, Codable {
        public var name: QualifiedName
        public var oid: UInt32

        public init(name: QualifiedName, oid: UInt32) {
            self.name = name
            self.oid = oid
        }
    }

    /// One gzip file of whole lines.
    public struct Part: Hashable, Sendable, Codable {
        /// The file's name in the archive's directory: `part-00000.ndjson.gz`.
        public var file: String
        /// The file's size in bytes.
        public var bytes: Int64
        /// Of the file, 64 lower-case hexadecimal digits.
        public var sha256: String
        /// The size in bytes once inflated.
        public var ndjsonBytes: Int64
        public var digest: ContentDigest
        /// Smallest and largest key, nil when every key is NULL or infinite.
        public var smallestKey: Instant?
        public var largestKey: Instant?

        public init(
            file: String, bytes: Int64, sha256: String, ndjsonBytes: Int64,
            digest: ContentDigest, smallestKey: Instant?, largestKey: Instant?
        ) {
            self.file = file
            self.bytes = bytes
            self.sha256 = sha256
            self.ndjsonBytes = ndjsonBytes
            self.digest = digest
            self.smallestKey = smallestKey
            self.largestKey = largestKey
        }
    }

    /// Where the rows came from.
    public struct Origin: Equatable, Sendable, Codable {
        /// `server_version`, such as `15.8 (Debian 15.8-0+deb12u1)`.
        public var serverVersion: String
        /// The database's encoding, such as `UTF8`.
        public var encoding: String
        /// From `pg_control_system()`, as decimal digits; empty where it may not be read.
        public var systemIdentifier: String
        public var database: String

        public init(
            serverVersion: String, encoding: String, systemIdentifier: String, database: String
        ) {
            self.serverVersion = serverVersion
            self.encoding = encoding
            self.systemIdentifier = systemIdentifier
            self.database = database
        }
    }

    /// Rows that were taken out of the archive after it was made.
    public struct Erasure: Equatable, Sendable, Codable {
        public var rows: UInt64
        public var at: Instant

        public init(rows: UInt64, at: Instant) {
            self.rows = rows
            self.at = at
        }
    }

    public var format: Int
    /// `pgretain 0.1.0`
    public var tool: String
    /// Counts the archives that this slice has had, from 1.
    public var generation: Int
    public var table: Relation
    public var partition: Relation
    public var key: String
    public var keyType: KeyType
    public var bounds: PartitionBounds
    /// Of what the archive holds: without what was redacted or erased.
    public var digest: ContentDigest
    public var parts: [Part]
    /// Parts before this one hold rows that earlier generations archived and whose table is gone;
    /// from it on they hold the rows of `partition`.
    public var firstOwnPart: Int
    public var definition: TableDefinition
    /// How each column is written, in column order: the names of `docs/archive-format.md`.
    public var encodings: [String]
    public var origin: Origin
    /// When the snapshot was taken, by the server's clock.
    public var exportedAt: Instant
    public var warnings: [String]
    /// What its rows had in the table and have not in the archive.
    public var redacted: [RedactedValue]
    /// In order.
    public var erased: [Erasure]

    public init(
        format: Int? = nil, tool: String, generation: Int, table: Relation,
        partition: Relation, key: String, keyType: KeyType, bounds: PartitionBounds,
        digest: ContentDigest, parts: [Part], definition: TableDefinition, encodings: [String],
        origin: Origin, exportedAt: Instant, warnings: [String], firstOwnPart: Int = 0,
        redacted: [RedactedValue] = [], erased: [Erasure] = []
    ) {
        self.format = format ?? Self.format(keyType: keyType)
        self.tool = tool
        self.generation = generation
        self.table = table
        self.partition = partition
        self.key = key
        self.keyType = keyType
        self.bounds = bounds
        self.digest = digest
        self.parts = parts
        self.firstOwnPart = firstOwnPart
        self.definition = definition
        self.encodings = encodings
        self.origin = origin
        self.exportedAt = exportedAt
        self.warnings = warnings
        self.redacted = redacted
        self.erased = erased
    }

    /// The rows of `partition` alone, without those of earlier generations.
    public var ownDigest: ContentDigest {
        var digest = ContentDigest()
        for part in parts.dropFirst(firstOwnPart) { digest.add(part.digest) }
        return digest
    }

    /// How many rows were erased since an older generation; none where it is not one of the same
    /// archive.
    public func rowsErased(since older: Manifest) -> UInt64 {
        guard erased.starts(with: older.erased) else { return 0 }
        return erased.dropFirst(older.erased.count).reduce(0) { $0 + $1.rows }
    }

    /// Compressed size of all parts.
    public var bytes: Int64 { parts.reduce(0) { $0 + $1.bytes } }
    /// Inflated size of all parts.
    public var ndjsonBytes: Int64 { parts.reduce(0) { $0 + $1.ndjsonBytes } }
}
