import ArgumentParser
import Glibc
import Maintenance
import Retention
import Synchronization

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
        let looked = LookedAt()
        // Told by another thread, while this one hangs.
        let limit = try TimeLimit(seconds: CheckSettings.defaultTimeoutSeconds) { seconds in
            let reports = looked.reports(afterSeconds: seconds)
            answer.tell(reports)
            _exit(HealthVerdict.State.worst(of: reports.map(\.report.state)).exitCode)
        }
        // It changes nothing that a signal could leave half done.
        var reports = Interruption.whileSignalsEndAtOnce { look(within: limit, looked) }
        limit.end()
        if let textfile {
            reports[0].report.add(writing(reports, to: Surroundings.absolute(textfile)))
        }
        answer.tell(reports)
        throw EarlyExit(state: .worst(of: reports.map(\.report.state)))
    }

    /// At each database, for as long as each may take.
    private func look(within limit: TimeLimit, _ looked: LookedAt) -> [DatabaseHealth] {
        let all: [Configuration]
        do { all = try common.configurations() } catch {
            return [(nil, HealthReport(unknown: Problem(explaining: error)))]
        }
        let names = all.map { all.count > 1 ? $0.name : nil }
        looked.begin(names)
        var seconds = 0
        return zip(names, all).map { name, configuration in
            let report: HealthReport
            do {
                try common.requireTables(configuration)
                let site = try tables.narrow(try configuration.completeSite())
                seconds += site.check.timeoutSeconds
                limit.move(toSeconds: seconds)
                report = try HealthReport.look(site: site, now: common.now)
            } catch {
                report = HealthReport(unknown: Problem(explaining: error))
            }
            looked.end(name, report)
            return (name, report)
        }
    }

    /// While nothing is known the last file that was written stays.
    private func writing(_ reports: [DatabaseHealth], to path: String) -> Finding? {
        guard reports.contains(where: { $0.report.isKnown }) else { return nil }
        do {
            try AtomicFile.write(CheckMetrics.text(reports, tool: Surroundings.tool), to: path)
            return nil
        } catch {
            return Finding(
                .checkFailed, .unknown, "\(error.message) [\(error.id)]", hint: error.hint)
        }
    }
}

/// What is known so far of the databases that are looked at, one after the other.
private final class LookedAt: Sendable {
    private let state = Mutex<(known: [DatabaseHealth], waiting: [String?])>(([], [nil]))

    func begin(_ names: [String?]) { state.withLock { $0.waiting = names } }

    func end(_ name: String?, _ report: HealthReport) {
        state.withLock {
            $0.known.append((name, report))
            $0.waiting.removeFirst()
        }
    }

    /// Of those that were not reached in time nothing is known.
    func reports(afterSeconds seconds: Int) -> [DatabaseHealth] {
        state.withLock { state in
            state.known + state.waiting.map { ($0, HealthReport(timeoutSeconds: seconds)) }
        }
    }
}

extension HealthReport {
    fileprivate var isKnown: Bool { measures != nil || isOnStandby }
}

/// How a verdict is told on standard output.
private struct CheckAnswer: Sendable {
    let form: CheckCommand.Output
    let console: Console

    init(form: CheckCommand.Output, _ console: Console) {
        self.form = form
        self.console = console
    }

    func tell(_ reports: [DatabaseHealth]) {
        switch form {
        case .text:
            // Under cron, beside --textfile: silence while all is well.
            guard !console.isQuiet || reports.contains(where: { $0.report.state != .ok }) else {
                return
            }
            console.out(CheckText.text(reports, isLong: console.isVerbose))
        case .json:
            do { console.out(try document(reports)) } catch {
                console.tell(Problem(explaining: error))
            }
        case .prometheus:
            console.out(CheckMetrics.text(reports, tool: Surroundings.tool))
            let unknown = reports.filter { !$0.report.isKnown }
            if !unknown.isEmpty { console.say(CheckText.text(unknown, isLong: true)) }
        }
    }

    private func document(_ reports: [DatabaseHealth]) throws -> String {
        guard reports.count > 1 else { return try JSONDocument.text("check", reports[0].report) }
        return try JSONDocument.text(
            ofDatabases: "check", reports.map { ($0.name, .success($0.report)) })
    }
}
