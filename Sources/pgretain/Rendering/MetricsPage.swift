/// Metrics of the text exposition format, one after another.
struct MetricsPage {
    /// Labels of whatever is added next, besides its own.
    var common: [String: String] = [:]
    private var metrics: [(name: String, help: String, lines: String)] = []

    var text: String {
        metrics.map { metric in
            "# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) gauge\n" + metric.lines
        }.joined()
    }

    /// Nothing of a metric without values is written.
    mutating func gauge(
        _ name: String, _ help: String,
        _ values: ((_ labels: [String: String], _ value: Double) -> Void) -> Void
    ) {
        var lines = ""
        values { labels, value in
            let list = labels.merging(common) { own, _ in own }.sorted { $0.key < $1.key }
                .map { "\($0.key)=\"\($0.value.escapedLabel)\"" }.joined(separator: ",")
            lines += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.number(value))\n"
        }
        guard !lines.isEmpty else { return }
        if let index = metrics.firstIndex(where: { $0.name == name }) {
            metrics[index].lines += lines
        } else {
            metrics.append((name, help, lines))
        }
    }

    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        return String(value)
    }
}

extension String {
    fileprivate var escapedLabel: String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
