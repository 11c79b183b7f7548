import ArgumentParser
import Maintenance
import Retention

struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Keep a range, whatever the policy says.",
        discussion: """
            EXAMPLES
              pgretain hold add --table system_logs --period 2025-01 --reason "case 4711"
              pgretain hold add --table system_logs --from 2025-01-01 --to 2025-03-15 \\
                  --until 2027-01-01 --reason "audit"
              pgretain hold list
              pgretain hold release 3 --reason "case 4711 is closed"

            Nothing that has a day of the range is detached, dropped or deleted
            while the hold stands, be it a partition or one in quarantine.
            """,
        subcommands: [Add.self, List.self, Release.self])
}

extension HoldCommand {
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Hold a range.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var range: RangeOptions

        @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
        var table: QualifiedName

        @Option(name: .long, help: "Why.")
        var reason: String

        @Option(name: .long, help: "It ends then; else when released.", transform: Moment.parse)
        var until: Moment?

        func run() throws {
            let orders = try Orders(site: try common.site(), host: Surroundings.host)
            let hold = try orders.hold(table, range.range, reason: reason, until: until)
            let console = common.console
            if common.json { return console.out(try JSONDocument.text("hold", hold)) }
            if !common.quiet { console.out("held: \(OrdersText.line(hold))\n") }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The holds that stand.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tables: TableOption

        func run() throws {
            let orders = try Orders(site: try common.site(), host: Surroundings.host)
            let holds = try orders.holds(of: tables.table)
            let console = common.console
            if common.json { return console.out(try JSONDocument.text("holds", holds)) }
            for hold in holds { console.out(OrdersText.line(hold) + "\n") }
            if holds.isEmpty, !common.quiet { console.out("nothing is held\n") }
        }
    }

    struct Release: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a hold.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "Its number, as hold list shows it.")
        var number: Int64

        @Option(name: .long, help: "Why, for the ledger.")
        var reason: String

        func run() throws {
            let orders = try Orders(site: try common.site(), host: Surroundings.host)
            let hold = try orders.releaseHold(number, reason: reason)
            let console = common.console
            if common.json { return console.out(try JSONDocument.text("released", hold)) }
            if !common.quiet { console.out("released: \(OrdersText.line(hold))\n") }
        }
    }
}

/// Orders as a person reads them.
enum OrdersText {
    static func line(_ hold: Hold) -> String {
        let end = hold.until.map { ", until \($0.dateText)" } ?? ""
        return "\(hold.id)  \(hold.table) \(hold.bounds)\(end), by \(hold.by): \(hold.reason)"
    }
}
