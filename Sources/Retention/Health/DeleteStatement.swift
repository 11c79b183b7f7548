/// Whether SQL deletes from a table, or empties it, as far as its words tell.
///
/// Not a parser of SQL: strings and comments are left out, and what follows DELETE FROM or TRUNCATE
/// is read as a name. That is enough to ask a person.
public enum DeleteStatement {
    /// The tables that are named behind DELETE FROM and TRUNCATE; no schema where none is given.
    /// Our own deletions, which name their table fully and with ONLY, are left out.
    public static func targets(in sql: String) -> [(schema: String?, name: String)] {
        let tokens = Tokens(sql).all
        var targets: [(schema: String?, name: String)] = []
        for index in tokens.indices {
            var next = index + 1
            func word(_ words: String...) -> Bool {
                guard next < tokens.count, case .word(let text, false) = tokens[next],
                    words.contains(text)
                else { return false }
                next += 1
                return true
            }
            guard case .word(let verb, false) = tokens[index] else { continue }
            switch verb {
            case "delete": guard word("from") else { continue }
            case "truncate": _ = word("table")
            default: continue
            }
            let isOnly = word("only")
            guard next < tokens.count, case .word(let first, let isQuoted) = tokens[next] else {
                continue
            }
            if next + 2 < tokens.count, tokens[next + 1] == .dot,
                case .word(let second, let isSecondQuoted) = tokens[next + 2]
            {
                if isOnly, isQuoted, isSecondQuoted { continue }
                targets.append((first, second))
            } else {
                targets.append((nil, first))
            }
        }
        return targets
    }

    public static func removesFrom(_ tables: Set<QualifiedName>, in sql: String) -> Bool {
        let names = Set(tables.map { Array($0.name.utf8) })
        return targets(in: sql).contains { target in
            guard let schema = target.schema else { return names.contains(Array(target.name.utf8)) }
            return tables.contains(QualifiedName(schema: schema, name: target.name))
        }
    }

    fileprivate enum Token: Equatable {
        case word(String, isQuoted: Bool)
        case dot
        case other
    }

    private struct Tokens {
        private var rest: Substring.UnicodeScalarView

        init(_ sql: String) { rest = Substring(sql).unicodeScalars }

        var all: [Token] {
            var copy = self
            var tokens: [Token] = []
            while let token = copy.next() { tokens.append(token) }
            return tokens
        }

        private mutating func next() -> Token? {
            while let scalar = rest.first {
                switch scalar {
                case _ where scalar.properties.isWhitespace: rest.removeFirst()
                case "-" where rest.dropFirst().first == "-": skip(past: ["\n"])
                case "/" where rest.dropFirst().first == "*":
                    rest.removeFirst(2)
                    skip(past: ["*", "/"])
                case "'":
                    rest.removeFirst()
                    skip(past: ["'"])
                    return .other
                case "\"": return quoted()
                case ".":
                    rest.removeFirst()
                    return .dot
                case _ where Self.isWord(scalar): return word()
                default:
                    rest.removeFirst()
                    return .other
                }
            }
            return nil
        }

        private mutating func skip(past end: [Unicode.Scalar]) {
            while !rest.isEmpty, !rest.starts(with: end) { rest.removeFirst() }
            rest.removeFirst(min(end.count, rest.count))
        }

        private mutating func quoted() -> Token {
            rest.removeFirst()
            var text = String.UnicodeScalarView()
            while let scalar = rest.popFirst() {
                if scalar == "\"" {
                    guard rest.first == "\"" else { break }
                    rest.removeFirst()
                }
                text.append(scalar)
            }
            return .word(String(text), isQuoted: true)
        }

        private mutating func word() -> Token {
            var text = String.UnicodeScalarView()
            while let scalar = rest.first, Self.isWord(scalar) {
                let isUpper = ("A"..."Z").contains(scalar)
                text.append(isUpper ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
                rest.removeFirst()
            }
            return .word(String(text), isQuoted: false)
        }

        private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "$": true
            default: scalar.value >= 0x80
            }
        }
    }
}

extension QualifiedName {
    /// Whether a text has the table's name as a word of its own, in any case of letters.
    public func isMentioned(in text: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
                true
            default: false
            }
        }
        let text = Array(text.lowercased().utf8)
        let name = Array(name.lowercased().utf8)
        guard !name.isEmpty, text.count >= name.count else { return false }
        return (0...text.count - name.count).contains { start in
            let end = start + name.count
            return text[start..<end].elementsEqual(name)
                && (start == 0 || !isWord(text[start - 1]))
                && (end == text.count || !isWord(text[end]))
        }
    }
}
