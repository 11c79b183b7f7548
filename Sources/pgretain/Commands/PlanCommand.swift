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
        try common.answerForEachDatabase("preview") { configuration, console in
            guard try common.hasNight(configuration, of: tables, telling: console) else {
                return Answer(status: .done)
            }
            let site = try tables.narrow(try configuration.completeSite().matched())
            let preview = try NightPreview.look(
                site: site, tables: site.tableNames, maxRetire: maxRetire, now: common.now)
            if !common.json { console.out(PlanText.text(preview, site: site)) }
            return Answer(value: preview, status: preview.exitStatus)
        }
    }
}
