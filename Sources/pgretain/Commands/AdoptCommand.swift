import ArgumentParser
import Maintenance
import Retention

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Make a plain table a partitioned one, while the application goes on.",
        discussion: """
            EXAMPLES
              pgretain adopt --dry-run system_logs
              pgretain adopt system_logs
              pgretain adopt system_logs --null-key created-from-default
              pgretain adopt system_logs --null-key keep-aside --aside system_logs_no_time
              pgretain adopt --undo system_logs
              pgretain adopt --split system_logs

            The table has to be in the configuration, with its key and period.
            What it holds becomes its first partition; nothing is copied. It is
            locked for milliseconds, twice or three times. Whoever stops it in
            the middle runs it again, and it goes on there.

            --split moves the rows of that first partition into partitions of a
            month (or whatever the period is) each. That copies them: it needs
            room for them a second time until it is done.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The table, as SQL writes it.", transform: TableName.parse)
    var table: QualifiedName

    @Flag(name: .long, help: "Show every step, its lock, and what is in the way; do nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Make it a plain table again, or take back what was begun.")
    var undo = false

    @Flag(name: .long, help: "Split the partition that was the plain table into its periods.")
    var split = false

    @Option(
        name: .long, help: "Rows without a time: reject, created-from-default or keep-aside.")
    var nullKey: NullKeys = .reject

    @Option(
        name: .long, help: "Rows of the far future, infinity among them: reject or keep-aside.")
    var lateKey: LateKeys = .reject

    @Option(
        name: .long, help: "A new table for the rows that are kept aside.",
        transform: TableName.parse)
    var aside: QualifiedName?

    @Option(name: .long, help: "What does not matter to you: unique or publication. Repeatable.")
    var accept: [AdoptionObstacle.Acceptance] = []

    enum LateKeys: String, ExpressibleByArgument {
        case reject
        case keepAside = "keep-aside"
    }

    func validate() throws {
        let keepsAside = nullKey == .keepAside || lateKey == .keepAside
        guard keepsAside == (aside != nil) else {
            throw ValidationError(
                keepsAside ? "say where they go: --aside TABLE" : "--aside without keep-aside")
        }
        guard !(undo && dryRun) else { throw ValidationError("--undo has no --dry-run") }
        guard !split || !(undo || keepsAside || !accept.isEmpty) else {
            throw ValidationError("--split goes with --dry-run alone")
        }
    }

    func run() throws {
        split ? try runSplit() : try runAdoption()
    }

    private func runAdoption() throws {
        let adopt = try Adopt(
            site: try common.site(), table: table,
            choices: AdoptionChoices(
                nullKeys: nullKey, aside: aside, movesLateKeys: lateKey == .keepAside,
                accepted: Set(accept)),
            interruption: Surroundings.interruption, host: Surroundings.host, now: common.now)
        let console = common.console
        if dryRun {
            let preview = try adopt.preview()
            console.out(
                common.json
                    ? try JSONDocument.text("adoption", preview) : AdoptionText.text(preview))
            try leave(with: preview.obstacles.map(\.status))
            return
        }
        let result: Adopt.Result
        do {
            result = try undo ? adopt.undo() : adopt.run()
        } catch let error as Obstructed {
            for problem in error.problems { console.tell(problem) }
            return try leave(with: error.problems.map(\.status))
        }
        if common.json {
            console.out(try JSONDocument.text("adopted", result))
        } else if !common.quiet {
            console.out(AdoptionText.text(result))
        }
        for problem in result.problems { console.tell(problem) }
        try leave(with: result.problems.map(\.status))
    }

    private func runSplit() throws {
        let console = common.console
        let progress = ProgressLine(console)
        let split = try Split(
            site: try common.site(), table: table, interruption: Surroundings.interruption,
            progress: progress.sink, host: Surroundings.host, now: common.now)
        if dryRun {
            let preview = try split.preview()
            console.out(
                common.json ? try JSONDocument.text("split", preview) : SplitText.text(preview))
            return try leave(with: preview.obstacles.map(\.status))
        }
        do {
            defer { progress.end() }
            let result = try split.run()
            if common.json {
                console.out(try JSONDocument.text("split", result))
            } else if !common.quiet {
                console.out(SplitText.text(result))
            }
        } catch let error as Obstructed {
            for problem in error.problems { console.tell(problem) }
            try leave(with: error.problems.map(\.status))
        }
    }

    private func leave(with statuses: [Retention.ExitStatus]) throws {
        let status = Retention.ExitStatus.of(statuses)
        if status != .done { throw EarlyExit(status: status) }
    }
}

extension NullKeys: ExpressibleByArgument {}
extension AdoptionObstacle.Acceptance: ExpressibleByArgument {}
