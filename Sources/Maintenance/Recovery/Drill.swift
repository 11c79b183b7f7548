import Archives
import Postgres
import Retention

/// Brings an archive back to see that it can be, and how long that takes: into a table that nobody
/// sees, and that is dropped once it is proven.
public struct Drill {
    public struct Result: Sendable, Encodable {
        public var slice: Slice
        public var bounds: PartitionBounds
        public var rows: UInt64
        /// Of the archive.
        public var bytes: Int64
        public var digest: String
        /// Until its rows were in the table, and proven.
        public var seconds: Double
        /// What of the table's shape is not in the database any more, a sentence each.
        public var missing: [String]
    }

    private let restore: Restore

    public init(_ restore: Restore) { self.restore = restore }

    /// - Parameters:
    ///   - table: nil for any of the configuration.
    ///   - period: nil for whichever is due.
    public func run(_ table: QualifiedName?, period: String?) throws -> Result {
        let site = restore.site
        let store = try site.openStore(.readOnly)
        let tables =
            try table.map { [try site.settings(of: $0).policy.table] }
            ?? site.tables.map(\.policy.table)
        var archives = try Self.archives(of: tables, in: store)
        if let table, let period {
            let slice = try ArchiveShelf.slice(site: site, table: table, period: period)
            archives = archives.filter { $0.slice == slice }
        }
        let connection = try site.connect(as: Self.application)
        try connection.ledger.prepare()
        guard let picked = try Self.pick(from: archives, connection) else {
            throw Problem(
                "archive.missing", .missing,
                "There is no such archive in \(store.root): nothing to drill with.",
                hint: "pgretain archives list")
        }
        return try run(
            picked, in: store, on: connection,
            by: RunIdentity(newOn: restore.host, tool: site.tool))
    }

    private static let application = "pgretain: restore for a drill"

    /// Those that a drill may bring back.
    static func archives(of tables: [QualifiedName], in store: DirectoryStore) throws
        -> [StoredArchive]
    {
        try tables.flatMap { try store.archives(of: $0) }.filter { $0.superseded == nil }
    }

    /// One that is damaged may be picked as well as any: that is news.
    static func pick(from archives: [StoredArchive], _ connection: Connection) throws
        -> StoredArchive?
    {
        let outcomes = try Set(archives.map(\.slice.table)).reduce(into: [:]) {
            $0.merge(try connection.ledger.drills(of: $1)) { $1 }
        }
        let next = archives.map(\.slice).nextToDrill(knowing: outcomes)
        return archives.first { $0.slice == next }
    }

    /// Writes to the ledger how it ended.
    func run(
        _ archive: StoredArchive, in store: DirectoryStore, on connection: Connection,
        by run: RunIdentity
    ) throws -> Result {
        try restore.site.checkBinding(of: store, to: connection)
        _ = try Leftovers.removeForgotten(on: connection, by: run)
        do {
            return try bringBack(archive, on: connection, by: run)
        } catch {
            guard restore.interruption.status == nil else { throw error }
            throw note(Problem(explaining: error), of: archive.slice, by: run)
        }
    }

    /// Without the problem's words, which may hold a row's values: the ledger never forgets.
    private func note(_ problem: Problem, of slice: Slice, by run: RunIdentity) -> Problem {
        do {
            // The session that it failed in may be gone.
            let connection = try restore.site.connect(as: Self.application)
            try connection.ledger.append(
                LedgerEvent(
                    .drillFailed, table: slice.table, archive: slice.path,
                    details: ["problem": problem.id, "status": "\(problem.status.rawValue)"]),
                by: run)
            return problem
        } catch {
            return Problem(
                problem.id, problem.status,
                problem.message + " Nor could the ledger be told: "
                    + Problem(explaining: error).message, hint: problem.hint)
        }
    }

    private func bringBack(_ archive: StoredArchive, on connection: Connection, by run: RunIdentity)
        throws -> Result
    {
        let site = restore.site
        let manifest = try archive.manifest.get()
        let slice = archive.slice
        let stopwatch = Stopwatch()
        let place = QualifiedName(schema: "pgretain", name: "drill_\(run.id)")
        let request = RestoreRequest(
            table: slice.table, period: nil, target: .new(place), pin: Span())
        let plan = RestorePlan(
            request, try RestoreSources(slice, manifest, in: archive.directory))
        // What the table was made of may be gone since; rows are proven in what takes their place.
        let archived = ArchivedColumns([manifest])
        let here = try MakingDo(with: archived.definition, indexes: false, on: connection)
        let landing = Landing(
            archived.shaped(here.definition), in: connection.facts.encoding)
        let work = Restore.Work(
            plan: plan, request: request, landing: landing, connection: connection, run: run,
            pinnedUntil: nil)
        let crew = try RestoreCrew(
            lead: connection, wanted: try restore.sessions(for: plan, on: connection)
        ) { try site.connect(as: Self.application) }
        // Subscribers of all tables are not to hear of it.
        let isLogged = try !connection.catalog.publishesEveryTable()
        let restoration = try Restoration(on: connection)
        do {
            return try restore.interruption.whileCancelling(crew.cancelling) {
                var relation = try restoration.createTable(
                    place, landing.definition, isLogged: isLogged)
                if crew.count > 1 {
                    relation = try restoration.hide(relation, event: work.event, by: run)
                }
                let tally = try restore.load(work, into: .atOnce(relation), by: crew)
                try restore.interruption.check()
                try restoration.seal()
                try restore.compare(tally, landing, with: relation, by: crew)
                let seconds = stopwatch.seconds
                try restoration.drop(relation)
                try restoration.append(
                    LedgerEvent(
                        .drilled, table: slice.table, bounds: manifest.bounds,
                        digest: manifest.digest, archive: slice.path,
                        details: ["seconds": "\(seconds)", "bytes": "\(manifest.bytes)"]),
                    by: run)
                try restore.interruption.check()
                try restoration.commit()
                return Result(
                    slice: slice, bounds: manifest.bounds, rows: manifest.digest.rows,
                    bytes: manifest.bytes,
                    digest: manifest.digest.hex, seconds: seconds, missing: here.missing)
            }
        } catch {
            // What comes now is short, and is not cancelled.
            restoration.rollback()
            Leftovers.removeOwn(restoration.leftBehind, on: connection, by: run)
            try restore.interruption.check()
            throw error
        }
    }
}
