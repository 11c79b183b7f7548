import ArgumentParser
import Capacity
import Maintenance
import Retention

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Growth, capacity and forecast: how big, how fast, until when.",
        discussion: """
            EXAMPLES
              pgretain report
              pgretain report --table public.system_logs --partitions
              pgretain report --capacity "500 GB" --what-if "retain 60 days"
              pgretain report --what-if "retain 30 days, ingest x2"
              pgretain report --output html > growth.html
              pgretain report --output prometheus --file /var/lib/prometheus/node-exporter/pgretain.prom

            Reads the catalogue, the nightly samples, the manifests, and a sample
            of the rows: 64 MB of a table at most, for 3 s at most. csv and
            prometheus read no row. What is locked is skipped, and named.
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable {
        case text, json, csv, markdown, html, prometheus
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var tables: TableOption

    @Option(name: .long, help: "text, json, csv, markdown, html or prometheus.")
    var output: Form?

    @Flag(name: .long, help: "Each partition for itself.")
    var partitions = false

    @Option(
        name: .long,
        help: "Beside the policy, another: `retain 60 days`, `grace …`, `then …`, `ingest x2`.",
        transform: { text in
            guard let change = WhatIf(text) else {
                throw ValidationError(
                    "`\(text)` is no change; write it like `retain 60 days, ingest x2`")
            }
            return (text, change)
        })
    var whatIf: (text: String, change: WhatIf)?

    @Option(
        name: .long, help: "Bytes that the database may fill, such as `500 GB`.",
        transform: { text in
            guard let count = ByteCount(text), count.bytes > 0 else {
                throw ValidationError("`\(text)` is no size; write it like `500 GB`")
            }
            return count
        })
    var capacity: ByteCount?

    @Flag(name: .long, help: "Read all rows of the last 90 days, however long it takes.")
    var exact = false

    @Flag(name: .long, help: "Read no rows.")
    var noRows = false

    @Option(name: .long, help: "Into a file that appears whole, in place of standard output.")
    var file: String?

    func validate() throws {
        if common.json, let output, output != .json {
            throw ValidationError("--json is --output json, and not \(output.rawValue)")
        }
        if exact, noRows { throw ValidationError("--exact and --no-rows exclude each other") }
    }

    func run() throws {
        let site = try common.site(of: tables)
        let report = try GrowthReport.look(
            site: site, tables: site.tableNames, whatIf: whatIf, room: capacity, reading: reading,
            now: common.now)
        let text = try self.text(report)
        if let file {
            // What could not be looked at is no success: the last one stays.
            guard report.exitStatus == .done else {
                for problem in report.problems + report.tables.flatMap(\.problems) {
                    common.console.tell(problem)
                }
                throw EarlyExit(status: report.exitStatus)
            }
            try AtomicFile.write(text, to: Surroundings.absolute(file))
        } else {
            common.console.out(text)
        }
        throw EarlyExit(status: report.exitStatus)
    }

    private var reading: RowReading {
        if exact { return .all }
        return noRows || output == .csv || output == .prometheus ? .none : .sample
    }

    private func text(_ report: GrowthReport) throws -> String {
        switch output ?? (common.json ? .json : .text) {
        case .text: GrowthText.text(report, showsPartitions: partitions)
        case .json: try JSONDocument.text("growth", report)
        case .csv: GrowthCSV.text(report, showsPartitions: partitions)
        case .markdown: GrowthMarkdown.text(report, showsPartitions: partitions)
        case .html: GrowthPage.text(report, showsPartitions: partitions)
        case .prometheus: GrowthMetrics.text(report, showsPartitions: partitions)
        }
    }
}
