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
    var hastened: Hastened?

    public init(
        only: Phase? = nil, maxRetire: Int? = nil, deadlineSeconds: Double? = nil,
        now: Instant? = nil, drills: Bool = false
    ) {
        self.drills = drills
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
    private var site: Site
    private let options: NightOptions
    private let interruption: Interruption
    private let progress: ProgressSink?
    private let identity: RunIdentity
    private let timeBudget: TimeBudget
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
        var isHealed: [Int: Bool] = [:]
        for index in site.tables.indices {
            isHealed[index] = prepare(index, identity, stores: stores, now: clock.now, &report)
        }
        if let stores, options.usesStore {
            timeBudget.learn(try control.ledger.exportThroughput())
            // Where the store is not healed, an export anew might lack what is in the archive.
            for index in site.tables.indices where isHealed[index] == true {
                retire(index, identity, stores: stores, now: clock.now, &report)
            }
            if options.only == nil || options.drills {
                NightlyDrill(
                    site: site, store: stores.main, run: identity, now: clock.server,
                    isAskedFor: options.drills, interruption: interruption, progress: progress,
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

    /// Heals, premakes, samples. Returns whether the table's archives are healed.
    private func prepare(
        _ index: Int, _ identity: RunIdentity, stores: Stores?, now: Instant,
        _ report: inout Report
    ) -> Bool {
        var isHealed = false
        withTable(index, identity, now: now, &report) { connection, table, lock, entry in
            let settings = site.tables[index]
            do {
                entry.done += try connection.removeUnfinishedSplits(
                    of: table, ladder: site.ladder(interruption), by: identity
                ).map { Report.Entry(.heal, $0.name, note: "took away what a split had begun") }
            } catch {
                entry.problems.append(Problem(explaining: error))
            }
            if let stores {
                let session = session(settings, connection, stores, table, lock, identity, now)
                let healed = Healing(session: session).run()
                entry.done += healed.done
                entry.problems += healed.problems
                isHealed = healed.isStoreHealed
            }
            FailPoint.pass("night.healed")
            if options.includes(.premake) {
                let seen = TableObservation.observe(
                    settings, on: connection, store: nil, now: now)
                if seen.table == nil { entry.problems += seen.problems }
                let plan = planner.plan(Observation(now: now, tables: [seen])).tables[0]
                entry.problems += plan.problems.filter { $0.id.hasPrefix("premake.") }
                let made = Premaking(
                    connection: connection, ladder: site.ladder(interruption),
                    drainsDefault: settings.policy.drainsDefault
                ).run(
                    plan, of: table, newestSibling: seen.newestPartition)
                entry.done += made.done
                entry.problems += made.problems
            }
            FailPoint.pass("night.premade")
            if options.includes(.sample) {
                // What is measured is the present, whatever the run's clock was set to.
                try connection.ledger.recordGrowth(
                    try connection.catalog.sizes(of: table), of: table.name,
                    at: try connection.serverClock(), by: identity)
            }
        }
        return isHealed
    }

    private func retire(
        _ index: Int, _ identity: RunIdentity, stores: Stores, now: Instant,
        _ report: inout Report
    ) {
        // What could not even be prepared has been reported.
        guard options.includes(.retire) || options.includes(.expire),
            report.tables[index].canGoOn
        else { return }
        withTable(index, identity, now: now, &report) { connection, table, lock, entry in
            let settings = site.tables[index]
            var seen = TableObservation.observe(
                settings, on: connection, store: stores.main, now: now)
            if let hastened = options.hastened { seen = seen.hastened(hastened.bounds, at: now) }
            var plan = planner.plan(Observation(now: now, tables: [seen])).tables[0]
            if let hastened = options.hastened {
                plan = plan.only(hastened.bounds)
                for drop in plan.drops {
                    try connection.ledger.append(
                        LedgerEvent(
                            .hastened, table: table.name, relation: drop.table.formerName,
                            relationOID: drop.table.oid, bounds: drop.table.bounds,
                            details: ["reason": hastened.reason]), by: identity)
                }
            }
            entry.problems += plan.problems.filter {
                !$0.id.hasPrefix("premake.") && !entry.problems.contains($0)
                    && (options.includes(.retire) || $0.id != "policy.approval")
            }
            entry.notes += plan.notes
            var night = TableNight(
                session: session(settings, connection, stores, table, lock, identity, now),
                report: entry)
            if options.includes(.retire) { night.run(plan) }
            if options.includes(.expire) { night.expire(plan) }
            entry = night.report
            if options.hastened == nil,
                let lost = try LostArchive.problem(of: seen.lostArchives, in: stores.main)
            {
                entry.problems.append(lost)
            }
        }
    }

    /// One table's problem ends that table, not the night.
    private func withTable(
        _ index: Int, _ identity: RunIdentity, now: Instant, _ report: inout Report,
        _ body: (Connection, PartitionedTable, RunLock, inout Report.Table) throws -> Void
    ) {
        guard interruption.status == nil else { return }
        let policy = site.tables[index].policy
        do {
            let connection = try site.connect()
            try interruption.whileCancelling(try connection.canceller().cancelling) {
                let table = try connection.catalog.partitionedTable(
                    policy.table, key: policy.key, keyType: policy.keyType,
                    plain: policy.isPlain)
                let lock = try RunLock(on: connection, table: Relation(table))
                try body(connection, table, lock, &report.tables[index])
                if !connection.isBroken { try lock.release() }
            }
        } catch {
            report.tables[index].problems.append(
                interruption.status == nil ? Problem(explaining: error) : .interrupted)
        }
    }

    private func session(
        _ settings: TableSettings, _ connection: Connection, _ stores: Stores,
        _ table: PartitionedTable, _ lock: RunLock, _ identity: RunIdentity, _ now: Instant
    ) -> TableSession {
        TableSession(
            site: site, settings: settings, connection: connection, stores: stores, table: table,
            lock: lock, run: identity, now: now, interruption: interruption, progress: progress,
            pressure: pressure, pace: pace, timeBudget: timeBudget)
    }

    private var planner: Planner { Planner(maxRetire: options.maxRetire) }
}

extension Report.Table {
    /// Whether the table could be opened and locked.
    fileprivate var canGoOn: Bool {
        !problems.contains {
            $0.id.hasPrefix("table.") || $0.id.hasPrefix("key.") || $0.id == "run.locked"
        }
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
