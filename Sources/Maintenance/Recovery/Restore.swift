import Archives
import Postgres
import Retention
import RowCoding
import Synchronization

/// Brings rows out of archives back: into a new table, into one that is there, or as a partition
/// of their table again.
public struct Restore {
    public struct Result: Sendable, Encodable {
        public var table: QualifiedName
        public var kind: RestorePlan.Kind
        public var relation: QualifiedName
        public var bounds: PartitionBounds
        public var archives: [Slice]
        /// The one that was asked for.
        public var generation: Int?
        public var partsRead: Int
        /// Of these parts, those that a restore which was killed had loaded already.
        public var partsLoadedBefore: Int
        /// Rows of the parts that were read.
        public var rowsRead: UInt64
        /// Rows that were loaded, and read back.
        public var rows: UInt64
        /// Rows that were left out, as was asked for, since their keys were in the table already.
        public var skipped: SkippedRows?
        public var digest: String
        /// What stands for other values, as the configuration names it.
        public var redacted: [String]
        /// Until then retention leaves it alone; nil where no night could touch it.
        public var pinnedUntil: Instant?
        public var seconds: Double
    }

    let site: Site
    let interruption: Interruption
    let progress: ProgressSink?
    let host: String

    public init(site: Site, interruption: Interruption, progress: ProgressSink?, host: String) {
        self.site = site
        self.interruption = interruption
        self.progress = progress
        self.host = host
    }

    private final class Held {
        var connection: Connection?
    }
    private let held = Held()

    /// One session for the plan and for what follows it: a role may have no second one, and the server
    /// takes a while to see that the first is gone.
    func session() throws -> Connection {
        if let connection = held.connection, !connection.isBroken { return connection }
        let connection = try site.connect(as: "pgretain: restore")
        held.connection = connection
        return connection
    }

    /// The rows are loaded, read back and compared by digest, and only then is anything to be seen
    /// of them.
    ///
    /// - Parameter goingOn: told once it is known that a killed restore has loaded so many parts of so
    ///   many.
    public func run(
        _ plan: RestorePlan, as request: RestoreRequest, goingOn: (Int, Int) -> Void = { _, _ in }
    ) throws -> Result {
        let stopwatch = Stopwatch()
        if let obstacle = plan.obstacles.first { throw obstacle }
        guard let landing = plan.landing else { preconditionFailure("a plan without a landing") }
        var application = "pgretain: restore \(plan.relation.name)"
        // The server would cut it too, and say so.
        while application.utf8.count > 63 { application.removeLast() }
        let connection = try session()
        try connection.rename(to: application)
        try connection.ledger.prepare()
        let run = RunIdentity(newOn: host, tool: site.tool)
        let until = request.pin.after(try connection.serverClock(), in: .utc)
        _ = try Leftovers.removeForgotten(on: connection, by: run)
        // Rows that no night could touch need no pin.
        let isPinned = plan.kind != .append && plan.isWhole
        let work = Work(
            plan: plan, request: request, landing: landing, connection: connection, run: run,
            pinnedUntil: isPinned ? until : nil)
        let (tally, skipped) =
            try plan.kind == .append
            ? append(work) : (publish(work, application, goingOn), nil)
        let added = skipped.map { tally.wanted.without($0.digest) } ?? tally.wanted
        return Result(
            table: plan.table, kind: plan.kind, relation: plan.relation, bounds: plan.bounds,
            archives: plan.sources.map(\.slice), generation: request.generation,
            partsRead: plan.partsRead, partsLoadedBefore: tally.partsBefore, rowsRead: tally.read,
            rows: added.rows, skipped: skipped, digest: added.hex,
            redacted: plan.redacted.map(\.description), pinnedUntil: work.pinnedUntil,
            seconds: stopwatch.seconds)
    }

    /// What one restore is about.
    struct Work {
        let plan: RestorePlan
        let request: RestoreRequest
        let landing: Landing
        let connection: Connection
        let run: RunIdentity
        let pinnedUntil: Instant?

        var isAttached: Bool { plan.kind == .partition }

        var event: LedgerEvent {
            let slices = plan.sources.map(\.slice.path)
            var details = ["attached": isAttached ? "yes" : "no"]
            if plan.kind == .append { details["appended"] = "yes" }
            if let generation = request.generation { details["generation"] = "\(generation)" }
            if slices.count > 1 { details["archives"] = slices.joined(separator: ", ") }
            if !request.conditions.isEmpty {
                // Without the values: they may be somebody's, and the ledger never forgets.
                details["conditions"] = request.conditions.map(\.withoutOperand).joined(
                    separator: ", ")
            }
            return LedgerEvent(
                .restored, table: plan.table, bounds: plan.bounds,
                archive: slices.count == 1 ? slices[0] : nil, details: details)
        }
    }

    // MARK: A table that nobody sees before it is proven

    private func publish(
        _ work: Work, _ application: String, _ goingOn: (Int, Int) -> Void
    ) throws -> PartLoader.Tally {
        let (plan, connection, landing) = (work.plan, work.connection, work.landing)
        var parent: PartitionedTable?
        if work.isAttached {
            try site.checkBinding(of: try site.openStore(.readOnly), to: connection)
            parent = try connection.catalog.partitionedTable(
                plan.table, key: plan.sources[0].manifest.key,
                keyType: plan.sources[0].manifest.keyType.encoded)
        }
        let lock = try parent.map { try RunLock(on: connection, table: Relation($0)) }
        let fingerprint = try fingerprint(plan, landing, parent, on: connection)
        let leftover = try Leftovers.toGoOnWith(
            fingerprint, into: plan.relation, of: plan.table, on: connection, by: work.run)
        let crew = try RestoreCrew(
            lead: connection, wanted: try sessions(for: plan, on: connection)
        ) { try site.connect(as: application) }
        let restoration = try Restoration(on: connection)
        do {
            return try interruption.whileCancelling(crew.cancelling) {
                var announced = work.event
                announced.details["parts"] = "\(plan.partsRead)"
                let begun = try leftover.flatMap {
                    try restoration.takeOver($0, event: announced, by: work.run)
                }
                if let begun { goingOn(begun.parts.count, plan.partsRead) }
                let isHidden = begun != nil || fingerprint != nil && crew.count > 1
                var relation =
                    try begun?.relation ?? create(restoration, work, parent, isHidden: isHidden)
                if isHidden, begun == nil {
                    relation = try restoration.hide(
                        relation, until: plan.relation, fingerprint: fingerprint,
                        event: announced, by: work.run)
                }
                let tally = try load(
                    work,
                    into: isHidden
                        ? .partByPart(relation, having: begun?.parts ?? []) : .atOnce(relation),
                    by: crew)
                try interruption.check()
                try restoration.seal()
                try compare(tally, landing, with: relation, by: crew)
                if isHidden, plan.needsSchema {
                    try restoration.createSchema(plan.relation.schema)
                }
                relation = try restoration.unhide(relation)
                if let parent {
                    // The parent's of today: ATTACH wants these, and would build them under its lock.
                    try restoration.createIndexes(
                        try connection.catalog.definition(of: parent.oid), on: relation)
                    try restoration.attach(
                        relation, to: parent, bounds: plan.bounds,
                        ladder: site.ladder(interruption))
                } else if work.request.withIndexes {
                    try restoration.createIndexes(landing.definition, on: relation)
                }
                if let until = work.pinnedUntil {
                    _ = try restoration.addPin(
                        table: plan.table, relation: relation.name, bounds: plan.bounds,
                        until: until)
                }
                var done = work.event
                done.relation = relation.name
                done.relationOID = relation.oid
                done.digest = tally.wanted
                try restoration.append(done, by: work.run)
                try interruption.check()
                try restoration.commit()
                if let lock { try lock.release() }
                return tally
            }
        } catch {
            // What comes now is short, and is not cancelled.
            restoration.rollback()
            Leftovers.removeOwn(restoration.leftBehind, on: connection, by: work.run)
            try interruption.check()
            throw error
        }
    }

    /// What a hidden table is known by; nil where there can be none: it would reach the subscribers
    /// of a publication of all tables, under a name that they do not have. One session does it all in
    /// one transaction there.
    func fingerprint(
        _ plan: RestorePlan, _ landing: Landing, _ parent: PartitionedTable?,
        on connection: Connection
    ) throws -> String? {
        guard try !connection.catalog.publishesEveryTable() else { return nil }
        return try RestoreFingerprint(
            plan, landing, parent: parent, tool: site.tool, on: connection
        ).digits()
    }

    /// As many as can share the work, or one that does all of it.
    func sessions(for plan: RestorePlan, on connection: Connection) throws -> Int {
        try connection.catalog.publishesEveryTable()
            ? 1 : min(site.workersInMemory, plan.partsRead)
    }

    private func create(
        _ restoration: Restoration, _ work: Work, _ parent: PartitionedTable?, isHidden: Bool
    ) throws -> Relation {
        guard let parent else {
            var name = work.plan.relation
            if work.plan.needsSchema {
                // The schema comes with the table's name, or not at all.
                if isHidden {
                    name = QualifiedName(schema: "pgretain", name: "new_\(work.run.id)")
                } else {
                    try restoration.createSchema(name.schema)
                }
            }
            return try restoration.createTable(name, work.landing.definition)
        }
        let partitions = try work.connection.catalog.partitions(of: parent)
        let newest = partitions.filter { $0.bounds != nil }.max { $0.bounds! < $1.bounds! }
        return try restoration.createPartition(work.plan.relation, of: parent, like: newest?.oid)
    }

    // MARK: Loading

    func load(_ work: Work, into place: PartLoader.Place, by crew: RestoreCrew) throws
        -> PartLoader.Tally
    {
        let sources = work.plan.sources
        let tally = try PartLoader(
            workers: site.workersInMemory, interruption: interruption, progress: progress
        ).load(sources, as: work.landing, into: place, by: crew)
        guard tally.taken == Int64(tally.wanted.rows) else {
            throw Problem(
                "restore.rows", .data,
                "\(tally.taken) rows were loaded of \(tally.wanted.rows). Nothing was restored.",
                hint: "A trigger or rule on the table may swallow rows; restore --into a new one.")
        }
        guard tally.read == sources.reduce(0, { $0 + $1.rows }) else {
            throw Problem(
                "restore.rows", .bug,
                "\(tally.read) rows were read, and the manifests have another number. Nothing was "
                    + "restored.",
                hint: "Please report it with the output of the same command and -v.")
        }
        guard tally.wanted.rows > 0 || work.plan.isWhole else {
            throw Problem(
                "restore.no-rows", .missing,
                "No row of \(tally.read) that were read meets what was asked for. Nothing was "
                    + "restored.",
                hint: "pgretain search with the same --from, --to and --where looks quickly.")
        }
        return tally
    }

    /// Whoever reads sees the same rows: the table is sealed, or nobody else can see it.
    func compare(
        _ tally: PartLoader.Tally, _ landing: Landing, with relation: Relation, by crew: RestoreCrew
    ) throws {
        let columns = landing.columns
        let ranges = BlockingQueue(try crew.lead.catalog.pageSpans(of: relation))
        ranges.close()
        let (asBytea, interruption) = (landing.asBytea, interruption)
        let total = Mutex(ContentDigest())
        try crew.run(
            stop: { ranges.abandon() },
            work: { connection in
                while let pages = ranges.pop() {
                    let copy = try connection.readBack(relation, columns: columns, in: pages)
                    let found = try ContentDigest(
                        copy: copy, asBytea: asBytea, interruption: interruption)
                    total.withLock { $0.add(found) }
                }
            })
        try Self.require(total.withLock { $0 }, toBe: tally.wanted)
    }

    static func require(_ found: ContentDigest, toBe wanted: ContentDigest) throws(Problem) {
        guard found != wanted else { return }
        throw Problem(
            "restore.contents", .data,
            "What was loaded reads back as other rows than the archive holds (\(found), not "
                + "\(wanted)). Nothing was restored.",
            hint: "A type that differs, or a trigger, changes values: restore … --dry-run compares "
                + "the columns; restore --into a new table has the archive's own.")
    }
}
