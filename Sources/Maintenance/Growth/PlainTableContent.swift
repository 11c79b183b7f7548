import Postgres
import Retention

/// What a plain table's rows take of its files.
///
/// The files never shrink: what is deleted leaves room in them, and how much of them is such room
/// nobody says. A row is taken to need what it took on the night when the files were fullest.
struct PlainTableContent {
    /// Of one row: heap, indexes and TOAST.
    let rowBytes: Double?
    /// Of all rows.
    private let bytes: Double

    init(_ table: PartitionedTable, _ found: TableGrowth, on connection: Connection) throws {
        var nights: [(bytes: Int64, rows: Int64)] = []
        if try connection.ledger.state() != .absent {
            nights = try connection.ledger.growth(
                of: table.name, since: Instant(microseconds: 0)
            ).filter { $0.size.relation.oid == table.oid }.map { night in
                let size = night.size
                return (
                    size.heapBytes + size.indexBytes + size.toastBytes, size.estimatedRows ?? 0
                )
            }
        }
        nights.append((found.bytes, found.rows ?? 0))
        rowBytes = nights.filter { $0.rows > 0 }.map { Double($0.bytes) / Double($0.rows) }.min()
        bytes = min(Double(found.bytes), (rowBytes ?? 0) * Double(found.rows ?? 0))
    }

    /// Bytes of each period's rows, oldest first.
    ///
    /// - Parameter rows: counted by day, or reckoned from a sample; only their proportion counts.
    func byPeriod(_ rows: [CivilDate: Int64], _ calendar: TableCalendar) -> [(
        bounds: PartitionBounds, bytes: Double
    )] {
        let all = Double(max(1, rows.values.reduce(0, +)))
        var periods: [PartitionBounds: Double] = [:]
        for (date, count) in rows {
            let noon = calendar.zone.instant(date).advanced(bySeconds: 43_200)
            let bounds = calendar.period.bounds(containing: noon, in: calendar.zone)
            periods[bounds, default: 0] += bytes * Double(count) / all
        }
        return periods.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
