extension TableDefinition {
    /// What the words of a configuration mean for the table.
    ///
    /// - Parameter key: the partition key.
    /// - Throws: where a value cannot be left out: nothing is to be archived then.
    public func redacted(
        _ targets: [RedactionTarget], of table: QualifiedName, key: String
    ) throws(Problem) -> [RedactedValue] {
        var values: [RedactedValue] = []
        for target in targets {
            func refuse(_ reason: String) -> Problem {
                Problem(
                    "redact.impossible", .configuration,
                    "\(target.text) of \(table) cannot be redacted: \(reason). Nothing of it was "
                        + "archived.",
                    hint:
                        "Change redact: in the configuration; docs/configuration.md says what can "
                        + "be.")
            }
            guard let (column, path) = target.place(in: columns) else {
                throw refuse("the table has no such column")
            }
            if let reason = reasonToKeep(column, path, key) { throw refuse(reason) }
            let isWhole = path.isEmpty
            guard isWhole || column.isJSON || column.isUnboundedText else {
                throw refuse(
                    "\(column.name) is \(column.type), and only text, json and jsonb are reached "
                        + "into")
            }
            if isWhole, !column.isNullable, !column.takesMark {
                throw refuse(
                    "\(column.name) is \(column.type) NOT NULL, which can hold neither NULL nor "
                        + RedactedValue.Replacement.mark.rawValue)
            }
            let value = RedactedValue(
                column: column.name, path: path,
                replacement: isWhole && column.isNullable ? .null : .mark)
            if value.replacement == .mark, isWhole, isReferring(column) {
                throw refuse(
                    "\(column.name) is NOT NULL and has a foreign key, which "
                        + "\(RedactedValue.Replacement.mark.rawValue) would not meet")
            }
            if !values.contains(value) { values.append(value) }
        }
        try requireNothingMadeOf(values, table)
        return values
    }

    /// Without these values rows could not come back, or would be taken for each other.
    private func reasonToKeep(_ column: Column, _ path: [String], _ key: String) -> String? {
        if column.name == key { return "\(column.name) is the partition key" }
        for constraint in constraints where constraint.definition.mentions(column.name) {
            if constraint.kind == .primaryKey { return "\(column.name) is of the primary key" }
            if constraint.kind == .unique || constraint.kind == .exclusion {
                return "\(column.name) is of the constraint \(constraint.name)"
            }
        }
        let unique = indexes.first { $0.isUnique && $0.definition.mentions(column.name) }
        return unique.map { "\(column.name) is of the unique index \($0.name)" }
    }

    private func isReferring(_ column: Column) -> Bool {
        constraints.contains {
            $0.kind == .foreignKey && $0.definition.mentions(column.name)
        }
    }

    /// What the server makes of a redacted column may say what was to be left out, and would not come
    /// back as it is archived.
    private func requireNothingMadeOf(_ values: [RedactedValue], _ table: QualifiedName)
        throws(Problem)
    {
        let whole = Set(values.filter { $0.path.isEmpty }.map(\.column))
        for column in columns where column.isGenerated && !whole.contains(column.name) {
            guard
                let value = values.first(where: {
                    column.expression?.mentions($0.column) ?? false
                })
            else { continue }
            throw Problem(
                "redact.generated", .configuration,
                "\(value) of \(table) is to be redacted, and the server makes \(column.name) out of "
                    + "\(value.column). Nothing of it was archived.",
                hint: "Name \(column.name) under redact: too.")
        }
    }
}

extension Column {
    /// json or jsonb.
    public var isJSON: Bool { baseTypeOID == 114 || baseTypeOID == 3802 }

    /// Text that has no length to be kept to, and no domain.
    fileprivate var isUnboundedText: Bool { type == "text" || type == "character varying" }

    fileprivate var takesMark: Bool {
        if type == "json" || type == "jsonb" || isUnboundedText { return true }
        let prefix = "character varying("
        guard type.hasPrefix(prefix), let length = Int(type.dropFirst(prefix.count).dropLast())
        else { return false }
        return length >= RedactedValue.Replacement.mark.rawValue.utf8.count
    }
}

extension String {
    /// Whether a name is one of the words of an SQL expression; one in a string counts, too.
    func mentions(_ name: String) -> Bool {
        let quoted =
            "\""
            + name.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
        let wanted = [Array(name.utf8), Array(quoted.utf8)]
        let text = Array(utf8)
        func isOfName(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"),
                0x80...:
                true
            default: false
            }
        }
        return wanted.contains { word in
            text.count >= word.count
                && (0...(text.count - word.count)).contains { start in
                    let end = start + word.count
                    return text[start..<end].elementsEqual(word)
                        && (start == 0 || !isOfName(text[start - 1]) || !isOfName(word[0]))
                        && (end == text.count || !isOfName(text[end])
                            || !isOfName(word[word.count - 1]))
                }
        }
    }
}
