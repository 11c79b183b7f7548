/// How fast bytes may go: over any stretch of time at most its length times the rate, and a burst.
/// Pure: the time is told, and the waiting is somebody else's.
public struct TokenBucket: Sendable {
    private let bytesPerSecond: Int64
    private let burstNanoseconds: Int64
    /// Until when the rate has been used up.
    private var spentUntil = Int64.min / 2

    /// What was not used is kept for a quarter of a second, no longer: who was slow for a minute
    /// must not be fast for the next.
    public init(bytesPerSecond: Int64, burstNanoseconds: Int64 = 250_000_000) {
        precondition(bytesPerSecond > 0)
        self.bytesPerSecond = bytesPerSecond
        self.burstNanoseconds = burstNanoseconds
    }

    /// Takes bytes that went through at a time, in nanoseconds of any clock that does not run
    /// backwards. Gives how long to wait before the next ones.
    public mutating func take(_ bytes: Int, at now: Int64) -> Int64 {
        let (whole, rest) = Int64(bytes).quotientAndRemainder(dividingBy: bytesPerSecond)
        let cost =
            whole * 1_000_000_000
            + Int64((Int128(rest) * 1_000_000_000 / Int128(bytesPerSecond)))
        spentUntil = max(spentUntil, now - burstNanoseconds) + cost
        return max(0, spentUntil - now)
    }
}
