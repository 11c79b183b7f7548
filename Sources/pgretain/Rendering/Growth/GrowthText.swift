import Capacity
import Maintenance
import Retention

/// How big, how fast, until when, on a terminal.
enum GrowthText {
    static func text(_ report: GrowthReport, showsPartitions: Bool) -> String {
        var text = "database \(Harmless.text(report.database)), PostgreSQL \(report.server), "
        text += "at \(report.now.dateText)\n"
        if let room = report.room { text += self.text(room, whatIf: report.whatIf) }
        for table in report.tables {
            text += "\n" + self.text(table, whatIf: report.whatIf, showsPartitions)
        }
        if report.tables.count > 1 {
            text += "\nall tables: \(Quantities.bytes(report.bytes)), "
            let coming = report.tables.compactMap { $0.ingest?.bytesADay }.reduce(0, +)
            text += "\(Quantities.bytes(coming)) a day\n"
        }
        for problem in report.problems { text += self.text(problem, indent: "") }
        return text
    }

    private static func text(_ room: GrowthReport.Room, whatIf: String?) -> String {
        let share = Double(room.usedBytes) / Double(max(1, room.bytes))
        var text = "\(Harmless.text(room.source)): \(Quantities.bytes(room.usedBytes)) of "
        text += "\(Quantities.bytes(room.bytes)) used  "
        text += "\(Bars.bar(share, width: 20)) \(Int((100 * share).rounded())) %\n"
        text += "  until \(GrowthReport.fullPercent) % is full: \(room.forecast)\n"
        if let whatIf, let other = room.whatIf {
            text += "  with \(Harmless.text(whatIf)): \(other)\n"
        }
        return text
    }

    private static func text(_ table: TableGrowth, whatIf: String?, _ showsPartitions: Bool)
        -> String
    {
        var lines = TextTable([.left, .left])
        for (name, value) in facts(table, whatIf: whatIf) { lines.add(name, value) }
        var text = "\(Harmless.text(table.table.description))  \(table.policy)\n"
        if !table.promise.isEmpty { text += "  \(table.promise)\n" }
        if table.isSeen { text += lines.text }
        if !table.periods.isEmpty { text += "\n" + periods(table) }
        if showsPartitions { text += "\n" + partitions(table) }
        if let drivers = table.drivers { text += "\n" + self.drivers(drivers) }
        for sentence in table.anomalies { text += "  unusual: \(sentence)\n" }
        for finding in table.indexFindings { text += "  \(Harmless.text(finding))\n" }
        for index in table.unusedIndexes {
            text += "  the index \(Harmless.text(index.name)) (\(Quantities.bytes(index.bytes))) "
            text += "has not been read since the statistics began\n"
        }
        for note in table.notes { text += "  note: \(Harmless.text(note))\n" }
        for problem in table.problems { text += self.text(problem, indent: "  ") }
        return text
    }

    // MARK: Facts

    private static func facts(_ table: TableGrowth, whatIf: String?) -> [(String, String)] {
        var facts: [(String, String)] = []
        var size = "\(Quantities.bytes(table.bytes)): heap \(Quantities.bytes(table.heapBytes)), "
        size += "indexes \(Quantities.bytes(table.indexBytes)), "
        size += "TOAST \(Quantities.bytes(table.toastBytes))"
        if table.quarantineBytes > 0 {
            size += ", in quarantine \(Quantities.bytes(table.quarantineBytes))"
        }
        facts.append(("size", size + "; " + Quantities.plural(table.parts.count, "partition")))
        if let rows = table.rows {
            let each = table.bytesPerRow.map { ", \(Quantities.bytes($0)) a row" } ?? ""
            facts.append(
                ("rows", "about \(Quantities.count(rows))\(each), \(dead(table))"))
        }
        if let ingest = table.ingest { facts.append(("comes in", sentence(ingest))) }
        if table.archives.count > 0 { facts.append(("archives", sentence(table.archives))) }
        if let drill = table.drill { facts.append(("recovery", recovery(drill, table))) }
        facts.append(("freed", freed(table)))
        if let outlook = table.outlook {
            facts.append(("forecast", sentence(outlook)))
            let top = Double(max(outlook.peak.middle, table.whatIf?.peak.middle ?? 0))
            facts.append(("", spark(outlook, top) + "  two years, to \(bytes(top))"))
        }
        if let other = table.whatIf, let whatIf {
            facts.append(("what if", "\(Harmless.text(whatIf)): \(sentence(other))"))
            let top = Double(max(other.peak.middle, table.outlook?.peak.middle ?? 0))
            facts.append(("", spark(other, top) + "  \(other.promise)"))
        }
        if let days = table.premakeDays {
            facts.append(
                ("made ahead", "\(Quantities.plural(days, "day")); \(strays(table))"))
        }
        for sequence in table.sequences { facts.append(("sequence", sentence(sequence))) }
        facts.append(
            ("xid age", "\(Quantities.count(table.xidAge)) transactions of 2 147 483 648"))
        return facts
    }

    static func recovery(_ drill: LastDrill, _ table: TableGrowth) -> String {
        StatusText.recovery(drill, archivedRows: table.archives.rows)
            + ", measured \(drill.at.dateText)"
    }

    private static func bytes(_ count: Double) -> String { Quantities.bytes(Int64(count)) }

    static func strays(_ table: TableGrowth) -> String {
        switch table.defaultRows {
        case nil: "no DEFAULT"
        case 0?: "DEFAULT is empty"
        case let rows?: "DEFAULT holds about \(Quantities.plural(rows, "row"))"
        }
    }

    private static func dead(_ table: TableGrowth) -> String {
        "\(Quantities.count(table.deadRows)) dead"
    }

    static func sentence(_ ingest: TableGrowth.Ingest) -> String {
        var text = "\(Quantities.bytes(ingest.bytesADay)) a day"
        if let rows = ingest.rowsADay { text += ", about \(Quantities.count(rows)) rows" }
        text += ", by \(ingest.source == "rows" ? "the rows of " : "")"
        text += Quantities.plural(ingest.days, "day")
        if ingest.trendBytes != 0 {
            text += "; \(ingest.trendBytes > 0 ? "more" : "less") by "
            text += "\(Quantities.bytes(abs(ingest.trendBytes))) a day each 30 days"
        }
        if let since = ingest.stalledSince { text += "; next to nothing since \(since)" }
        if ingest.isErratic { text += "; no two days are alike" }
        return text
    }

    static func sentence(_ archives: TableGrowth.Archives) -> String {
        var text = "\(archives.count): \(Quantities.count(archives.rows)) rows in "
        text += Quantities.bytes(archives.bytes)
        if archives.bytes > 0 {
            let ratio = Double(archives.ndjsonBytes) / Double(archives.bytes)
            text += ", \(Quantities.fixed(ratio, 1)) times smaller than as text"
        }
        return text
    }

    /// `412 GB so far; tonight 0 B; 2027-02-08: 412 GB`
    static func freed(_ table: TableGrowth) -> String {
        var text = "\(Quantities.bytes(table.freedBytes)) so far"
        if table.unmeasuredDrops > 0 {
            text += " (and \(table.unmeasuredDrops) dropped that were never measured)"
        }
        text += "; tonight \(Quantities.bytes(table.freedTonight))"
        for night in nights(table).prefix(3) {
            text += "; \(night.date): \(Quantities.bytes(night.bytes))"
        }
        return text
    }

    /// Nights after this one that give something back, soonest first.
    static func nights(_ table: TableGrowth) -> [(date: String, bytes: Int64, names: [String])] {
        var nights: [(date: String, bytes: Int64, names: [String])] = []
        var tonight = table.freedTonight
        for one in table.outlook?.freed ?? [] {
            // They come first, and are told apart.
            if tonight > 0 {
                tonight -= one.bytes
                continue
            }
            let date = CivilDateTime(utc: one.at).date.description
            if nights.last?.date == date {
                nights[nights.count - 1].bytes += one.bytes
                nights[nights.count - 1].names.append(one.name)
            } else {
                nights.append((date, one.bytes, [one.name]))
            }
        }
        return nights.filter { $0.bytes > 0 }
    }

    static func sentence(_ outlook: TableGrowth.Outlook) -> String {
        var text = ""
        if let steady = outlook.steady, let top = outlook.steadyPeak {
            text += "steady state \(Quantities.bytes(steady.middle)) "
            text += "(\(Quantities.bytes(steady.low)) to \(Quantities.bytes(steady.high))), "
            text += "\(Quantities.bytes(top.middle)) at its top"
            if !outlook.isBounded {
                text += outlook.isGrowing ? ", were it not for the growth; " : "; it may grow: "
            }
        } else {
            text +=
                outlook.isDropping
                ? "no steady state within ten years; " : "no steady state: nothing is dropped; "
        }
        if !outlook.isBounded {
            text += "\(Quantities.bytes(outlook.peak.middle)) within two years "
            text += "(\(Quantities.bytes(outlook.peak.low)) to "
            text += "\(Quantities.bytes(outlook.peak.high)))"
        }
        return text
    }

    private static func spark(_ outlook: TableGrowth.Outlook, _ top: Double) -> String {
        Bars.spark(
            outlook.curve.enumerated().filter { $0.offset % 2 == 0 }.map {
                Double($0.element.middle)
            }, top: top)
    }

    static func sentence(_ sequence: TableGrowth.Sequence) -> String {
        let percent = Quantities.fixed(100 * sequence.usedFraction, 1)
        var text = "\(Harmless.text(sequence.column)): \(percent) % of "
        text += Quantities.count(sequence.end)
        if let days = sequence.daysLeft {
            text += ", at today's pace for \(Quantities.plural(days, "day")) more"
        }
        return text
    }

    // MARK: Tables

    private static let fewPeriods = 24

    private static func periods(_ table: TableGrowth) -> String {
        let shown = table.periods.suffix(fewPeriods)
        let most = shown.compactMap(\.bytes).max() ?? 0
        var text = TextTable([.left, .right, .right, .right, .right, .left])
        text.add("period", "rows", "size", "archive", "change", "")
        for one in shown {
            let bar = one.bytes.map { Bars.bar(Double($0) / Double(max(1, most)), width: 20) }
            let end = place(of: one).map { "  \($0)" } ?? ""
            text.add(
                one.period, one.rows.map { Quantities.count($0) } ?? "?",
                one.bytes.map { (one.bytesAreEstimated ? "~" : "") + Quantities.bytes($0) } ?? "?",
                one.archiveBytes.map(Quantities.bytes) ?? "–", change(one), (bar ?? "") + end)
        }
        let older = table.periods.count - shown.count
        return text.text
            + (older > 0 ? "  and \(Quantities.plural(older, "older period"))\n" : "")
    }

    /// Nil for a month that has ended, in the table.
    static func place(of period: TableGrowth.PeriodGrowth) -> String? {
        if period.isCurrent { return "(now)" }
        if period.isQuarantined { return "(in quarantine)" }
        return period.isInDatabase ? nil : "(gone)"
    }

    static func change(_ period: TableGrowth.PeriodGrowth) -> String {
        period.changePercent.map { "\($0 > 0 ? "+" : "")\($0) %" } ?? ""
    }

    /// `sampled 12 %` or `counted`
    static func source(_ drivers: GrowthDrivers) -> String {
        guard drivers.sampledPercent < 100 else { return "counted" }
        return "by a sample of \(Quantities.fixed(drivers.sampledPercent, 1)) % of the pages"
    }

    /// What sizes of values are: `sizes are those of the rows in heap and TOAST, without indexes`
    static func sizes(_ drivers: GrowthDrivers) -> String {
        "sizes are those of the rows in heap and TOAST, without indexes"
            + (drivers.sampledPercent < 100 ? "; all of it is reckoned from the sample" : "")
    }

    /// Against the window before: `+12 %`, `new`.
    static func change(_ count: Int64, before: Int64) -> String {
        guard before > 0 else { return "new" }
        let change = 100 * Double(count - before) / Double(before)
        let whole = Int(min(change, 1e6).rounded())
        return "\(whole > 0 ? "+" : "")\(whole) %"
    }

    private static func drivers(_ drivers: GrowthDrivers) -> String {
        var text = TextTable([
            .left, .left, .right, .right, .right, .right, .right, .right, .left,
        ])
        text.add(
            "last 7 days", "", "rows", "", "before", "size", "", "before", source(drivers))
        for column in drivers.columns {
            for (index, one) in column.values.enumerated() {
                text.add(
                    index == 0 ? Harmless.text(column.column) : "",
                    Harmless.text(one.value ?? "(NULL)", longest: 40),
                    Quantities.count(one.rows), "\(Quantities.fixed(one.percent, 1)) %",
                    change(one.rows, before: one.rowsBefore),
                    Quantities.bytes(one.bytes), "\(Quantities.fixed(one.bytesPercent, 1)) %",
                    change(one.bytes, before: one.bytesBefore),
                    Bars.bar(one.bytesPercent / 100, width: 12))
            }
        }
        let told = text.text + "  \(sizes(drivers))\n"
        guard let users = drivers.activeUsers else { return told }
        let spark = Bars.spark(users.days.map { Double($0.users) })
        return told + "  \(sentence(users))\(users.days.isEmpty ? "" : "  \(spark)")\n"
    }

    /// `312 users in the last 24 hours; by day 290 to 340 in the last 14 days`
    static func sentence(_ users: ActiveUsers) -> String {
        var text = users.isAtLeast ? "at least " : ""
        text += "\(Quantities.plural(users.lastDay, "user")) in the last 24 hours"
        let counts = users.days.map(\.users)
        if let least = counts.min(), let most = counts.max() {
            text += "; by day \(Quantities.count(least))"
            if most > least { text += " to \(Quantities.count(most))" }
            text += " in the last \(Quantities.plural(counts.count, "day"))"
        }
        return text
    }

    private static func partitions(_ table: TableGrowth) -> String {
        var text = TextTable([.left, .left, .right, .right, .right, .right, .right])
        text.add("partition", "range", "rows", "heap", "indexes", "TOAST", "dead")
        for part in table.parts {
            text.add(
                Harmless.text(part.name.name),
                part.isSkipped ? "locked" : part.bounds?.description ?? "",
                part.rows.map { (part.rowsAreExact ? "" : "~") + Quantities.count($0) } ?? "?",
                Quantities.bytes(part.heapBytes), Quantities.bytes(part.indexBytes),
                Quantities.bytes(part.toastBytes), Quantities.count(part.deadRows))
        }
        return text.text
    }

    private static func text(_ problem: Problem, indent: String) -> String {
        "\(indent)problem: \(Harmless.text(problem.message)) [\(problem.id)]\n"
            + "\(indent)  next: \(Harmless.text(problem.hint))\n"
    }
}
