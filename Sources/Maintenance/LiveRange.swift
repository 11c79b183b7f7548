import Postgres
import Retention

/// The table that has the rows of a range.
struct LiveRange {
    let relation: Relation
    /// The name it is known by.
    let name: QualifiedName
    /// Which of its rows they are; nil for all.
    let rows: KeySpan?
}

extension Connection {
    /// The partition, the quarantined table, or the table of which a range is a part; nil where its
    /// rows are in the archive alone.
    func live(_ bounds: PartitionBounds, of parent: PartitionedTable) throws -> LiveRange? {
        let partitions = try catalog.partitions(of: parent)
        if let partition = partitions.first(where: { $0.bounds == bounds }) {
            return LiveRange(relation: Relation(partition), name: partition.name, rows: nil)
        }
        if let table = try ledger.quarantine(of: parent.name).first(where: { $0.bounds == bounds })
        {
            return LiveRange(relation: Relation(table), name: table.formerName, rows: nil)
        }
        return partitions.first(where: \.isWide).map {
            LiveRange(
                relation: Relation($0), name: $0.name,
                rows: KeySpan(aging: bounds, of: parent))
        }
    }

    /// Whatever has rows of a range that a night may archive: partitions and quarantined tables that
    /// reach into it, and the wide one.
    func allLive(in bounds: PartitionBounds, of parent: PartitionedTable) throws -> [LiveRange] {
        let rows = KeySpan(bounds, of: parent)
        let partitions = try catalog.partitions(of: parent).filter {
            $0.isWide || $0.bounds?.overlaps(bounds) == true
        }
        let waiting = try ledger.quarantine(of: parent.name).filter {
            $0.bounds.overlaps(bounds)
        }
        return partitions.map {
            LiveRange(relation: Relation($0), name: $0.name, rows: rows)
        }
            + waiting.map {
                LiveRange(relation: Relation($0), name: $0.formerName, rows: rows)
            }
    }
}
