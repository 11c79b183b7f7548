import Maintenance
import Retention

/// For a wiki or a ticket.
enum GrowthMarkdown {
    static func text(_ report: GrowthReport, showsPartitions: Bool) -> String {
        let escape = Harmless.markdown
        var text = "# \(escape(report.database)), \(report.now.dateText)\n"
        if let room = report.room {
            text += "\n\(escape(room.source)): \(Quantities.bytes(room.usedBytes)) of "
            text += "\(Quantities.bytes(room.bytes)) used. Until \(GrowthReport.fullPercent) % is "
            text += "full: **\(room.forecast)**.\n"
            if let whatIf = report.whatIf, let other = room.whatIf {
                text += "With \(escape(whatIf)): **\(other)**.\n"
            }
        }
        for table in report.tables {
            text += "\n## \(escape(table.table.description))\n\n"
            text += "\(escape(table.policy)): \(table.promise).\n\n| | |\n| --- | --- |\n"
            for (name, value) in table.isSeen ? facts(table) : [] {
                text += "| \(name) | \(escape(value)) |\n"
            }
            text += "\n| period | rows | size | archive | change |\n"
            text += "| --- | --: | --: | --: | --: |\n"
            for one in table.periods {
                let rows = one.rows.map { Quantities.count($0) } ?? "?"
                let size = one.bytes.map {
                    (one.bytesAreEstimated ? "about " : "") + Quantities.bytes($0)
                }
                let archive = one.archiveBytes.map(Quantities.bytes) ?? ""
                text += "| \(escape(one.period)) | \(rows) | \(size ?? "?") | \(archive) | "
                text += "\(GrowthText.change(one)) |\n"
            }
            if let drivers = table.drivers { text += self.drivers(drivers) }
            if showsPartitions { text += partitions(table) }
            let remarks =
                table.anomalies.map { "Unusual: \($0)" } + table.indexFindings + table.notes
                + table.problems.map { "**\($0.id)**: \($0.message)" }
            if !remarks.isEmpty { text += "\n" }
            for remark in remarks {
                text += "- \(escape(remark))\n"
            }
        }
        for problem in report.problems { text += "\n\(escape(problem.message))\n" }
        return text
    }

    private static func facts(_ table: TableGrowth) -> [(String, String)] {
        var facts = [
            ("size", Quantities.bytes(table.bytes)), ("heap", Quantities.bytes(table.heapBytes)),
            ("indexes", Quantities.bytes(table.indexBytes)),
            ("TOAST", Quantities.bytes(table.toastBytes)),
            ("rows", table.rows.map { "about \(Quantities.count($0))" } ?? "not known"),
            ("dead rows", Quantities.count(table.deadRows)),
        ]
        if let ingest = table.ingest { facts.append(("comes in", GrowthText.sentence(ingest))) }
        facts.append(("archives", GrowthText.sentence(table.archives)))
        if let drill = table.drill {
            facts.append(("recovery", GrowthText.recovery(drill, table)))
        }
        facts.append(("freed", GrowthText.freed(table)))
        if let outlook = table.outlook { facts.append(("forecast", GrowthText.sentence(outlook))) }
        if let other = table.whatIf { facts.append(("what if", GrowthText.sentence(other))) }
        if let days = table.premakeDays { facts.append(("made ahead", "\(days) days")) }
        for sequence in table.sequences {
            facts.append(("sequence", GrowthText.sentence(sequence)))
        }
        return facts
    }

    private static func drivers(_ drivers: GrowthDrivers) -> String {
        var text = "\nThe last seven days, \(GrowthText.source(drivers)):\n\n"
        text += "| column | value | rows | share | before | size | share | before |\n"
        text += "| --- | --- | --: | --: | --: | --: | --: | --: |\n"
        for column in drivers.columns {
            for one in column.values {
                text += "| \(Harmless.markdown(column.column)) "
                text += "| \(Harmless.markdown(one.value ?? "(NULL)")) "
                text += "| \(Quantities.count(one.rows)) | \(Quantities.fixed(one.percent, 1)) % "
                text += "| \(GrowthText.change(one.rows, before: one.rowsBefore)) "
                text += "| \(Quantities.bytes(one.bytes)) "
                text += "| \(Quantities.fixed(one.bytesPercent, 1)) % "
                text += "| \(GrowthText.change(one.bytes, before: one.bytesBefore)) |\n"
            }
        }
        text += "\n\(GrowthText.sizes(drivers)).\n"
        if let users = drivers.activeUsers { text += "\n\(GrowthText.sentence(users)).\n" }
        return text
    }

    private static func partitions(_ table: TableGrowth) -> String {
        var text = "\n| partition | range | rows | heap | indexes | TOAST |\n"
        text += "| --- | --- | --: | --: | --: | --: |\n"
        for part in table.parts {
            text += "| \(Harmless.markdown(part.name.name)) "
            text += "| \(Harmless.markdown(part.bounds?.description ?? "")) "
            text += "| \(part.rows.map { Quantities.count($0) } ?? "?") "
            text += "| \(Quantities.bytes(part.heapBytes)) | \(Quantities.bytes(part.indexBytes)) "
            text += "| \(Quantities.bytes(part.toastBytes)) |\n"
        }
        return text
    }
}
