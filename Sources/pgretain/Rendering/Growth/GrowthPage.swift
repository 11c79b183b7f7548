import Capacity
import Maintenance
import Retention

/// One HTML file that needs nothing else: no script, no font, no address of anything.
enum GrowthPage {
    static func text(_ report: GrowthReport, showsPartitions: Bool) -> String {
        let title = "\(report.database): how big, how fast, until when"
        var page = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
            style-src 'unsafe-inline'">
            <title>\(Harmless.html(title))</title>
            <style>\(GrowthStyle.sheet)</style></head><body>
            <header><h1>\(Harmless.html(report.database))</h1>
            <p>PostgreSQL \(Harmless.html(report.server)) · \(Harmless.html(report.now.dateText))</p>
            </header><main>

            """
        page += self.room(report)
        for table in report.tables { page += self.table(table, report, showsPartitions) }
        page += remarks(report.problems.map { ("problem", $0.message, $0.hint) })
        page += "</main><footer>pgretain report</footer></body></html>\n"
        return page
    }

    // MARK: Pieces

    private static func card(_ title: String, _ body: String, legend: [(String, String)] = [])
        -> String
    {
        guard !body.isEmpty else { return "" }
        var text = "<figure class=\"card\"><figcaption>\(Harmless.html(title))"
        if !legend.isEmpty {
            text += "<span class=\"legend\">"
            for (name, word) in legend {
                text += "<span><i class=\"\(name)\"></i>\(Harmless.html(word))</span>"
            }
            text += "</span>"
        }
        return text + "</figcaption>\(body)</figure>\n"
    }

    private static func fact(
        _ name: String, _ value: String, _ more: String = "", isMain: Bool = false
    ) -> String {
        "<div class=\"fact\(isMain ? " main" : "")\"><dt>\(Harmless.html(name))</dt><dd>\(Harmless.html(value))"
            + (more.isEmpty ? "" : "<small>\(Harmless.html(more))</small>") + "</dd></div>"
    }

    private static func remarks(_ all: [(kind: String, text: String, hint: String?)]) -> String {
        guard !all.isEmpty else { return "" }
        return "<ul class=\"remarks\">"
            + all.map { one in
                "<li class=\"\(one.kind)\">\(Harmless.html(one.text))"
                    + (one.hint.map { "<small>next: \(Harmless.html($0))</small>" } ?? "") + "</li>"
            }.joined() + "</ul>\n"
    }

    private static func room(_ report: GrowthReport) -> String {
        guard let room = report.room else { return "" }
        let share = 100 * Double(room.usedBytes) / Double(max(1, room.bytes))
        var facts = fact(
            "until \(GrowthReport.fullPercent) % is full", room.forecast,
            room.whatIf.flatMap { other in report.whatIf.map { "with \($0): \(other)" } } ?? "",
            isMain: true)
        facts += fact(
            "used", "\(Int(share.rounded())) %",
            "\(Quantities.bytes(room.usedBytes)) of \(Quantities.bytes(room.bytes))")
        facts += fact("what is meant", room.source)
        let chart = card(
            "The room and its forecast", GrowthCharts.room(report, room),
            legend: [
                ("tables", "these tables"), ("others", "all else"), ("range", "95 of 100"),
                ("limit", "nearly full"),
            ])
        let beside = chart.isEmpty ? "" : " beside"
        return "<section><h2>Room</h2><div class=\"\(chart.isEmpty ? "" : "cards")\">"
            + "<dl class=\"facts\(beside)\">\(facts)</dl>\(chart)</div></section>\n"
    }

    private static func table(
        _ table: TableGrowth, _ report: GrowthReport, _ showsPartitions: Bool
    ) -> String {
        var text = "<section><h2>\(Harmless.html(table.table.description))</h2>"
        text += "<p class=\"promise\">\(Harmless.html(table.policy)): "
        text += "<strong>\(Harmless.html(table.promise))</strong></p>"
        if table.isSeen { text += facts(table) }
        text += "<div class=\"cards\">"
        let limit = report.room.map { room in
            Double(room.thresholdBytes - room.othersBytes - (report.bytes - table.bytes))
        }
        var legend = [("heap", "heap"), ("index", "indexes"), ("toast", "TOAST")]
        if table.outlook != nil { legend.append(("forecast", "forecast, 95 of 100")) }
        if table.whatIf != nil, let whatIf = report.whatIf { legend.append(("other", whatIf)) }
        if table.outlook != nil || table.sizes.count > 1 {
            text += card(
                "Size", GrowthCharts.size(table, now: report.now, limit: limit),
                legend: legend)
        }
        text += card(
            GrowthCharts.countsRows(table) ? "Rows a day" : "Bytes a day",
            GrowthCharts.days(table, now: report.now),
            legend: table.days.contains(where: \.isAnomaly) ? [("strange", "unusual")] : [])
        text += card(
            "Archives", GrowthCharts.archives(table),
            legend: [("heap", "also in the database"), ("gone", "only archived")])
        if table.outlook != nil {
            text += card("What the coming nights give back", GrowthCharts.nights(table))
        }
        text += "</div>"
        text += remarks(
            table.anomalies.map { ("unusual", $0, nil) }
                + table.indexFindings.map { ("note", $0, nil) }
                + table.unusedIndexes.map {
                    (
                        "note",
                        "the index \($0.name) (\(Quantities.bytes($0.bytes))) has not been read "
                            + "since the statistics began", nil
                    )
                } + table.notes.map { ("note", $0, nil) }
                + table.problems.map { ("problem", $0.message, $0.hint) })
        if let drivers = table.drivers { text += self.drivers(drivers) }
        text += periods(table)
        if showsPartitions { text += partitions(table) }
        return text + "</section>\n"
    }

    private static func facts(_ table: TableGrowth) -> String {
        var text = "<dl class=\"facts\">"
        text += fact(
            "size", Quantities.bytes(table.bytes),
            "\(Quantities.plural(table.parts.count, "partition"))"
                + (table.quarantineBytes > 0
                    ? ", \(Quantities.bytes(table.quarantineBytes)) in quarantine" : ""))
        if let ingest = table.ingest {
            text += fact(
                "comes in", "\(Quantities.bytes(ingest.bytesADay)) a day",
                ingest.stalledSince.map { "next to nothing since \($0)" }
                    ?? (ingest.trendBytes == 0
                        ? "no trend is sure"
                        : "\(ingest.trendBytes > 0 ? "+" : "−")"
                            + "\(Quantities.bytes(abs(ingest.trendBytes))) a day each 30 days"))
        }
        if let outlook = table.outlook {
            if let steady = outlook.steady, outlook.isBounded {
                text += fact(
                    "steady state", Quantities.bytes(steady.middle),
                    "\(Quantities.bytes(steady.low)) to \(Quantities.bytes(steady.high))")
            } else {
                text += fact(
                    "within two years", Quantities.bytes(outlook.peak.middle),
                    "\(Quantities.bytes(outlook.peak.low)) to "
                        + Quantities.bytes(outlook.peak.high))
            }
        }
        if let rows = table.rows {
            text += fact(
                "rows", "~" + Quantities.count(rows),
                (table.bytesPerRow.map { "\(Quantities.bytes($0)) each, " } ?? "")
                    + "\(Quantities.count(table.deadRows)) dead")
        }
        text += fact(
            "archives", Quantities.bytes(table.archives.bytes),
            "\(Quantities.count(table.archives.rows)) rows in \(table.archives.count)")
        if let drill = table.drill {
            text += fact(
                "recovery", Quantities.duration(drill.seconds),
                "\(Quantities.plural(drill.rows, "row")) back, \(drill.at.dateText)")
        }
        text += fact(
            "freed so far", Quantities.bytes(table.freedBytes),
            Quantities.plural(table.droppedPartitions, "partition") + " dropped")
        if let days = table.premakeDays {
            text += fact(
                "made ahead", Quantities.plural(days, "day"),
                GrowthText.strays(table))
        }
        for sequence in table.sequences where sequence.usedFraction > 0.01 {
            text += fact(
                "sequence of \(sequence.column)",
                "\(Quantities.fixed(100 * sequence.usedFraction, 1)) %",
                sequence.daysLeft.map { "\(Quantities.plural($0, "day")) at today's pace" }
                    ?? "of \(Quantities.count(sequence.end))")
        }
        return text + "</dl>"
    }

    private static func share(_ percent: Double, class name: String) -> String {
        "<svg viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\"><rect class=\"\(name)\" "
            + "width=\"\(ChartFrame.number(max(0.5, percent)))\" height=\"4\"/></svg>"
    }

    private static func cell(_ percent: Double, _ change: String) -> String {
        "<td>\(Quantities.fixed(percent, 1)) %<small>\(Harmless.html(change))</small></td>"
    }

    private static func drivers(_ drivers: GrowthDrivers) -> String {
        var text = "<h3>What drives it <small>the last 7 days against the 7 before, "
        text += "\(Harmless.html(GrowthText.source(drivers))); "
        text += "\(Harmless.html(GrowthText.sizes(drivers)))"
        text += "</small></h3><div class=\"cards shared\">"
        for column in drivers.columns {
            var table = "<table class=\"shares\">"
            for one in column.values {
                table += "<tr><td>\(Harmless.html(one.value ?? "(NULL)"))"
                table += share(one.percent, class: "heap")
                table += share(one.bytesPercent, class: "toast") + "</td>"
                table += cell(
                    one.percent, GrowthText.change(one.rows, before: one.rowsBefore))
                table += cell(
                    one.bytesPercent, GrowthText.change(one.bytes, before: one.bytesBefore))
                table += "</tr>"
            }
            text += card(
                column.column, table + "</table>",
                legend: [("heap", "rows"), ("toast", "bytes")])
        }
        if let users = drivers.activeUsers {
            text += card("Users a day", self.users(users))
        }
        return text + "</div>"
    }

    /// The latest first.
    private static func users(_ users: ActiveUsers) -> String {
        let all =
            [(word: "last 24 hours", count: users.lastDay)]
            + users.days.reversed().map { (word: $0.date, count: $0.users) }
        let most = Double(max(1, all.map(\.count).max() ?? 0))
        return "<table class=\"shares\">"
            + all.map { one in
                "<tr><td>\(Harmless.html(one.word))"
                    + share(100 * Double(one.count) / most, class: "gone") + "</td>"
                    + "<td>\(users.isAtLeast ? "at least " : "")\(Quantities.count(one.count))</td></tr>"
            }.joined() + "</table>"
    }

    private static func row(_ cells: [String], tag: String = "td") -> String {
        "<tr>" + cells.map { "<\(tag)>\(Harmless.html($0))</\(tag)>" }.joined() + "</tr>"
    }

    private static func periods(_ table: TableGrowth) -> String {
        guard !table.periods.isEmpty else { return "" }
        var text = "<details open><summary>Periods</summary><div class=\"scroll\"><table>"
        text += row(["period", "rows", "size", "archive", "change"], tag: "th")
        for one in table.periods.suffix(24).reversed() {
            let size = one.bytes.map {
                (one.bytesAreEstimated ? "~" : "") + Quantities.bytes($0)
            }
            text += row([
                one.period + (GrowthText.place(of: one).map { " \($0)" } ?? ""),
                one.rows.map { Quantities.count($0) } ?? "?", size ?? "?",
                one.archiveBytes.map(Quantities.bytes) ?? "–", GrowthText.change(one),
            ])
        }
        return text + "</table></div></details>"
    }

    /// The page stays below half a megabyte, however many there are.
    private static let mostPartitions = 1000

    private static func partitions(_ table: TableGrowth) -> String {
        var text = "<details><summary>Partitions</summary><div class=\"scroll\"><table>"
        text += row(["partition", "rows", "heap", "indexes", "TOAST", "dead"], tag: "th")
        for part in table.parts.suffix(mostPartitions).reversed() {
            text += row([
                part.name.name + (part.isSkipped ? " (locked)" : ""),
                part.rows.map { (part.rowsAreExact ? "" : "~") + Quantities.count($0) } ?? "?",
                Quantities.bytes(part.heapBytes), Quantities.bytes(part.indexBytes),
                Quantities.bytes(part.toastBytes), Quantities.count(part.deadRows),
            ])
        }
        let more = table.parts.count - mostPartitions
        if more > 0 { text += row(["and \(more) more: --output csv has all"]) }
        return text + "</table></div></details>"
    }
}
