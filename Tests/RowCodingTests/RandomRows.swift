import RowCoding

/// Rows as the server would send them, over all forms, with the nastiest strings there are.
struct RandomRows {
    var random: SeededRandom

    init(_ seed: UInt64) { random = SeededRandom(seed) }

    mutating func columns() -> [CodedColumn] {
        let names = [
            "id", "a \"b\"", "\u{1}\t\\", "ünï🙂", "a_rather_long_column_name_of_a_log_table",
        ]
        return (0..<random.below(8)).map { index in
            CodedColumn(
                name: random.one(of: names) + "\(index)",
                form: random.one(of: ColumnForm.allCases))
        }
    }

    mutating func row(_ columns: [CodedColumn]) -> [UInt8] {
        var line: [UInt8] = []
        for (index, column) in columns.enumerated() {
            if index > 0 { line.append(9) }
            line += random.below(5) == 0 ? Array("\\N".utf8) : copyEscaped(value(column.form))
        }
        return line + [10]
    }

    mutating func value(_ form: ColumnForm) -> [UInt8] {
        switch form {
        case .number: return Array(number().utf8)
        case .boolean: return Array((random.below(2) == 0 ? "t" : "f").utf8)
        case .jsonb: return Array(json(depth: 0).utf8)
        case .timestamp: return Array(timestamp(zone: "").utf8)
        case .timestampWithTimeZone: return Array(timestamp(zone: "+00").utf8)
        case .text: return text()
        case .numberArray: return array { Array($0.number().utf8) }
        case .booleanArray: return array { Array(($0.random.below(2) == 0 ? "t" : "f").utf8) }
        case .textArray: return array { Self.arrayQuoted($0.text()) }
        case .hex:
            return (0..<random.below(40)).map { _ in UInt8(1 + random.below(255)) }
        }
    }

    mutating func text() -> [UInt8] {
        let pieces = [
            "\"", "\\", "\n", "\t", "\r", "\u{8}", "\u{c}", "\u{b}", "\u{1}", "\u{1f}", "\u{7f}",
            "\u{2028}", "🙂", "é", "\\u0000", "\\N", "\\.", "null", "NULL", "{", "}", ",", " ",
            "2025-01-01 00:00:00+00", "infinity", "a", "bc", "plain text of some length",
        ]
        var text: [UInt8] = []
        for _ in 0..<random.below(12) { text += Array(random.one(of: pieces).utf8) }
        return text
    }

    mutating func number() -> String {
        random.one(of: [
            "0", "-0", "7", "-12", "1234567", "12345678", "123456789", "9223372036854775807",
            "0.00", "-1.5e+10", "1e-05", "3.141592653589793", "NaN", "Infinity", "-Infinity",
            String(repeating: "9", count: 1 + random.below(200)), "\(random.next() >> 40)",
        ])
    }

    mutating func timestamp(zone: String) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let year = random.one(of: ["0001", "1969", "2025", "10000", "294276"])
        let date = "\(year)-\(two(1 + random.below(12)))-\(two(1 + random.below(28)))"
        let time = "\(two(random.below(24))):\(two(random.below(60))):\(two(random.below(60)))"
        let fraction = random.one(of: ["", ".5", ".617207", ".00001"])
        let whole = "\(date) \(time)\(fraction)\(zone)"
        return random.one(of: [whole, whole, whole, "infinity", "-infinity", whole + " BC"])
    }

    mutating func json(depth: Int) -> String {
        let scalars = [
            "null", "true", "false", "0", "-1.50", "\"\"", "\"a\\\"b\\\\\"", "\"\\u0001\\n\"",
            "\"\u{2028}🙂\"", "{}", "[]", "\"a longer string in the middle of it\"",
        ]
        guard depth < 4 else { return random.one(of: scalars) }
        switch random.below(4) {
        case 0:
            let parts = (0..<1 + random.below(3)).map { _ in json(depth: depth + 1) }
            return "[" + parts.joined(separator: ", ") + "]"
        case 1:
            let parts = (0..<1 + random.below(3)).map { "\"k\($0)\": " + json(depth: depth + 1) }
            return "{" + parts.joined(separator: ", ") + "}"
        default:
            return random.one(of: scalars)
        }
    }

    mutating func array(_ element: (inout Self) -> [UInt8]) -> [UInt8] {
        let count = random.below(4)
        var literal = Array("{".utf8)
        let rows = random.below(3) == 0 && count > 0 ? 1 + random.below(3) : 0
        for row in 0..<max(rows, 1) {
            if row > 0 { literal.append(0x2c) }
            if rows > 0 { literal.append(0x7b) }
            for index in 0..<count {
                if index > 0 { literal.append(0x2c) }
                literal += random.below(6) == 0 ? Array("NULL".utf8) : element(&self)
            }
            if rows > 0 { literal.append(0x7d) }
        }
        literal.append(0x7d)
        return random.below(8) == 0 ? Array("[0:3]=".utf8) + literal : literal
    }

    /// As array_out writes an element of text.
    static func arrayQuoted(_ text: [UInt8]) -> [UInt8] {
        let special = Array("\"\\{}, \t\n\u{b}\u{c}\r".utf8)
        let isNull = String(decoding: text, as: UTF8.self).uppercased() == "NULL"
        guard text.isEmpty || isNull || text.contains(where: special.contains) else { return text }
        return [0x22] + text.flatMap { $0 == 0x22 || $0 == 0x5c ? [0x5c, $0] : [$0] } + [0x22]
    }
}
