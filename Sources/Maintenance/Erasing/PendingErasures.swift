import FailPoints
import Postgres
import Retention

/// Erasures that a run has begun and not written down as done. Whatever was published is what the
/// ledger has announced, or the archive is as it was.
struct PendingErasures {
    let connection: Connection
    let stores: Stores
    let copies: Copies
    let run: RunIdentity

    /// Ends those whose archives were published; the slices of these. The others have changed nothing.
    func finish(of table: QualifiedName) throws -> [Slice] {
        var finished: [Slice] = []
        for event in try connection.ledger.pendingErasures(of: table) {
            guard let path = event.archive else { continue }
            let slice = Slice(table: table, path: path)
            guard let manifest = try stores.main.manifest(of: slice),
                manifest.digest == event.digest,
                event.details["generation"] == "\(manifest.generation)"
            else { continue }
            try stores.main.makeDurable(slice)
            try end(event, manifest)
            finished.append(slice)
        }
        return finished
    }

    /// Brings the archive to where it is not yet so, and says that this is done.
    func end(_ event: LedgerEvent, _ manifest: Manifest) throws {
        let slice = Slice(table: event.table, path: event.archive ?? "")
        try copies.bring(manifest, of: slice)
        FailPoint.pass("erase.copied")
        var done = event
        done.kind = .erased
        try connection.ledger.append(done, by: run)
        FailPoint.pass("erase.recorded")
    }
}
