import ArgumentParser
import Maintenance
import Retention

struct ParkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "park", abstract: "Move outliers out of the DEFAULT partition.",
        discussion: """
            EXAMPLES
              pgretain park --dry-run --table system_logs --aside system_logs_parked
              pgretain park --table system_logs --aside system_logs_parked

            Rows without a time, at an infinity, older than retain: or more than a
            year ahead stay in DEFAULT for ever, and are read under a lock each
            time a partition is made. This moves them into a table of their own,
            made where it is not there. Retention never looks at that table.
            """)

    @OptionGroup var common: CommonOptions

    @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
    var table: QualifiedName

    @Option(name: .long, help: "The table that takes them.", transform: TableName.parse)
    var aside: QualifiedName

    @Flag(name: .long, help: "Count them, and move nothing.")
    var dryRun = false

    func run() throws {
        let result = try Park(
            site: try common.site(), interruption: Surroundings.interruption,
            host: Surroundings.host, now: common.now
        ).run(table, aside: aside, dryRun: dryRun)
        let console = common.console
        if common.json { return console.out(try JSONDocument.text("parked", result)) }
        guard !common.quiet else { return }
        let found = result.outliers
        var text = "in DEFAULT of \(result.table), outside of "
        text += "[\(result.from.dateText), \(result.to.dateText)):\n"
        text += "  \(Quantities.plural(found.withoutKey, "row")) without a time, "
        text += "\(found.tooOld) older, \(found.tooLate) later\n"
        text +=
            dryRun
            ? "nothing was moved\n"
            : "moved into \(result.aside): \(Quantities.plural(result.moved, "row"))\n"
        console.out(text)
    }
}
