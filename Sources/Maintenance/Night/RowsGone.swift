import Retention

/// Rows of an archive that their table has not any more, or not as they were.
struct RowsGone {
    let rows: UInt64
    let old: Manifest
    let new: Manifest
    /// Whether the rows of the older archive were deleted against it.
    let wereDeleted: Bool

    func problem(_ slice: Slice) -> Problem {
        let accept = slice.acceptCommand(bounds: new.bounds)
        return Problem(
            "archive.vanished", .data,
            "\(rows) rows that the archive \(slice) held are gone from \(new.partition.name). "
                + (reason.map { $0 + " " } ?? "")
                + "Both generations are kept. Nothing was dropped.",
            hint: (reason == nil ? "Find out what removed or changed them" : "If that is meant")
                + "; then \(accept)")
    }

    /// What is known of why.
    private var reason: String? {
        let now = Dictionary(
            new.definition.columns.map { ($0.name, $0.type) }, uniquingKeysWith: { a, _ in a })
        let lost = old.definition.columns.map(\.name).filter { now[$0] == nil }
        if !lost.isEmpty {
            return
                "It has not got \(Self.list(lost)) any more: the older generation has what they were."
        }
        let retyped = old.definition.columns.filter { now[$0.name] != $0.type }.map(\.name)
        if !retyped.isEmpty { return "The type of \(Self.list(retyped)) has changed." }
        guard wereDeleted, old.digest.rows > rows else { return nil }
        return
            "\(old.digest.rows - rows) that were deleted against it are there again, as they were: "
            + "somebody wrote them meanwhile."
    }

    private static func list(_ columns: [String]) -> String {
        (columns.count == 1 ? "the column " : "the columns ") + columns.joined(separator: ", ")
    }
}
