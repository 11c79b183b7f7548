import ArgumentParser
import Maintenance
import Retention

struct Approve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say yes to a policy: until then it removes nothing.",
        discussion: """
            EXAMPLES
              pgretain approve
              pgretain approve --table public.system_logs --reason "agreed with legal"

            Shows the cutoff as a date, the partitions and the bytes that will
            go. A policy that becomes harsher (a shorter retain, then: towards
            drop, another key or period) waits for a new yes.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var tables: TableOption

    @Option(name: .long, help: "Why, for the ledger.")
    var reason: String?

    func run() throws {
        let site = try common.site(of: tables)
        let approvals = try Approval.approve(
            site: site, tables: site.tableNames, reason: reason, host: Surroundings.host,
            now: common.now)
        let console = common.console
        guard !common.json else {
            console.out(try JSONDocument.text("approvals", approvals))
            return
        }
        for approval in approvals where !common.quiet { console.out(ApprovalText.text(approval)) }
    }
}
