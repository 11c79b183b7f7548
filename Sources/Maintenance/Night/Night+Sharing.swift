import FailPoints
import Glibc
import Postgres
import Retention

extension Night {
    /// The turn that a step needs where the night is shared.
    struct Turn {
        let kind: SharedNight.Turn
        /// Else the step is left out while others have theirs.
        let isWaitedFor: Bool

        init(_ kind: SharedNight.Turn, isWaitedFor: Bool = true) {
            self.kind = kind
            self.isWaitedFor = isWaitedFor
        }
    }

    /// Does what can be done beside other hosts, then what one does alone once they have ended: what
    /// only one may do, and what one that died has left.
    ///
    /// - Parameter isHealed: nil where another host was at it.
    func share(_ tonight: Tonight, _ isHealed: [Int: Bool], _ report: inout Report) {
        var failed: [Int: Set<Slice>] = [:]
        for index in site.tables.indices
        where report.tables[index].canGoOn && isHealed[index] != false {
            withTable(index, tonight, Turn(.together), &report) { work, entry in
                failed[index] = try workTogether(work, tonight, &entry)
            }
        }
        FailPoint.pass("night.shared")
        for index in site.tables.indices where report.tables[index].canGoOn {
            withTable(index, tonight, Turn(.alone), &report) { work, entry in
                FailPoint.pass("night.alone")
                // Where the store is not healed, an export anew might lack what is in the archive.
                guard prepare(work, tonight, &entry),
                    options.includes(.retire) || options.includes(.expire)
                else { return }
                try retire(work, tonight, but: failed[index] ?? [], &entry)
            }
        }
    }

    /// Gives the slices that failed.
    private func workTogether(
        _ work: TableWork, _ tonight: Tonight, _ entry: inout Report.Table
    ) throws -> Set<Slice> {
        guard let stores = tonight.stores, let shared = work.shared, options.includes(.retire)
        else { return [] }
        // Before anything is looked at: what is done from here on shows.
        let events = try work.connection.ledger.eventCounts(of: work.table.name)
        var seen = try observe(work, tonight, stores)
        // What was listed may be gone before it is looked at.
        for _ in 1..<Self.mostLooks where seen.table == nil {
            seen = try observe(work, tonight, stores)
        }
        let plan = planner.plan(Observation(now: tonight.now, tables: [seen])).tables[0]
        let session = session(work, tonight, stores)
        session.share = TableShare(
            night: shared, events: events, since: tonight.sharedSince,
            most: options.maxRetire ?? work.settings.policy.maxRetire)
        var night = TableNight(session: session, report: entry)
        night.work(together: plan)
        entry = night.report
        return night.failed
    }

    private static let mostLooks = 5

    // MARK: Turns

    /// Returns false where the turn is not to be had in time, and what that takes was not done.
    func begin(
        _ turn: Turn, _ shared: SharedNight, _ connection: Connection, _ entry: inout Report.Table
    ) throws -> Bool {
        if try shared.begin(turn.kind) { return true }
        guard turn.isWaitedFor else { return false }
        try connection.setStep("wait for other hosts")
        let stopwatch = Stopwatch()
        var napMilliseconds: UInt32 = 20
        repeat {
            try interruption.check()
            guard !timeBudget.deadline.hasPassed else {
                entry.notes.append(
                    "the deadline has passed, and other hosts are still at it: what they leave waits "
                        + "for the next run")
                return false
            }
            guard stopwatch.seconds < Double(Tonight.sharedSeconds) else {
                throw Problem(
                    "share.wait", .tryLater,
                    "Other hosts have been at \(entry.table) for 12 hours: "
                        + "\(try shared.holder() ?? "one that is gone"). What they leave was not "
                        + "looked at.",
                    hint: "Is that one alive? SELECT pg_terminate_backend(pid) ends its session; "
                        + "what it was at is done by the next run.")
            }
            usleep(napMilliseconds * 1000)
            napMilliseconds = min(napMilliseconds * 2, 500)
        } while try !shared.begin(turn.kind)
        try connection.setStep(nil)
        return true
    }
}
