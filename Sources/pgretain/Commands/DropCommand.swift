import ArgumentParser
import Maintenance
import Retention

struct DropCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Drop a detached partition before its grace is over.",
        discussion: """
            EXAMPLES
              pgretain drop --table system_logs --period 2025-01 --skip-grace \\
                  --reason "the disk is full"

            For the night the disk is full. The partition must have been detached
            and archived; its archive is read back and compared with it, as every
            night does before it drops. Holds, pins, pauses and the policy of today
            are obeyed (76). Until then pgretain reattach undoes the detach.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var range: RangeOptions

    @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
    var table: QualifiedName

    @Flag(name: .long, help: "Yes, before the grace is over; after it the night drops by itself.")
    var skipGrace = false

    @Option(name: .long, help: "Why, for the ledger.")
    var reason: String

    func validate() throws {
        guard skipGrace else {
            throw ValidationError(
                "say --skip-grace: what has waited out its grace is dropped by pgretain run")
        }
    }

    func run() throws {
        let progress = ProgressLine(common.console)
        let night = try Orders(site: try common.site(), host: Surroundings.host).night(
            dropping: range.range, of: table, reason: reason, now: common.now,
            interruption: Surroundings.interruption, progress: progress.sink,
            host: Surroundings.host)
        let report = night.run()
        progress.end()
        try common.show(report)
    }
}
