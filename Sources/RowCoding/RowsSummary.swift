import Retention

/// What a run over a block of rows found.
public struct RowsSummary: Sendable, Equatable {
    public var digest: ContentDigest
    /// Nil when there is no key column.
    public var keys: KeyRange?

    public init(digest: ContentDigest = ContentDigest(), keys: KeyRange? = nil) {
        self.digest = digest
        self.keys = keys
    }

    /// Takes what was found in other rows in.
    public mutating func add(_ other: RowsSummary) {
        digest.add(other.digest)
        guard let theirs = other.keys else { return }
        if keys == nil { keys = KeyRange() }
        keys?.add(theirs)
    }
}
