import Maintenance
import Retention

/// Archives as a person reads them.
enum ArchivesText {
    static func list(_ entries: [ArchiveShelf.Entry]) -> String {
        guard !entries.isEmpty else { return "no archives\n" }
        var table = TextTable([.left, .left, .right, .right, .right, .left], indent: "")
        for entry in entries {
            table.add(
                entry.slice.description, entry.bounds?.description ?? "",
                entry.rows.map { Quantities.plural($0, "row") } ?? "",
                entry.bytes.map(Quantities.bytes) ?? "",
                entry.parts.map { Quantities.plural($0, "part") } ?? "",
                remark(on: entry))
        }
        return table.text
    }

    private static func remark(on entry: ArchiveShelf.Entry) -> String {
        var words = entry.problem.map { [word(for: $0)] } ?? []
        if let number = entry.superseded {
            words.append("superseded, number \(number)")
            if let generation = entry.generation { words.append("generation \(generation)") }
        }
        if entry.redacted != nil { words.append("redacted") }
        if let rows = entry.rowsErased {
            words.append("\(Quantities.plural(rows, "row")) erased")
        }
        return words.joined(separator: ", ")
    }

    private static func word(for problem: Problem) -> String {
        switch problem.status {
        case .data: "DAMAGED"
        case .tryLater: "to be thawed"
        default: "UNREADABLE"
        }
    }

    static func verified(_ entry: ArchiveShelf.Entry, seconds: Double) -> String {
        if let problem = entry.problem {
            let word = word(for: problem)
            return word + String(repeating: " ", count: max(2, 10 - word.utf8.count))
                + "\(name(of: entry))\n"
        }
        let rows = Quantities.plural(entry.rows ?? 0, "row")
        return "verified  \(name(of: entry))  \(rows)  \(Quantities.duration(seconds))\n"
    }

    private static func name(of entry: ArchiveShelf.Entry) -> String {
        entry.slice.description + (entry.superseded.map { ", superseded, number \($0)" } ?? "")
    }

    static func diff(_ diff: ArchiveDiff) -> String {
        var table = TextTable([.left, .right])
        table.add("in both", Quantities.plural(diff.inBoth, "row"))
        table.add("only in the archive", Quantities.plural(diff.onlyArchived, "row"))
        table.add("only live", Quantities.plural(diff.onlyLive, "row"))
        return "\(diff.slice) and \(diff.relation)\n" + table.text
    }

    static func sample(_ sample: ArchiveShelf.Sample) -> String {
        "read \(sample.archives) of \(Quantities.plural(sample.all, "archive")), "
            + "\(Quantities.bytes(sample.bytes)); "
            + (sample.oldest.map { "each was read since \($0.dateText)\n" }
                ?? "some were never read\n")
    }

    static func show(_ shown: ArchiveShelf.Shown, period: String, generation: Int?) -> String {
        let (manifest, slice) = (shown.manifest, shown.slice)
        var table = TextTable([.left, .left], indent: "")
        table.add("archive", slice.description)
        table.add("partition", manifest.partition.name.description)
        table.add("range", manifest.bounds.description + " by \(manifest.key)")
        table.add("rows", Quantities.count(manifest.digest.rows))
        let isLess = !manifest.redacted.isEmpty || !manifest.erased.isEmpty
        table.add("digest", manifest.digest.hex + (isLess ? ", of what the archive holds" : ""))
        table.add(
            "size",
            "\(Quantities.bytes(manifest.bytes)) in \(Quantities.plural(manifest.parts.count, "part")), "
                + "\(Quantities.bytes(manifest.ndjsonBytes)) of NDJSON")
        table.add("exported", manifest.exportedAt.description)
        table.add(
            "from", "\(manifest.origin.database), PostgreSQL \(manifest.origin.serverVersion)")
        table.add("by", "\(manifest.tool), generation \(manifest.generation)")
        for value in manifest.redacted {
            table.add("redacted", "\(value), written as \(value.replacement.rawValue)")
        }
        for erasure in manifest.erased {
            table.add(
                "erased", "\(Quantities.plural(erasure.rows, "row")) on \(erasure.at.dateText)")
        }
        for warning in manifest.warnings { table.add("warning", warning) }
        for other in shown.otherGenerations { table.add("beside it", text(ofOther: other)) }
        var columns = TextTable([.left, .left, .left])
        for (column, encoding) in zip(manifest.definition.columns, manifest.encodings) {
            columns.add(column.name, column.type, "as \(encoding)")
        }
        let name = slice.table.name
        let back = QualifiedName(
            schema: slice.table.schema,
            name: name + "_restored_" + period.map { $0 == "-" ? "_" : String($0) }.joined()
                + (generation.map { "_generation_\($0)" } ?? ""))
        return table.text + "columns\n" + columns.text
            + "restore with\n  pgretain restore --table \(slice.table.description.shellWord) "
            + "--period \(period) " + (generation.map { "--generation \($0) " } ?? "")
            + "--into \(back.description.shellWord)\n"
    }

    /// `generation 1, superseded, number 1: 50 rows, exported 2026-03-01T…`
    private static func text(ofOther entry: ArchiveShelf.Entry) -> String {
        var words = entry.generation.map { ["generation \($0)"] } ?? []
        words.append(entry.superseded.map { "superseded, number \($0)" } ?? "published")
        if let problem = entry.problem { words.append(word(for: problem)) }
        let what = words.joined(separator: ", ")
        guard let rows = entry.rows, let at = entry.exportedAt else { return what }
        return what + ": \(Quantities.plural(rows, "row")), exported \(at)"
    }
}
