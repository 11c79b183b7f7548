extension Slice {
    /// What an operator calls its period: `2025-01`; nil where it is not one.
    public var periodName: String? {
        let steps = path.split(separator: "/").map { $0.split(separator: "=", maxSplits: 1) }
        guard steps.allSatisfy({ $0.count == 2 }) else { return nil }
        let values = steps.map { String($0[1]) }
        switch steps.map({ String($0[0]) }) {
        case ["year"], ["year", "month"], ["year", "month", "day"]:
            return values.joined(separator: "-")
        case ["year", "quarter"]: return "\(values[0])-q\(values[1])"
        case ["year", "week"]: return "\(values[0])-w\(values[1])"
        default: return nil
        }
    }

    /// The command that brings its archive back, into a table of its own.
    ///
    /// - Parameter bounds: the archive's, for one that is not of one period.
    public func restoreCommand(bounds: PartitionBounds?) -> String? {
        range(bounds).map { "pgretain restore \($0)" }
    }

    /// The command that says that somebody has looked at what is not as it was.
    public func acceptCommand(bounds: PartitionBounds) -> String {
        "pgretain archives accept \(range(bounds) ?? "") --reason …"
    }

    /// The options that name it to a command.
    private func range(_ bounds: PartitionBounds?) -> String? {
        let table = "--table \(table.description.shellWord)"
        if let periodName { return "\(table) --period \(periodName)" }
        return bounds.map { "\(table) --from \($0.from) --to \($0.to)" }
    }
}
