import Archives
import Postgres
import Retention

extension Orders {
    /// An older generation that holds rows which the published archive does not.
    public struct Accepted: Sendable, Encodable {
        public var slice: Slice
        public var superseded: Int
        public var rows: UInt64
        public var directory: String
    }

    /// Takes note that an operator has looked at what vanished from a range: both generations stay,
    /// and it is an alarm no more.
    public func accept(
        _ table: QualifiedName, _ range: Range, reason: String
    ) throws -> [Accepted] {
        let bounds = try bounds(of: range, try site.settings(of: table).policy)
        let store = try site.openStore(.readOnly)
        try site.checkBinding(of: store, to: connection)
        let known = try connection.ledger.acceptedArchives(of: table)
        var accepted: [Accepted] = []
        for archive in try store.archives(of: table) where archive.superseded != nil {
            let manifest = try archive.manifest.get()
            guard manifest.bounds == bounds, !archive.isAccepted(by: known) else { continue }
            let number = archive.superseded ?? 0
            try record(
                LedgerEvent(
                    .accepted, table: table, bounds: bounds, digest: manifest.digest,
                    archive: archive.slice.path,
                    details: ["reason": reason, "superseded": "\(number)"]))
            accepted.append(
                Accepted(
                    slice: archive.slice, superseded: number, rows: manifest.digest.rows,
                    directory: archive.directory.path))
        }
        guard !accepted.isEmpty else {
            throw Problem(
                "accept.nothing", .missing,
                "No older generation of \(bounds) of \(table) waits to be accepted. Nothing was "
                    + "done.",
                hint: "pgretain archives list shows which are superseded.")
        }
        return accepted
    }
}
