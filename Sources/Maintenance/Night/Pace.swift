import Glibc
import Retention
import Synchronization

/// `limits.rate`: slows the thread that reads COPY down to a rate that all readers of a run share.
final class Pace: Sendable {
    private struct State {
        var bucket: TokenBucket
        var sleptNanoseconds: Int64 = 0
    }

    let rate: ByteCount
    private let state: Mutex<State>
    private let start = ContinuousClock.now
    private let interruption: Interruption

    init(_ rate: ByteCount, interruption: Interruption) {
        self.rate = rate
        state = Mutex(State(bucket: TokenBucket(bytesPerSecond: rate.bytes)))
        self.interruption = interruption
    }

    /// Seconds that it has held readers back so far.
    var sleptSeconds: Double { Double(state.withLock { $0.sleptNanoseconds }) * 1e-9 }

    /// To be called with what was read, in small portions; returns when the next may be read.
    func spend(_ bytes: Int) throws {
        let began = nanoseconds
        let wait = state.withLock { $0.bucket.take(bytes, at: began) }
        guard wait > 0 else { return }
        defer {
            let slept = nanoseconds - began
            state.withLock { $0.sleptNanoseconds += slept }
        }
        while true {
            try interruption.check()
            let left = wait - (nanoseconds - began)
            guard left > 0 else { return }
            usleep(UInt32(min(left, 100_000_000) / 1000 + 1))
        }
    }

    private var nanoseconds: Int64 {
        let elapsed = (ContinuousClock.now - start).components
        return elapsed.seconds * 1_000_000_000 + elapsed.attoseconds / 1_000_000_000
    }
}
