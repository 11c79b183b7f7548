import Maintenance
import Retention

/// A splitting as a person reads it.
enum SplitText {
    static func text(_ preview: Split.Preview) -> String {
        var text = "\(preview.partition) is split into partitions of \(preview.table):\n"
        for piece in preview.pieces {
            let from = piece.from.map { "from \($0.dateText) " } ?? "all that is older, "
            text += "  \(piece.name) \(from)up to \(piece.to.dateText)"
            text += piece.from == nil ? ", if there is any\n" : "\n"
        }
        text += """

            Its rows are copied beside the traffic, which takes \(Quantities.bytes(preview.bytes)) \
            more until it is done, and as much
            of the server's log. Changes meanwhile are noted by triggers and copied too; all is
            compared before the partitions change places, under a lock on the table.

            """
        return text
            + AdoptionText.obstacles(
                preview.obstacles,
                next: "pgretain adopt --split \(preview.table.description.shellWord)")
    }

    static func text(_ result: Split.Result) -> String {
        var text = "\(result.partition), "
        text += "\(Quantities.plural(Int64(clamping: result.rows), "row")), was split into\n"
        for name in result.partitions { text += "  \(name)\n" }
        text += "  in \(Quantities.duration(result.seconds)); locked "
        return text + "for \(Int((result.lockedSeconds * 1000).rounded(.up))) ms at the longest\n"
    }
}
