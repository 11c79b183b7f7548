import Retention

/// The paper of a chart: from values to places, with a grid, axes and their words. Colours and fonts
/// are the page's style sheet's.
struct ChartFrame {
    static let width = 440.0
    static let height = 230.0
    private static let left = 58.0
    private static let right = 432.0
    private static let top = 12.0
    private static let bottom = 200.0

    /// What the horizontal axis begins and ends with.
    let from: Double
    let to: Double
    /// The value at the upper edge.
    let most: Double
    private let ticks: [Double]
    private let unit: (Double) -> String

    static func bytes(_ value: Double) -> String { Quantities.bytes(Int64(value)) }

    init(
        from: Double, to: Double, most: Double, unit: @escaping (Double) -> String = bytes
    ) {
        self.unit = unit
        self.from = from
        self.to = max(to, from + 1)
        let step = Self.step(of: max(most, 1))
        let count = (max(most, 1) / step).rounded(.up)
        self.most = step * max(1, count)
        ticks = (0...Int(max(1, count))).map { Double($0) * step }
    }

    /// A round number of which about four make the whole: 1, 2, 2.5 or 5 times a power of ten.
    private static func step(of most: Double) -> Double {
        var power = 1.0
        while power * 10 <= most / 4 { power *= 10 }
        return [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= most / 4 } ?? power * 10
    }

    func x(_ value: Double) -> Double {
        Self.left + (value - from) / (to - from) * (Self.right - Self.left)
    }

    func y(_ value: Double) -> Double {
        Self.bottom - min(max(value / most, 0), 1) * (Self.bottom - Self.top)
    }

    var baseline: Double { Self.bottom }

    static func number(_ value: Double) -> String { Quantities.fixed(value, 1) }

    /// `12.0,34.5 13.0,36.1`
    func points(_ values: [(x: Double, y: Double)]) -> String {
        values.map { "\(Self.number(x($0.x))),\(Self.number(y($0.y)))" }.joined(separator: " ")
    }

    /// The area between two lines over the same places.
    func area(
        _ upper: [(x: Double, y: Double)], _ lower: [(x: Double, y: Double)], class name: String
    )
        -> String
    {
        guard upper.count > 1 else { return "" }
        return
            "<polygon class=\"\(name)\" points=\"\(points(upper)) \(points(lower.reversed()))\"/>"
    }

    func line(_ values: [(x: Double, y: Double)], class name: String) -> String {
        guard values.count > 1 else { return "" }
        return "<polyline class=\"\(name)\" points=\"\(points(values))\"/>"
    }

    /// A level across the chart, with its word above.
    func level(_ value: Double, _ word: String, class name: String) -> String {
        let at = Self.number(y(value))
        let above = Self.number(y(value) < Self.top + 14 ? y(value) + 13 : y(value) - 5)
        return "<line class=\"\(name)\" x1=\"\(Self.left)\" x2=\"\(Self.right)\" y1=\"\(at)\" "
            + "y2=\"\(at)\"/><text class=\"word\" x=\"\(Self.left + 4)\" y=\"\(above)\">"
            + "\(Harmless.html(word))</text>"
    }

    /// An instant of the horizontal axis.
    func upright(_ value: Double, _ word: String) -> String {
        let at = Self.number(x(value))
        let isNearEnd = x(value) > Self.right - 50
        let end = isNearEnd ? " end" : ""
        return "<line class=\"now\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(Self.top)\" "
            + "y2=\"\(Self.bottom)\"/><text class=\"word\(end)\" "
            + "x=\"\(Self.number(x(value) + (isNearEnd ? -4 : 4)))\" "
            + "y=\"\(Self.bottom - 6)\">\(Harmless.html(word))</text>"
    }

    /// The whole drawing.
    ///
    /// - Parameters:
    ///   - label: what a screen reader says of it.
    ///   - marks: words below places of the horizontal axis.
    func svg(_ label: String, marks: [(at: Double, word: String)], _ body: String) -> String {
        var text = "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" "
        text += "aria-label=\"\(Harmless.html(label))\">"
        for tick in ticks {
            let at = Self.number(y(tick))
            text += "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(Self.right)\" y1=\"\(at)\" "
            text += "y2=\"\(at)\"/><text class=\"tick end\" x=\"\(Self.left - 6)\" "
            text += "y=\"\(Self.number(y(tick) + 4))\">\(Harmless.html(unit(tick)))</text>"
        }
        text += body
        for mark in marks {
            let at = Self.number(x(mark.at))
            text += "<line class=\"notch\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(Self.bottom)\" "
            text += "y2=\"\(Self.bottom + 4)\"/><text class=\"tick middle\" x=\"\(at)\" "
            text += "y=\"\(Self.bottom + 18)\">\(Harmless.html(mark.word))</text>"
        }
        return text + "</svg>"
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// First days of months, few enough to be read: `Jan 2027`. Places are days from `now`.
    func months(from now: Instant) -> [(at: Double, word: String)] {
        let today = CivilDateTime(utc: now).date
        let start = today.adding(days: Int(from))
        let span = Int((to - from) / 30.4)
        let every = [1, 2, 3, 6, 12].first { span / $0 <= 4 } ?? 12
        var first = CivilDate(year: start.year, month: start.month).adding(months: 1)
        var marks: [(at: Double, word: String)] = []
        while true {
            let at = Double(first.daysSinceEpoch - today.daysSinceEpoch)
            // A word that would not fit is left out.
            guard at <= to - (to - from) * 0.04 else { return marks }
            if (first.month - 1) % every == 0, at >= from + (to - from) * 0.04 {
                let name = Self.months[first.month - 1]
                let isClear = marks.isEmpty || first.month <= every
                marks.append((at, isClear ? "\(name) \(first.year)" : name))
            }
            first = first.adding(months: 1)
        }
    }
}
