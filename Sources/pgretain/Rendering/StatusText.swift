import Maintenance
import Retention

/// How things stand, as a person reads it.
enum StatusText {
    static func text(_ report: StatusReport) -> String {
        var text = "database \(report.database), PostgreSQL \(report.server)\n\n"
        for table in report.tables { text += self.text(table) + "\n" }
        if !report.unfinishedRestores.isEmpty {
            text += "unfinished restores\n"
            for begun in report.unfinishedRestores {
                text += "  \(begun.relation), of \(begun.table): \(RestoreText.of(begun)) in "
                text += "\(begun.hidden), \(Quantities.bytes(begun.bytes)); the same command goes "
                text += "on with it, else it is dropped after \(begun.keptUntil.dateText)\n"
            }
            text += "\n"
        }
        for problem in report.problems { text += self.text(problem, indent: "") }
        text += "last runs\n"
        var runs = TextTable([.left, .left, .left])
        for run in report.runs {
            let end =
                switch (run.finishedAt, run.status) {
                case (nil, _): "has not ended"
                case (_, 0?): "done"
                case (_, let status): "ended with \(status.map(String.init) ?? "?")"
                }
            runs.add(run.startedAt.dateText, run.host, end)
        }
        return text + (report.runs.isEmpty ? "  none\n" : runs.text)
    }

    private static func text(_ table: StatusReport.Table) -> String {
        var text = "\(table.table)\n"
        text += "  \(Quantities.plural(table.partitions, "partition")), "
        text += Quantities.bytes(table.bytes)
        if let oldest = table.oldest, let newest = table.newest {
            text += ", from \(oldest.dateText) to \(newest.dateText)"
        }
        if let growth = table.growth {
            text += "\n  about \(Quantities.bytes(growth.bytes)) a day"
        }
        text += "\n  \(Quantities.plural(table.archives, "archive")), "
        text += "\(Quantities.plural(table.archivedRows, "row")), "
        text += "\(Quantities.bytes(table.archiveBytes))\n"
        if table.then == .keep {
            text += "  the policy keeps everything\n"
        } else if let approved = table.approved {
            text += "  approved: retain \(approved.retain), then \(approved.then.rawValue)\n"
        } else {
            text += "  not approved: nothing is removed\n"
        }
        if let drill = table.drill {
            text += "  drilled \(drill.at.dateText): \(drill.archive), "
            text += "\(recovery(drill, archivedRows: table.archivedRows))\n"
        }
        for outcome in table.failedDrills {
            text += "  drill failed \(outcome.at.dateText): \(outcome.slice.path) "
            text += "[\(outcome.failure?.problem ?? "")]\n"
        }
        for one in table.quarantine {
            let end =
                one.dropAfter.map { "may be dropped after \($0.dateText)" } ?? "stays for good"
            text += "  quarantine: \(one.formerName.name) as \(one.name), "
            text += "\(Quantities.bytes(one.bytes)), \(end)\n"
        }
        for pin in table.pins {
            text += "  pinned: \(pin.relation) \(pin.bounds) until \(pin.until.dateText)\n"
        }
        for hold in table.holds {
            let end = hold.until.map { " until \($0.dateText)" } ?? ""
            text += "  held: \(hold.bounds)\(end) by \(hold.by): \(hold.reason)\n"
        }
        for pause in table.pauses {
            let end = pause.until.map { " until \($0.dateText)" } ?? ""
            text += "  paused\(end) by \(pause.by): \(pause.reason)\n"
        }
        for finding in table.indexFindings { text += "  \(finding)\n" }
        for problem in table.problems { text += self.text(problem, indent: "  ") }
        return text
    }

    /// `20 100 rows back in 1.2 s; all archives in about 14 s`
    static func recovery(_ drill: LastDrill, archivedRows: UInt64) -> String {
        let back = "\(Quantities.plural(drill.rows, "row")) back in "
        let all = drill.seconds(forRows: archivedRows).map {
            "; all archives in about \(Quantities.duration($0))"
        }
        return back + Quantities.duration(drill.seconds) + (all ?? "")
    }

    private static func text(_ problem: Problem, indent: String) -> String {
        "\(indent)problem: \(problem.message) [\(problem.id)]\n\(indent)  next: \(problem.hint)\n"
    }
}
