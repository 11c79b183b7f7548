import ArgumentParser
import Maintenance
import Retention

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tables, archives, quarantine, holds, pins, last runs.",
        discussion: """
            EXAMPLES
              pgretain status
              pgretain status --table public.system_logs --json
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var tables: TableOption

    func run() throws {
        let site = try tables.narrow(try common.site())
        let report = try StatusReport.look(site: site, tables: site.tableNames)
        common.console.out(
            common.json ? try JSONDocument.text("status", report) : StatusText.text(report))
        throw EarlyExit(status: report.exitStatus)
    }
}
