import Glibc
import Maintenance
import Retention

/// Tells of a night's begin and end. Whatever becomes of that, the night's status stays what it is.
final class Notifier {
    private let settings: Notifications
    private let environment: [String: String]
    private let console: Console
    private var start: ChildProcess?

    init(_ settings: Notifications, environment: [String: String], console: Console) {
        self.settings = settings
        self.environment = environment
        self.console = console
    }

    /// Pings that a night begins, and does not wait for the answer.
    func begin(run: String) {
        start = Self.ping(settings, "start", run: run, body: "", environment)
    }

    /// Tells how it ended. A standby's silence is not told: it would be taken for the primary's success.
    func end(_ report: Report) {
        guard report.isOnStandby != true else { return }
        let status = report.exitStatus
        if let command = status == .done ? settings.onSuccess : settings.onFailure {
            tell(command, key: status == .done ? "on_success" : "on_failure", report)
        }
        guard settings.ping != nil else { return }
        // The end must not arrive before the begin.
        _ = start?.wait(seconds: settings.timeoutSeconds)
        let child = Self.ping(
            settings, "\(status.rawValue)", run: report.run, body: Self.summary(report),
            environment)
        guard let child else {
            return console.detail("ping: curl cannot be started; it is a package of its own")
        }
        // Who watches the other end is alarmed when it does not arrive: no mail of ours is needed.
        let end = child.wait(seconds: settings.timeoutSeconds)
        if end != .exited(0) { console.detail("ping: curl \(Self.words(end))") }
    }

    // MARK: Commands

    private func tell(_ command: String, key: String, _ report: Report) {
        do {
            let child = try ChildProcess(
                ["/bin/sh", "-c", command], input: try JSONDocument.text("report", report),
                environment: environment.merging([
                    "PGRETAIN_RUN": report.run, "PGRETAIN_STATUS": "\(report.exitStatus.rawValue)",
                ]) { $1 }, isHeard: true)
            let end = child.wait(seconds: settings.timeoutSeconds)
            if end != .exited(0) { complain(key, Self.words(end), report) }
        } catch let failure as ChildProcess.Failure {
            complain(key, "cannot be started: \(String(cString: strerror(failure.number)))", report)
        } catch {
            complain(key, "was not told: \(error)", report)
        }
    }

    /// Told, and no more: the night's own status says how the night was.
    private func complain(_ key: String, _ what: String, _ report: Report) {
        console.tell(
            Problem(
                "notification.failed", report.exitStatus,
                "\(key) \(what). The run itself ended with \(report.exitStatus.rawValue).",
                hint: "Run the command by hand; it gets the report on standard input."))
    }

    private static func words(_ end: ChildProcess.End) -> String {
        switch end {
        case .exited(let status): "ended with status \(status)"
        case .signalled(let signal): "was ended by signal \(signal)"
        case .late: "took too long and was killed (notify_timeout)"
        }
    }

    // MARK: Pings

    /// By curl, which reads the URL from its standard input: it is a secret, and arguments are not.
    private static func ping(
        _ settings: Notifications, _ what: String, run: String, body: String,
        _ environment: [String: String]
    ) -> ChildProcess? {
        guard var url = settings.ping else { return nil }
        var query = run.isEmpty ? "" : "rid=\(run.lowercased())"
        if let mark = url.firstIndex(of: "?") {
            query = "\(url[url.index(after: mark)...])&\(query)"
            url = String(url[..<mark])
        }
        while url.hasSuffix("/") { url.removeLast() }
        let lines = [
            "url = \(quoted("\(url)/\(what)?\(query)"))",
            "data-raw = \(quoted(body))",
            "header = \"Content-Type: text/plain; charset=utf-8\"",
        ]
        do {
            return try ChildProcess(
                [
                    "curl", "--disable", "--silent", "--fail", "--globoff", "--max-time",
                    "\(settings.timeoutSeconds)", "--retry", "2", "--retry-max-time",
                    "\(settings.timeoutSeconds)", "--proto", "=http,https", "--config", "-",
                ], input: lines.joined(separator: "\n") + "\n", environment: environment,
                isHeard: false)
        } catch { return nil }
    }

    /// As curl's configuration has strings.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(character)
            }
        }
        return result + "\""
    }

    /// At most 10 kB, which is what such services keep.
    private static func summary(_ report: Report) -> String {
        var text = ReportText.text(report)
        for (subject, problem) in ReportText.problems(report) {
            text += "\(subject.map { "\($0): " } ?? "")\(problem.message) [\(problem.id)]\n"
            text += "  next: \(problem.hint)\n"
        }
        return String(decoding: text.utf8.prefix(10_000), as: UTF8.self)
    }
}
