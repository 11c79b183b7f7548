import Capacity
import Maintenance
import Retention

/// The drawings of one table's report.
enum GrowthCharts {
    typealias Place = (x: Double, y: Double)

    private static func day(_ instant: Instant, since now: Instant) -> Double {
        Double(instant.microseconds - now.microseconds) / Double(Instant.microsecondsPerDay)
    }

    /// Days ahead that charts show.
    private static let ahead = 280

    // MARK: Size

    /// Heap, indexes and TOAST, night by night; then what is forecast.
    ///
    /// - Parameter limit: bytes that the table may come to, all others as they are.
    static func size(_ table: TableGrowth, now: Instant, limit: Double?) -> String {
        let past = table.sizes.map { (x: day($0.at, since: now), size: $0) }.filter { $0.x < 0 }
        let heap = Double(table.heapBytes)
        let index = Double(table.indexBytes)
        let toast = Double(table.toastBytes)
        func stack(_ sum: (Double, Double, Double) -> Double) -> [Place] {
            past.map {
                (
                    $0.x,
                    sum(
                        Double($0.size.heapBytes), Double($0.size.indexBytes),
                        Double($0.size.toastBytes))
                )
            } + [(0, sum(heap, index, toast))]
        }
        let floor = stack { _, _, _ in 0 }
        let heaps = stack { heap, _, _ in heap }
        let indexes = stack { heap, index, _ in heap + index }
        let all = stack { heap, index, toast in heap + index + toast }
        let curve = (table.outlook?.curve ?? []).filter { $0.day <= ahead }
        let other = (table.whatIf?.curve ?? []).filter { $0.day <= ahead }
        var most = all.map(\.y).max() ?? 0
        most = max(most, curve.map { Double($0.high) }.max() ?? 0)
        most = max(most, other.map { Double($0.middle) }.max() ?? 0)
        let shownLimit = limit.flatMap { $0 > 0 && $0 <= 2.5 * most ? $0 : nil }
        let end = curve.isEmpty ? 1 : Double(ahead)
        let frame = ChartFrame(
            from: min(past.first?.x ?? -30, -30), to: end,
            most: max(most, (shownLimit ?? 0) * 1.05) * 1.04)
        var body = frame.area(heaps, floor, class: "heap")
        body += frame.area(indexes, heaps, class: "index")
        body += frame.area(all, indexes, class: "toast")
        body += frame.area(
            curve.map { (Double($0.day), Double($0.high)) },
            curve.map { (Double($0.day), Double($0.low)) }, class: "range")
        body += frame.line(other.map { (Double($0.day), Double($0.middle)) }, class: "other")
        body += frame.line(curve.map { (Double($0.day), Double($0.middle)) }, class: "forecast")
        body += frame.upright(0, "today")
        if let shownLimit {
            body += frame.level(shownLimit, "\(GrowthReport.fullPercent) % full", class: "limit")
        }
        return frame.svg(
            "Size by heap, indexes and TOAST, and its forecast", marks: frame.months(from: now),
            body)
    }

    // MARK: Room

    /// All that fills the room, with the level that it may come to.
    static func room(_ report: GrowthReport, _ room: GrowthReport.Room) -> String {
        let outlooks = report.tables.compactMap(\.outlook)
        let curves = outlooks.map(\.curve)
        guard let first = curves.first, curves.count == report.tables.count else { return "" }
        let others = Double(room.othersBytes)
        let days = first.indices.filter { first[$0].day <= ahead }
        func sum(_ value: (TableGrowth.Point) -> Int64) -> [Place] {
            days.map { index in
                (
                    Double(first[index].day),
                    curves.reduce(others) { $0 + Double(value($1[index])) }
                )
            }
        }
        let middle = sum(\.middle)
        let high = sum(\.high)
        let frame = ChartFrame(
            from: 0, to: Double(ahead),
            most: max(Double(room.bytes), min(high.map(\.y).max() ?? 0, 1.5 * Double(room.bytes)))
                * 1.02)
        var body = frame.area(
            days.map { (Double(first[$0].day), others) },
            days.map { (Double(first[$0].day), 0) }, class: "others")
        body += frame.area(
            middle, days.map { (Double(first[$0].day), others) }, class: "tables")
        body += frame.area(high, sum(\.low), class: "range")
        body += frame.line(middle, class: "forecast")
        body += frame.level(
            Double(room.thresholdBytes), "\(GrowthReport.fullPercent) % full", class: "limit")
        return frame.svg(
            "What fills the room, and its forecast", marks: frame.months(from: report.now), body)
    }

    // MARK: Bars

    private static func bars(
        _ values: [(at: Double, value: Double, class: String, title: String)], width: Double,
        in frame: ChartFrame
    ) -> String {
        values.map { one in
            let x = frame.x(one.at - width / 2)
            let y = min(frame.y(one.value), frame.baseline - 0.5)
            let wide = max(0.8, (frame.x(one.at + width / 2) - x) * 0.82)
            return "<rect class=\"\(one.class)\" x=\"\(ChartFrame.number(x))\" "
                + "y=\"\(ChartFrame.number(y))\" width=\"\(ChartFrame.number(wide))\" "
                + "height=\"\(ChartFrame.number(frame.baseline - y))\"><title>"
                + "\(Harmless.html(one.title))</title></rect>"
        }.joined()
    }

    /// Whether days are known by their rows, or only by their bytes.
    static func countsRows(_ table: TableGrowth) -> Bool {
        table.days.contains { $0.rows != nil }
    }

    /// What came in on each day; days that stick out are marked.
    static func days(_ table: TableGrowth, now: Instant) -> String {
        let countsRows = Self.countsRows(table)
        func value(_ day: TableGrowth.Day) -> Double {
            Double((countsRows ? day.rows : day.bytes) ?? 0)
        }
        func word(_ day: TableGrowth.Day) -> String {
            countsRows
                ? Quantities.plural(day.rows ?? 0, "row") : Quantities.bytes(day.bytes ?? 0)
        }
        let today = CivilDateTime(utc: now).date.daysSinceEpoch
        let known = table.days.filter { !countsRows || $0.rows != nil }
        let days = known.compactMap { day -> (at: Double, day: TableGrowth.Day)? in
            guard let at = Instant(iso: day.date) else { return nil }
            let date = CivilDateTime(utc: at).date
            return (Double(date.daysSinceEpoch - today) + 0.5, day)
        }
        guard let first = days.first else { return "" }
        let frame = ChartFrame(
            from: min(first.at - 0.5, -14), to: 0.5,
            most: (days.map { value($0.day) }.max() ?? 0) * 1.08,
            unit: { countsRows ? CountText.rounded($0) : ChartFrame.bytes($0) })
        var body = bars(
            days.map {
                (
                    $0.at, value($0.day), $0.day.isAnomaly ? "strange" : "heap",
                    "\($0.day.date): \(word($0.day))"
                )
            }, width: 1, in: frame)
        for one in days where one.day.isAnomaly {
            body +=
                "<circle class=\"strange\" r=\"3\" cx=\"\(ChartFrame.number(frame.x(one.at)))\" "
            body += "cy=\"\(ChartFrame.number(frame.y(value(one.day)) - 6))\"/>"
        }
        return frame.svg("What came in, by day", marks: frame.months(from: now), body)
    }

    /// Each period's archive.
    static func archives(_ table: TableGrowth) -> String {
        let periods = Array(table.periods.filter { $0.archiveBytes != nil }.suffix(24))
        guard !periods.isEmpty else { return "" }
        let frame = ChartFrame(
            from: -0.5, to: max(Double(periods.count), 6) - 0.5,
            most: Double(periods.compactMap(\.archiveBytes).max() ?? 0) * 1.04)
        let body = bars(
            periods.enumerated().map {
                (
                    Double($0.offset), Double($0.element.archiveBytes ?? 0),
                    $0.element.isInDatabase ? "heap" : "gone",
                    "\($0.element.period): \(Quantities.bytes($0.element.archiveBytes ?? 0))"
                )
            }, width: 1, in: frame)
        let every = (periods.count + 5) / 6
        let marks = periods.enumerated().filter { $0.offset % every == 0 }.map {
            (at: Double($0.offset), word: $0.element.period)
        }
        return frame.svg("Bytes of each archive", marks: marks, body)
    }

    /// Nights that give room back, a line each.
    static func nights(_ table: TableGrowth) -> String {
        let all =
            [("tonight", table.freedTonight, [String]())]
            + GrowthText.nights(table).prefix(9).map { ($0.date, $0.bytes, $0.names) }
        let most = Double(max(1, all.map(\.1).max() ?? 0))
        var text = "<svg viewBox=\"0 0 440 \(22 * all.count + 4)\" role=\"img\" "
        text += "aria-label=\"What the coming nights give back\">"
        for (index, night) in all.enumerated() {
            let y = Double(22 * index)
            let width = max(night.1 > 0 ? 1 : 0, 220 * Double(night.1) / most)
            text += "<text class=\"tick\" x=\"0\" y=\"\(y + 16)\">\(Harmless.html(night.0))</text>"
            text += "<rect class=\"gone\" x=\"82\" y=\"\(y + 5)\" rx=\"2\" height=\"14\" "
            text += "width=\"\(ChartFrame.number(width))\"><title>"
            text += "\(Harmless.html(night.2.joined(separator: ", ")))</title></rect>"
            text += "<text class=\"tick\" x=\"\(ChartFrame.number(90 + width))\" y=\"\(y + 16)\">"
            text += "\(Quantities.bytes(night.1))</text>"
        }
        return text + "</svg>"
    }
}
