import Foundation
import TestSupport
import Testing

/// Debian's packages `prometheus` and `prometheus-node-exporter` have them;
/// `Tests/Support/fetch-programs.sh` gets them alone.
enum PrometheusTools {
    static let promtool = path("promtool")
    static let nodeExporter = path("prometheus-node-exporter")

    private static func path(_ program: String) -> String? {
        let own = Cluster.repository.appendingPathComponent(".build/prometheus").path
        return [own, "/usr/bin", "/usr/local/bin"].map { "\($0)/\(program)" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    /// Silent where there is no promtool: `theAlertsAreWhatTheirTestsSay` says so.
    static func expectAcceptance(of metrics: String) throws {
        guard let promtool else { return }
        let outcome = try Program.run(promtool, ["check", "metrics"], input: Data(metrics.utf8))
        #expect(
            outcome.status == 0 && outcome.stderr.isEmpty && outcome.stdout.isEmpty,
            "\(outcome.stdout) \(outcome.stderr)\n\(metrics)")
    }

    /// What a node exporter says when it is asked, of the textfiles in a directory.
    static func served(_ directory: String) throws -> String {
        let script = Cluster.repository.appendingPathComponent("Tests/Support/node-exporter.py")
        let outcome = try Program.run(script.path, [try #require(nodeExporter), directory])
        try #require(outcome.status == 0, "\(outcome.stderr)")
        return outcome.stdout
    }

    /// By name and labels, in whatever order and spelling of numbers.
    static func samples(_ text: String) throws -> [String: Double] {
        var samples: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let end = try #require(line.lastIndex(of: " "))
            let labels = line[..<end].matches(of: #/[a-z]+="(?:[^"\\]|\\.)*"/#).map(\.output)
            let key = line.prefix { $0 != "{" && $0 != " " } + "{\(labels.sorted())}"
            let value = try #require(Double(line[line.index(after: end)...]), "\(line)")
            #expect(samples.updateValue(value, forKey: String(key)) == nil, "twice: \(line)")
        }
        return samples
    }
}
