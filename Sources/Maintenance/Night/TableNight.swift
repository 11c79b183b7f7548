import Archives
import FailPoints
import Postgres
import Retention

/// The retirements of one table, in the order of the plan. What fails is reported and left as it
/// is; the next partition goes on.
struct TableNight {
    let session: TableSession
    var report: Report.Table
    /// Why nothing more may begin, once that is so.
    var halt: String?
    /// Where that is the server's doing.
    var pressed: Pressure?
    /// What the deadline left no time for, a note each.
    var postponed: [String] = []
    /// Slices that were tried beside other hosts, and failed.
    var failed: Set<Slice> = []
    /// For how much of it `limits.rate` has been blamed.
    var secondsHeldBack: Double

    init(session: TableSession, report: Report.Table) {
        self.session = session
        self.report = report
        secondsHeldBack = session.pace?.sleptSeconds ?? 0
    }

    mutating func run(_ plan: TablePlan) {
        let names =
            (plan.unsettled + plan.drops).map(\.table.formerName.name)
            + plan.agedSlices.map { "\($0.partition.name.name) \($0.bounds)" }
            + plan.retirements.map(\.partition.name.name)
            + plan.agedRuled.map {
                "\($0.partition.name.name) \($0.rule?.sentence ?? "")"
            }
        let done = retire(plan)
        catchUpCopies()
        tellWhatWaits(Array(names[done...]))
    }

    /// How many tables to settle or drop and retirements, in their order, need no other night.
    private mutating func retire(_ plan: TablePlan) -> Int {
        var done = 0
        let hasDefault = plan.entries.contains { $0.partition.extent == .default }
        for entry in plan.unsettled {
            guard goOn() else { return done }
            let subject = Departing(entry.table, slice: entry.slice)
            attempt { night in
                _ = try night.archive(subject)
                try night.recordSettled(subject)
            }
            guard halt == nil else { return done }
            done += 1
        }
        for drop in plan.drops {
            guard goOn() else { return done }
            let subject = Departing(drop.table, slice: drop.slice)
            attempt { night in try night.dropProven(subject) }
            guard halt == nil else { return done }
            done += 1
        }
        for entry in plan.agedSlices {
            guard goOn() else { return done }
            attempt { night in try night.leave(entry) }
            guard halt == nil else { return done }
            done += 1
        }
        for partition in plan.emptied {
            guard goOn() else { return done }
            attempt { night in try night.dropEmpty(partition) }
        }
        done += retire(plan.retirements, hasDefault: hasDefault)
        for entry in plan.agedRuled where halt == nil {
            guard goOn() else { return done }
            attempt { night in try night.leave(entry) }
            guard halt == nil else { return done }
            done += 1
        }
        return done
    }

    // MARK: Slices

    /// How often a slice is archived anew because its rows change meanwhile.
    private static let mostAttempts = 3

    private mutating func leave(_ entry: TablePlan.SliceEntry) throws {
        guard case .retire(let steps) = entry.verdict else { return }
        let stopwatch = Stopwatch()
        var subject = Departing(entry, of: session.table)
        guard let deleting = Deleting(subject, session: session) else { return }
        if let rule = entry.rule, steps.contains(.export) || !rule.archives {
            let rows = try deleting.count()
            guard rows > 0 else { return try deleting.noteSwept() }
            guard rule.archives else {
                return note(try deleting.purge(), deletedFrom: subject, stopwatch)
            }
            subject.expect(rows: rows, of: entry.partition)
        }
        if !steps.contains(.export) {
            return note(try deleting.resume(), deletedFrom: subject, stopwatch)
        }
        for attempt in 1...Self.mostAttempts {
            let archived = try archive(subject)
            guard steps.contains(.delete), try serverIsAtEase() else { return }
            try session.interruption.check()
            let stopwatch = Stopwatch()
            do {
                let rows = try deleting.run(archived: archived)
                return note(rows, deletedFrom: subject, stopwatch)
            } catch let changed as SliceChanged {
                if attempt == Self.mostAttempts { throw changed }
            }
        }
    }

    private mutating func note(
        _ rows: Int64, deletedFrom subject: Departing, _ stopwatch: Stopwatch
    ) {
        report.done.append(
            Report.Entry(
                .delete, subject.name.name, bounds: subject.bounds, rows: UInt64(clamping: rows),
                seconds: stopwatch.seconds, note: subject.rule?.sentence ?? ""))
    }

    private mutating func dropEmpty(_ partition: Partition) throws {
        let stopwatch = Stopwatch()
        try session.connection.setStep("drop \(partition.name.name)")
        try session.connection.ddl.dropEmpty(
            partition, from: session.table, by: session.run, ladder: session.ladder)
        report.done.append(
            Report.Entry(
                .drop, partition.name.name, rows: 0, seconds: stopwatch.seconds, note: "was empty"))
    }

    /// How many of them need no other night.
    mutating func retire(_ entries: [TablePlan.Entry], hasDefault: Bool) -> Int {
        let departing = entries.compactMap { entry -> Retirement? in
            guard case .retire(let steps) = entry.verdict, let bounds = entry.partition.bounds,
                let slice = entry.slice
            else { return nil }
            let subject = Departing(entry.partition, bounds: bounds, slice: slice)
            return Retirement(partition: entry.partition, subject: subject, steps: steps)
        }
        let ahead = ArchivesAhead(session: session)
        defer { ahead.end() }
        var waiting = departing[...]
        var begun: [Retirement] = []
        var done = 0
        while true {
            while halt == nil, ahead.hasRoom, let next = waiting.first, goOn() {
                waiting.removeFirst()
                guard mayTake(next.subject) else { continue }
                ahead.begin(next.subject)
                begun.append(next)
            }
            guard !begun.isEmpty else { return done }
            let retirement = begun.removeFirst()
            let mayBegin = halt == nil
            attempt(retirement.subject) { night in
                let archived = try ahead.next()
                night.note(archived, of: retirement.subject)
                try night.retire(retirement, archived, hasDefault: hasDefault)
            }
            if mayBegin, halt != nil { return done }
            done += 1
        }
    }

    // MARK: One partition

    private struct Retirement {
        let partition: Partition
        let subject: Departing
        let steps: [Step]
    }

    private mutating func retire(
        _ retirement: Retirement, _ archived: consuming Archived, hasDefault: Bool
    ) throws {
        let (subject, steps) = (retirement.subject, retirement.steps)
        guard steps.contains(.detach), try serverIsAtEase() else { return }

        try session.interruption.check()
        let stopwatch = Stopwatch()
        let dropAfter = steps.contains(.drop) ? try graceEnd() : nil
        let relation = try Detaching(session: session).run(
            retirement.partition, subject, archived: archived, dropAfter: dropAfter,
            hasDefault: hasDefault)
        let isDue = try dropAfter.map { $0 <= (try session.connection.serverClock()) } ?? false
        report.done.append(
            Report.Entry(
                .detach, subject.name.name, bounds: subject.bounds, seconds: stopwatch.seconds,
                note: isDue
                    ? ""
                    : "waits as \(relation.name)"
                        + (dropAfter.map { " until \($0.dateText)" } ?? "")))

        FailPoint.pass("night.detached")
        let detached = Departing(subject, now: relation)
        if isDue {
            guard try serverIsAtEase() else { return try settle(detached, archived: archived) }
            try drop(detached, archived: archived)
        } else {
            try settle(detached, archived: archived)
        }
    }

    /// Rows may have come between the snapshot and the detach: they are archived the same night.
    private mutating func settle(_ subject: Departing, archived: borrowing Archived) throws {
        let snapshot = try session.snapshot(of: subject)
        let witness = try snapshot.witness()
        try snapshot.end()
        if !witness.isSame(as: archived.witness) { _ = try archive(subject) }
        try recordSettled(subject)
    }

    func recordSettled(_ subject: Departing) throws {
        try session.connection.ledger.append(
            LedgerEvent(
                .settled, table: session.table.name, relation: subject.name,
                relationOID: subject.relation.oid, bounds: subject.bounds),
            by: session.run)
    }

    mutating func dropProven(_ subject: Departing) throws {
        let archived = try archive(subject)
        guard try serverIsAtEase() else { return }
        try drop(subject, archived: archived)
    }

    /// Where rows have come since the proof, they are archived and the table is proven again.
    private mutating func drop(_ subject: Departing, archived: consuming Archived) throws {
        let stopwatch = Stopwatch()
        let digest: ContentDigest
        do {
            digest = try Dropping(session: session).run(subject, archived: archived)
        } catch  where Problem(explaining: error).id == "drop.differs" {
            let again = try archive(subject)
            digest = try Dropping(session: session).run(subject, archived: again)
        }
        FailPoint.pass("night.dropped")
        report.done.append(
            Report.Entry(
                .drop, subject.name.name, bounds: subject.bounds, rows: digest.rows,
                seconds: stopwatch.seconds))
    }

    mutating func archive(_ subject: Departing) throws -> Archived {
        let archived = try session.archive(subject)
        note(archived, of: subject)
        return archived
    }

    private mutating func note(_ archived: borrowing Archived, of subject: Departing) {
        let manifest = archived.proof.manifest
        report.done.append(
            Report.Entry(
                .archive, subject.name.name, bounds: subject.bounds, rows: manifest.digest.rows,
                archiveBytes: manifest.bytes, seconds: archived.seconds,
                exportSeconds: archived.exportSeconds, tableBytes: archived.tableBytes,
                note: note(on: archived)))
        noteValues(of: manifest, isNew: archived.exportSeconds != nil)
    }

    /// By the real clock, even where the run's clock was set back: a grace is for people.
    private func graceEnd() throws -> Instant {
        let now = max(session.calendar.wallClock, try session.connection.serverClock())
        return session.settings.policy.grace.after(now, in: session.settings.policy.zone)
    }

    // MARK: Going on

    mutating func attempt(_ step: (inout TableNight) throws -> Void) {
        do {
            try step(&self)
        } catch let postponed as Postponed {
            note(postponed)
        } catch {
            report.problems.append(
                session.interruption.status == nil ? Problem(explaining: error) : .interrupted)
        }
    }

    mutating func goOn() -> Bool {
        if session.interruption.status != nil || session.connection.isBroken { return false }
        let storeIsOut = report.problems.contains {
            $0.status == .inputOutput || $0.status == .cannotCreate
        }
        if storeIsOut { return false }
        guard !session.timeBudget.deadline.hasPassed else {
            halt = "the deadline has passed"
            return false
        }
        var mayBegin = false
        attempt { night in mayBegin = try night.serverIsAtEase() }
        return mayBegin
    }
}
