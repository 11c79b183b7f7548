/// One column of the zoo: a type, the values of it that bite, and how to make more of them.
struct ZooColumn: Sendable {
    let name: String
    let type: String
    /// Literals, or what `.sql` says; each is in the table at least once.
    let values: [Value]
    /// An SQL expression that is another value for each row; without one, any of `values`.
    let random: String?
    /// What stands behind the type, such as `GENERATED ALWAYS AS (…) STORED`.
    let suffix: String
    /// Whether a restore into a new table makes the column `text`.
    let isUnreadable: Bool
    /// Whether a value's own text says less than the value holds: what comes back has the same
    /// text, as with pg_dump, and not the same bytes.
    let losesBytes: Bool

    enum Value: Sendable, ExpressibleByStringLiteral {
        case literal(String)
        case sql(String)

        init(stringLiteral value: String) { self = .literal(value) }

        var expression: String {
            switch self {
            case .literal(let text): "'" + text.replacingOccurrences(of: "'", with: "''") + "'"
            case .sql(let text): text
            }
        }
    }

    init(
        _ name: String, _ type: String, _ values: [Value], random: String? = nil,
        suffix: String = "", isUnreadable: Bool = false, losesBytes: Bool = false
    ) {
        self.name = name
        self.type = type
        self.values = values
        self.random = random
        self.suffix = suffix
        self.isUnreadable = isUnreadable
        self.losesBytes = losesBytes
    }

    /// Written by the server, never by an INSERT.
    var isGenerated: Bool { suffix.contains("GENERATED") }
    /// The type, or that of its elements.
    var elementType: String { type.hasSuffix("[]") ? String(type.dropLast(2)) : type }
    var quoted: String { "\"" + name.replacingOccurrences(of: "\"", with: "\"\"") + "\"" }

    /// A value for any row, NULL now and then.
    var anyValue: String {
        let value =
            random
            ?? {
                let cases = values.enumerated().map { "WHEN \($0) THEN \($1.expression)::\(type)" }
                return "CASE floor(random() * \(values.count))::int "
                    + cases.joined(separator: " ") + " END"
            }()
        return "CASE WHEN random() < 0.95 THEN (\(value))::\(type) END"
    }
}
