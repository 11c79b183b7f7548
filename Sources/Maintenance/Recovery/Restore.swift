import Archives
import Postgres
import Retention
import RowCoding
import Synchronization

/// Brings an archive back: into a new table, or as a partition of its table again.
public struct Restore {
    public enum Target: Sendable {
        /// A table that does not exist yet.
        case into(QualifiedName)
        /// A partition of the archive's table.
        case attach
    }

    public struct Result: Sendable, Encodable {
        public var slice: Slice
        public var relation: QualifiedName
        public var rows: UInt64
        public var digest: String
        /// Until then retention leaves it alone.
        public var pinnedUntil: Instant
        public var seconds: Double
    }

    private let site: Site
    private let interruption: Interruption
    private let progress: ProgressSink?
    private let host: String

    public init(site: Site, interruption: Interruption, progress: ProgressSink?, host: String) {
        self.site = site
        self.interruption = interruption
        self.progress = progress
        self.host = host
    }

    /// The rows are loaded, read back and compared by digest, and only then is anything to be seen
    /// of them under the table's name.
    public func run(_ slice: Slice, to target: Target, withIndexes: Bool, pin: Span) throws
        -> Result
    {
        let stopwatch = Stopwatch()
        let store = try site.openStore(.readOnly)
        guard let manifest = try store.manifest(of: slice) else {
            throw Problem(
                "archive.missing", .missing,
                "There is no archive \(slice) in \(store.root). Nothing was restored.",
                hint: "pgretain archives list --table \(slice.table.description.shellWord)")
        }
        let directory = try store.directory(of: slice)
        let application = "pgretain: restore \(manifest.partition.name.name)"
        let connection = try site.connect(as: application)
        if try connection.ledger.state() == .absent { try connection.ledger.create() }
        let run = RunIdentity(newOn: host, tool: site.tool)
        let until = pin.after(try connection.serverClock(), in: .utc)
        _ = try Leftovers.remove(on: connection, by: run)

        var parent: PartitionedTable?
        if case .attach = target {
            try site.checkBinding(of: store, to: connection)
            parent = try connection.catalog.partitionedTable(slice.table, key: manifest.key)
        }
        let lock = try parent.map { try RunLock(on: connection, table: Relation($0)) }
        let crew = try RestoreCrew(
            lead: connection, wanted: try sessions(for: manifest, on: connection)
        ) { try site.connect(as: application) }
        let event = LedgerEvent(
            .restored, table: slice.table, bounds: manifest.bounds, archive: slice.path,
            details: ["attached": parent == nil ? "no" : "yes"])

        let restoration = try Restoration(on: connection)
        do {
            return try interruption.whileCancelling(crew.cancelling) {
                let landing = Landing(manifest, in: connection.facts.encoding)
                var relation = try create(
                    restoration, target, manifest, landing, parent, connection)
                try requireColumns(manifest, in: relation, connection)
                if crew.count > 1 {
                    relation = try restoration.hide(relation, event: event, by: run)
                }
                try load(manifest, from: directory, as: landing, into: relation, by: crew)
                try interruption.check()
                try restoration.seal()
                try compare(manifest, landing, with: relation, by: crew)
                relation = try restoration.unhide(relation)
                if let parent {
                    // The parent's of today: ATTACH wants these, and would build them under its lock.
                    try restoration.createIndexes(
                        try connection.catalog.definition(of: parent.oid), on: relation)
                    try restoration.attach(
                        relation, to: parent, bounds: manifest.bounds,
                        ladder: site.ladder(interruption)
                    )
                } else if withIndexes {
                    try restoration.createIndexes(manifest.definition, on: relation)
                }
                _ = try restoration.addPin(
                    table: slice.table, relation: relation.name, bounds: manifest.bounds,
                    until: until)
                var done = event
                done.relation = relation.name
                done.relationOID = relation.oid
                done.digest = manifest.digest
                try restoration.append(done, by: run)
                try interruption.check()
                try restoration.commit()
                if let lock { try lock.release() }
                return Result(
                    slice: slice, relation: relation.name, rows: manifest.digest.rows,
                    digest: manifest.digest.hex, pinnedUntil: until, seconds: stopwatch.seconds)
            }
        } catch {
            // What comes now is short, and is not cancelled.
            restoration.rollback()
            Leftovers.removeOwn(on: connection, by: run)
            try interruption.check()
            throw error
        }
    }

    /// A hidden table would reach the subscribers of a publication of all tables, under a name
    /// that they do not have: there one session does it all in one transaction.
    private func sessions(for manifest: Manifest, on connection: Connection) throws -> Int {
        try connection.catalog.publishesEveryTable()
            ? 1 : min(site.workersInMemory, manifest.parts.count)
    }

    private func create(
        _ restoration: Restoration, _ target: Target, _ manifest: Manifest,
        _ landing: Landing, _ parent: PartitionedTable?, _ connection: Connection
    ) throws -> Relation {
        switch (target, parent) {
        case (.into(let name), _):
            return try restoration.createTable(name, landing.definition)
        case (.attach, let parent?):
            try landing.requireTypesOfItsOwn(manifest, for: parent.name)
            let partitions = try connection.catalog.partitions(of: parent)
            if let other = partitions.first(where: { $0.bounds?.overlaps(manifest.bounds) ?? false }
            ) {
                throw Problem(
                    "restore.overlap", .cannotCreate,
                    "\(manifest.bounds) of \(parent.name) is there already, as \(other.name). "
                        + "Nothing was restored.",
                    hint: "pgretain restore --into a new table instead.")
            }
            let newest = partitions.filter { $0.bounds != nil }.max { $0.bounds! < $1.bounds! }
            return try restoration.createPartition(
                manifest.partition.name, of: parent, like: newest?.oid)
        case (.attach, nil):
            preconditionFailure("attach without a parent")
        }
    }

    private func requireColumns(
        _ manifest: Manifest, in relation: Relation, _ connection: Connection
    ) throws {
        let columns = try connection.catalog.definition(of: relation.oid).columns
        let existing = Set(columns.map(\.name))
        if let missing = manifest.definition.columns.first(where: { !existing.contains($0.name) }) {
            throw Problem(
                "restore.columns", .data,
                "The archive has the column \(missing.name), and \(relation.name) has not. "
                    + "Nothing was restored.",
                hint: "pgretain restore --into makes a table of the archive's own shape.")
        }
    }

    // MARK: Loading

    private func load(
        _ manifest: Manifest, from directory: ArchiveDirectory, as landing: Landing,
        into relation: Relation, by crew: RestoreCrew
    ) throws {
        let rows = try PartLoader(
            workers: site.workersInMemory, interruption: interruption, progress: progress
        ).load(manifest, from: directory, as: landing, into: relation, by: crew)
        guard rows == Int64(manifest.digest.rows) else {
            throw Problem(
                "restore.rows", .data,
                "\(rows) rows were loaded of \(manifest.digest.rows). Nothing was restored.",
                hint: "A trigger or rule on the table may swallow rows; restore --into a new one.")
        }
    }

    /// Whoever reads sees the same rows: the table is sealed, or nobody else can see it.
    private func compare(
        _ manifest: Manifest, _ landing: Landing, with relation: Relation, by crew: RestoreCrew
    ) throws {
        let columns = manifest.definition.columns.map(\.name)
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
        let found = total.withLock { $0 }
        guard found == manifest.digest else {
            throw Problem(
                "restore.contents", .data,
                "What was loaded reads back as other rows than the archive holds (\(found), not "
                    + "\(manifest.digest)). Nothing was restored.",
                hint: "Compare the column types of the archive (pgretain archives show) with the "
                    + "table's; restore --into a new table.")
        }
    }
}
