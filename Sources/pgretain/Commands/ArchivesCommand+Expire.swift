import ArgumentParser
import Maintenance
import Retention

extension ArchivesCommand {
    struct Expire: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove archives that are older than keep_archives, for good.",
            discussion: """
                EXAMPLES
                  pgretain archives expire
                  pgretain archives expire --table public.system_logs --yes

                Without --yes it only shows what would go. An archive goes when all of
                its range is older than the table's keep_archives, which somebody has
                approved; when the ledger knows it as it is, and its rows were dropped
                by a night; and when no hold, pin or pause covers it. Every night does
                the same, at most max_retire archives a table.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tables: TableOption

        @Flag(name: .long, help: "Only show what would go; the default.")
        var dryRun = false

        @Flag(name: .long, help: "Remove what would go, all of it.")
        var yes = false

        func validate() throws {
            if dryRun, yes { throw ValidationError("say either --dry-run or --yes") }
        }

        func run() throws {
            let site = try common.site(of: tables)
            let console = common.console
            guard yes else {
                let preview = try NightPreview.look(
                    site: site, tables: site.tableNames, maxRetire: .max, now: common.now)
                let expiries = preview.plan.tables.flatMap(\.expiries)
                console.out(
                    common.json
                        ? try JSONDocument.text("expiries", preview.plan.tables.flatMap(\.archives))
                        : ExpiryText.text(preview.plan, site: site))
                let problems = preview.plan.tables.flatMap { table in
                    table.problems.filter { !table.isSeen || $0.id == "policy.archives" }
                }
                for problem in problems + preview.checks { console.tell(problem) }
                if !expiries.isEmpty, !common.json {
                    console.say("Nothing was removed. With --yes these archives go for good.")
                }
                throw EarlyExit(status: preview.exitStatus)
            }
            let progress = ProgressLine(console)
            let report = Night(
                site: site,
                options: NightOptions(only: .expire, maxRetire: .max, now: common.now),
                interruption: Surroundings.interruption, progress: progress.sink,
                host: Surroundings.host
            ).run()
            progress.end()
            try common.show(report)
        }
    }
}

extension CommonOptions {
    /// What a command that somebody has typed has reached, and the status that goes with it.
    func show(_ report: Report) throws -> Never {
        if json {
            console.out(try JSONDocument.text("report", report))
        } else if !quiet || report.exitStatus != .done {
            console.out(ReportText.text(report))
        }
        for (subject, problem) in ReportText.problems(report) {
            console.tell(problem, about: subject)
        }
        throw EarlyExit(status: report.exitStatus)
    }
}
