import Maintenance
import Retention

/// An adoption as a person reads it.
enum AdoptionText {
    static func text(_ preview: Adopt.Preview) -> String {
        var text = "\(preview.table) becomes partitioned; what it holds, "
        text += "\(Quantities.bytes(preview.bytes)), is its first partition,\n"
        text += "  \(preview.partition), which ends at \(preview.to.dateText)\n"
        text += "  \(Quantities.plural(preview.rowsWithoutKey, "row")) without a time, "
        text += "\(preview.lateRows) from there on\n"
        text += "\nwhat is done, and the strongest lock on the table meanwhile:\n"
        for (number, step) in preview.steps.enumerated() {
            text += "\n  \(number + 1). \(step.title): \(step.lock), \(step.duration)\n"
            for statement in step.statements {
                text += statement.split(separator: "\n").map { "       \($0)\n" }.joined()
            }
        }
        text += "\nwhat will be different:\n"
        for change in preview.changes { text += "  - \(change)\n" }
        return text
            + obstacles(
                preview.obstacles,
                next: "pgretain adopt \(preview.table.description.shellWord)")
    }

    /// What is in the way, with its cures; or what to type next.
    static func obstacles(_ problems: [Problem], next: String) -> String {
        guard !problems.isEmpty else { return "\nnothing is in the way\nnext: \(next)\n" }
        return problems.reduce("\nin the way:\n") {
            $0 + "  - \($1.message) [\($1.id)]\n    next: \($1.hint)\n"
        }
    }

    static func text(_ result: Adopt.Result) -> String {
        var text = ""
        if let partition = result.partition, let to = result.to {
            text += "\(result.table) is partitioned; what it held is \(partition), up to "
            text += "\(to.dateText)\n"
        } else {
            text += "\(result.table) is a plain table again\n"
        }
        if result.defaulted > 0 {
            text +=
                "  \(Quantities.plural(result.defaulted, "row")) without a time got the default\n"
        }
        if result.movedAside > 0 {
            text += "  \(Quantities.plural(result.movedAside, "row")) moved aside\n"
        }
        if !result.premade.isEmpty {
            text += "  made ahead: \(result.premade.joined(separator: ", "))\n"
        }
        text += "  in \(Quantities.duration(result.seconds)); locked "
        return text + "for \(Int((result.lockedSeconds * 1000).rounded(.up))) ms at the longest\n"
    }
}
