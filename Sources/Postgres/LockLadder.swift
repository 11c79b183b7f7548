import Glibc
import Retention

/// How to ask for a strong lock without freezing an application: many short waits, each a little
/// longer than the last, and none behind somebody who will hold on for long. Before each it looks on,
/// which nobody waits behind, for a moment in which only short transactions are in the way.
///
/// The longest rung stays below `deadlock_timeout` (1 s by default), so that in a deadlock we are
/// the one that gives up.
public struct LockLadder: Sendable {
    public var longestMilliseconds: Int
    public var attempts: Int
    /// Behind a conflicting transaction older than this we do not queue.
    public var oldHolderMilliseconds: Int
    /// Called before each attempt and ten times a second between; what it throws ends the climb.
    public var beforeAttempt: (@Sendable () throws -> Void)?

    public init(
        longestMilliseconds: Int = 800, attempts: Int = 20, oldHolderMilliseconds: Int = 2000,
        beforeAttempt: (@Sendable () throws -> Void)? = nil
    ) {
        self.longestMilliseconds = max(1, longestMilliseconds)
        self.attempts = max(1, attempts)
        self.oldHolderMilliseconds = max(0, oldHolderMilliseconds)
        self.beforeAttempt = beforeAttempt
    }

    /// The wait of an attempt, counted from 0: 100, 200, 400, 800 ms, up to the longest.
    func rung(_ attempt: Int) -> Int {
        min(longestMilliseconds, 100 << min(max(attempt, 0), 20))
    }

    /// Who has been in the way for longer than a first attempt waits, may be for as long again.
    private var longHolderMilliseconds: Int { min(rung(0), oldHolderMilliseconds) }

    /// How long a climb looks on, over all attempts: some nights somebody is always in the way.
    private var patience: Duration { .milliseconds(10 * longestMilliseconds) }

    /// Gives who is in the way for long when it ends.
    private func waitForGap(until end: ContinuousClock.Instant, _ watch: inout LockWatch) throws
        -> [LockWatch.Holder]
    {
        while true {
            let holders = try watch.oldHolders(than: longHolderMilliseconds)
            guard !holders.isEmpty, .now < end else { return holders }
            try beforeAttempt?()
            usleep(50_000)
        }
    }

    /// Between attempts: once to three times the rung, at random, so that two climbers part.
    private func pause(after attempt: Int) throws {
        var left = rung(attempt) * Int.random(in: 100...300) / 100
        while left > 0 {
            try beforeAttempt?()
            let nap = min(left, 100)
            usleep(UInt32(nap) * 1000)
            left -= nap
        }
    }

    /// Tries `body` with the rung in milliseconds until it gets its locks. It has to leave nothing
    /// behind when it throws. `what` is what a message says is not to be had.
    func climb<Value>(
        _ what: String, wanting locks: [WantedLock], on connection: Connection,
        _ body: (Int) throws -> Value
    ) throws -> Value {
        var watch = LockWatch(locks, connection: connection)
        let end = ContinuousClock.now + patience
        for attempt in 0..<attempts {
            try beforeAttempt?()
            let holders = try waitForGap(until: end, &watch)
            if holders.allSatisfy({ $0.ageMilliseconds < oldHolderMilliseconds }) {
                do {
                    return try body(rung(attempt))
                } catch let error as PostgresError where error.isLockTimeout || error.isDeadlock {
                    guard !connection.isBroken else { throw error }
                    if try watch.hasStubbornVacuum() { break }
                }
            }
            if attempt + 1 < attempts { try pause(after: attempt) }
        }
        let holders = try watch.holders()
        let names = holders.map(\.description).joined(separator: ", ")
        throw Problem(
            "lock.busy", .tryLater,
            "The lock on \(what) was not to be had"
                + (names.isEmpty ? "" : "; in the way: \(names)")
                + ". Nothing was changed, writes go on.",
            hint: "Run it again when they are done; it goes on where it stopped.")
    }
}
