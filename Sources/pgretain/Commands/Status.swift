import ArgumentParser
import Maintenance
import Retention

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tables, archives, quarantine, holds, pins, last runs; the ledger.",
        discussion: """
            EXAMPLES
              pgretain status
              pgretain status --table public.system_logs --json
              pgretain status --ledger
              pgretain status --ledger --last 0 --json
              pgretain status --ledger --expect 17:9f86d081884c7d659a2feaa0c55ad015…

            --ledger prints the ledger's entries, each with the command that brings
            its archive back, and reads all of them to find what was changed,
            removed or put in. Keep the last link that it prints where nobody who
            can change the database can: with --expect it shows later whether
            the end of the ledger was cut off or all of it rewritten, which the
            database alone cannot tell.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var tables: TableOption

    @Flag(name: .long, help: "The ledger: who did what when, and whether it was tampered with.")
    var ledger = false

    @Option(
        name: .long,
        help: "Of --ledger: how many entries are printed, the latest; 0 for all of them.")
    var last = 100

    @Option(
        name: .long,
        help: "Of --ledger: a link that was printed before and has to be there; may be repeated.",
        transform: { text in
            guard let link = LedgerLink(text) else {
                throw ValidationError("`\(text)` is no link; it is printed as NUMBER:HASH")
            }
            return link
        })
    var expect: [LedgerLink] = []

    func validate() throws {
        guard last >= 0 else { throw ValidationError("--last cannot be less than 0") }
        guard ledger || expect.isEmpty && last == 100 else {
            throw ValidationError("--last and --expect go with --ledger")
        }
    }

    func run() throws {
        guard !ledger else { return try printLedger() }
        try common.answerForEachDatabase("status") { configuration, console in
            let site = try common.site(of: configuration, tables, console)
            let report = try StatusReport.look(site: site, tables: site.tableNames)
            if !common.json { console.out(StatusText.text(report)) }
            return Answer(value: report, status: report.exitStatus)
        }
    }

    /// A table that the configuration has no more is asked for as well as any.
    private func printLedger() throws {
        let report = try LedgerReport.look(
            site: try common.siteAsWritten(), tables: tables.table.map { [$0] },
            last: last == 0 ? .max : last, expecting: expect)
        common.console.out(
            common.json ? try JSONDocument.text("ledger", report) : LedgerText.text(report))
        for problem in report.problems { common.console.tell(problem) }
        throw EarlyExit(status: report.exitStatus)
    }
}
