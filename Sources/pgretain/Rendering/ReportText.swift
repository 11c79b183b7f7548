import Retention

/// What a run reached, as a person reads it.
enum ReportText {
    static func text(_ report: Report) -> String {
        if report.isOnStandby == true {
            return "the server is a standby: nothing to do here (on_standby: skip)\n"
        }
        var text = ""
        for table in report.tables {
            text += "\(table.table)\n"
            var rows = TextTable([.left, .left, .left, .right, .right, .right, .left])
            for entry in table.done {
                rows.add(
                    entry.action.rawValue, entry.partition, entry.bounds?.description ?? "",
                    entry.rows.map { Quantities.plural($0, "row") } ?? "",
                    entry.archiveBytes.map(Quantities.bytes) ?? "",
                    entry.seconds > 0 ? Quantities.duration(entry.seconds) : "", entry.note)
            }
            if !table.done.isEmpty {
                text += rows.text
            } else if report.problems.isEmpty, table.problems.isEmpty {
                text += "  nothing to do\n"
            } else {
                text += "  nothing was done\n"
            }
            for note in table.notes { text += "  note: \(note)\n" }
        }
        for note in report.notes ?? [] { text += "note: \(note)\n" }
        let seconds =
            Double(report.finishedAt.microseconds - report.startedAt.microseconds) / 1_000_000
        let end = report.exitStatus == .done ? "done" : "ended with \(report.exitStatus.rawValue)"
        return text + "\(end) in \(Quantities.duration(seconds))\n"
    }

    /// The problems, each under its table.
    static func problems(_ report: Report) -> [(subject: String?, problem: Problem)] {
        report.problems.map { (nil, $0) }
            + report.tables.flatMap { table in
                table.problems.map { (table.table.description, $0) }
            }
    }
}
