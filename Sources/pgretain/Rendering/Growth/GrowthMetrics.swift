import Capacity
import Maintenance
import Retention

/// The text format of Prometheus 0.0.4, for the textfile collector of a node exporter: base units,
/// no timestamps.
enum GrowthMetrics {
    private struct Family {
        var name: String
        var type: String
        var help: String
        var samples: [(labels: [(String, String)], value: String)] = []
    }

    /// Of several databases each sample has the label `database`.
    static func text(
        _ reports: [(name: String?, report: GrowthReport)], showsPartitions: Bool
    ) -> String {
        var families: [Family] = []
        for (name, report) in reports {
            for var family in tables(report) + (showsPartitions ? [partitions(report)] : [])
                + whole(report)
            {
                if let name {
                    for index in family.samples.indices {
                        family.samples[index].labels.insert(("database", name), at: 0)
                    }
                }
                if let index = families.firstIndex(where: { $0.name == family.name }) {
                    families[index].samples += family.samples
                } else {
                    families.append(family)
                }
            }
        }
        return families.filter { !$0.samples.isEmpty }.map(text).joined()
    }

    private static func text(_ family: Family) -> String {
        var text = "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.type)\n"
        for sample in family.samples {
            let labels = sample.labels.map { "\($0.0)=\"\(Harmless.label($0.1))\"" }
            let all = labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}"
            text += "\(family.name)\(all) \(sample.value)\n"
        }
        return text
    }

    private static func tables(_ report: GrowthReport) -> [Family] {
        func family(
            _ name: String, _ help: String, type: String = "gauge",
            _ values: (TableGrowth) -> [(String?, String?)]
        ) -> Family {
            var family = Family(name: name, type: type, help: help)
            for table in report.tables where table.isSeen {
                for (label, value) in values(table) {
                    guard let value else { continue }
                    var labels = [("table", table.table.description)]
                    if let label { labels.append((Self.labelName(of: name), label)) }
                    family.samples.append((labels, value))
                }
            }
            return family
        }
        func number(_ value: Int64?) -> [(String?, String?)] { [(nil, value.map(String.init))] }
        func aDay(_ value: Int64?) -> [(String?, String?)] {
            [(nil, value.map { Quantities.fixed(Double($0) / 86_400, 3) })]
        }
        return [
            family("pgretain_table_size_bytes", "Size on disk, by what takes it.") { table in
                [
                    ("heap", table.heapBytes), ("index", table.indexBytes),
                    ("toast", table.toastBytes), ("quarantine", table.quarantineBytes),
                ].map { ($0.0, String($0.1)) }
            },
            family("pgretain_table_partitions", "Partitions of the table.") {
                number(Int64($0.parts.count))
            },
            family("pgretain_table_skipped_partitions", "Locked, and so not measured.") {
                number(Int64($0.parts.count(where: \.isSkipped)))
            },
            family("pgretain_table_rows", "Rows, by statistics and archives.") {
                number($0.rows)
            },
            family("pgretain_table_dead_rows", "Dead rows, by statistics.") {
                number($0.deadRows)
            },
            family("pgretain_table_default_rows", "Rows in the DEFAULT partition.") {
                number($0.defaultRows)
            },
            family("pgretain_table_ingest_bytes_per_second", "What comes in.") {
                aDay($0.ingest?.bytesADay)
            },
            family("pgretain_table_ingest_rows_per_second", "What comes in.") {
                aDay($0.ingest?.rowsADay)
            },
            family("pgretain_table_steady_state_bytes", "The size in the end, at today's ingest.") {
                number($0.outlook?.steady?.middle)
            },
            family("pgretain_table_peak_bytes", "The largest size within two years.") {
                number($0.outlook?.peak.middle)
            },
            family("pgretain_table_premade_seconds", "Until rows find no partition made ahead.") {
                number($0.premakeDays.map { Int64($0) * 86_400 })
            },
            family("pgretain_table_xid_age", "Transactions since the oldest unfrozen row.") {
                number($0.xidAge)
            },
            family("pgretain_table_archives", "Archives in the store.") {
                number(Int64($0.archives.count))
            },
            family("pgretain_table_archive_bytes", "Bytes of the archives.") {
                number($0.archives.bytes)
            },
            family("pgretain_table_archive_rows", "Rows of the archives.") {
                [(nil, String($0.archives.rows))]
            },
            family(
                "pgretain_table_freed_bytes_total", "Bytes of partitions dropped.", type: "counter"
            ) { number($0.freedBytes) },
            family(
                "pgretain_table_dropped_partitions_total", "Partitions dropped.", type: "counter"
            ) { number(Int64($0.droppedPartitions)) },
            family("pgretain_table_approved", "1 where the policy is approved.") {
                number($0.isApproved ? 1 : 0)
            },
            family("pgretain_table_sequence_used_ratio", "How far a column's sequence has come.") {
                $0.sequences.map { ($0.column, Quantities.fixed($0.usedFraction, 6)) }
            },
        ]
    }

    private static func labelName(of metric: String) -> String {
        metric == "pgretain_table_sequence_used_ratio" ? "column" : "part"
    }

    private static func partitions(_ report: GrowthReport) -> Family {
        var family = Family(
            name: "pgretain_partition_size_bytes", type: "gauge",
            help: "Size of a partition, by what takes it.")
        for table in report.tables {
            for part in table.parts {
                for (name, bytes) in [
                    ("heap", part.heapBytes), ("index", part.indexBytes),
                    ("toast", part.toastBytes),
                ] {
                    family.samples.append(
                        (
                            [
                                ("table", table.table.description),
                                ("partition", part.name.description), ("part", name),
                            ], String(bytes)
                        ))
                }
            }
        }
        return family
    }

    private static func whole(_ report: GrowthReport) -> [Family] {
        func one(_ name: String, _ help: String, _ value: String?) -> Family {
            Family(
                name: name, type: "gauge", help: help,
                samples: value.map { [(labels: [], value: $0)] } ?? [])
        }
        let room = report.room
        var full: String?
        switch room?.verdict {
        case .days(let days, _, _)?: full = String(days * 86_400)
        case .passed?: full = "0"
        case .never?, .moreThanTwoYears?: full = "+Inf"
        case .notEnoughHistory?, .fluctuating?, nil: break
        }
        return [
            one(
                "pgretain_database_xid_age", "Transactions since the oldest unfrozen row.",
                String(report.databaseXidAge)),
            one(
                "pgretain_capacity_bytes", "What may be filled.",
                room.map { String($0.bytes) }),
            one(
                "pgretain_capacity_used_bytes", "What is filled, whatever by.",
                room.map { String($0.usedBytes) }),
            one(
                "pgretain_capacity_full_seconds",
                "Until it is nearly full; +Inf for never or more than two years, absent where "
                    + "nobody can say.", full),
            one(
                "pgretain_report_success_timestamp_seconds", "When this report was made.",
                String(report.now.microseconds / Instant.microsecondsPerSecond)),
        ]
    }
}
