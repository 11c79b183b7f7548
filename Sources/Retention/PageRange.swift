/// Pages `[from, to)` of a table's heap: what a TID range scan reads. Disjoint ranges that leave
/// no hole hold every row once, whatever their keys are.
public struct PageRange: Hashable, Sendable {
    public let from: Int64
    public let to: Int64

    /// Nil when it is empty, or no range of pages that a heap can have.
    public init?(from: Int64, to: Int64) {
        guard 0 <= from, from < to, to < Int64(UInt32.max) else { return nil }
        self.from = from
        self.to = to
    }

    public var count: Int64 { to - from }

    public func overlaps(_ other: PageRange) -> Bool { from < other.to && other.from < to }

    /// The first pages of a heap of `pages` that none of the disjoint `taken` has, at most `count`
    /// of them; nil when all are taken.
    public static func firstHole(
        in pages: Int64, between taken: [PageRange], atMost count: Int64
    ) -> PageRange? {
        var from: Int64 = 0
        for range in taken.sorted() {
            if range.from > from {
                return PageRange(from: from, to: min(range.from, pages, from + max(1, count)))
            }
            from = max(from, range.to)
        }
        return PageRange(from: from, to: min(pages, from + max(1, count)))
    }
}

extension PageRange: Comparable {
    public static func < (a: PageRange, b: PageRange) -> Bool { (a.from, a.to) < (b.from, b.to) }
}

extension PageRange: CustomStringConvertible {
    /// `0-131072`
    public var description: String { "\(from)-\(to)" }
}
