/// Names of tables, as `match:` writes them: like a name in SQL, with `%` for any characters.
///
/// `_` is a letter here and not LIKE's sign for one character: names are full of it, and
/// `tenant_%` is not meant to be `tenants` too.
public struct TablePattern: Equatable, Sendable {
    /// Why a text is no pattern.
    public struct Fault: Error, Equatable {
        public var reason: String
    }

    /// As it was written.
    public let text: String
    /// Of the schema and of the name, what stands between the signs: a piece more than signs.
    private let pieces: [[String]]

    /// Parts outside quotes fold to lower case, and without a schema it is `public`. In quotes, and
    /// behind a backslash, a sign is a letter.
    public init(_ text: String) throws(Fault) {
        var parts = [[""]]
        var isQuoted = false
        var rest = Substring(text).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"" where isQuoted && rest.first == "\"":
                rest.removeFirst()
                parts.appendLetter("\"")
            case "\"": isQuoted.toggle()
            case _ where isQuoted: parts.appendLetter(scalar)
            case "%": parts[parts.count - 1].append("")
            case ".": parts.append([""])
            case "\\":
                guard let next = rest.popFirst(), "%_\\".unicodeScalars.contains(next) else {
                    throw Fault(reason: "a backslash stands before a sign")
                }
                parts.appendLetter(next)
            case "A"..."Z": parts.appendLetter(Unicode.Scalar(UInt8(scalar.value) + 32))
            case "a"..."z", "0"..."9", "_", "$", "\u{80}"...: parts.appendLetter(scalar)
            default:
                throw Fault(
                    reason: "`\(scalar)` has to be in double quotes; % is for any characters")
            }
        }
        guard !isQuoted else { throw Fault(reason: "a quote has no end") }
        guard parts.count <= 2, !parts.contains([""]) else {
            throw Fault(reason: "is not a schema and a name, with a dot between them")
        }
        guard parts.contains(where: { $0.count > 1 }) else {
            throw Fault(reason: "has no %; one table is named with table:")
        }
        self.text = text
        pieces = parts.count == 1 ? [["public"]] + parts : parts
    }

    public func matches(_ table: QualifiedName) -> Bool {
        zip(pieces, [table.schema, table.name]).allSatisfy { Self.matches($0, Array($1.utf8)) }
    }

    /// What LIKE understands, of the schema and of the name.
    public var like: (schema: String, name: String) {
        (Self.like(pieces[0]), Self.like(pieces[1]))
    }

    private static func like(_ pieces: [String]) -> String {
        pieces.map { $0.escaping(["\\", "%", "_"], with: "\\") }.joined(separator: "%")
    }

    /// The first piece begins the name, the last one ends it, and the others stand in between in
    /// their order: the earliest place for each leaves the most for the rest.
    private static func matches(_ pieces: [String], _ name: [UInt8]) -> Bool {
        let first = Array(pieces[0].utf8)
        guard pieces.count > 1 else { return first == name }
        let last = Array(pieces[pieces.count - 1].utf8)
        guard name.count >= first.count + last.count, name.starts(with: first),
            name.suffix(last.count).elementsEqual(last)
        else { return false }
        var rest = name[first.count..<(name.count - last.count)]
        for piece in pieces[1..<(pieces.count - 1)] {
            let wanted = Array(piece.utf8)
            while !rest.starts(with: wanted) {
                guard rest.popFirst() != nil else { return false }
            }
            rest = rest.dropFirst(wanted.count)
        }
        return true
    }
}

extension TablePattern: CustomStringConvertible {
    public var description: String { text }
}

extension [[String]] {
    fileprivate mutating func appendLetter(_ scalar: Unicode.Scalar) {
        let part = count - 1
        self[part][self[part].count - 1].unicodeScalars.append(scalar)
    }
}

/// What is amiss with the patterns of a configuration, as the tables of the database are.
public struct PatternFindings: Sendable {
    /// Those that stand for no table.
    public var empty: [TablePattern] = []
    /// Plain tables that match and are left alone, as their entry is for partitioned ones.
    public var plain: [(pattern: TablePattern, tables: [QualifiedName])] = []
    /// Tables that matched once and are not there any more under that name, whose partitions wait in
    /// quarantine.
    public var abandoned: [QualifiedName] = []
    /// Tables that more than one pattern stands for, and that are left alone.
    public var ambiguous: [(table: QualifiedName, patterns: [TablePattern])] = []

    public init() {}

    /// What an operator should know, a sentence each.
    public var notes: [String] {
        empty.map(Self.sentence(empty:)) + plain.map { Self.sentence(plain: $0.tables, $0.pattern) }
            + abandoned.map(Self.sentence(abandoned:))
    }

    public var problems: [Problem] {
        ambiguous.map { .ambiguous($0.table, $0.patterns) }
    }

    static func sentence(empty pattern: TablePattern) -> String {
        "match: \(pattern) matches no table: nothing is made ahead or retired by it"
    }

    private static func sentence(abandoned table: QualifiedName) -> String {
        "\(table) was matched once and is not there any more, renamed or dropped, and partitions of it "
            + "wait in quarantine: nothing ends that (pgretain uninstall --print lists them)"
    }

    static func sentence(plain tables: [QualifiedName], _ pattern: TablePattern) -> String {
        let told = tables.prefix(3).map(\.description).joined(separator: ", ")
        let more = tables.count > 3 ? " and \(tables.count - 3) more" : ""
        return "\(told)\(more) would match \(pattern), and "
            + (tables.count == 1 ? "is no partitioned table" : "are no partitioned tables")
            + ": left alone"
    }
}

extension Problem {
    /// Of a table that more than one `match:` stands for.
    public static func ambiguous(_ table: QualifiedName, _ patterns: [TablePattern]) -> Problem {
        let all = patterns.map { "`\($0)`" }.joined(separator: " and by ")
        return Problem(
            Finding.ID.matchAmbiguous.rawValue, .configuration,
            "\(table) is matched by \(all): by which to treat it cannot be known. It was left alone.",
            hint: "Name it with table: in an entry of its own, or make one of them narrower.")
    }
}
