import Glibc
import Retention
import Synchronization

/// Ends the process when its time is over, whatever it waits for: a server, a disk that hangs, a
/// password command.
public final class TimeLimit: Sendable {
    private let state: Mutex<(seconds: Int, isOver: Bool)>
    private let beginning = Stopwatch()

    /// - Parameter expire: says what there is to say, and ends the process.
    public init(seconds: Int, expire: @escaping @Sendable (_ seconds: Int) -> Void) throws(Problem)
    {
        state = Mutex((seconds, false))
        let thread = try Threads.start { [self] in
            while true {
                let (isDue, seconds, isOver) = state.withLock { state in
                    let isDue = !state.isOver && beginning.seconds >= Double(state.seconds)
                    if isDue { state.isOver = true }
                    return (isDue, state.seconds, state.isOver)
                }
                if isDue { expire(seconds) }
                if isOver { return }
                usleep(20_000)
            }
        }
        pthread_detach(thread)
    }

    /// Counted from the beginning.
    public func move(toSeconds seconds: Int) { state.withLock { $0.seconds = seconds } }

    /// Before the answer is given; where the time was over first, that has been said instead, and this
    /// does not return.
    public func end() {
        let wasOver = state.withLock { state in
            defer { state.isOver = true }
            return state.isOver
        }
        while wasOver { sleep(1) }
    }
}
