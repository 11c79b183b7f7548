import ArgumentParser
import Maintenance
import Retention

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "What a run would do, and why; changes nothing.",
        discussion: """
            EXAMPLES
              pgretain plan
              pgretain plan --table public.system_logs
              pgretain plan --now 2027-01-01T02:17:00Z

            Looks at rights, space and the store too, and ends with the next
            safe step.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var tables: TableOption

    func run() throws {
        try Self.show(common, tables, maxRetire: nil)
    }

    static func show(_ common: CommonOptions, _ tables: TableOption, maxRetire: Int?) throws {
        let console = common.console
        guard let configuration = try common.configurationOfNight(of: tables, tells: true)
        else { return }
        let site = try tables.narrow(try configuration.completeSite().matched())
        let preview = try NightPreview.look(
            site: site, tables: site.tableNames, maxRetire: maxRetire, now: common.now)
        console.out(
            common.json
                ? try JSONDocument.text("preview", preview)
                : PlanText.text(preview, site: site))
        throw EarlyExit(status: preview.exitStatus)
    }
}
