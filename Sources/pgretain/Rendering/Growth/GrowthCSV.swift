import Maintenance
import Retention

/// One line a period of each table, or one a partition (RFC 4180).
enum GrowthCSV {
    /// Of several databases the first column is their names.
    static func text(
        _ reports: [(name: String?, report: GrowthReport)], showsPartitions: Bool
    ) -> String {
        var lines: [[String]] = []
        for (name, report) in reports {
            let all = showsPartitions ? partitions(report) : periods(report)
            for (number, line) in all.enumerated() where number > 0 || lines.isEmpty {
                lines.append((name.map { [number == 0 ? "database" : $0] } ?? []) + line)
            }
        }
        return lines.map { $0.map(Harmless.csv).joined(separator: ",") + "\r\n" }.joined()
    }

    private static func periods(_ report: GrowthReport) -> [[String]] {
        var lines = [
            [
                "table", "period", "from", "to", "rows", "bytes", "bytes_are_estimated",
                "archive_bytes", "is_current", "is_in_database", "is_quarantined",
            ]
        ]
        for table in report.tables {
            for one in table.periods {
                lines.append([
                    table.table.description, one.period, one.bounds.from.description,
                    one.bounds.to.description, one.rows.map(String.init) ?? "",
                    one.bytes.map(String.init) ?? "", String(one.bytesAreEstimated),
                    one.archiveBytes.map(String.init) ?? "", String(one.isCurrent),
                    String(one.isInDatabase), String(one.isQuarantined),
                ])
            }
        }
        return lines
    }

    private static func partitions(_ report: GrowthReport) -> [[String]] {
        var lines = [
            [
                "table", "partition", "from", "to", "rows", "rows_are_exact", "heap_bytes",
                "index_bytes", "toast_bytes", "dead_rows", "is_skipped",
            ]
        ]
        for table in report.tables {
            for part in table.parts {
                lines.append([
                    table.table.description, part.name.description,
                    part.bounds?.from.description ?? "", part.bounds?.to.description ?? "",
                    part.rows.map(String.init) ?? "", String(part.rowsAreExact),
                    String(part.heapBytes), String(part.indexBytes), String(part.toastBytes),
                    String(part.deadRows), String(part.isSkipped),
                ])
            }
        }
        return lines
    }
}
