import Glibc

/// What is left of attempts and of time for one request.
struct Patience {
    let store: String
    let policy: RetryPolicy
    let isInterrupted: @Sendable () -> Bool
    private let start = ContinuousClock.now
    private var attempts = 0

    init(_ policy: RetryPolicy, store: String, _ isInterrupted: @escaping @Sendable () -> Bool) {
        self.policy = policy
        self.store = store
        self.isInterrupted = isInterrupted
    }

    private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Returns when it is time for the next attempt.
    mutating func wait(_ reason: String, asked: Double?) throws(StorageError) {
        attempts += 1
        let delay = policy.delay(afterAttempts: attempts, asked: asked)
        guard attempts < policy.attempts, seconds + delay < policy.longestSeconds else {
            let times = attempts == 1 ? "" : ", after \(attempts) attempts in \(Int(seconds)) s"
            throw .unreachable(store: store, reason: reason + times)
        }
        let end = seconds + delay
        while seconds < end {
            if isInterrupted() { throw .interrupted }
            usleep(UInt32(max(1000, min(0.1, end - seconds) * 1_000_000)))
        }
        if isInterrupted() { throw .interrupted }
    }
}
