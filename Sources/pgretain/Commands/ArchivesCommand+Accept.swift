import ArgumentParser
import Maintenance
import Retention

extension ArchivesCommand {
    struct Accept: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say that rows which vanished, or an archive that is lost, were looked at.",
            discussion: """
                EXAMPLES
                  pgretain archives accept --table system_logs --period 2025-01 \\
                      --reason "the failover of 3 March lost them; INC-4711"

                Where rows of an archive have vanished from their table (a failover, a
                cascade, a DELETE by hand), a night keeps both generations of the
                archive, drops nothing of that range, and ends in 65, each night anew.
                This ends it: both generations stay, the ledger has who and why, and
                retirement goes on with the rows that are there. So it does where a night
                began to delete rows against an archive and no other can go on with that:
                the columns have changed, or the server is another.

                An archive that the ledger names and the store does not have ends each
                night in 66. Where no other copy of it is left, this says that it is gone.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var range: RangeOptions

        @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
        var table: QualifiedName

        @Option(name: .long, help: "Why, for the ledger.")
        var reason: String

        func run() throws {
            let site = try common.site()
            let accepted = try Orders(site: site, host: Surroundings.host).accept(
                table, range.range, reason: reason)
            let console = common.console
            if common.json { return console.out(try JSONDocument.text("accepted", accepted)) }
            guard !common.quiet else { return }
            for entry in accepted {
                let which = entry.superseded.map { "superseded, number \($0)" }
                let rows = Quantities.plural(entry.rows, "row")
                console.out(
                    "accepted \(entry.slice), \(entry.isLost ? "lost" : which ?? "published"): "
                        + "\(rows)\n  it \(entry.isLost ? "was" : "stays") at \(entry.directory)\n")
            }
        }
    }
}
