import Postgres
import Retention
import Synchronization

/// When a run is to begin nothing more.
struct Deadline: Sendable {
    private let stopwatch = Stopwatch()
    private let seconds: Double?

    /// `seconds` from now; nil: never.
    init(seconds: Double?) { self.seconds = seconds }

    /// Nil without a deadline.
    var remainingSeconds: Double? { seconds.map { max(0, $0 - stopwatch.seconds) } }

    var hasPassed: Bool { remainingSeconds.map { $0 <= 0 } ?? false }
}

/// How long there is until the deadline, and how long things will take. One of them a run: what
/// one table has shown holds for the next.
final class TimeBudget: Sendable {
    let deadline: Deadline
    private let state = Mutex(State())

    private struct State {
        var history = Throughput()
        var exports = Throughput()
        var readings = Throughput()

        /// What was measured in this run, else in earlier ones, else a careful guess.
        var exporting: Throughput {
            if exports.isMeasured { return exports }
            return history.isMeasured ? history : .careful
        }

        /// Reading a table, or an archive, without writing one.
        var reading: Throughput {
            if readings.isMeasured { return readings }
            // Nothing is compressed: twice as fast at the least.
            return Throughput(bytes: exporting.bytes * 2, seconds: exporting.seconds)
        }
    }

    init(until deadline: Deadline) { self.deadline = deadline }

    /// Takes in what earlier runs have measured.
    func learn(_ history: Throughput) { state.withLock { $0.history = history } }

    func noteExport(of bytes: Int64, seconds: Double) {
        state.withLock { $0.exports.add(bytes: bytes, seconds: seconds) }
    }

    func noteReading(of bytes: Int64, seconds: Double) {
        state.withLock { $0.readings.add(bytes: bytes, seconds: seconds) }
    }

    var exporting: Throughput { state.withLock { $0.exporting } }

    private var reading: Throughput { state.withLock { $0.reading } }

    func secondsToExport(_ bytes: Int64) -> Double { exporting.secondsNeeded(for: bytes) }

    func secondsToRead(_ bytes: Int64) -> Double { reading.secondsNeeded(for: bytes) }

    func fits(_ seconds: Double) -> Bool { deadline.remainingSeconds.map { seconds <= $0 } ?? true }

    /// What cannot end in time is not begun.
    func require(_ seconds: Double, to what: String) throws(Postponed) {
        guard let remaining = deadline.remainingSeconds, seconds > remaining else { return }
        throw Postponed(
            .deadline(
                "\(what) needs about \(Throughput.text(seconds: seconds)), the deadline is in "
                    + "\(Throughput.text(seconds: remaining)): not begun"))
    }
}

/// Nothing is wrong, and nothing more is done about a partition in this run.
struct Postponed: Error {
    enum Cause {
        /// Why there is no time for it, as a note for the report.
        case deadline(String)
        /// What has to happen first, as a note for the report.
        case waiting(String)
        /// The server is busy with others, which is said as the end of a sentence.
        case pressure(Pressure, patience: String)
    }

    let cause: Cause
    /// What was reached all the same.
    var reached: Report.Entry?

    init(_ cause: Cause) { self.cause = cause }
}

/// A snapshot keeps VACUUM of the whole database from removing what was deleted since: none is
/// held for longer than `limits.snapshot_age`.
struct SnapshotAge: Sendable {
    private let limitSeconds: Double
    private let stopwatch = Stopwatch()

    init(limitSeconds: Double) { self.limitSeconds = limitSeconds }

    func check() throws(SnapshotTooOld) {
        if stopwatch.seconds > limitSeconds { throw SnapshotTooOld() }
    }
}

/// What was being read has to be read in smaller pieces; where it cannot be, that is a problem.
struct SnapshotTooOld: Explainable {
    var problem: Problem {
        Problem(
            "export.snapshot-age", .tryLater,
            "Reading took longer than limits.snapshot_age allows one snapshot to live. What was "
                + "exported is kept; nothing was dropped.",
            hint: "Lengthen limits.snapshot_age, or look at what slows the server down.")
    }
}

extension TableSession {
    /// To be begun with the snapshot.
    func snapshotAge() -> SnapshotAge { SnapshotAge(limitSeconds: snapshotSeconds) }

    private var snapshotSeconds: Double { site.throttle.snapshotAge.seconds }

    /// Whether a relation is too large for one snapshot.
    func goesByRanges(_ subject: Departing) -> Bool {
        subject.bytes > settings.sliceOver
            || timeBudget.secondsToExport(subject.bytes) > snapshotSeconds
    }

    /// A tenth of what is worth slicing, and what half a snapshot's age is enough for.
    func pagesPerRange(of subject: Departing, pages: Int64) -> Int64 {
        let inTime = timeBudget.exporting.bytesDone(in: snapshotSeconds / 2)
        return max(
            1, min(settings.sliceOver / 10, inTime) / subject.bytesPerPage(of: pages))
    }
}

extension Departing {
    /// A page's share of all that belongs to the relation, its indexes and TOAST.
    func bytesPerPage(of pages: Int64) -> Int64 { max(1, bytes / max(1, pages)) }
}
