import Archives
import Postgres
import Retention

/// Brings an archive back to see that it can be, and how long that takes: into a table that nobody
/// sees, and that is dropped once it is proven.
public struct Drill {
    public struct Result: Sendable, Encodable {
        public var slice: Slice
        public var rows: UInt64
        /// Of the archive.
        public var bytes: Int64
        public var digest: String
        /// Until its rows were in the table, and proven.
        public var seconds: Double
    }

    private let restore: Restore

    public init(_ restore: Restore) { self.restore = restore }

    /// - Parameters:
    ///   - table: nil for any of the configuration.
    ///   - period: nil for one that chance picks.
    public func run(_ table: QualifiedName?, period: String?) throws -> Result {
        let site = restore.site
        let store = try site.openStore(.readOnly)
        let archive = try pick(table, period, in: store)
        // One that is damaged may be picked as well as any: that is news.
        let manifest = try archive.manifest.get()
        let slice = archive.slice
        let stopwatch = Stopwatch()
        let application = "pgretain: restore for a drill"
        let connection = try site.connect(as: application)
        try connection.ledger.prepare()
        try site.checkBinding(of: store, to: connection)
        let run = RunIdentity(newOn: restore.host, tool: site.tool)
        _ = try Leftovers.remove(on: connection, by: run)

        let place = QualifiedName(schema: "pgretain", name: "drill_\(run.id)")
        let request = RestoreRequest(
            table: slice.table, period: nil, target: .new(place), pin: Span())
        let plan = RestorePlan(
            request, try RestoreSources(slice, manifest, in: archive.directory))
        let landing = Landing(ArchivedColumns([manifest]), in: connection.facts.encoding)
        let work = Restore.Work(
            plan: plan, request: request, landing: landing, connection: connection, run: run,
            pinnedUntil: nil)
        let crew = try RestoreCrew(
            lead: connection, wanted: try restore.sessions(for: plan, on: connection)
        ) { try site.connect(as: application) }
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
                let tally = try restore.load(work, into: relation, by: crew)
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
                    slice: slice, rows: manifest.digest.rows, bytes: manifest.bytes,
                    digest: manifest.digest.hex, seconds: seconds)
            }
        } catch {
            // What comes now is short, and is not cancelled.
            restoration.rollback()
            Leftovers.removeOwn(on: connection, by: run)
            try restore.interruption.check()
            throw error
        }
    }

    private func pick(_ table: QualifiedName?, _ period: String?, in store: DirectoryStore) throws
        -> StoredArchive
    {
        let tables =
            try table.map { [try restore.site.settings(of: $0).policy.table] }
            ?? restore.site.tables.map(\.policy.table)
        let all = try tables.flatMap { try store.archives(of: $0) }
            .filter { $0.superseded == nil }
        var wanted = all
        if let table, let period {
            let slice = try ArchiveShelf.slice(site: restore.site, table: table, period: period)
            wanted = all.filter { $0.slice == slice }
        }
        guard let picked = wanted.randomElement() else {
            throw Problem(
                "archive.missing", .missing,
                "There is no such archive in \(store.root): nothing to drill with.",
                hint: "pgretain archives list")
        }
        return picked
    }
}
