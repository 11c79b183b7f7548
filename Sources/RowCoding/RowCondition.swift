import Glibc

/// What a row must meet, as `column=value` says it: of a column, or of something inside the JSON that
/// a column holds (`extra_metadata.headers.host`). NULL, and what is not there, meets nothing.
public struct RowCondition: Sendable, Equatable {
    public enum Comparison: String, Sendable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case matches = "~"
        case matchesNot = "!~"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// The column, and the keys inside its JSON: as the operator wrote it, dots and all.
    public var subject: String
    public var comparison: Comparison
    public var operand: String

    public init(_ subject: String, _ comparison: Comparison, _ operand: String) {
        self.subject = subject
        self.comparison = comparison
        self.operand = operand
    }

    /// Reads `level=ERROR`, `http_status>=500`, `message~time ?out`; a name that holds one of
    /// `=!~<>` is put in double quotes. Nil for anything else.
    public init?(_ text: String) {
        var rest = Substring(text)
        var subject = ""
        if rest.first == "\"" {
            rest.removeFirst()
            guard let end = rest.firstIndex(of: "\"") else { return nil }
            subject = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
        } else {
            subject = String(rest.prefix { !"=!~<>".contains($0) })
            rest = rest.dropFirst(subject.count)
        }
        let longestFirst = Comparison.allCases.sorted { $0.rawValue.count > $1.rawValue.count }
        guard !subject.isEmpty,
            let comparison = longestFirst.first(where: { rest.hasPrefix($0.rawValue) })
        else { return nil }
        self.init(subject, comparison, String(rest.dropFirst(comparison.rawValue.count)))
    }
}

/// Where in a line something is: a column by its place, and keys inside its JSON.
public struct FieldPath: Sendable, Equatable {
    public var column: Int
    public var keys: [String]

    /// The column of that whole name, else the longest name that a dot follows; nil where there is
    /// no such column.
    public init?(_ subject: String, in columns: [CodedColumn]) {
        if let column = columns.firstIndex(where: { $0.name == subject }) {
            self.column = column
            keys = []
            return
        }
        let dots = subject.indices.filter { subject[$0] == "." }
        for dot in dots.reversed() {
            if let column = columns.firstIndex(where: { $0.name == subject[..<dot] }) {
                self.column = column
                keys = subject[subject.index(after: dot)...].split(
                    separator: ".", omittingEmptySubsequences: false
                ).map(String.init)
                return
            }
        }
        return nil
    }
}

/// A condition that was not understood.
public struct ConditionFault: Error, Equatable {
    public var condition: RowCondition
    public var reason: String

    public init(condition: RowCondition, reason: String) {
        self.condition = condition
        self.reason = reason
    }
}

/// A condition, made ready for the rows of one archive. One a thread: it has buffers, and a
/// regular expression is locked while it is used.
final class ReadyCondition {
    let path: FieldPath
    private let keys: [[UInt8]]
    private let comparison: RowCondition.Comparison
    private let operand: [UInt8]
    /// The operand as a number; nil where it is none.
    private let number: DecimalText?
    private let isNumeric: Bool
    private let expression: UnsafeMutablePointer<regex_t>?
    /// Bytes that each line has which meets it; empty where that cannot be told.
    let needle: [UInt8]
    private var text = OutputBuffer()
    private var inner = OutputBuffer()
    private var terminated = OutputBuffer()

    init(_ condition: RowCondition, path: FieldPath, columns: [CodedColumn])
        throws(ConditionFault)
    {
        self.path = path
        keys = path.keys.map { Array($0.utf8) }
        comparison = condition.comparison
        operand = Array(condition.operand.utf8)
        number = DecimalText(operand)
        let form = columns[path.column].form
        isNumeric = form == .number && path.keys.isEmpty
        let isPattern = comparison == .matches || comparison == .matchesNot
        let isEquality = comparison == .equal || comparison == .notEqual
        // What is none would be equal to nothing, and to whoever asks it looks as though there were none.
        if isNumeric, !isPattern, number == nil,
            !(isEquality && ["NaN", "Infinity", "-Infinity"].contains(condition.operand))
        {
            throw ConditionFault(
                condition: condition, reason: "`\(condition.operand)` is no number")
        }
        if form == .boolean, path.keys.isEmpty, isEquality,
            !["true", "false"].contains(condition.operand)
        {
            throw ConditionFault(
                condition: condition, reason: "`\(condition.operand)` is neither true nor false")
        }
        needle =
            comparison == .equal && form == .text && path.keys.isEmpty
            ? Self.needle(columns[path.column].name, operand) : []
        guard isPattern else {
            expression = nil
            return
        }
        let expression = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        let status = regcomp(expression, condition.operand, REG_EXTENDED | REG_NOSUB)
        guard status == 0 else {
            var reason = [CChar](repeating: 0, count: 200)
            regerror(status, expression, &reason, reason.count)
            expression.deallocate()
            let end = reason.firstIndex(of: 0) ?? reason.endIndex
            throw ConditionFault(
                condition: condition,
                reason: String(
                    decoding: reason[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        self.expression = expression
    }

    deinit {
        guard let expression else { return }
        regfree(expression)
        expression.deallocate()
    }

    /// `"level":"ERROR"`
    private static func needle(_ name: String, _ operand: [UInt8]) -> [UInt8] {
        var output = OutputBuffer()
        output.append(ASCII.quote)
        for byte in name.utf8 { JSONText.append(byte, to: &output) }
        output.append(ASCII.quote)
        output.append(ASCII.colon)
        output.append(ASCII.quote)
        for byte in operand { JSONText.append(byte, to: &output) }
        output.append(ASCII.quote)
        return Array(output.bytes)
    }

    func isMet(by fields: borrowing LineFields) -> Bool {
        guard var value = fields.value(path.column) else { return false }
        if !keys.isEmpty {
            guard let found = JSONPath.value(keys, in: value, scratch: &inner) else { return false }
            value = found
        }
        guard let first = value.first, !value.elementsEqual("null".utf8) else { return false }
        guard first == ASCII.quote else {
            return compare(value, isNumber: first == ASCII.minus || ASCII.isDigit(first))
        }
        let inside = UnsafeRawBufferPointer(rebasing: value[1..<(value.count - 1)])
        // The numbers that are strings (NaN, infinities) are equal to themselves alone.
        guard inside.contains(ASCII.backslash) else { return compare(inside, isNumber: false) }
        text.removeAll()
        JSONScan.unescape(inside, into: &text)
        return compare(text.bytes, isNumber: false)
    }

    private func compare(_ value: UnsafeRawBufferPointer, isNumber: Bool) -> Bool {
        switch comparison {
        case .matches: return isMatched(value)
        case .matchesNot: return !isMatched(value)
        default: break
        }
        let order: Int
        if isNumber, let number, let other = DecimalText(value) {
            order = other.compare(to: number)
        } else if isNumeric, comparison != .equal, comparison != .notEqual {
            return false
        } else {
            order = Self.compare(value, operand)
        }
        switch comparison {
        case .equal: return order == 0
        case .notEqual: return order != 0
        case .less: return order < 0
        case .lessOrEqual: return order <= 0
        case .greater: return order > 0
        case .greaterOrEqual: return order >= 0
        case .matches, .matchesNot: return false
        }
    }

    /// By bytes, as the collation "C" orders text.
    private static func compare(_ a: UnsafeRawBufferPointer, _ b: [UInt8]) -> Int {
        let common = min(a.count, b.count)
        let order = common == 0 ? 0 : memcmp(a.baseAddress!, b, common)
        return order != 0 ? Int(order) : a.count - b.count
    }

    /// A copy, since `regexec` may look for the NUL behind the text, whatever REG_STARTEND says.
    private func isMatched(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let expression else { return false }
        terminated.removeAll()
        terminated.append(contentsOf: value)
        terminated.append(0)
        var span = regmatch_t(rm_so: 0, rm_eo: regoff_t(value.count))
        return terminated.bytes.withMemoryRebound(to: CChar.self) {
            regexec(expression, $0.baseAddress!, 1, &span, REG_STARTEND) == 0
        }
    }
}

/// Reaching into a column's JSON.
enum JSONPath {
    /// The value under keys, one inside the other. A string that holds JSON is looked into; one that
    /// does not is `{"raw": …}`. Nil where there is none.
    static func value(
        _ keys: [[UInt8]], in value: UnsafeRawBufferPointer, scratch: inout OutputBuffer
    ) -> UnsafeRawBufferPointer? {
        var value = value
        if value.first == ASCII.quote {
            scratch.removeAll()
            let inside = UnsafeRawBufferPointer(rebasing: value[1..<(value.count - 1)])
            JSONScan.unescape(inside, into: &scratch)
            guard let json = JSONScan.whole(scratch.bytes),
                json.first == ASCII.leftBrace || json.first == ASCII.leftBracket
            else { return keys == [Array("raw".utf8)] ? value : nil }
            value = json
        }
        for key in keys {
            guard let member = JSONScan.member(key, of: value) else { return nil }
            value = member
        }
        return value
    }
}

extension RowCondition: CustomStringConvertible {
    /// As it was written.
    public var description: String { subject + comparison.rawValue + operand }
}
