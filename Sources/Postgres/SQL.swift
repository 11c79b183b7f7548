import Retention

/// A name as SQL reads it back unchanged, whatever it holds: always quoted.
/// (PostgreSQL manual, 4.1.1 Identifiers and Key Words.)
struct Identifier: Equatable {
    let name: String

    init(_ name: String) { self.name = name }

    var quoted: String { "\"" + name.escaping(["\""], with: "\"") + "\"" }
}

/// A statement under construction. What is interpolated is quoted or passed by its type; plain
/// text comes from the source code only.
///
/// Values become parameters (`$1`), except in DDL, which takes none: there they are literals.
struct SQL: ExpressibleByStringInterpolation, Equatable {
    fileprivate enum Piece: Equatable {
        case text(String)
        case parameter(String?)
    }

    private var pieces: [Piece]

    init(stringLiteral text: StaticString) { pieces = [.text(text.description)] }

    init(stringInterpolation: StringInterpolation) { pieces = stringInterpolation.pieces }

    /// As the server gets it, with `$1` for the first parameter.
    var text: String {
        var number = 0
        return pieces.reduce(into: "") { text, piece in
            switch piece {
            case .text(let more): text += more
            case .parameter:
                number += 1
                text += "$\(number)"
            }
        }
    }

    var parameters: [String?] {
        pieces.compactMap { piece -> String?? in
            if case .parameter(let value) = piece { .some(value) } else { nil }
        }
    }

    static func + (a: SQL, b: SQL) -> SQL {
        var sum = a
        sum.pieces += b.pieces
        return sum
    }

    /// Pieces of a list, such as columns.
    static func list(_ items: [SQL], separator: SQL = ", ") -> SQL {
        var sum: SQL = ""
        for (index, item) in items.enumerated() {
            if index > 0 { sum = sum + separator }
            sum = sum + item
        }
        return sum
    }

    struct StringInterpolation: StringInterpolationProtocol {
        typealias StringLiteralType = StaticString
        fileprivate var pieces: [Piece] = []

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: StaticString) {
            pieces.append(.text(literal.description))
        }

        mutating func appendInterpolation(_ identifier: Identifier) {
            pieces.append(.text(identifier.quoted))
        }

        mutating func appendInterpolation(_ name: QualifiedName) {
            appendInterpolation(Identifier(name.schema))
            pieces.append(.text("."))
            appendInterpolation(Identifier(name.name))
        }

        mutating func appendInterpolation(_ columns: [Identifier]) {
            pieces.append(.text(columns.map(\.quoted).joined(separator: ", ")))
        }

        mutating func appendInterpolation(_ sql: SQL) { pieces += sql.pieces }

        /// A string literal; `standard_conforming_strings` is on in every session of ours.
        mutating func appendInterpolation(literal: String) {
            pieces.append(.text("'" + literal.escaping(["'"], with: "'") + "'"))
        }

        mutating func appendInterpolation(number: some BinaryInteger) {
            pieces.append(.text(String(number)))
        }

        mutating func appendInterpolation(value: String?) { pieces.append(.parameter(value)) }

        mutating func appendInterpolation(value: some BinaryInteger) {
            pieces.append(.parameter(String(value)))
        }

        mutating func appendInterpolation(value: Instant?) {
            pieces.append(.parameter(value?.text(separator: " ", zone: "+00")))
        }

        mutating func appendInterpolation(values: [String]) {
            pieces.append(.parameter(SQL.arrayText(values)))
        }

        /// SQL that an operator wrote, and the server has looked at alone; a comment in it ends
        /// before the parenthesis does.
        mutating func appendInterpolation(condition text: String) {
            pieces.append(.text("(" + text + "\n)"))
        }

        /// SQL that a server printed from its catalogue: an expression, a definition, a type.
        mutating func appendInterpolation(printed text: String) { pieces.append(.text(text)) }
    }

    /// An array's text form (PostgreSQL manual, 8.15.6).
    static func arrayText(_ values: [String?]) -> String {
        let items = values.map { value in
            guard let value else { return "NULL" }
            let escaped = value.escaping(["\\", "\""], with: "\\")
            return "\"" + escaped + "\""
        }
        return "{" + items.joined(separator: ",") + "}"
    }
}
