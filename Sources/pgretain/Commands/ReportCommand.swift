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
        if form == .html, try common.configurations().count > 1 {
            // A page is of one database.
            _ = try common.configuration()
        }
        let answers = try common.ofEachDatabase { configuration, console in
            let site = try common.site(of: configuration, tables, console)
            return try GrowthReport.look(
                site: site, tables: site.tableNames, whatIf: whatIf, room: capacity,
                reading: reading, now: common.now)
        }
        let reports = answers.compactMap { answer in answer.value.map { (answer.name, $0) } }
        let status = Retention.ExitStatus.of(answers.map(Self.status))
        if let file {
            // What could not be looked at is no success: the last one stays.
            guard status == .done else {
                for (name, report) in reports {
                    var console = common.console
                    console.database = name
                    for problem in report.problems + report.tables.flatMap(\.problems) {
                        console.tell(problem)
                    }
                }
                throw EarlyExit(status: status)
            }
            try AtomicFile.write(
                try text(answers, reports, common.console), to: Surroundings.absolute(file))
        } else {
            common.console.out(try text(answers, reports, common.console))
        }
        throw EarlyExit(status: status)
    }

    private static func status(_ answer: DatabaseAnswer<GrowthReport>) -> Retention.ExitStatus {
        switch answer.result {
        case .success(let report): report.exitStatus
        case .failure(let problem): problem.status
        }
    }

    private var reading: RowReading {
        if exact { return .all }
        return noRows || output == .csv || output == .prometheus ? .none : .sample
    }

    private var form: Form { output ?? (common.json ? .json : .text) }

    /// Of several databases one document, or one text after the other.
    private func text(
        _ answers: [DatabaseAnswer<GrowthReport>],
        _ reports: [(name: String?, report: GrowthReport)], _ console: Console
    ) throws -> String {
        func each(_ text: (GrowthReport) -> String) -> String {
            reports.map { name, report in
                var console = console
                console.database = name
                return form == .text ? console.marked(text(report)) : text(report)
            }.joined(separator: "\n")
        }
        switch form {
        case .text: return each { GrowthText.text($0, showsPartitions: partitions) }
        case .markdown: return each { GrowthMarkdown.text($0, showsPartitions: partitions) }
        case .html: return each { GrowthPage.text($0, showsPartitions: partitions) }
        case .csv: return GrowthCSV.text(reports, showsPartitions: partitions)
        case .prometheus: return GrowthMetrics.text(reports, showsPartitions: partitions)
        case .json where answers.count > 1:
            return try JSONDocument.text(
                ofDatabases: "growth", answers.map { ($0.name, $0.result.map { $0 }) })
        case .json: return try reports.map { try JSONDocument.text("growth", $0.report) }.joined()
        }
    }
}
