import Glibc

/// Reads JSON in the one form in which `JSONWriter` writes it, member by member in the order of the
/// writer. The two mirror each other: for each way of writing there is one of reading.
///
/// A reader of any JSON took half of the time of listing a store. This one may take a
/// number or an escape that no writer gives: who needs the very form writes again what was read.
struct JSONReader {
    /// Where the text is not what is read there.
    struct Misfit: Error, CustomStringConvertible {
        /// How many bytes were read before.
        var position: Int
        var reason: String

        var description: String { "\(reason) at byte \(position)" }
    }

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    private var isFirst = true

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The whole document: an object, and a newline.
    static func document<Value>(
        _ bytes: [UInt8], _ members: (inout JSONReader) throws(Misfit) -> Value
    ) throws(Misfit) -> Value {
        var reader = JSONReader(bytes)
        let value = try reader.nested("{", "}", members)
        try reader.require("\n")
        guard reader.position == bytes.count else { throw reader.misfit("more than a document") }
        return value
    }

    /// The first members of a document that may have any others.
    static func beginning<Value>(
        of bytes: [UInt8], _ members: (inout JSONReader) throws(Misfit) -> Value
    ) throws(Misfit) -> Value {
        var reader = JSONReader(bytes)
        try reader.open("{")
        return try members(&reader)
    }

    mutating func member(_ key: StaticString) throws(Misfit) -> String {
        try name(key)
        return try string()
    }

    mutating func member<Number: FixedWidthInteger>(
        _ key: StaticString
    ) throws(Misfit) -> Number {
        try name(key)
        return try number()
    }

    mutating func member(_ key: StaticString) throws(Misfit) -> Bool {
        try name(key)
        if take("true") { return true }
        try require("false")
        return false
    }

    mutating func member(_ key: StaticString) throws(Misfit) -> String? {
        try name(key)
        return take("null") ? nil : try string()
    }

    mutating func object<Value>(
        _ key: StaticString, _ members: (inout JSONReader) throws(Misfit) -> Value
    ) throws(Misfit) -> Value {
        try name(key)
        return try nested("{", "}", members)
    }

    mutating func objects<Element>(
        _ key: StaticString, _ members: (inout JSONReader) throws(Misfit) -> Element
    ) throws(Misfit) -> [Element] {
        try elements(key) { list throws(Misfit) in try list.nested("{", "}", members) }
    }

    mutating func strings(_ key: StaticString) throws(Misfit) -> [String] {
        try elements(key) { list throws(Misfit) in try list.string() }
    }

    /// Whether a member comes next.
    func hasNext(_ key: StaticString) -> Bool {
        var ahead = self
        do throws(Misfit) {
            try ahead.name(key)
            return true
        } catch {
            return false
        }
    }

    /// What is wrong with what was read last.
    func misfit(_ reason: String) -> Misfit {
        Misfit(position: position, reason: reason)
    }

    private mutating func elements<Element>(
        _ key: StaticString, _ element: (inout JSONReader) throws(Misfit) -> Element
    ) throws(Misfit) -> [Element] {
        try name(key)
        return try nested("[", "]") { list throws(Misfit) in
            var elements: [Element] = []
            while !list.isAtEnd {
                try list.newElement()
                elements.append(try element(&list))
            }
            return elements
        }
    }

    private mutating func open(_ bracket: StaticString) throws(Misfit) {
        try require(bracket)
        depth += 1
        isFirst = true
    }

    private mutating func nested<Value>(
        _ opening: StaticString, _ closing: StaticString,
        _ contents: (inout JSONReader) throws(Misfit) -> Value
    ) throws(Misfit) -> Value {
        try open(opening)
        let value = try contents(&self)
        depth -= 1
        if !isFirst { try newLine() }
        isFirst = false
        try require(closing)
        return value
    }

    /// Whether no other element comes before the bracket that closes what is open.
    private var isAtEnd: Bool {
        let bracket = position + (isFirst ? 0 : 1 + 2 * (depth - 1))
        return bracket < bytes.count && bytes[bracket] == UInt8(ascii: "]")
    }

    private mutating func newElement() throws(Misfit) {
        if !isFirst { try require(",") }
        isFirst = false
        try newLine()
    }

    private mutating func newLine() throws(Misfit) {
        try require("\n")
        for _ in 0..<depth { try require("  ") }
    }

    private mutating func name(_ key: StaticString) throws(Misfit) {
        try newElement()
        guard take("\""), take(key), take("\": ") else { throw misfit("no \"\(key)\"") }
    }

    private mutating func require(_ text: StaticString) throws(Misfit) {
        guard take(text) else { throw misfit("no \(String(describing: text).debugDescription)") }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        let isThere = bytes.withUnsafeBytes {
            memcmp($0.baseAddress! + position, text.utf8Start, count) == 0
        }
        if isThere { position += count }
        return isThere
    }

    private mutating func number<Number: FixedWidthInteger>() throws(Misfit) -> Number {
        let end =
            bytes[position...].firstIndex {
                !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) && $0 != UInt8(ascii: "-")
            } ?? bytes.count
        let digits = String(decoding: bytes[position..<end], as: UTF8.self)
        guard let number = Number(digits) else { throw misfit("no whole number that fits") }
        position = end
        return number
    }

    private mutating func string() throws(Misfit) -> String {
        try require("\"")
        let start = position
        var isPlain = true
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == UInt8(ascii: "\\") {
                isPlain = false
                position += 1
            }
            position += 1
        }
        guard position < bytes.count else {
            position = start
            throw misfit("text without an end")
        }
        let raw = bytes[start..<position]
        position += 1
        let text = isPlain ? String(validating: raw, as: UTF8.self) : Self.unescaped(raw)
        guard let text else { throw misfit("text that is not UTF-8, or an escape that is none") }
        return text
    }

    /// Nil where it is no text.
    private static func unescaped(_ raw: ArraySlice<UInt8>) -> String? {
        var text: [UInt8] = []
        var rest = raw
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "u"):
                // The writer gives these for control characters alone.
                let digits = String(decoding: rest.prefix(4), as: UTF8.self)
                guard let code = UInt8(digits, radix: 16), code < 0x20 else { return nil }
                rest = rest.dropFirst(4)
                text.append(code)
            default: return nil
            }
        }
        return String(validating: text, as: UTF8.self)
    }
}
