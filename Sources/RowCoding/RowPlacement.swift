/// How the fields of an archive's row become those of a table's: in which order, and in which form.
public struct RowPlacement: Sendable, Equatable {
    public struct Field: Sendable, Equatable {
        /// Which field of the archive's row it is; nil where that has none: NULL.
        public var source: Int?
        /// Whether the server is sent it: generated ones it makes again by itself.
        public var isSent: Bool
        /// Whether it is text whose bytes land in a bytea column.
        public var isBytea: Bool

        public init(source: Int?, isSent: Bool = true, isBytea: Bool = false) {
            self.source = source
            self.isSent = isSent
            self.isBytea = isBytea
        }
    }

    public var fields: [Field]

    public init(_ fields: [Field]) { self.fields = fields }

    /// Every field in its place, but for those left out, and those that become bytea; an empty
    /// array marks none.
    init(count: Int, leavingOut: [Bool], asBytea: [Bool]) {
        precondition(leavingOut.isEmpty || leavingOut.count == count, "one per column")
        precondition(asBytea.isEmpty || asBytea.count == count, "one per column")
        fields = (0..<count).map {
            Field(
                source: $0, isSent: leavingOut.isEmpty || !leavingOut[$0],
                isBytea: !asBytea.isEmpty && asBytea[$0])
        }
    }

    /// Whether the fields are those of the archive, in its order, sent or not: then a landed row
    /// has the hash that it has in the archive.
    func keepsOrder(of count: Int) -> Bool {
        fields.count == count && fields.indices.allSatisfy { fields[$0].source == $0 }
    }

    /// Whether a row lands as it is.
    func keepsRows(of count: Int) -> Bool {
        keepsOrder(of: count) && fields.allSatisfy { $0.isSent && !$0.isBytea }
    }
}
