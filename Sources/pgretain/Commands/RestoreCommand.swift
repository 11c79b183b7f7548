import ArgumentParser
import Maintenance
import Retention

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring a period back, as a new table or as a partition again.",
        discussion: """
            EXAMPLES
              pgretain restore --table system_logs --period 2025-01 --into back
              pgretain restore --table system_logs --period 2025-01 --attach
              pgretain restore --table system_logs --period 2025-01 --release

            The rows are loaded, read back and compared by digest, and only then
            is anything to be seen of them under the table's name. What was
            restored is pinned: retention leaves it alone until the pin ends, or
            is released.
            """)

    @OptionGroup var common: CommonOptions

    @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
    var table: QualifiedName

    @Option(name: .long, help: "The period: 2025-01, 2025-w01, 2025-q1, 2025, 2025-01-05.")
    var period: String

    @Option(
        name: .long, help: "A new table: columns, defaults and NOT NULL.",
        transform: TableName.parse)
    var into: QualifiedName?

    @Flag(name: .long, help: "As a partition of its table again.")
    var attach = false

    @Flag(name: .long, help: "Restore nothing: let retention have again what was restored.")
    var release = false

    @Flag(name: .long, help: "With --into: the indexes and unique constraints too.")
    var indexes = false

    @Option(
        name: .long, help: "How long retention leaves it alone.", transform: Span.parse)
    var pin = Span(days: 30)

    func validate() throws {
        guard [attach, into != nil, release].count(where: { $0 }) == 1 else {
            throw ValidationError("say one of --into TABLE, --attach and --release")
        }
    }

    private func unpin(_ site: Site) throws {
        let orders = try Orders(site: site, host: Surroundings.host)
        let pins = try orders.unpin(table, .period(period))
        if common.json { return common.console.out(try JSONDocument.text("released", pins)) }
        guard !common.quiet else { return }
        for pin in pins { common.console.out("released: \(pin.relation) \(pin.bounds)\n") }
        if pins.isEmpty { common.console.out("nothing of it is pinned\n") }
    }

    func run() throws {
        let site = try common.site()
        if release { return try unpin(site) }
        let console = common.console
        let slice = try ArchiveShelf.slice(site: site, table: table, period: period)
        let progress = ProgressLine(console)
        let restore = Restore(
            site: site, interruption: Surroundings.interruption, progress: progress.sink,
            host: Surroundings.host)
        let result: Restore.Result
        do {
            defer { progress.end() }
            result = try restore.run(
                slice, to: into.map(Restore.Target.into) ?? .attach, withIndexes: indexes, pin: pin)
        }
        if common.json {
            console.out(try JSONDocument.text("restored", result))
        } else if !common.quiet {
            console.out(
                "restored \(result.slice) as \(result.relation): "
                    + "\(Quantities.plural(result.rows, "row")), identical to the archive by digest, "
                    + "in \(Quantities.duration(result.seconds))\n"
                    + "pinned until \(result.pinnedUntil.dateText)\n")
        }
    }
}
