import Glibc
import Retention
import Synchronization

/// SIGINT and SIGTERM, turned into an orderly end: what waits on the server is cancelled, and
/// each step looks here before it goes on.
public final class Interruption: Sendable {
    private struct State {
        var status: ExitStatus?
        /// What is called when a signal comes, by a number of its own.
        var cancels: [Int: @Sendable () -> Void] = [:]
        var lastNumber = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// Takes the two signals over for the whole process. To be called before any other thread
    /// exists, since threads inherit what is blocked.
    public func listen() throws {
        var signals = Self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // A reader that goes away must not kill the night.
        signal(SIGPIPE, SIG_IGN)
        let waited = signals
        let thread = try Threads.start { [self] in
            var signals = waited
            while true {
                var number: Int32 = 0
                guard sigwait(&signals, &number) == 0 else { continue }
                interrupt(number == SIGINT ? .interrupted : .terminated)
            }
        }
        pthread_detach(thread)
    }

    /// While `body` runs the two signals end the process, and those that it starts, at once: for
    /// what waits on another program before anything was begun, and what only looks.
    public static func whileSignalsEndAtOnce<Result>(_ body: () -> Result) -> Result {
        var signals = signals
        var before = sigset_t()
        pthread_sigmask(SIG_UNBLOCK, &signals, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return body()
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }

    /// Ends the run as the signal would. A second one ends the process on the spot.
    public func interrupt(_ status: ExitStatus) {
        let (cancels, isSecond) = state.withLock { state in
            defer { if state.status == nil { state.status = status } }
            return (state.cancels.values, state.status != nil)
        }
        if isSecond { _exit(status.rawValue) }
        for cancel in cancels { cancel() }
    }

    /// What the run ends with, once a signal has come.
    public var status: ExitStatus? { state.withLock { $0.status } }

    /// Throws once a signal has come.
    func check() throws(Problem) {
        guard let status else { return }
        throw Problem(
            "interrupted", status, "Interrupted. Nothing half-done was published.",
            hint: "Run it again; it goes on where it stopped.")
    }

    /// While `body` runs, a signal calls `cancel` too; at once where it has come already.
    func whileCancelling<Result>(
        _ cancel: @escaping @Sendable () -> Void, _ body: () throws -> Result
    ) rethrows -> Result {
        let (number, isLate) = state.withLock { state in
            state.lastNumber += 1
            state.cancels[state.lastNumber] = cancel
            return (state.lastNumber, state.status != nil)
        }
        defer { state.withLock { $0.cancels[number] = nil } }
        if isLate { cancel() }
        return try body()
    }
}
