import ArgumentParser
import Maintenance
import Retention

struct ReattachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reattach", abstract: "Undo a detach while the grace lasts.",
        discussion: """
            EXAMPLES
              pgretain reattach --table system_logs --period 2025-01

            The partition is back under its name, with its indexes and all of its
            rows, and pinned: retention leaves it alone until the pin ends. One
            that was dropped comes back by pgretain restore --attach.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var range: RangeOptions

    @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
    var table: QualifiedName

    @Option(name: .long, help: "How long retention leaves it alone.", transform: Span.parse)
    var pin = Span(days: 30)

    func run() throws {
        let site = try common.site()
        let result = try Orders(site: site, host: Surroundings.host).reattach(
            table, range.range, pin: pin, interruption: Surroundings.interruption)
        let console = common.console
        if common.json { return console.out(try JSONDocument.text("reattached", result)) }
        guard !common.quiet else { return }
        console.out(
            "reattached \(result.relation) \(result.bounds)\n"
                + "pinned until \(result.pinnedUntil.dateText)\n")
    }
}
