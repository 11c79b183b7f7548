import Maintenance
import Retention

/// What a restore would do, and has done, as a person reads it.
enum RestoreText {
    static func plan(_ plan: RestorePlan) -> String {
        var text = "\(plan.table) \(plan.bounds) → \(plan.kind.rawValue) \(plan.relation)\n"
        text += "read\n"
        var archives = TextTable([.left, .left, .right, .right])
        for archive in plan.archives {
            archives.add(
                archive.slice.path, "\(archive.partsRead) of \(parts(archive.parts))",
                "\(Quantities.bytes(archive.bytesRead)) of \(Quantities.bytes(archive.bytes))",
                Quantities.plural(archive.rows, "row"))
        }
        text += archives.text
        if plan.archivesPassed > 0 {
            text += "  \(plan.archivesPassed) more of that time, and no part of them is read\n"
        }
        for gap in plan.gaps { text += "  no archive covers \(gap)\n" }
        text += "load\n  \(plan.isWhole ? "" : "at most ")\(Quantities.plural(plan.rows, "row"))\n"
        text += "space needed, at most about\n  \(Quantities.bytes(plan.spaceNeeded)) in the table"
        if plan.kind == .append { text += ", as much in a temporary one" }
        text += ", as much of WAL\n"
        if !plan.columns.isEmpty { text += "columns\n" + columns(plan.columns) }
        for note in plan.notes { text += "  note: \(note)\n" }
        if let begun = plan.goesOnWith {
            text += "goes on with\n  \(of(begun)) that were loaded before, \(begun.hidden)\n"
        }
        return text + obstacles(plan.obstacles)
    }

    /// `7 of 12 parts`
    static func of(_ begun: UnfinishedRestore) -> String {
        goneOn(begun.parts.map(String.init) ?? "?", of: begun.partsInAll.map(String.init) ?? "?")
    }

    /// `7 of 12 parts`
    static func goneOn(_ loaded: String, of all: String) -> String {
        "\(loaded) of \(all) \(all == "1" ? "part" : "parts")"
    }

    private static func parts(_ count: Int) -> String { Quantities.plural(count, "part") }

    /// Column by column: the archive's, and the table's.
    static func columns(_ matches: [ColumnMatch]) -> String {
        guard matches.contains(where: { $0.verdict != .same }) else {
            return "  \(Quantities.plural(matches.count, "column")), the same on either side\n"
        }
        var table = TextTable([.left, .left, .left])
        for match in matches {
            table.add(
                side(match.archived, match.archivedType), side(match.column, match.type),
                verdict(match))
        }
        return table.text
    }

    private static func side(_ name: String?, _ type: String?) -> String {
        guard let name else { return "-" }
        return type.map { "\(name) \($0)" } ?? name
    }

    private static func verdict(_ match: ColumnMatch) -> String {
        switch match.verdict {
        case .same: "same"
        case .renamed: "renamed"
        case .otherType: "other type: what is read back has to be the same"
        case .missing: "missing in the table"
        case .left: "left behind, as was said"
        case .new where match.isRequired: "new in the table, and has to be given"
        case .new: "new in the table: its default"
        }
    }

    static func result(_ result: Restore.Result) -> String {
        let what =
            (result.archives.count == 1
                ? "\(result.archives[0])" : "\(result.table) \(result.bounds)")
            + (result.generation.map { " generation \($0)" } ?? "")
        let rows = Quantities.plural(result.rows, "row")
        var text =
            switch result.kind {
            case .append: "added \(rows) of \(what) to \(result.relation)"
            case .newTable, .partition: "restored \(what) as \(result.relation): \(rows)"
            }
        text += skipped(result.skipped)
        if result.rows + (result.skipped?.rows ?? 0) != result.rowsRead {
            text += ", of \(Quantities.count(result.rowsRead)) read in \(parts(result.partsRead))"
        }
        let isSkipping = (result.skipped?.rows ?? 0) > 0
        text +=
            isSkipping
            ? "; the two together are the archive's by digest"
            : ", identical to the archive by digest"
        text += ", in \(Quantities.duration(result.seconds))\n"
        if let until = result.pinnedUntil { text += "pinned until \(until.dateText)\n" }
        return text
    }

    private static func skipped(_ skipped: SkippedRows?) -> String {
        guard let skipped, skipped.rows > 0 else { return "" }
        let text = ", skipped \(Quantities.count(skipped.rows)) whose keys it has already"
        guard skipped.different > 0 else { return text }
        return text + " (\(Quantities.count(UInt64(skipped.different))) with other values)"
    }

    static func plan(_ plan: FileRestore.Plan) -> String {
        var text = "\(plan.files.joined(separator: ", ")) → append \(plan.relation)\n"
        text += "load\n  \(Quantities.plural(plan.rows, "row")) out of "
        text += "\(Quantities.bytes(plan.bytes))\n"
        text += "columns\n" + columns(plan.columns)
        for note in plan.notes { text += "  note: \(note)\n" }
        return text + obstacles(plan.obstacles)
    }

    static func result(_ result: FileRestore.Result) -> String {
        let files = Quantities.plural(result.files.count, "file")
        let each = (result.skipped?.rows ?? 0) > 0 ? "each other line" : "each line"
        return "added \(Quantities.plural(result.rows, "row")) of \(files) to \(result.relation)"
            + skipped(result.skipped)
            + ", one for \(each), in \(Quantities.duration(result.seconds))\n"
            + "no more than their number is proven: such a file has no digest to compare with\n"
    }

    private static func obstacles(_ problems: [Problem]) -> String {
        problems.map { "in the way: \($0.message) [\($0.id)]\n  next: \($0.hint)\n" }.joined()
    }
}
