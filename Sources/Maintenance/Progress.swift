import Retention
import Synchronization

/// What a person may watch while it runs.
public struct ProgressUpdate: Sendable {
    public enum Activity: String, Sendable {
        case export, verify, restore, split, search, erase
    }

    public var table: QualifiedName
    /// The partition's readable name.
    public var partition: String
    public var activity: Activity
    public var rows: UInt64
    /// Of COPY text or NDJSON that went through.
    public var bytes: Int64
    /// Where it is known, or estimated by the server's statistics.
    public var totalRows: UInt64?
    public var seconds: Double
    /// It is over.
    public var isFinal: Bool
}

/// Where updates go. Called from several threads, a few times a second at most.
public typealias ProgressSink = @Sendable (ProgressUpdate) -> Void

/// Counts what went through a step and tells a sink about it, not too often.
final class StepProgress: Sendable {
    private struct State {
        var update: ProgressUpdate
        var lastTold: Double = 0
    }

    private let state: Mutex<State>
    private let stopwatch = Stopwatch()
    private let sink: ProgressSink?

    init(
        _ activity: ProgressUpdate.Activity, of partition: String, table: QualifiedName,
        totalRows: UInt64?,
        sink: ProgressSink?
    ) {
        state = Mutex(
            State(
                update: ProgressUpdate(
                    table: table, partition: partition, activity: activity, rows: 0, bytes: 0,
                    totalRows: totalRows, seconds: 0, isFinal: false)))
        self.sink = sink
    }

    var seconds: Double { stopwatch.seconds }

    func add(rows: UInt64, bytes: Int) {
        guard let sink else { return }
        let due = state.withLock { state -> ProgressUpdate? in
            state.update.rows += rows
            state.update.bytes += Int64(bytes)
            state.update.seconds = stopwatch.seconds
            guard state.update.seconds - state.lastTold > 0.2 else { return nil }
            state.lastTold = state.update.seconds
            return state.update
        }
        if let due { sink(due) }
    }

    func finish() {
        guard let sink else { return }
        var last = state.withLock { $0.update }
        last.seconds = stopwatch.seconds
        last.isFinal = true
        sink(last)
    }
}

/// Seconds since it was made.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now

    var seconds: Double {
        let elapsed = ContinuousClock.now - start
        return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    }
}
