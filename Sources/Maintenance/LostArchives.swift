import Archives
import Postgres
import Retention

/// An archive that the ledger names and the store does not have.
struct LostArchive {
    let slice: Slice
    /// Of its rows, where the ledger says so.
    let bounds: PartitionBounds?
    /// What it held, where the ledger says so.
    let digest: ContentDigest?

    /// In the order of their slices.
    static func all(_ onRecord: [Slice: LedgerEvent], among present: Set<Slice>) -> [LostArchive] {
        onRecord.filter { $0.value.hasArchive && !present.contains($0.key) }
            .sorted { $0.key < $1.key }
            .map {
                LostArchive(slice: $0.key, bounds: $0.value.bounds, digest: $0.value.digest)
            }
    }

    /// What a night that found some lost has to say at its end; nil where it has made them anew.
    static func problem(of found: [Slice], in store: DirectoryStore) throws -> Problem? {
        let lost = try found.filter { try store.published($0) == nil }
        guard let first = lost.first else { return nil }
        let more = lost.count > 1 ? ", and \(lost.count - 1) more" : ""
        return Problem(
            "archive.lost", .missing,
            "The ledger names the archive \(first)\(more), and the store \(store.root) does not have "
                + "\(lost.count > 1 ? "them" : "it"). No other range waits for that.",
            hint: "Bring back from another copy of the store what pgretain archives verify names; "
                + wayOut(of: first.table))
    }

    func problem(in store: DirectoryStore) -> Problem {
        Problem(
            "archive.lost", .missing,
            "The ledger names the archive \(slice), and the store \(store.root) does not have it.",
            hint: "Bring it back from another copy of the store; " + Self.wayOut(of: slice.table))
    }

    /// For what is nowhere any more.
    private static func wayOut(of table: QualifiedName) -> String {
        "for good? pgretain archives accept --table \(table.description.shellWord) --period … "
            + "--reason …"
    }
}

extension Ledger {
    /// In the order of their slices; none where there is no ledger.
    func lostArchives(of table: QualifiedName, among present: Set<Slice>) throws -> [LostArchive] {
        guard try state() != .absent else { return [] }
        return LostArchive.all(try archivesOnRecord(of: table), among: present)
    }
}
