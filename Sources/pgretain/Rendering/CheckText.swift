import Maintenance
import Retention

/// A verdict as monitoring plugins say it: `PGRETAIN STATE - text | perfdata` on one line, and longer
/// words on those that follow. (Monitoring Plugins Development Guidelines, "Plugin Output".)
enum CheckText {
    /// Of several databases all that is said begins with a name, and the worst comes first.
    static func text(_ reports: [DatabaseHealth], isLong: Bool) -> String {
        let state = HealthVerdict.State.worst(of: reports.map(\.report.state))
        let summaries = reports.worstFirst.map { name, report in
            mark(name) + summary(report).plainLine
        }
        var text = "PGRETAIN \(state.rawValue.uppercased()) - \(summaries.joined(separator: "; "))"
        let data = reports.flatMap { name, report in
            report.measures.map { perfdata($0, report.verdict).map { marked($0, name) } } ?? []
        }
        if !data.isEmpty { text += " | " + data.joined(separator: " ") }
        text += "\n"
        guard isLong else { return text }
        for (name, report) in reports.worstFirst {
            for finding in report.verdict.findings {
                let severity = finding.severity.rawValue.uppercased()
                text += mark(name)
                text += "\(severity) \(finding.id.rawValue): \(finding.message.plainLine)\n"
                text += "  next: \(finding.hint.plainLine)\n"
            }
        }
        return text
    }

    private static func mark(_ name: String?) -> String { name.map { "\($0): " } ?? "" }

    /// `'eu:critical'=0`
    private static func marked(_ datum: String, _ name: String?) -> String {
        guard let name else { return datum }
        if datum.hasPrefix("'") { return "'\(name):" + datum.dropFirst() }
        let label = datum.prefix { $0 != "=" }
        return "'\(name):\(label)'" + datum.dropFirst(label.count)
    }

    // MARK: The line

    /// What a phone shows: the worst, and how much more there is.
    private static let longest = 300

    private static func summary(_ report: HealthReport) -> String {
        let alarms = report.verdict.findings.filter { $0.severity != .info }
        guard let worst = alarms.first else { return fine(report) }
        var text = worst.message
        if text.count > longest { text = text.prefix(longest) + "…" }
        text += " [\(worst.id.rawValue)]"
        let others = Set(alarms.dropFirst().map(\.id.rawValue)).subtracting([worst.id.rawValue])
        let count = alarms.count - 1
        guard count > 0 else { return text }
        text += "; \(Quantities.plural(count, "more finding"))"
        return others.isEmpty ? text : text + ": " + others.sorted().joined(separator: ", ")
    }

    private static func fine(_ report: HealthReport) -> String {
        if report.isOnStandby { return "the server is a standby: the primary's host checks" }
        guard let measures = report.measures else { return "nothing to say" }
        var parts = [Quantities.plural(measures.tables.count, "table")]
        if let age = measures.lastSuccessAge {
            parts.append("last success \(Quantities.duration(Double(age))) ago")
        }
        if let least = measures.tables.compactMap(\.premakeHeadroomSeconds).min() {
            parts.append("partitions for \(least / 86_400) days at least")
        }
        let infos = Set(report.verdict.findings.map(\.id.rawValue)).sorted()
        if !infos.isEmpty { parts.append("to know: " + infos.joined(separator: ", ")) }
        return parts.joined(separator: ", ")
    }

    // MARK: Perfdata

    /// `'label'=value[UOM];[warn];[crit];[min];[max]`: a range `N:` is bad below N, `N` above it.
    private static func perfdata(_ measures: HealthMeasures, _ verdict: HealthVerdict) -> [String] {
        var data = [
            "critical=\(verdict.count(of: .critical));;;0",
            "warning=\(verdict.count(of: .warning));;;0",
            "last_success=\(measures.lastSuccessAge.map { "\($0)s" } ?? "U");;;0",
        ]
        if let free = measures.storeFreeBytes {
            let needed = measures.storeNeededBytes
            data.append("store_free=\(free)B;\(2 * needed):;\(needed):;0")
        }
        for table in measures.tables {
            func add(_ name: String, _ value: String) {
                data.append("'\(table.table.plainLabel):\(name)'=\(value)")
            }
            if let seconds = table.premakeHeadroomSeconds {
                let least = table.premakeCriticalSeconds.map { "\($0):" } ?? ""
                add("premake", "\(seconds)s;;\(least);0")
            }
            if let periods = table.premakeHeadroomPeriods {
                let warning = table.premakeWarningPeriods.map { "\($0):" } ?? ""
                let critical = table.premakeCriticalPeriods.map { "\($0):" } ?? ""
                add("premake_periods", "\(periods);\(warning);\(critical);0")
            }
            add("backlog", "\(table.backlog.map(String.init) ?? "U");;;0")
            if let rows = table.defaultRows { add("default_rows", "\(rows);0;;0") }
            add("archives", "\(table.archives.map(String.init) ?? "U");;;0")
            add("archives_lost", "\(table.archivesLost.map(String.init) ?? "U");;0;0")
            add("quarantine_overdue", "\(table.quarantineOverdue);0;;0")
            for sequence in table.sequences where sequence.limit > 0 {
                let percent = Double(max(0, sequence.last)) / Double(sequence.limit) * 100
                data.append(
                    "'\(table.table.plainLabel):sequence:\(sequence.sequence.plainLabel)'="
                        + "\(Quantities.fixed(percent, 1))%;80;90;0;100")
            }
        }
        return data
    }
}

extension HealthMeasures {
    /// Seconds; nil where there was none.
    var lastSuccessAge: Int64? {
        lastSuccessAt.map { max(0, (now.microseconds - $0.microseconds) / 1_000_000) }
    }
}
