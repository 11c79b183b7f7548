import Maintenance
import Retention

/// Archives that are older than they are kept.
enum ExpiryText {
    static func text(_ plan: Plan, site: Site) -> String {
        plan.tables.filter(\.isSeen).map { table in
            let keep = site.tables.first { $0.policy.table == table.table }?.policy.keepArchives
            guard let keep else {
                return "\(table.table): keep_archives is not set, archives are kept for ever\n"
            }
            var text = "\(table.table): archives are kept for \(keep)\n"
            if table.archives.isEmpty { text += "  none is older\n" }
            var rows = TextTable([.left, .left, .left, .right, .left])
            for entry in table.archives {
                var (verb, why) = ("expire", "")
                if case .keep(let reason) = entry.verdict {
                    (verb, why) = ("keep", reason.sentence)
                }
                rows.add(
                    verb, entry.slice.path, entry.bounds.description,
                    Quantities.bytes(entry.bytes), why)
            }
            return text + rows.text
        }.joined()
    }
}
