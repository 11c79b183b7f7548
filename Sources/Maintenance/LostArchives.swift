import Archives
import Postgres
import Retention

/// An archive that the ledger names and the store does not have.
struct LostArchive {
    let slice: Slice
    /// Of its rows, where the ledger says so.
    let bounds: PartitionBounds?

    func problem(in store: DirectoryStore) -> Problem {
        Problem(
            "archive.lost", .missing,
            "The ledger names the archive \(slice), and the store \(store.root) does not have it.",
            hint: "Bring it back from another copy of the store.")
    }
}

extension Ledger {
    /// In the order of their slices; none where there is no ledger.
    func lostArchives(of table: QualifiedName, among present: Set<Slice>) throws -> [LostArchive] {
        guard try state() != .absent else { return [] }
        return try archivesOnRecord(of: table)
            .filter { $0.value.hasArchive && !present.contains($0.key) }
            .sorted { $0.key < $1.key }
            .map { LostArchive(slice: $0.key, bounds: $0.value.bounds) }
    }
}
