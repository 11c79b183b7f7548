import FailPoints
import Postgres
import Retention

/// Makes a plain table a partitioned one while the application goes on, or makes it plain again.
///
/// What has been reached is read from the catalogue and the ledger: who dies in the middle runs it
/// again, and it goes on there, or undoes it.
public struct Adopt {
    public struct Result: Sendable, Encodable {
        public var table: QualifiedName
        /// The partition that the plain table is now; nil where it is plain again.
        public var partition: QualifiedName?
        /// Where that partition ends.
        public var to: Instant?
        /// Rows without a time that were given the default.
        public var defaulted: Int64 = 0
        /// Rows that were moved aside.
        public var movedAside: Int64 = 0
        /// For how long nobody else could read or write the table, at the longest.
        public var lockedSeconds: Double = 0
        public var premade: [String] = []
        public var problems: [Problem] = []
        public var seconds: Double = 0

        fileprivate mutating func note(locked seconds: Double) {
            lockedSeconds = max(lockedSeconds, seconds)
        }
    }

    /// What an adoption would do, and what is in the way.
    public struct Preview: Sendable, Encodable {
        public var table: QualifiedName
        public var partition: QualifiedName
        public var to: Instant
        public var bytes: Int64
        public var rowsWithoutKey: Int64
        public var lateRows: Int64
        public var steps: [AdoptionStep]
        /// What will be different for the application.
        public var changes: [String]
        public var obstacles: [Problem]
    }

    private let site: Site
    private let settings: TableSettings
    private let choices: AdoptionChoices
    private let interruption: Interruption
    private let host: String
    private let now: Instant?

    public init(
        site: Site, table: QualifiedName, choices: AdoptionChoices, interruption: Interruption,
        host: String, now: Instant?
    ) throws {
        self.site = site
        settings = try site.settings(of: table)
        self.choices = choices
        self.interruption = interruption
        self.host = host
        self.now = now
    }

    private var name: QualifiedName { settings.policy.table }

    // MARK: Looking

    public func preview() throws -> Preview {
        try connected { connection in
            let ledger = connection.ledger
            let begun = try ledger.state() == .absent ? nil : try ledger.adoption(of: name)
            let ddl = try self.ddl(on: connection, begun: begun)
            let homeless = try ddl.homelessRows()
            return Preview(
                table: name, partition: ddl.wideName, to: ddl.to, bytes: ddl.table.bytes,
                rowsWithoutKey: homeless.withoutKey, lateRows: homeless.late,
                steps: ddl.steps(choices), changes: ddl.changes,
                obstacles: try obstacles(to: ddl, homeless, on: connection))
        }
    }

    private func obstacles(
        to ddl: AdoptionDDL, _ homeless: (withoutKey: Int64, late: Int64),
        on connection: Connection
    ) throws -> [Problem] {
        var problems = try connection.catalog.obstacles(to: ddl.table)
            .filter { $0.acceptance.map { !choices.accepted.contains($0) } ?? true }
            .map(\.problem)
        let key = settings.policy.key
        if homeless.withoutKey > 0 {
            switch choices.nullKeys {
            case .reject:
                problems.append(
                    Problem(
                        "adopt.null-keys", .brake,
                        "\(homeless.withoutKey) rows of \(name) have no \(key), and no partition "
                            + "takes such rows. Nothing was changed, writes go on.",
                        hint: "--null-key=created-from-default gives them the default now; "
                            + "--null-key=keep-aside --aside TABLE moves them."))
            case .createdFromDefault where ddl.table.keyDefault == nil:
                problems.append(
                    Problem(
                        "adopt.no-default", .brake,
                        "\(key) of \(name) has no default that \(homeless.withoutKey) rows could "
                            + "get. Nothing was changed, writes go on.",
                        hint: "Set one, or --null-key=keep-aside --aside TABLE."))
            case .createdFromDefault, .keepAside: break
            }
        }
        if homeless.late > 0, !choices.movesLateKeys {
            problems.append(
                Problem(
                    "adopt.late-keys", .brake,
                    "\(homeless.late) rows of \(name) lie at or after \(ddl.to) (or at infinity), "
                        + "where the adopted partition ends. Nothing was changed, writes go on.",
                    hint: "Mend them, or --late-key=keep-aside --aside TABLE moves them."))
        }
        return problems
    }

    // MARK: Doing

    /// Adopts the table, or goes on where an earlier attempt stopped.
    public func run() throws -> Result {
        let stopwatch = Stopwatch()
        return try connected { connection in
            try connection.ledger.prepare()
            let identity = RunIdentity(newOn: host, tool: site.tool)
            var result = Result(table: name)
            let plain = try connection.catalog.plainTable(
                name, key: settings.policy.key, keyType: settings.policy.keyType)
            let lock = try RunLock(on: connection, table: plain.relation)
            try prepare(on: connection, identity, &result)
            try swap(on: connection, identity, &result)
            try lock.release()
            premake(on: connection, &result)
            result.seconds = stopwatch.seconds
            return result
        }
    }

    /// All that can be done beside the traffic.
    private func prepare(
        on connection: Connection, _ identity: RunIdentity, _ result: inout Result
    ) throws {
        var begun = try connection.ledger.adoption(of: name)
        var ddl = try self.ddl(on: connection, begun: begun)
        let obstacles = try obstacles(to: ddl, try ddl.homelessRows(), on: connection)
        guard obstacles.isEmpty else { throw Obstructed(problems: obstacles) }
        if begun != nil, try isTooLate(ddl.to, on: connection) {
            // It stopped long ago: a new bound, further on.
            result.note(locked: try ddl.abandon(begun, by: identity))
            begun = nil
            ddl = try self.ddl(on: connection, begun: nil)
        }
        let state = try ddl.state()
        if !state.isBounded {
            try connection.setStep("bound \(name.name)")
            result.note(locked: try ddl.addBound(aside: choices.aside, by: identity))
            begun = try connection.ledger.adoption(of: name)
        }
        FailPoint.pass("adopt.bounded")
        if !state.isBoundValidated {
            try connection.setStep("see to homeless rows of \(name.name)")
            if choices.nullKeys == .createdFromDefault { result.defaulted = try ddl.giveDefaults() }
            if let aside = begun?.aside, choices.nullKeys == .keepAside || choices.movesLateKeys {
                result.movedAside = try ddl.setAside(into: aside)
            }
            FailPoint.pass("adopt.seen-to")
            try connection.setStep("validate \(name.name)")
            try ddl.validateBound()
        }
        FailPoint.pass("adopt.validated")
        try connection.setStep("index \(name.name)")
        try ddl.buildKeyIndex(state)
        FailPoint.pass("adopt.indexed")
        result.note(locked: try ddl.requireKey())
        FailPoint.pass("adopt.required")
    }

    private func swap(
        on connection: Connection, _ identity: RunIdentity, _ result: inout Result
    ) throws {
        try connection.setStep("adopt \(name.name)")
        // As it is now: the steps before have changed it.
        let ddl = try self.ddl(on: connection, begun: try connection.ledger.adoption(of: name))
        guard try !isTooLate(ddl.to, on: connection) else {
            throw Problem(
                "adopt.late", .tryLater,
                "The adoption of \(name) took so long that its bound \(ddl.to) is a day away. The "
                    + "swap was not made; writes go on.",
                hint: "Run it again: it takes a later bound.")
        }
        try ddl.makeParent(try ddl.state())
        FailPoint.pass("adopt.made")
        result.note(locked: try ddl.swap(by: identity))
        FailPoint.pass("adopt.swapped")
        result.partition = ddl.wideName
        result.to = ddl.to
    }

    /// The first periods behind the adopted partition, and the statistics of the whole. What fails
    /// here is the next night's.
    private func premake(on connection: Connection, _ result: inout Result) {
        do {
            let table = try connection.catalog.partitionedTable(
                name, key: settings.policy.key, keyType: settings.policy.keyType)
            let lock = try RunLock(on: connection, table: Relation(table))
            let now = try now ?? connection.serverClock()
            let seen = TableObservation.observe(settings, on: connection, store: nil, now: now)
            let plan = Planner().plan(Observation(now: now, tables: [seen])).tables[0]
            let made = Premaking(
                connection: connection, ladder: site.ladder(interruption),
                drainsDefault: settings.policy.drainsDefault
            ).run(
                plan, of: table, newestSibling: seen.newestPartition)
            result.premade = made.done.map(\.partition)
            result.problems = made.problems
            try connection.setStep("analyze \(name.name)")
            try connection.catalog.analyze(table)
            try lock.release()
        } catch {
            result.problems.append(Problem(explaining: error))
        }
    }

    // MARK: Undoing

    /// Makes the table plain again, or takes away what an adoption that was not finished left.
    public func undo() throws -> Result {
        let stopwatch = Stopwatch()
        return try connected { connection in
            let identity = RunIdentity(newOn: host, tool: site.tool)
            var result = Result(table: name)
            guard try connection.ledger.state() != .absent,
                let adoption = try connection.ledger.adoption(of: name)
            else { throw Self.nothingToUndo(name) }
            if adoption.isDone {
                let table = try connection.catalog.partitionedTable(
                    name, key: settings.policy.key, keyType: settings.policy.keyType)
                let lock = try RunLock(on: connection, table: Relation(table))
                _ = try connection.removeUnfinishedSplits(
                    of: table, ladder: site.ladder(interruption), by: identity)
                let undoing = try Unadoption(
                    of: table, adoption, on: connection, ladder: site.ladder(interruption))
                try connection.setStep("index \(name.name)")
                try undoing.buildKeyIndex()
                FailPoint.pass("unadopt.indexed")
                result.note(locked: try undoing.swap(by: identity))
                FailPoint.pass("unadopt.swapped")
                try lock.release()
            } else {
                let ddl = try self.ddl(on: connection, begun: adoption)
                let lock = try RunLock(on: connection, table: ddl.table.relation)
                result.note(locked: try ddl.abandon(adoption, by: identity))
                try lock.release()
            }
            result.seconds = stopwatch.seconds
            return result
        }
    }

    private static func nothingToUndo(_ name: QualifiedName) -> Problem {
        Problem(
            "adopt.none", .missing,
            "No adoption of \(name) is in the ledger. Nothing was done.",
            hint: "`pgretain status` shows the tables.")
    }

    // MARK: Parts

    private func connected<Value>(_ body: (Connection) throws -> Value) throws -> Value {
        let connection = try site.connect(as: "pgretain: adopt")
        return try interruption.whileCancelling(try connection.canceller().cancelling) {
            try body(connection)
        }
    }

    /// With the bound that was set already, or a new one.
    private func ddl(on connection: Connection, begun: RecordedAdoption?) throws -> AdoptionDDL {
        let table = try connection.catalog.plainTable(
            name, key: settings.policy.key, keyType: settings.policy.keyType)
        let calendar = TableCalendar(
            policy: settings.policy, keyType: table.keyType,
            now: try now ?? connection.serverClock())
        let isOurs = begun.map { !$0.isDone && $0.oid == table.relation.oid } ?? false
        let to = isOurs ? begun!.to : calendar.adoptionBound
        return AdoptionDDL(
            table, wideName: calendar.wideName(of: name, to: to), to: to, on: connection,
            ladder: site.ladder(interruption))
    }

    private func isTooLate(_ bound: Instant, on connection: Connection) throws -> Bool {
        let now = try now ?? connection.serverClock()
        return TableCalendar.adoptionDeadline(of: bound) <= now
    }
}

/// Several things are in the way at once: all are said.
public struct Obstructed: Error {
    public let problems: [Problem]
}

/// Bounds of adoptions that were never finished: from their day on they would refuse rows.
struct AdoptionBounds {
    let connection: Connection
    let ladder: LockLadder
    let run: RunIdentity

    /// Takes those away whose day is near; what could not be, and what waits.
    func expire(at now: Instant) -> [Problem] {
        do {
            return try connection.ledger.adoptionsUnderWay().compactMap { adoption in
                guard TableCalendar.adoptionDeadline(of: adoption.to) <= now else { return nil }
                do {
                    try connection.removeBound(of: adoption, ladder: ladder, by: run)
                    return nil
                } catch {
                    return Problem(explaining: error)
                }
            }
        } catch {
            return [Problem(explaining: error)]
        }
    }
}
