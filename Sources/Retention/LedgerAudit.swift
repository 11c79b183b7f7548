/// A place in the ledger's chain, and what stands for all that is before it.
///
/// Whoever keeps one where nobody can change it knows later whether the ledger still has, up to
/// there, what it had then.
public struct LedgerLink: Equatable, Sendable, Codable {
    /// From 1 on, without a gap.
    public var number: Int64
    /// SHA-256, as 64 hexadecimal digits.
    public var hash: String

    public init(number: Int64, hash: String) {
        self.number = number
        self.hash = hash
    }

    /// As it is printed: `17:9f86d0…`; nil where it is no such thing.
    public init?(_ text: String) {
        let halves = text.split(separator: ":", maxSplits: 1)
        guard halves.count == 2, let number = Int64(halves[0]), number > 0,
            halves[1].utf8.count == 64,
            halves[1].utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
        else { return nil }
        self.init(number: number, hash: halves[1].lowercased())
    }
}

extension LedgerLink: CustomStringConvertible {
    public var description: String { "\(number):\(hash)" }
}

/// What the ledger's chain says of its entries.
public struct LedgerAudit: Equatable, Sendable, Codable {
    /// Something that nobody can have done who only added to the ledger.
    public struct Flaw: Equatable, Sendable, Codable {
        public enum Kind: String, Sendable, Codable {
            /// An entry is not what it was when it was linked.
            case changed
            /// A link's entry is gone.
            case removed
            /// An entry says that it is older than a link that came before its own.
            case inserted
            /// Links are missing, or were changed.
            case broken
            /// Links that were seen once are not there any more, or are others.
            case truncated
        }

        public var kind: Kind
        public var entry: Int64?
        public var link: Int64?
        /// One sentence.
        public var message: String

        public init(_ kind: Kind, entry: Int64? = nil, link: Int64? = nil, _ message: String) {
            self.kind = kind
            self.entry = entry
            self.link = link
            self.message = message
        }
    }

    public var entries: Int64
    /// The last link: keep it elsewhere. Nil: nothing is linked.
    public var head: LedgerLink?
    /// When the chain began; nil: there is none.
    public var began: Instant?
    /// Entries that were there before that: nothing vouches for what happened to them until then.
    public var older: Int64
    /// Entries that were linked more than an hour after they were written: until then nothing
    /// vouched for them.
    public var late: Int64
    /// Entries that are not linked yet.
    public var unlinked: Int64
    /// At most a hundred.
    public var flaws: [Flaw]

    public init(entries: Int64) {
        self.entries = entries
        head = nil
        began = nil
        older = 0
        late = 0
        unlinked = 0
        flaws = []
    }
}
