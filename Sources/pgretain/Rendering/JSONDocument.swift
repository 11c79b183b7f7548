import FoundationEssentials
import Retention

/// The one document that `--json` prints: `schema_version`, and the command's own member.
enum JSONDocument {
    /// Snake-case keys in alphabetical order, readable, one newline at the end.
    static func text(_ member: String, _ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = try encoder.encode(Document(member: member, value: value))
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// Of several databases, each with its name: `databases`, a list of them with their own members.
    static func text(
        ofDatabases member: String,
        _ answers: [(name: String?, answer: Result<(any Encodable)?, Problem>)]
    ) throws -> String {
        try text(
            "databases",
            answers.map { DatabaseMember(name: $0.name ?? "", member: member, answer: $0.answer) })
    }

    /// What failed for one of them is its `problem`.
    private struct DatabaseMember: Encodable {
        let name: String
        let member: String
        let answer: Result<(any Encodable)?, Problem>

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(name, forKey: Key(stringValue: "database"))
            switch answer {
            case .success(let value?):
                try container.encode(value, forKey: Key(stringValue: member))
            case .success(nil): break
            case .failure(let problem):
                try container.encode(problem, forKey: Key(stringValue: "problem"))
            }
        }
    }

    private struct Document<Value: Encodable>: Encodable {
        let member: String
        let value: Value

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(Report.schemaVersion, forKey: Key(stringValue: "schema_version"))
            try container.encode(value, forKey: Key(stringValue: member))
        }
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
