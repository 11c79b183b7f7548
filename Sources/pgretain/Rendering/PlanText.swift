import Maintenance
import Retention

/// A plan as a person reads it.
enum PlanText {
    static func text(_ preview: NightPreview, site: Site) -> String {
        preview.plan.tables.map { table in
            let policy = site.tables.first { $0.policy.table == table.table }?.policy
            return text(table, policy: policy)
        }.joined(separator: "\n") + (preview.plan.tables.isEmpty ? "" : "\n") + advice(preview)
    }

    private static func text(_ plan: TablePlan, policy: RetentionPolicy?) -> String {
        var text = "\(plan.table)\n"
        if let policy {
            let end =
                switch policy.then {
                case .keep: "then keep"
                case .detach: "then detach"
                case .drop: "then drop after \(policy.grace)"
                }
            text += "  by \(policy.key), a \(policy.period.rawValue) each in \(policy.zone.name); "
            text += "retain \(policy.retain), \(end)\n"
            if let keep = policy.keepArchives { text += "  archives are kept for \(keep)\n" }
            for rule in policy.rules { text += "  rule: \(rule)\n" }
        }
        text += "  expired is what lies wholly before \(plan.cutoff.dateText)\n\n"
        var table = TextTable([.left, .left, .left, .right, .left])
        for premake in plan.premakes {
            table.add("premake", premake.name, premake.bounds.description, "", "made ahead")
        }
        for entry in plan.slices {
            let (verb, why) = words(entry.verdict)
            table.add(
                verb, entry.partition.name.name, entry.bounds.description,
                Quantities.bytes(entry.bytes), why)
        }
        for entry in plan.ruled {
            let (verb, why) = words(entry.verdict)
            table.add(
                verb, entry.partition.name.name, entry.bounds.description, "",
                "\(entry.rule?.sentence ?? ""): \(why)")
        }
        for partition in plan.emptied {
            table.add(
                "drop", partition.name.name, partition.boundsSQL,
                Quantities.bytes(partition.bytes), "holds no row any more")
        }
        for entry in plan.entries {
            add(entry, to: &table)
        }
        for entry in plan.quarantine {
            let name = "\(entry.table.formerName.name) (quarantined)"
            let (verb, why) = words(entry.verdict)
            table.add(
                plan.unsettled.contains(entry) ? "settle" : verb, name,
                entry.table.bounds.description, Quantities.bytes(entry.table.bytes), why)
        }
        for entry in plan.archives {
            let (verb, why) = words(entry.verdict)
            table.add(
                verb, entry.slice.path, entry.bounds.description, Quantities.bytes(entry.bytes),
                verb == "expire" ? "the archive goes" : "archive: \(why)")
        }
        text += table.text
        for note in plan.notes { text += "  note: \(note)\n" }
        for problem in plan.problems {
            text += "  problem: \(problem.message) [\(problem.id)]\n    next: \(problem.hint)\n"
        }
        return text
    }

    private static func add(_ entry: TablePlan.Entry, to table: inout TextTable) {
        let (verb, why) = words(entry.verdict)
        let bounds =
            switch entry.partition.extent {
            case .range(let bounds): bounds.description
            case .default: "DEFAULT"
            case .open: entry.partition.boundsSQL
            }
        table.add(
            verb, entry.partition.name.name, bounds, Quantities.bytes(entry.partition.bytes), why)
    }

    private static func words(_ verdict: Verdict) -> (verb: String, why: String) {
        switch verdict {
        case .keep(let reason): ("keep", reason.sentence)
        case .retire(let steps):
            (
                steps == [.drop] || steps == [.expire]
                    ? steps[0].rawValue
                    : steps.contains(.delete)
                        ? "retire" : steps.contains(.detach) ? "retire" : "archive",
                steps.map(\.rawValue).joined(separator: ", ")
            )
        }
    }

    private static func advice(_ preview: NightPreview) -> String {
        var text = ""
        for check in preview.checks {
            text += "in the way: \(check.message) [\(check.id)]\n"
            if check.hint != preview.nextStep { text += "  next: \(check.hint)\n" }
        }
        for warning in preview.warnings { text += "warning: \(warning)\n" }
        return text + "next: \(preview.nextStep)\n"
    }
}
