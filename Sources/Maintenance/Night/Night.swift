import Archives
import FailPoints
import Postgres
import Retention

/// What is asked of a run.
public struct NightOptions: Sendable {
    public enum Phase: String, Sendable, CaseIterable {
        case premake, retire, expire, sample
    }

    /// Nil: all of them.
    public var only: Phase?
    /// Partitions a table may lose; nil leaves it to the policies.
    public var maxRetire: Int?
    /// After that many seconds no retirement begins, and none that is likely to go beyond them.
    public var deadlineSeconds: Double?
    /// The clock, when it is not the server's.
    public var now: Instant?
    /// Brings an archive back at the end, whenever one was brought back last.
    public var drills: Bool
    /// Works beside other hosts that do the same at one backlog.
    public var isShared: Bool
    var hastened: Hastened?

    public init(
        only: Phase? = nil, maxRetire: Int? = nil, deadlineSeconds: Double? = nil,
        now: Instant? = nil, drills: Bool = false, isShared: Bool = false
    ) {
        self.drills = drills
        self.isShared = isShared
        self.only = only
        self.maxRetire = maxRetire
        self.deadlineSeconds = deadlineSeconds
        self.now = now
    }

    func includes(_ phase: Phase) -> Bool { only == nil || only == phase }

    var usesStore: Bool { includes(.retire) || includes(.expire) || drills }
}

/// Tonight's work: heal, premake, retire, sample growth.
public struct Night {
    private(set) var site: Site
    let options: NightOptions
    let interruption: Interruption
    private let progress: ProgressSink?
    private let identity: RunIdentity
    let timeBudget: TimeBudget
    private let pressure: PressureWatch
    private let pace: Pace?

    public init(
        site: Site, options: NightOptions, interruption: Interruption, progress: ProgressSink?,
        host: String
    ) {
        self.site = site
        self.options = options
        self.interruption = interruption
        self.progress = progress
        identity = RunIdentity(newOn: host, tool: site.tool)
        let deadline = Deadline(seconds: options.deadlineSeconds)
        timeBudget = TimeBudget(until: deadline)
        pressure = PressureWatch(site: site, interruption: interruption, deadline: deadline)
        pace = site.throttle.rate.map { Pace($0, interruption: interruption) }
    }

    /// What the ledger and the report know this run by.
    public var id: String { identity.id }

    /// Of a night that could not begin.
    public static func report(unbegun problem: Problem) -> Report {
        var report = Report(run: "", startedAt: HostClock.now)
        report.problems = [problem]
        return report
    }

    /// Carries tonight's plan out, once. Never throws: what went wrong is in the report.
    ///
    /// - Parameter beginning: Called once the server is there and is the one to work on.
    public func run(beginning: () -> Void = {}) -> Report {
        var report = Report(run: identity.id, startedAt: HostClock.now)
        report.tables = site.tables.map { Report.Table(table: $0.policy.table) }
        do {
            try run(identity, &report, beginning)
        } catch {
            report.problems.append(Problem(explaining: error))
        }
        report.interruption = interruption.status
        report.finishedAt = HostClock.now
        return report
    }

    private func run(
        _ identity: RunIdentity, _ report: inout Report, _ beginning: () -> Void
    ) throws {
        let control: Connection
        do { control = try site.connect() } catch is StandbyServer where site.onStandby == .skip {
            report.isOnStandby = true
            return
        }
        beginning()
        try interruption.whileCancelling(try control.canceller().cancelling) {
            try matched(on: control, &report).run(identity, control, &report)
        }
        FailPoint.pass("night.retired")
        try finish(identity, &report)
    }

    /// The night of the tables that are there now.
    private func matched(on control: Connection, _ report: inout Report) throws -> Night {
        var night = self
        night.site = try site.matched(on: control)
        report.tables = night.site.tables.map { Report.Table(table: $0.policy.table) }
        if let found = night.site.matching?.findings {
            report.notes = found.notes.isEmpty ? nil : found.notes
            report.problems += found.problems
        }
        return night
    }

    private func run(_ identity: RunIdentity, _ control: Connection, _ report: inout Report) throws
    {
        try control.ledger.prepare()
        let clock = try ClockGuard(control, explicit: options.now)
        try control.ledger.startRun(identity, at: clock.server, pid: HostClock.processID)
        report.startedAt = clock.server
        report.problems += AdoptionBounds(
            connection: control, ladder: site.ladder(interruption), run: identity
        ).expire(at: clock.now)

        let stores = openStores(control, identity, &report)
        let tonight = Tonight(
            run: identity, began: clock.server, now: clock.now, stores: stores)
        var isHealed: [Int: Bool] = [:]
        for index in site.tables.indices {
            isHealed[index] = prepare(index, tonight, &report)
        }
        if let stores, options.usesStore {
            timeBudget.learn(try control.ledger.exportThroughput())
            if options.isShared {
                share(tonight, isHealed, &report)
            } else {
                // Where the store is not healed, an export anew might lack what is in the archive.
                for index in site.tables.indices where isHealed[index] == true {
                    retire(index, tonight, &report)
                }
            }
            if options.only == nil || options.drills {
                NightlyDrill(
                    site: site, store: stores.main, run: identity, now: clock.server,
                    isAskedFor: options.drills, isShared: options.isShared,
                    interruption: interruption, progress: progress,
                    timeBudget: timeBudget, pressure: pressure
                ).run(into: &report)
            }
        }
        report.interruption = interruption.status
    }

    /// A store that cannot be used stops no partition from being made ahead.
    private func openStores(
        _ control: Connection, _ run: RunIdentity, _ report: inout Report
    ) -> Stores? {
        guard options.usesStore else { return nil }
        do {
            return try site.openStores(for: control, by: run)
        } catch {
            report.problems.append(Problem(explaining: error))
            return nil
        }
    }

    /// The control session may have been idle for hours: the end is told in a session of its own.
    private func finish(_ identity: RunIdentity, _ report: inout Report) throws {
        var connection = try site.connect()
        do {
            report.ledger = try connection.ledger.linkAll()
        } catch {
            report.problems.append(Problem(explaining: error))
            if connection.isBroken { connection = try site.connect() }
        }
        report.finishedAt = try connection.serverClock()
        try connection.ledger.finishRun(
            identity.id, at: report.finishedAt, status: report.exitStatus,
            report: try ReportJSON.json(report))
    }

    // MARK: One table

    /// Heals, premakes, samples. Returns whether the table's archives are healed; nil where another
    /// host that shares the night is at it, and this one is to look again later.
    private func prepare(_ index: Int, _ tonight: Tonight, _ report: inout Report) -> Bool? {
        var isHealed: Bool?
        let waits = tonight.stores == nil || !options.usesStore
        let turn = Turn(.alone, isWaitedFor: waits)
        withTable(index, tonight, turn, &report) { work, entry in
            isHealed = prepare(work, tonight, &entry)
        }
        return isHealed ?? (options.isShared && report.tables[index].canGoOn ? nil : false)
    }

    func prepare(_ work: TableWork, _ tonight: Tonight, _ entry: inout Report.Table) -> Bool {
        let (connection, table, settings) = (work.connection, work.table, work.settings)
        var isHealed = false
        do {
            entry.done += try connection.removeUnfinishedSplits(
                of: table, ladder: site.ladder(interruption), by: tonight.run
            ).map { Report.Entry(.heal, $0.name, note: "took away what a split had begun") }
        } catch {
            entry.note(Problem(explaining: error))
        }
        if let stores = tonight.stores {
            let healed = Healing(session: session(work, tonight, stores)).run()
            entry.done += healed.done
            for problem in healed.problems { entry.note(problem) }
            isHealed = healed.isStoreHealed
        }
        FailPoint.pass("night.healed")
        if options.includes(.premake) {
            let seen = TableObservation.observe(
                settings, on: connection, store: nil, now: tonight.now)
            if seen.table == nil { for problem in seen.problems { entry.note(problem) } }
            let plan = planner.plan(Observation(now: tonight.now, tables: [seen])).tables[0]
            for problem in plan.problems where problem.id.hasPrefix("premake.") {
                entry.note(problem)
            }
            let made = Premaking(
                connection: connection, ladder: site.ladder(interruption),
                drainsDefault: settings.policy.drainsDefault
            ).run(
                plan, of: table, newestSibling: seen.newestPartition)
            entry.done += made.done
            for problem in made.problems { entry.note(problem) }
        }
        FailPoint.pass("night.premade")
        if options.includes(.sample) {
            do { try sample(work, tonight) } catch {
                entry.note(interruption.status == nil ? Problem(explaining: error) : .interrupted)
            }
        }
        return isHealed
    }

    private func sample(_ work: TableWork, _ tonight: Tonight) throws {
        let (connection, table) = (work.connection, work.table)
        // One of the hosts that share a night measures for all.
        if options.isShared,
            try connection.ledger.hasGrowth(of: table.name, since: tonight.sharedSince)
        {
            return
        }
        // What is measured is the present, whatever the run's clock was set to.
        try connection.ledger.recordGrowth(
            try connection.catalog.sizes(of: table), of: table.name,
            at: try connection.serverClock(), by: tonight.run)
    }

    private func retire(_ index: Int, _ tonight: Tonight, _ report: inout Report) {
        // What could not even be prepared has been reported.
        guard options.includes(.retire) || options.includes(.expire),
            report.tables[index].canGoOn
        else { return }
        withTable(index, tonight, Turn(.alone), &report) { work, entry in
            try retire(work, tonight, &entry)
        }
    }

    /// - Parameter failed: slices that this run has tried, and reported.
    func retire(
        _ work: TableWork, _ tonight: Tonight, but failed: Set<Slice> = [],
        _ entry: inout Report.Table
    ) throws {
        guard let stores = tonight.stores else { return }
        var seen = try observe(work, tonight, stores)
        if let hastened = options.hastened {
            seen = seen.hastened(hastened.bounds, at: tonight.now)
        }
        var plan = planner.plan(Observation(now: tonight.now, tables: [seen])).tables[0]
        if let hastened = options.hastened {
            plan = plan.only(hastened.bounds)
            for drop in plan.drops {
                try work.connection.ledger.append(
                    LedgerEvent(
                        .hastened, table: work.table.name, relation: drop.table.formerName,
                        relationOID: drop.table.oid, bounds: drop.table.bounds,
                        details: ["reason": hastened.reason]), by: tonight.run)
            }
        }
        entry.problems += plan.problems.filter {
            !$0.id.hasPrefix("premake.") && !entry.problems.contains($0)
                && (options.includes(.retire) || $0.id != "policy.approval")
        }
        entry.notes += plan.notes
        var night = TableNight(session: session(work, tonight, stores), report: entry)
        if options.includes(.retire) { night.run(plan.without(failed)) }
        if options.includes(.expire) { night.expire(plan) }
        entry = night.report
        if options.hastened == nil,
            let lost = try LostArchive.problem(of: seen.lostArchives, in: stores.main)
        {
            entry.problems.append(lost)
        }
    }

    /// What is used up is looked at last: what leaves meanwhile counts.
    func observe(_ work: TableWork, _ tonight: Tonight, _ stores: Stores) throws
        -> TableObservation
    {
        var seen = TableObservation.observe(
            work.settings, on: work.connection, store: stores.main, now: tonight.now)
        if options.isShared {
            seen.spent = try work.connection.ledger.spent(
                of: work.table.name, since: tonight.sharedSince)
        }
        return seen
    }

    /// One table's problem ends that table, not the night.
    ///
    /// - Parameter turn: where the night is shared: without it nothing is done.
    func withTable(
        _ index: Int, _ tonight: Tonight, _ turn: Turn, _ report: inout Report,
        _ body: (TableWork, inout Report.Table) throws -> Void
    ) {
        guard interruption.status == nil else { return }
        let settings = site.tables[index]
        let policy = settings.policy
        do {
            let connection = try site.connect()
            try interruption.whileCancelling(try connection.canceller().cancelling) {
                let table = try connection.catalog.partitionedTable(
                    policy.table, key: policy.key, keyType: policy.keyType,
                    plain: policy.isPlain)
                let lock = try RunLock(
                    on: connection, table: Relation(table),
                    mode: options.isShared ? .shared : .alone)
                var work = TableWork(
                    settings: settings, connection: connection, table: table, lock: lock)
                if options.isShared {
                    let shared = try SharedNight(on: connection, table: Relation(table))
                    work.shared = shared
                    if try begin(turn, shared, connection, &report.tables[index]) {
                        try body(work, &report.tables[index])
                        try shared.end()
                    }
                } else {
                    try body(work, &report.tables[index])
                }
                if !connection.isBroken { try lock.release() }
            }
        } catch {
            report.tables[index].note(
                interruption.status == nil ? Problem(explaining: error) : .interrupted)
        }
    }

    func session(_ work: TableWork, _ tonight: Tonight, _ stores: Stores) -> TableSession {
        TableSession(
            site: site, settings: work.settings, connection: work.connection, stores: stores,
            table: work.table, lock: work.lock, run: tonight.run, now: tonight.now,
            interruption: interruption, progress: progress, pressure: pressure, pace: pace,
            timeBudget: timeBudget)
    }

    var planner: Planner { Planner(maxRetire: options.maxRetire) }
}

extension Report.Table {
    /// Whether the table could be opened and locked.
    var canGoOn: Bool {
        !problems.contains {
            $0.id.hasPrefix("table.") || $0.id.hasPrefix("key.") || $0.id == "run.locked"
        }
    }

    /// Once: what is tried again may fail in the same way.
    mutating func note(_ problem: Problem) {
        if !problems.contains(problem) { problems.append(problem) }
    }
}

extension TableObservation {
    /// The one that a new partition is made in the likeness of.
    var newestPartition: UInt32? {
        let ranges = partitions.filter { $0.bounds != nil && !$0.isForeign && !$0.isPartitioned }
        return (ranges.max { $0.bounds! < $1.bounds! } ?? partitions.first(where: \.isWide))?.oid
    }
}

extension Problem {
    public static let interrupted = Problem(
        "run.interrupted", .partial, "Interrupted. Nothing half-done was published or dropped.",
        hint: "Run it again; it goes on where it stopped.")
}

extension Canceller {
    var cancelling: @Sendable () -> Void { { self.cancel() } }
}
