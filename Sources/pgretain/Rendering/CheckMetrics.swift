import Maintenance
import Retention

/// A check as metrics in the text exposition format: base units, and no time beside the values.
/// (Prometheus documentation, "Exposition formats".)
enum CheckMetrics {
    /// Of several databases each metric has the label `database`.
    static func text(_ reports: [DatabaseHealth], tool: String) -> String {
        var page = MetricsPage()
        let version = tool.split(separator: " ").last.map(String.init) ?? tool
        page.gauge("pgretain_build_info", "The program that checked.") {
            $0(["version": version], 1)
        }
        for (name, report) in reports {
            page.common = name.map { ["database": $0] } ?? [:]
            add(report, to: &page)
        }
        return page.text
    }

    private static func add(_ report: HealthReport, to page: inout MetricsPage) {
        let verdict = report.verdict
        page.gauge("pgretain_check_status", "0 ok, 1 warning, 2 critical, 3 unknown.") {
            $0([:], Double(report.state.exitCode))
        }
        page.gauge("pgretain_findings", "Findings of the last check, by severity.") { add in
            for severity in Severity.allCases {
                add(["severity": severity.rawValue], Double(verdict.count(of: severity)))
            }
        }
        page.gauge(
            "pgretain_finding",
            "Findings of the last check, by kind; docs/runbook.md explains each."
        ) { add in
            for (labels, count) in kinds(of: verdict.findings) { add(labels, Double(count)) }
        }
        if let measures = report.measures { add(measures, to: &page) }
    }

    private static func kinds(of findings: [Finding]) -> [([String: String], Int)] {
        var kinds: [(labels: [String: String], count: Int)] = []
        for finding in findings {
            let labels = [
                "id": finding.id.rawValue, "severity": finding.severity.rawValue,
                "table": finding.table?.description ?? "",
            ]
            if let index = kinds.firstIndex(where: { $0.labels == labels }) {
                kinds[index].count += 1
            } else {
                kinds.append((labels, 1))
            }
        }
        return kinds
    }

    private static func add(_ measures: HealthMeasures, to page: inout MetricsPage) {
        func seconds(_ instant: Instant) -> Double { Double(instant.microseconds) / 1_000_000 }
        func single(_ name: String, _ help: String, _ value: Double?) {
            guard let value else { return }
            page.gauge(name, help) { $0([:], value) }
        }
        func each(_ name: String, _ help: String, _ value: (HealthMeasures.Table) -> Double?) {
            page.gauge(name, help) { add in
                for table in measures.tables {
                    if let value = value(table) { add(["table": table.table.description], value) }
                }
            }
        }
        single(
            "pgretain_check_timestamp_seconds", "When this was measured, since 1970.",
            seconds(measures.now))
        single(
            "pgretain_last_success_timestamp_seconds",
            "End of the last run that did all it might, since 1970.",
            measures.lastSuccessAt.map(seconds))
        single(
            "pgretain_last_run_timestamp_seconds", "End of the last run that ended, since 1970.",
            measures.lastRunAt.map(seconds))
        single(
            "pgretain_last_run_status", "Exit status of the last run that ended.",
            measures.lastRunStatus.map(Double.init))
        single(
            "pgretain_store_free_bytes", "Free on the file system of the archives.",
            measures.storeFreeBytes.map(Double.init))
        single(
            "pgretain_store_needed_bytes", "What the archives of a run now may need, about.",
            Double(measures.storeNeededBytes))
        single(
            "pgretain_last_drill_timestamp_seconds",
            "When an archive last came back whole, since 1970.",
            measures.lastDrillAt.map(seconds))
        single(
            "pgretain_last_drill_duration_seconds", "How long that took.",
            measures.lastDrillSeconds)
        single(
            "pgretain_last_drill_rows", "How many rows it was.",
            measures.lastDrillRows.map { Double($0) })
        each("pgretain_premake_headroom_seconds", "From now to where partitions end.") {
            $0.premakeHeadroomSeconds.map(Double.init)
        }
        each("pgretain_premake_headroom_periods", "Whole periods made ahead.") {
            $0.premakeHeadroomPeriods.map(Double.init)
        }
        each("pgretain_premake_current", "1 where a partition takes rows of the present.") {
            $0.takesThePresent.map { $0 ? 1 : 0 }
        }
        each("pgretain_backlog_partitions", "Expired, and not of the coming night.") {
            $0.backlog.map(Double.init)
        }
        each("pgretain_default_rows", "Rows in DEFAULT, counted up to 10 001.") {
            $0.defaultRows.map(Double.init)
        }
        each("pgretain_quarantined_tables", "Detached, and not dropped yet.") {
            Double($0.quarantined)
        }
        each("pgretain_quarantine_overdue_tables", "Of these, those whose grace is long over.") {
            Double($0.quarantineOverdue)
        }
        each("pgretain_archives", "Archives on the store.") {
            $0.archives.map(Double.init)
        }
        each("pgretain_archives_lost", "Archives of the ledger that the store lacks.") {
            $0.archivesLost.map(Double.init)
        }
        each("pgretain_archives_unverified", "Archives that no ledger entry says were proven.") {
            $0.archivesUnverified.map(Double.init)
        }
        each("pgretain_archives_uncopied", "Archives that a store of copies lacks.") {
            $0.archivesUncopied.map(Double.init)
        }
        each("pgretain_archives_drill_failed", "Archives that could not be brought back.") {
            Double($0.drillsFailed)
        }
        each("pgretain_approval_pending", "1 where the policy waits for approval.") {
            $0.awaitsApproval ? 1 : 0
        }
        each("pgretain_paused", "1 where retirement is paused.") { $0.paused ? 1 : 0 }
        page.gauge("pgretain_sequence_used_ratio", "How much of a sequence is used.") { add in
            for table in measures.tables {
                for sequence in table.sequences where sequence.limit > 0 {
                    add(
                        [
                            "sequence": sequence.sequence.description,
                            "table": table.table.description,
                        ], Double(max(0, sequence.last)) / Double(sequence.limit))
                }
            }
        }
    }
}
