/// An index, as the catalogue describes it.
public struct TableIndex: Equatable, Sendable, Codable {
    /// A key column, or an expression in its place.
    public struct Key: Equatable, Sendable, Codable {
        /// The column's name, or the expression as SQL.
        public var text: String
        public var operatorClass: UInt32
        public var collation: UInt32
        /// Bits of `pg_index.indoption`: 1 descending, 2 NULLs first.
        public var option: Int

        public init(text: String, operatorClass: UInt32, collation: UInt32, option: Int) {
            self.text = text
            self.operatorClass = operatorClass
            self.collation = collation
            self.option = option
        }
    }

    public var name: String
    /// `btree`, `gin` and so on.
    public var method: String
    public var keys: [Key]
    /// INCLUDE columns.
    public var included: [String]
    /// The WHERE of a partial index, as SQL.
    public var predicate: String?
    /// It enforces something: unique, primary key, exclusion, or a replica identity.
    public var isConstraint: Bool
    /// On a partitioned table: whether every partition has it. On a plain one: whether it was built
    /// whole.
    public var isValid: Bool
    /// Of all partitions. Neither this nor what follows is asked of an index that enforces something.
    public var bytes: Int64
    /// How often it was read, in any partition, since the statistics began.
    public var scans: Int64
    /// Partitions that have none that belongs to it.
    public var missingFrom: [String]

    public init(
        name: String, method: String, keys: [Key], included: [String] = [],
        predicate: String? = nil, isConstraint: Bool = false, isValid: Bool = true,
        bytes: Int64 = 0, scans: Int64 = 0, missingFrom: [String] = []
    ) {
        self.name = name
        self.method = method
        self.keys = keys
        self.included = included
        self.predicate = predicate
        self.isConstraint = isConstraint
        self.isValid = isValid
        self.bytes = bytes
        self.scans = scans
        self.missingFrom = missingFrom
    }
}
