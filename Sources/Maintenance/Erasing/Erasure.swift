import Archives
import FailPoints
import Postgres
import Retention
import RowCoding

/// Takes rows out of archives for good: each archive that has some is written again without them,
/// read back, and put in the place of the one that had them.
public struct Erasure {
    public struct Query: Sendable {
        public var table: QualifiedName
        public var from: Moment?
        public var to: Moment?
        /// All of them are to be met.
        public var conditions: [RowCondition]

        public init(
            table: QualifiedName, from: Moment?, to: Moment?, conditions: [RowCondition]
        ) {
            self.table = table
            self.from = from
            self.to = to
            self.conditions = conditions
        }
    }

    /// What was done to an archive, or would be.
    public struct Entry: Sendable, Encodable {
        public var slice: Slice
        public var bounds: PartitionBounds
        public var rows: UInt64
        /// That stay in it.
        public var rowsLeft: UInt64
        public var parts: Int
        public var partsRewritten: Int
    }

    public struct Result: Sendable, Encodable {
        public var table: QualifiedName
        public var isDone = false
        public var entries: [Entry] = []
        /// What a run that died had begun, and this one has ended.
        public var finished: [Slice] = []
        /// Where such rows may be all the same, a sentence each.
        public var unreached: [String] = []
        /// What stands in the way; nothing was erased of what it is about.
        public var problems: [Problem] = []
    }

    let site: Site
    let query: Query
    let interruption: Interruption
    private let progress: ProgressSink?
    private let host: String

    public init(
        _ query: Query, site: Site, interruption: Interruption, progress: ProgressSink?,
        host: String
    ) {
        self.progress = progress
        self.query = query
        self.site = site
        self.interruption = interruption
        self.host = host
    }

    /// Looks, and changes nothing.
    public func preview() throws -> Result {
        let connection = try site.connect(as: Self.application)
        let store = try site.openStore(.readOnly)
        guard try connection.ledger.state() != .absent else {
            throw Problem(
                "erase.no-ledger", .missing,
                "The database has no ledger: pgretain has archived nothing of it. Nothing was "
                    + "changed.",
                hint: "pgretain rebind, where the store is from before this database.")
        }
        try site.checkBinding(of: store, to: connection)
        let copies = try site.copies.map { try site.openStore(at: $0, .readOnly) }
        var (_, selection, lost, result) = try look(in: store, on: connection)
        result.unreached += try unreached(
            selection, stores: Stores(main: store, copies: copies), on: connection)
        result.problems += lost
        return result
    }

    /// Erases in all archives or, where something stands in the way, in none.
    public func run(reason: String) throws -> Result {
        let connection = try site.connect(as: Self.application)
        try connection.ledger.prepare()
        let run = RunIdentity(newOn: host, tool: site.tool)
        let policy = try site.settings(of: query.table).policy
        let table = try ErasedTable(policy, in: try site.openStore(.readOnly), on: connection)
        let lock = try RunLock(on: connection, table: table.relation)
        let stores = try site.openStores(for: connection, by: run)
        for store in [stores.main] + stores.copies { _ = try store.heal(table: query.table) }
        let verifier = Verifier(
            workers: site.workersInMemory, interruption: interruption, progress: progress,
            keepAlive: { try connection.ping() })
        let pending = PendingErasures(
            connection: connection, stores: stores,
            copies: Copies(
                stores: stores.copies, source: stores.main, verifier: verifier,
                interruption: interruption, keepAlive: { try connection.ping() }),
            run: run)
        let finished = try pending.finish(of: query.table)
        // Older generations that are still published in a copy may have rows that no other has.
        for archive in try stores.main.archives(of: query.table) where archive.superseded == nil {
            if case .success(let manifest) = archive.manifest {
                _ = try pending.copies.catchUp(manifest, of: archive.slice)
            }
        }
        FailPoint.pass("erase.caught-up")
        var (subjects, selection, lost, result) = try look(in: stores.main, on: connection)
        result.finished = finished
        if result.problems.isEmpty {
            for subject in subjects {
                try erase(subject, reason: reason, verifier, pending, lock)
            }
            result.isDone = true
        }
        result.unreached += try unreached(selection, stores: stores, on: connection)
        result.problems += lost
        try lock.release()
        return result
    }

    private static let application = "pgretain: archives erase"

    // MARK: Looking

    private func look(in store: DirectoryStore, on connection: Connection) throws -> (
        subjects: [ErasureSubject], selection: RowSelection, lost: [Problem], result: Result
    ) {
        var result = Result(table: query.table)
        let policy = try site.settings(of: query.table).policy
        let table = try ErasedTable(policy, in: store, on: connection)
        let zone = table.keyType.isNaive ? Zone.utc : policy.zone
        let selection = RowSelection(
            from: query.from?.instant(in: zone), to: query.to?.instant(in: zone),
            conditions: query.conditions, zone: zone)
        try selection.requireRange(undone: "Nothing was erased.")
        let stored = try store.archives(of: query.table, checkingFiles: true)
        let lost = try lost(
            in: store, among: Set(stored.map(\.slice)), selection, on: connection)
        var archives: [(stored: StoredArchive, manifest: Manifest)] = []
        for archive in stored where archive.superseded == nil {
            switch archive.manifest {
            case .failure(let error): result.problems.append(error.problem)
            case .success(let manifest):
                archives.append((archive, manifest))
            }
        }
        if !archives.isEmpty,
            let subject = try selection.unknownSubject(in: archives.map(\.manifest))
        {
            throw Problem(
                "erase.condition", .usage,
                "No archive of \(query.table) has a column \(subject). Nothing was erased.",
                hint: "pgretain archives show lists the columns.")
        }
        var subjects = try subjects(archives, selection, &result)
        try ErasureSubject.count(
            &subjects, in: selection, workers: site.workersInMemory, interruption: interruption,
            progress: progress)
        subjects = subjects.filter { $0.rows > 0 }.sorted { $0.slice < $1.slice }
        for subject in subjects {
            let manifest = subject.manifest
            result.entries.append(
                Entry(
                    slice: subject.slice, bounds: manifest.bounds, rows: subject.rows,
                    rowsLeft: manifest.digest.rows - subject.rows, parts: manifest.parts.count,
                    partsRewritten: subject.found.count))
            if let obstacle = try obstacle(to: subject, on: connection) {
                result.problems.append(obstacle)
            }
            if let live = try countLive(subject, selection, of: table, on: connection),
                live.rows > 0
            {
                result.problems.append(
                    Problem(
                        "erase.live", .brake,
                        "\(live.rows) rows that are meant are still in \(live.name): the next night "
                            + "would archive them again. Nothing was erased.",
                        hint: "DELETE them there first."))
            }
        }
        return (subjects, selection, lost, result)
    }

    /// What an operator has said, or what is under way.
    private func obstacle(to subject: ErasureSubject, on connection: Connection) throws -> Problem?
    {
        let bounds = subject.manifest.bounds
        let now = try connection.serverClock()
        let orders = StandingOrders(holds: try connection.ledger.holds(of: query.table))
        if let reason = orders.reasonToKeep(bounds, at: now) {
            return Problem(
                "erase.held", .brake,
                "The archive \(subject.slice) is \(reason.sentence). Nothing was erased.",
                hint: "pgretain hold list; a hold that has to stand forbids to erase.")
        }
        let state = try connection.ledger.states(of: query.table)[bounds]
        guard let kind = state?.kind, kind == .deleting || kind == .expiring else { return nil }
        return Problem(
            "erase.under-way", .tryLater,
            "The archive \(subject.slice) is what rows are being "
                + "\(kind == .deleting ? "deleted against" : "removed with") by a run that has not "
                + "ended it. Nothing was erased.",
            hint: "Let the next night end it: pgretain run; then erase.")
    }

    // MARK: Erasing

    private func erase(
        _ subject: ErasureSubject, reason: String, _ verifier: Verifier,
        _ pending: PendingErasures, _ lock: RunLock
    ) throws {
        let connection = pending.connection
        try interruption.check()
        let staged = try pending.stores.main.stage(subject.slice)
        var manifest = subject.manifest
        do {
            let (parts, erased) = try PartErasing(
                subject: subject, staged: staged, settings: try site.settings(of: query.table),
                workers: site.workersInMemory, interruption: interruption, progress: progress
            ).run()
            manifest.tool = site.tool
            manifest.generation += 1
            manifest.parts = parts
            manifest.digest = subject.manifest.digest.without(erased)
            manifest.erased.append(
                .init(rows: erased.rows, at: try connection.serverClock()))
            try staged.seal(manifest)
            _ = try verifier.verify(
                manifest, in: staged.directory, slice: subject.slice, covering: .whole)
            FailPoint.pass("erase.verified")
            // A hold may have come meanwhile, and so may another generation.
            if let obstacle = try obstacle(to: subject, on: connection) { throw obstacle }
            guard lock.isHeld,
                try pending.stores.main.manifest(of: subject.slice) == subject.manifest
            else {
                throw Problem(
                    "archive.gone", .tryLater,
                    "The archive \(subject.slice) is not what it was when it was read. Nothing of it "
                        + "was erased.",
                    hint: "Run it again.")
            }
        } catch {
            try staged.discard()
            throw error
        }
        let event = event(of: manifest, subject, reason)
        try connection.ledger.append(event, by: pending.run)
        FailPoint.pass("erase.announced")
        // What fails halfway may have either generation under either name: healing looks.
        try staged.replace()
        FailPoint.pass("erase.published")
        try pending.end(event, manifest)
    }

    private func event(of manifest: Manifest, _ subject: ErasureSubject, _ reason: String)
        -> LedgerEvent
    {
        LedgerEvent(
            .erasing, table: query.table, bounds: manifest.bounds, digest: manifest.digest,
            archive: subject.slice.path,
            details: [
                "reason": reason, "erased": "\(subject.rows)",
                "generation": "\(manifest.generation)",
                // Without the values: the ledger never forgets, and they are to be forgotten.
                "conditions": query.conditions.map(\.withoutOperand).joined(separator: ", "),
            ])
    }
}

extension RowCondition {
    /// `user_id=…`
    var withoutOperand: String { subject + comparison.rawValue + "…" }
}
