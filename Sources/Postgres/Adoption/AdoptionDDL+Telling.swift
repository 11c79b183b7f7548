import Retention

// What an adoption does, for whoever reads it first.
extension AdoptionDDL {
    /// Every step with its strongest lock on the table, in order.
    public func steps(_ choices: AdoptionChoices) -> [AdoptionStep] {
        var steps = [
            step("bound", script.addBound, lock: "AccessExclusive", "an instant")
        ]
        let rest = PageSpan(from: nil, to: nil)
        if choices.nullKeys == .createdFromDefault {
            steps.append(
                step(
                    "rows without a time", [script.giveDefault(rest)], lock: "RowExclusive",
                    "one scan, 128 MiB a transaction"))
        }
        if let aside = choices.aside {
            steps[0].statements.insert(script.makeAside(aside).text, at: 0)
            steps.append(
                step(
                    "rows aside", [script.setAside(rest, into: aside)], lock: "RowExclusive",
                    "one scan, 128 MiB a transaction"))
        }
        steps.append(
            step("validate", [script.validateBound], lock: "ShareUpdateExclusive", "one scan"))
        if let index = script.makeKeyIndex {
            steps.append(
                step(
                    "index", [index], lock: "ShareUpdateExclusive",
                    "two scans and a sort, and as long as older transactions last"))
        }
        if table.isKeyNullable {
            steps.append(
                step("not null", [script.requireKey], lock: "AccessExclusive", "an instant"))
        }
        steps.append(
            step(
                "new table, with owner, privileges and policies", script.makeParent,
                lock: "AccessShare", "an instant"))
        steps.append(step("swap", script.swap, lock: "AccessExclusive", "milliseconds"))
        return steps
    }

    private func step(_ title: String, _ statements: [SQL], lock: String, _ duration: String)
        -> AdoptionStep
    {
        AdoptionStep(
            title: title, lock: lock, duration: duration, statements: statements.map(\.text))
    }

    /// What will be different for those who use the table.
    public var changes: [String] {
        let key = table.key
        var changes: [String] = []
        if let primary = table.primaryKey, !primary.holdsKey {
            let old = primary.columns.joined(separator: ", ")
            changes.append(
                "the primary key is (\(old), \(key)): ON CONFLICT (\(old)) fails, and two rows "
                    + "of different times may have one \(old)")
        }
        if table.isKeyNullable {
            changes.append(
                "\(key) is NOT NULL: rows that say NULL are refused from the first step on; those "
                    + "that leave it out "
                    + (table.keyDefault.map { "get \($0)" } ?? "are refused too"))
        }
        changes.append(
            "until the swap, rows from \(to.dateText) on are refused; then, rows beyond the last "
                + "partition made ahead")
        for index in table.indexes where !index.isShareable && !index.isPrimary {
            changes.append(
                "\(index.name) keeps values unique within a partition only, and ON CONFLICT on it "
                    + "fails")
        }
        if !table.views.isEmpty {
            let views = table.views.map(\.name.description).joined(separator: ", ")
            changes.append("views are made again in their place: \(views)")
        }
        return changes
    }
}
