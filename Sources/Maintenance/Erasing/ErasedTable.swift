import Archives
import Postgres
import Retention

/// The table whose rows are erased: as the database has it or, where it is gone, as its archives do,
/// which stay.
struct ErasedTable {
    let relation: Relation
    let keyType: KeyType
    /// Nil where it is gone.
    private let parent: PartitionedTable?

    init(
        _ policy: RetentionPolicy, in store: DirectoryStore, on connection: Connection
    ) throws {
        do {
            let found = try connection.catalog.partitionedTable(
                policy.table, key: policy.key, keyType: policy.keyType, plain: policy.isPlain)
            (relation, keyType, parent) = (Relation(found), found.keyType, found)
        } catch let problem as Problem where problem.id == "table.missing" {
            let stored = try store.archives(of: policy.table)
            let manifests = stored.compactMap { archive -> Manifest? in
                if case .success(let manifest) = archive.manifest { manifest } else { nil }
            }
            guard let newest = manifests.max(by: { $0.bounds < $1.bounds }) else { throw problem }
            relation = Relation(oid: newest.table.oid, name: policy.table)
            (keyType, parent) = (newest.keyType, nil)
        }
    }

    /// Whatever has rows of a range that would be archived again. A table that is gone may have left
    /// some in quarantine.
    func live(in bounds: PartitionBounds, on connection: Connection) throws -> [LiveRange] {
        if let parent { return try connection.allLive(in: bounds, of: parent) }
        return try connection.ledger.quarantine(of: relation.name)
            .filter { $0.bounds.overlaps(bounds) }
            .map { LiveRange(relation: Relation($0), name: $0.formerName, rows: nil) }
    }
}
