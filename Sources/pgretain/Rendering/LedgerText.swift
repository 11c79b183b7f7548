import Maintenance
import Retention

/// The ledger, as a person reads it.
enum LedgerText {
    static func text(_ report: LedgerReport) -> String {
        var text = "ledger of \(report.database)\n"
        for entry in report.entries { text += self.text(entry) }
        return text + summary(report)
    }

    private static func text(_ entry: LedgerReport.Entry) -> String {
        let event = entry.event
        var what = [event.kind.rawValue]
        if !event.table.name.isEmpty { what.append(event.table.description) }
        if let relation = event.relation, relation != event.table {
            what.append(relation.description)
        }
        if let bounds = event.bounds { what.append(bounds.description) }
        if let digest = event.digest { what.append(Quantities.plural(digest.rows, "row")) }
        let link = entry.link.map { "\($0.number):\($0.hash.prefix(12))" } ?? "not linked yet"
        var text = "\(entry.id)  \(entry.at)  \(what.joined(separator: "  "))\n"
        text += "    by \(entry.actor) on \(entry.host), \(entry.tool); link \(link)\n"
        let details = event.details.sorted { $0.key < $1.key }.map {
            "\($0.key) \($0.value.replacing("\n", with: " "))"
        }
        if !details.isEmpty { text += "    \(details.joined(separator: ", "))\n" }
        if let restore = entry.restore { text += "    \(restore)\n" }
        return text
    }

    private static func summary(_ report: LedgerReport) -> String {
        let audit = report.audit
        func entries(_ count: Int64) -> String {
            count == 1 ? "1 entry" : "\(Quantities.count(count)) entries"
        }
        var text = "\n\(entries(audit.entries))"
        if let began = audit.began { text += ", linked since \(began)" }
        text += "\n"
        if let head = audit.head { text += "last link \(head)\n" }
        if audit.older > 0 {
            text += "  \(entries(audit.older)) from before the chain began: what happened to them "
            text += "until then cannot be known\n"
        }
        if audit.late > 0 {
            text += "  \(entries(audit.late)) linked more than an hour after being written\n"
        }
        if audit.unlinked > 0 {
            text += "  \(entries(audit.unlinked)) not linked yet: the next run does it\n"
        }
        for flaw in audit.flaws {
            text += "  \(flaw.kind.rawValue.uppercased()): \(flaw.message)\n"
        }
        if audit.flaws.isEmpty, audit.head != nil {
            text += "  every link follows the one before it, and every entry is what was linked\n"
        }
        return text
    }
}
