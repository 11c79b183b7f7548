import ArgumentParser
import Maintenance
import Retention

struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "The stop switch: no host retires anything.",
        discussion: """
            EXAMPLES
              pgretain pause --reason "migration of the week"
              pgretain pause --table system_logs --until 2025-02-01 --reason "audit"
              psql -c "INSERT INTO pgretain.pauses (reason) VALUES ('migration')"

            A row in the database, which every host looks at before it takes
            anything away, a run under way among them. Partitions are still made
            ahead. `pgretain resume` ends it.
            """)

    @OptionGroup var common: CommonOptions

    @Option(name: .long, help: "Only this table.", transform: TableName.parse)
    var table: QualifiedName?

    @Option(name: .long, help: "Why.")
    var reason: String

    @Option(name: .long, help: "It ends then; else by resume.", transform: Moment.parse)
    var until: Moment?

    func run() throws {
        let orders = try Orders(site: try common.site(), host: Surroundings.host)
        try orders.pause(table, reason: reason, until: until)
        guard !common.quiet, !common.json else { return }
        common.console.out("paused: \(table?.description ?? "every table")\n")
    }
}

struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "End a pause.",
        discussion: """
            EXAMPLES
              pgretain resume
              pgretain resume --table system_logs --reason "audit is over"

            Ends the pauses of that table, or without one those of every table.
            """)

    @OptionGroup var common: CommonOptions

    @Option(name: .long, help: "The table whose pause ends.", transform: TableName.parse)
    var table: QualifiedName?

    @Option(name: .long, help: "Why, for the ledger.")
    var reason: String?

    func run() throws {
        let orders = try Orders(site: try common.site(), host: Surroundings.host)
        let count = try orders.resume(table, reason: reason)
        guard count > 0 else {
            throw Problem(
                "pause.none", .missing,
                "\(table.map { "\($0) has no pause of its own" } ?? "There is no pause of every table").",
                hint: "pgretain status shows what is paused.")
        }
        guard !common.quiet, !common.json else { return }
        common.console.out("goes on: \(table?.description ?? "every table")\n")
    }
}
