import ArgumentParser
import Maintenance
import Retention

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tonight's work: heal, premake, retire, sample growth.",
        discussion: """
            EXAMPLES
              pgretain run
              pgretain run --dry-run
              pgretain run --table public.system_logs --max-retire 6
              pgretain run --only premake
              pgretain run --drill
              pgretain run --share          on each of several hosts

            Off a terminal a run that succeeds prints nothing; one that fails
            prints all that is needed to act. While another run works on a
            table, that table is refused with 75.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var tables: TableOption

    @Option(name: .long, help: "One phase alone: premake, retire, expire or sample.")
    var only: NightOptions.Phase?

    @Option(name: .long, help: "Partitions each table may lose in this run, oldest first.")
    var maxRetire: Int?

    @Option(
        name: .long,
        help: "No retirement begins after that long, such as 2h; what is under way ends.",
        transform: { text in
            guard let span = Span(text), span.months == 0 else {
                throw ValidationError("`\(text)` is no length of time; write it like 2h or 90 min")
            }
            return span
        })
    var deadline: Span?

    @Flag(
        name: .long,
        help: "At the end bring an archive back, prove it, measure how long it takes, and drop it.")
    var drill = false

    @Flag(
        name: .long,
        help: "Work beside other hosts that run with --share too, at the same tables and archives.")
    var share = false

    @Flag(name: .long, help: "The same as pgretain plan.")
    var dryRun = false

    func validate() throws {
        if let maxRetire, maxRetire < 0 {
            throw ValidationError("--max-retire must not be negative")
        }
        if dryRun, share {
            throw ValidationError("--dry-run does nothing that could be shared: leave --share out")
        }
    }

    func run() throws {
        if dryRun {
            try PlanCommand.show(common, tables, maxRetire: maxRetire)
            return
        }
        let began = ContinuousClock.now
        try common.answerForEachDatabase("report") { configuration, console in
            try night(of: configuration, console, after: began.duration(to: .now))
        }
    }

    /// - Parameter waited: what the nights of other databases have taken of the time.
    private func night(
        of configuration: Configuration, _ console: Console, after waited: Duration
    ) throws -> Answer {
        let isWatched = console.isTerminal && !common.quiet || common.verbose
        guard
            try common.hasNight(
                configuration, of: tables, telling: isWatched ? console : nil)
        else { return Answer(status: .done) }
        var environment = Surroundings.environment
        // For a command that asks pgretain more about it.
        if let name = configuration.name { environment["PGRETAIN_DATABASE"] = name }
        let notifier = Notifier(
            configuration.notifications, environment: environment, console: console)
        let site: Site
        do {
            site = try tables.narrow(try configuration.completeSite())
        } catch let problem as Problem {
            notifier.end(Night.report(unbegun: problem))
            throw problem
        }
        let progress = ProgressLine(console)
        let night = Night(
            site: site,
            options: NightOptions(
                only: only, maxRetire: maxRetire,
                deadlineSeconds: deadline.map { max(0, $0.seconds - waited.seconds) },
                now: common.now, drills: drill, isShared: share),
            interruption: Surroundings.interruption, progress: progress.sink,
            host: Surroundings.host)
        let report = night.run { notifier.begin(run: night.id) }
        progress.end()
        if !common.json, console.isTerminal, !common.quiet || report.exitStatus != .done {
            console.out(ReportText.text(report))
        } else if !common.json, report.exitStatus != .done || common.verbose {
            console.say(ReportText.text(report))
        }
        // Off a terminal too: where nothing is enforced, silence would look like success.
        if report.exitStatus == .done, !isWatched, !common.quiet {
            for note in report.notes ?? [] { console.say("note: \(note)") }
        }
        for (subject, problem) in ReportText.problems(report) {
            console.tell(problem, about: subject)
        }
        notifier.end(report)
        return Answer(value: report, status: report.exitStatus)
    }
}

extension NightOptions.Phase: ExpressibleByArgument {}

extension Span {
    /// Without its months.
    fileprivate var seconds: Double { Double(days) * 86_400 + Double(microseconds) / 1_000_000 }
}

extension Duration {
    fileprivate var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
