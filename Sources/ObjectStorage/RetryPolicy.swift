/// How long is tried, and how long is waited.
public struct RetryPolicy: Sendable, Hashable {
    /// At most, of one request.
    public var attempts = 10
    /// After this many seconds no attempt is begun.
    public var longestSeconds = 300.0
    /// Before the second attempt a random share of this is waited; before each further one of twice
    /// as much.
    public var firstDelaySeconds = 0.2
    public var longestDelaySeconds = 20.0
    public var connectSeconds = 10.0
    /// A transfer that stands still for this long has failed.
    public var stallSeconds = 60.0
    /// An attempt may take this long, and as long as its bytes take at the slowest rate.
    public var attemptSeconds = 120.0
    public var slowestBytesPerSecond = 16_384.0

    public init() {}

    /// For what is tidied up on the way out of a failure, or of a run that is ending.
    var brief: RetryPolicy {
        var policy = self
        policy.attempts = min(attempts, 3)
        policy.longestSeconds = min(longestSeconds, 10)
        policy.connectSeconds = min(connectSeconds, 3)
        policy.stallSeconds = min(stallSeconds, 10)
        return policy
    }

    /// For an attempt that moves this many bytes.
    func attemptSeconds(bytes: Int) -> Double {
        attemptSeconds + stallSeconds + Double(bytes) / slowestBytesPerSecond
    }

    /// How long to wait before the next attempt: exponential, with full jitter, and at least what
    /// the store asked for, unless that is unreasonable.
    func delay(afterAttempts count: Int, asked: Double?) -> Double {
        let most = min(longestDelaySeconds, firstDelaySeconds * Double(1 << min(count - 1, 20)))
        return max(Double.random(in: 0...most), min(asked ?? 0, 3 * longestDelaySeconds))
    }
}
