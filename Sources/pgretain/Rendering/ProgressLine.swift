import Maintenance
import Retention
import Synchronization

/// One line on a terminal that follows a step, and is replaced by the next.
final class ProgressLine: Sendable {
    private let console: Console
    private let isShown = Mutex(false)

    init(_ console: Console) {
        self.console = console
    }

    /// Nil where nobody watches.
    var sink: ProgressSink? {
        guard console.showsProgress, !console.isQuiet else { return nil }
        return { self.show($0) }
    }

    private func show(_ update: ProgressUpdate) {
        let rate = update.seconds > 0 ? Double(update.bytes) / update.seconds : 0
        var line = "\(update.activity.rawValue) \(update.partition)  "
        line += "\(Quantities.plural(update.rows, "row"))"
        if rate > 0 { line += "  \(Quantities.bytes(Int64(rate)))/s" }
        if update.isFinal {
            line += "  \(Quantities.duration(update.seconds))"
        } else if let total = update.totalRows, update.rows > 0, total > update.rows {
            let left = update.seconds * Double(total - update.rows) / Double(update.rows)
            line += "  about \(Quantities.duration(left)) left"
        }
        isShown.withLock { isShown in
            console.progress(line, isFinal: update.isFinal)
            isShown = !update.isFinal
        }
    }

    /// Ends a line that was left standing, so that a message does not follow on it.
    func end() {
        isShown.withLock { isShown in
            if isShown { console.say("") }
            isShown = false
        }
    }
}
