import Maintenance
import Retention

/// What an operator has said yes to.
enum ApprovalText {
    static func text(_ approval: Approval) -> String {
        guard approval.then != .keep || approval.keepArchives != nil else {
            return "\(approval.table): then: keep removes nothing; there is nothing to approve\n"
        }
        let state = approval.isNew ? "approved" : "was approved before"
        var text =
            "\(approval.table): \(state): retain \(approval.retain), then \(approval.then.rawValue)\n"
        if let keep = approval.keepArchives {
            text += "  archives go once all of them is \(keep) old, FOR GOOD: today "
            text += "\(Quantities.plural(approval.archives.count, "archive"))\n"
            for archive in approval.archives { text += "    \(archive)\n" }
        }
        guard approval.then != .keep else { return text }
        text += "  everything before \(approval.cutoff.dateText) goes: "
        text += leaving(approval)
        if approval.nights > 0 {
            text += ", from the next run on, in \(Quantities.plural(approval.nights, "night"))"
        }
        text += "\n"
        for name in approval.periods + approval.partitions { text += "    \(name)\n" }
        for rule in approval.rules {
            text += "  and rows where \(rule.condition) once \(rule.retain) old"
            text += rule.archives ? "\n" : ", FOR GOOD: no archive keeps them\n"
        }
        return text
    }

    /// `2 partitions, 31 MB`, `the rows of 4 periods`
    private static func leaving(_ approval: Approval) -> String {
        let partitions =
            Quantities.plural(approval.partitions.count, "partition") + ", "
            + Quantities.bytes(approval.bytes)
        guard !approval.periods.isEmpty else { return partitions }
        let periods = "the rows of " + Quantities.plural(approval.periods.count, "period")
        return approval.partitions.isEmpty ? periods : partitions + ", and " + periods
    }
}
