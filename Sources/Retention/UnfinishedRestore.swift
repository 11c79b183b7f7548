/// What a restore that was killed has left, for the same command to go on with.
public struct UnfinishedRestore: Equatable, Sendable, Codable {
    /// For so long it waits; then the next night drops it, or the next restore of anything.
    public static let keptSeconds: Int64 = 86_400

    /// Whose archives its rows are of.
    public var table: QualifiedName
    /// What it was to become.
    public var relation: QualifiedName
    /// Where its rows are until then.
    public var hidden: QualifiedName
    public var bytes: Int64
    /// How many parts it holds; nil where this role may not see it, or none can go on with it.
    public var parts: Int?
    public var partsInAll: Int?
    /// When it last got a part, or was begun.
    public var lastStepAt: Instant

    public init(
        table: QualifiedName, relation: QualifiedName, hidden: QualifiedName, bytes: Int64,
        parts: Int?, partsInAll: Int?, lastStepAt: Instant
    ) {
        self.table = table
        self.relation = relation
        self.hidden = hidden
        self.bytes = bytes
        self.parts = parts
        self.partsInAll = partsInAll
        self.lastStepAt = lastStepAt
    }

    public var keptUntil: Instant { lastStepAt.advanced(bySeconds: Self.keptSeconds) }
}
