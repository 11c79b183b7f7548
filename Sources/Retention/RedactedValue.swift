/// Values that an archive does not hold, and what stands in their place: a column's, or those under
/// a path inside the JSON that a column holds.
///
/// Reading a table with the same redaction twice gives the same bytes, and so does reading rows
/// that were redacted before: that is how a table is proven against its archive.
public struct RedactedValue: Equatable, Hashable, Sendable, Codable {
    public enum Replacement: String, Sendable, Codable {
        /// SQL NULL.
        case null = "NULL"
        /// The text `[redacted]`; a JSON string of it where JSON stands.
        case mark = "[redacted]"
    }

    /// What a step of a path is that stands for any key and any element.
    public static let any = "*"

    public var column: String
    /// Keys, one inside the other; the number of an element, or `any`. None for the whole column.
    public var path: [String]
    public var replacement: Replacement

    public init(column: String, path: [String] = [], replacement: Replacement) {
        self.column = column
        self.path = path
        self.replacement = replacement
    }
}

extension RedactedValue: CustomStringConvertible {
    /// As the configuration names it: `extra_metadata.headers.authorization`.
    public var description: String {
        ([column] + path).map { $0.contains(".") ? "\"\($0)\"" : $0 }.joined(separator: ".")
    }

    /// What a reader has to know of it.
    public var sentence: String { "\(self) is not in it; \(replacement.rawValue) stands there" }
}

/// What a configuration says is to be redacted, before it is known which column that is of.
public struct RedactionTarget: Equatable, Sendable {
    /// As it was written.
    public let text: String
    private let steps: [String]

    /// Reads names with dots between them; a name that holds a dot stands in double quotes.
    public init?(_ text: String) {
        self.text = text
        var steps: [String] = []
        var step = ""
        var isQuoted = false
        var wasQuoted = false
        for character in text {
            if character == "\"" {
                guard isQuoted || step.isEmpty && !wasQuoted else { return nil }
                isQuoted.toggle()
                wasQuoted = true
            } else if character == ".", !isQuoted {
                guard !step.isEmpty else { return nil }
                steps.append(step)
                (step, wasQuoted) = ("", false)
            } else {
                guard isQuoted || !wasQuoted else { return nil }
                step.append(character)
            }
        }
        guard !isQuoted, !step.isEmpty else { return nil }
        self.steps = steps + [step]
    }

    /// The name of the column that is meant; nil where there is none.
    public func column(in definition: TableDefinition) -> String? {
        place(in: definition.columns)?.column.name
    }

    /// The column, the one with the longest name where there are several, and what is behind it.
    func place(in columns: [Column]) -> (column: Column, path: [String])? {
        for count in (1...steps.count).reversed() {
            let name = steps.prefix(count).joined(separator: ".")
            if let column = columns.first(where: { $0.name == name }) {
                return (column, Array(steps.dropFirst(count)))
            }
        }
        return nil
    }
}

extension RedactedValue {
    /// Those of `targets` that are not among some values.
    public static func missing(_ targets: [RedactionTarget], from values: [RedactedValue])
        -> [String]
    {
        targets.filter { target in
            !values.contains { value in
                target.place(in: [Column(named: value.column)]).map { $0.path == value.path }
                    ?? false
            }
        }.map(\.text)
    }
}

extension Column {
    fileprivate init(named name: String) {
        self.init(
            name: name, type: "", baseTypeOID: 0, isNullable: true, isGenerated: false,
            expression: nil, identity: nil, collation: nil, isUnreadable: false)
    }
}
