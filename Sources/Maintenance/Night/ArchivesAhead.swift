import Glibc
import Postgres
import Retention
import Synchronization

/// The archives of one table's partitions, in the order in which they were begun: `jobs` at a time,
/// each in a session of its own, while the table's session detaches and drops those that are
/// ready. With one job the table's session makes them too.
///
/// Their proofs are as good as its own: it holds the table's lock without a break from before the
/// first of them until the last drop, whoever reads meanwhile.
final class ArchivesAhead {
    private let session: TableSession
    private var jobs: Int
    private var underWay: [Job] = []
    private var idle: [Connection] = []

    init(session: TableSession) {
        self.session = session
        jobs = session.site.jobsInMemory
    }

    /// Whether another may be begun.
    var hasRoom: Bool { underWay.count < jobs }

    func begin(_ subject: Departing) {
        guard jobs > 1 else { return underWay.append(Job(subject, session: session)) }
        do {
            let connection = try idle.popLast() ?? session.site.connect()
            let job = Job(subject, session: session.working(on: connection))
            try job.start()
            underWay.append(job)
        } catch {
            // No slot left (max_connections, a role's CONNECTION LIMIT), or no thread: with fewer
            // of them it takes longer.
            jobs = max(1, underWay.count)
            underWay.append(Job(subject, session: session))
        }
    }

    /// The archive of the one that was begun first. The table's session, which has nothing to do
    /// meanwhile, is kept alive.
    func next() throws -> Archived {
        let job = underWay[0]
        try job.wait(session.keepAlive())
        underWay.removeFirst()
        defer {
            let connection = job.session.connection
            if connection !== session.connection, !connection.isBroken { idle.append(connection) }
        }
        return try job.result()
    }

    /// Waits for all that were begun.
    func end() {
        for job in underWay { job.wait {} }
        underWay = []
    }
}

/// One archive, made on a thread of its own or by whoever asks for it.
private final class Job: @unchecked Sendable {
    // The thread has the session for itself while it runs; what it leaves is looked at afterwards.
    let session: TableSession
    private let subject: Departing
    private var thread: pthread_t?
    private let hasEnded = Mutex(false)
    private var archived: Archived?
    private var error: (any Error)?

    init(_ subject: Departing, session: TableSession) {
        self.subject = subject
        self.session = session
    }

    func start() throws {
        let canceller = try session.connection.canceller()
        thread = try Threads.start { [self] in
            session.interruption.whileCancelling(canceller.cancelling) { run() }
        }
    }

    /// Waits for the thread's end, and calls `meanwhile` again and again.
    func wait(_ meanwhile: () throws -> Void) rethrows {
        guard let running = thread else { return }
        while !hasEnded.withLock({ $0 }) {
            try meanwhile()
            usleep(5_000)
        }
        pthread_join(running, nil)
        thread = nil
    }

    /// To be asked for once it has ended; where it has no thread it is made now.
    func result() throws -> Archived {
        if !hasEnded.withLock({ $0 }) { run() }
        if let error { throw error }
        return archived.take()!
    }

    private func run() {
        do { archived = try session.archive(subject) } catch { self.error = error }
        hasEnded.withLock { $0 = true }
    }
}

extension TableSession {
    /// Archives a relation where there is time for it before the deadline.
    func archive(_ subject: Departing) throws -> Archived {
        if !goesByRanges(subject) {
            try timeBudget.require(
                timeBudget.secondsToExport(subject.bytes), to: subject.name.name)
        }
        return try Archiving(session: self).run(subject)
    }
}
