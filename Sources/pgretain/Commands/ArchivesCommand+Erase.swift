import ArgumentParser
import Maintenance
import Retention
import RowCoding

extension ArchivesCommand {
    struct Erase: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take rows out of archives, for good.",
            discussion: """
                EXAMPLES
                  pgretain archives erase --table system_logs --where user_id=4711
                  pgretain archives erase --table system_logs --where user_id=4711 \\
                      --reason "request 88 of 3 March" --yes

                Without --yes it only shows what would go. Conditions are those of
                search; a row has to meet all of them. Each archive that has such
                rows is written again without them, as a new generation, and read
                back before it takes the place of the old one, in every store under
                copies:. The manifest says how many rows were erased and when, the
                ledger who did it and why, without the values of the conditions: do
                not put them into the reason.

                A hold over the range refuses it, and so do such rows in a partition
                or quarantined table that the archive is of: DELETE them there
                first. What is not reached is listed. One that is killed is ended
                by the same command, or by the next night.
                """)

        @OptionGroup var common: CommonOptions

        @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
        var table: QualifiedName

        @OptionGroup var time: TimeOptions

        @Option(
            name: .customLong("where"), help: "A condition; may be given more than once.",
            transform: RowCondition.parse)
        var conditions: [RowCondition] = []

        @Option(name: .long, help: "Why, for the ledger.")
        var reason: String?

        @Flag(name: .long, help: "Only show what would go; the default.")
        var dryRun = false

        @Flag(name: .long, help: "Erase what would go, all of it.")
        var yes = false

        func validate() throws {
            if dryRun, yes { throw ValidationError("say either --dry-run or --yes") }
            if conditions.isEmpty { throw ValidationError("say which rows with --where") }
            if yes, reason?.isEmpty ?? true { throw ValidationError("--yes needs --reason") }
        }

        func run() throws {
            let console = common.console
            let progress = ProgressLine(console)
            let erasure = Erasure(
                Erasure.Query(
                    table: table, from: time.from, to: time.to, conditions: conditions),
                site: try common.site(), interruption: Surroundings.interruption,
                progress: progress.sink, host: Surroundings.host)
            let result: Erasure.Result
            do {
                defer { progress.end() }
                result = yes ? try erasure.run(reason: reason ?? "") : try erasure.preview()
            }
            if common.json {
                console.out(try JSONDocument.text("erasure", result))
            } else if !common.quiet {
                console.out(ErasureText.text(result))
            }
            for problem in result.problems { console.tell(problem) }
            if !yes, !result.entries.isEmpty, !common.json {
                console.say("Nothing was erased. With --yes and --reason these rows go for good.")
            }
            throw EarlyExit(status: .of(result.problems.map(\.status)))
        }
    }
}
