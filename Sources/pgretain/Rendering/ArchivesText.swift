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
        if let problem = entry.problem { return word(for: problem) }
        var words: [String] = []
        if let number = entry.superseded { words.append("superseded, number \(number)") }
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
                + "\(entry.slice)\n"
        }
        let rows = Quantities.plural(entry.rows ?? 0, "row")
        return "verified  \(entry.slice)  \(rows)  \(Quantities.duration(seconds))\n"
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

    static func show(_ manifest: Manifest, slice: Slice, period: String) -> String {
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
        var columns = TextTable([.left, .left, .left])
        for (column, encoding) in zip(manifest.definition.columns, manifest.encodings) {
            columns.add(column.name, column.type, "as \(encoding)")
        }
        let name = slice.table.name
        let back = QualifiedName(
            schema: slice.table.schema,
            name: name + "_restored_" + period.map { $0 == "-" ? "_" : String($0) }.joined())
        return table.text + "columns\n" + columns.text
            + "restore with\n  pgretain restore --table \(slice.table.description.shellWord) "
            + "--period \(period) --into \(back.description.shellWord)\n"
    }
}
