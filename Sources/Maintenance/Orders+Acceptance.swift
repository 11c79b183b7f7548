import Archives
import Postgres
import Retention

extension Orders {
    /// An archive that is kept though its table is not as it says.
    public struct Accepted: Sendable, Encodable {
        public var slice: Slice
        /// The number of an older generation, which holds rows that the published archive does not;
        /// nil for the published one, where the deletion of its rows could not be gone on with.
        public var superseded: Int?
        /// Whether there is no such archive any more.
        public var isLost = false
        public var rows: UInt64
        public var directory: String
    }

    /// Takes note that an operator has looked at a range: what vanished from it, a deletion that
    /// cannot be gone on with, or an archive that is lost for good. What there is stays, it is an
    /// alarm no more, and retirement goes on with the rows that are there.
    public func accept(
        _ table: QualifiedName, _ range: Range, reason: String
    ) throws -> [Accepted] {
        let bounds = try bounds(of: range, try site.settings(of: table).policy)
        let store = try site.openStore(.readOnly)
        try site.checkBinding(of: store, to: connection)
        let known = try connection.ledger.acceptedArchives(of: table)
        // Read before anything is recorded: what is damaged stops it all, or nothing.
        let waiting = try superseded(of: bounds, in: table, store).filter {
            !$0.archive.isAccepted(by: known)
        }
        var accepted = try acceptLoss(of: bounds, in: table, store, reason)
        accepted += try giveUpDeletion(of: bounds, in: table, store, reason)
        for (archive, manifest) in waiting {
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
                "No older generation of \(bounds) of \(table) waits to be accepted, no deletion that "
                    + "cannot be gone on with, and no archive that is lost. Nothing was done.",
                hint: "pgretain archives list shows which are superseded, and which are lost.")
        }
        return accepted
    }

    /// Older generations of a range. Those of other ranges may be damaged.
    private func superseded(
        of bounds: PartitionBounds, in table: QualifiedName, _ store: DirectoryStore
    ) throws -> [(archive: StoredArchive, manifest: Manifest)] {
        let stored = try store.archives(of: table)
        let policy = try site.settings(of: table).policy
        // Of what cannot be read the place says of which range it is, and what else is there.
        var places = Set([policy.zone, .utc].map { policy.period.slicePath(of: bounds, in: $0) })
        for archive in stored {
            guard case .success(let manifest) = archive.manifest, manifest.bounds == bounds else {
                continue
            }
            places.insert(archive.slice.path)
        }
        return try stored.compactMap { archive in
            guard archive.superseded != nil, places.contains(archive.slice.path) else { return nil }
            let manifest = try archive.manifest.get()
            return manifest.bounds == bounds ? (archive, manifest) : nil
        }
    }

    /// Archives that the ledger names and no store has: it is said that they are lost, and no night
    /// tells of them any more. Nothing is accepted while a store is not the one that it was, as where a
    /// disk is not mounted, nor while a copy has the archive.
    private func acceptLoss(
        of bounds: PartitionBounds, in table: QualifiedName, _ store: DirectoryStore,
        _ reason: String
    ) throws -> [Accepted] {
        let policy = try site.settings(of: table).policy
        let parent = try connection.catalog.partitionedTable(
            table, key: policy.key, keyType: policy.keyType, plain: policy.isPlain)
        // No night publishes meanwhile.
        let lock = try RunLock(on: connection, table: Relation(parent))
        let known = try connection.ledger.acceptedLosses(of: table)
        let lost = try connection.ledger.lostArchives(of: table, among: known)
            .filter { try $0.bounds == bounds && store.published($0.slice) == nil }
        if !lost.isEmpty { try requireNoCopy(of: lost, store) }
        let accepted = try lost.map { archive in
            try record(
                LedgerEvent(
                    .accepted, table: table, bounds: bounds, digest: archive.digest,
                    archive: archive.slice.path, details: ["reason": reason, "lost": "yes"]))
            return Accepted(
                slice: archive.slice, superseded: nil, isLost: true,
                rows: archive.digest?.rows ?? 0,
                directory: try store.directory(of: archive.slice).path)
        }
        try lock.release()
        return accepted
    }

    private func requireNoCopy(of lost: [LostArchive], _ store: DirectoryStore) throws {
        guard try site.isBound(store, to: connection) else {
            throw Problem(
                "store.unbound", .unavailable,
                "The store \(store.root) belongs to nobody: it is not the store of the archives that "
                    + "the ledger knows. Nothing was done.",
                hint: "Is it mounted, and the right place?")
        }
        for root in site.copies {
            let copy = try site.openStore(at: root, .readOnly)
            try site.checkCopy(copy, connection)
            for archive in lost where try copy.published(archive.slice) != nil {
                throw Problem(
                    "accept.copy", .brake,
                    "The archive \(archive.slice) is not lost: the copy \(root) has it. Nothing was "
                        + "done.",
                    hint: "Bring it back from there to \(store.root).")
            }
        }
    }

    /// The archive of rows whose deletion was begun and cannot be ended: it has them all, and counts
    /// as accepted; the range is an archived one again.
    private func giveUpDeletion(
        of bounds: PartitionBounds, in table: QualifiedName, _ store: DirectoryStore,
        _ reason: String
    ) throws -> [Accepted] {
        guard let begun = try connection.ledger.deletion(of: bounds, in: table),
            let path = begun.archive
        else { return [] }
        let slice = Slice(table: table, path: path)
        guard let manifest = try store.manifest(of: slice) else { return [] }
        let isItsArchive = manifest.digest == begun.digest
        guard try !isItsArchive || !connection.canGoOn(with: begun) else { return [] }
        var accepted = begun
        accepted.kind = .accepted
        accepted.digest = manifest.digest
        accepted.details = ["reason": reason, "deletion": "given up"]
        accepted.condition = begun.condition
        var archived = accepted
        archived.kind = .archived
        try connection.together {
            try record(archived)
            try record(accepted)
        }
        return [
            Accepted(
                slice: slice, superseded: nil, rows: manifest.digest.rows,
                directory: try store.directory(of: slice).path)
        ]
    }
}
