/// How a column's values are written in a line.
public enum ColumnForm: UInt8, Sendable, CaseIterable {
    /// The server's token, verbatim; NaN and infinities as strings.
    case number
    /// `true` or `false`.
    case boolean
    /// Inline, verbatim; SQL NULL leaves the key out, so that JSON `null` stays itself.
    case jsonb
    /// ISO 8601 where that can be reversed exactly, else the server's text.
    case timestamp
    /// As `timestamp`, with the offset `+00:00`.
    case timestampWithTimeZone
    /// A string with the server's text.
    case text
    /// A JSON array of numbers where the literal can be rebuilt from it, else a string.
    case numberArray
    /// A JSON array of booleans, likewise.
    case booleanArray
    /// A JSON array of strings, likewise.
    case textArray
    /// A string of lower-case hexadecimal digits: bytes that are not UTF-8.
    case hex

    /// As the manifest spells it.
    public var name: String {
        switch self {
        case .number: "number"
        case .boolean: "boolean"
        case .jsonb: "jsonb"
        case .timestamp: "timestamp"
        case .timestampWithTimeZone: "timestamptz"
        case .text: "text"
        case .numberArray: "number[]"
        case .booleanArray: "boolean[]"
        case .textArray: "text[]"
        case .hex: "hex"
        }
    }

    /// Reads what `name` spells; nil for any other word.
    public init?(name: String) {
        guard let form = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = form
    }

    /// The form for a type of `pg_type.dat`, domains already followed to their base type.
    public init(typeOID: UInt32) {
        switch typeOID {
        case 21, 23, 20, 1700, 700, 701: self = .number
        case 16: self = .boolean
        case 3802: self = .jsonb
        case 1114: self = .timestamp
        case 1184: self = .timestampWithTimeZone
        case 1005, 1007, 1016, 1231, 1021, 1022: self = .numberArray
        case 1000: self = .booleanArray
        case 1009, 1015, 1014, 1003, 2951: self = .textArray
        default: self = .text
        }
    }

    /// What a usual value gains beside its COPY text: quotes, `true` for `t`, `:00` of an offset.
    var usualGain: Int {
        switch self {
        case .number, .jsonb, .numberArray, .booleanArray, .textArray: 0
        case .boolean: 3
        case .timestamp, .text, .hex: 2
        case .timestampWithTimeZone: 5
        }
    }

    var isArray: Bool { self == .numberArray || self == .booleanArray || self == .textArray }
}

/// A column as a line holds it.
public struct CodedColumn: Sendable, Equatable {
    /// The column's name, which is the key in the line.
    public var name: String
    public var form: ColumnForm

    public init(name: String, form: ColumnForm) {
        self.name = name
        self.form = form
    }
}
