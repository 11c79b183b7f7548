import ArgumentParser
import Glibc
import Maintenance
import Retention

struct CheckCommand: ParsableCommand {
    enum Output: String, CaseIterable, ExpressibleByArgument {
        case text, json, prometheus
    }

    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "The verdict for monitoring: one line, and 0, 1, 2 or 3.",
        discussion: """
            EXAMPLES
              pgretain check
              pgretain check -v
              pgretain check --table public.system_logs --json
              pgretain check --output prometheus
              pgretain check -q --textfile /var/lib/prometheus/node-exporter/pgretain.prom

            Ends in 0 ok, 1 warning, 2 critical, 3 unknown, with perfdata behind
            the line. Changes nothing, waits for no lock longer than a second or
            three, and for nothing at all longer than check.timeout (30 s). Each
            id is explained in docs/runbook.md.

            --textfile writes the metrics for the node exporter's textfile
            collector, besides: whole or not at all, and not at all while
            nothing is known.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var tables: TableOption

    @Option(name: .long, help: "text, json or prometheus.")
    var output = Output.text

    @Option(name: .long, help: "Writes the metrics to this file too.")
    var textfile: String?

    func validate() throws {
        if common.json, output == .prometheus {
            throw ValidationError("--json and --output prometheus are two documents")
        }
    }

    func run() throws {
        let answer = CheckAnswer(form: common.json ? .json : output, common.console)
        // Told by another thread, while this one hangs.
        let limit = try TimeLimit(seconds: CheckSettings.defaultTimeoutSeconds) { seconds in
            let report = HealthReport(timeoutSeconds: seconds)
            answer.tell(report)
            _exit(report.state.exitCode)
        }
        // It changes nothing that a signal could leave half done.
        var report = Interruption.whileSignalsEndAtOnce {
            do {
                let site = try tables.narrow(try common.siteAsWritten())
                limit.move(toSeconds: site.check.timeoutSeconds)
                return try HealthReport.look(site: site, now: common.now)
            } catch {
                return HealthReport(unknown: Problem(explaining: error))
            }
        }
        limit.end()
        if let textfile { report.add(writing(report, to: Surroundings.absolute(textfile))) }
        answer.tell(report)
        throw EarlyExit(state: report.state)
    }

    /// While nothing is known the last file that was written stays.
    private func writing(_ report: HealthReport, to path: String) -> Finding? {
        guard report.measures != nil || report.isOnStandby else { return nil }
        do {
            try AtomicFile.write(CheckMetrics.text(report, tool: Surroundings.tool), to: path)
            return nil
        } catch {
            return Finding(
                .checkFailed, .unknown, "\(error.message) [\(error.id)]", hint: error.hint)
        }
    }
}

/// How a verdict is told on standard output.
private struct CheckAnswer: Sendable {
    let form: CheckCommand.Output
    let console: Console

    init(form: CheckCommand.Output, _ console: Console) {
        self.form = form
        self.console = console
    }

    func tell(_ report: HealthReport) {
        switch form {
        case .text:
            // Under cron, beside --textfile: silence while all is well.
            guard !console.isQuiet || report.state != .ok else { return }
            console.out(CheckText.text(report, isLong: console.isVerbose))
        case .json:
            do { console.out(try JSONDocument.text("check", report)) } catch {
                console.tell(Problem(explaining: error))
            }
        case .prometheus:
            console.out(CheckMetrics.text(report, tool: Surroundings.tool))
            if report.measures == nil, !report.isOnStandby {
                console.say(CheckText.text(report, isLong: true))
            }
        }
    }
}
