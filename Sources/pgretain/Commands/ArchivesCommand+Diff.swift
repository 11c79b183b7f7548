import ArgumentParser
import Maintenance
import Retention

extension ArchivesCommand {
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare an archive with the live rows of its range.",
            discussion: """
                EXAMPLES
                  pgretain archives diff --table system_logs --period 2025-01

                Reads both and changes nothing. The live rows are the partition's, the
                quarantined table's, or the range of a plain table. Ends in 65 when rows
                are on one side only, in 66 when no table has the range any more.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var range: RangeOptions

        @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
        var table: QualifiedName

        func run() throws {
            let diff = try Orders(site: try common.site(), host: Surroundings.host).diff(
                table, range.range, interruption: Surroundings.interruption)
            let console = common.console
            if common.json {
                console.out(try JSONDocument.text("diff", diff))
            } else if !common.quiet {
                console.out(ArchivesText.diff(diff))
            }
            throw EarlyExit(status: diff.isSame ? .done : .data)
        }
    }
}
