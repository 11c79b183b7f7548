/// Writes JSON (RFC 8259) in one form only: members in the order in which they are given, two
/// blanks a level, one member or element a line, `[]` for nothing. Text is UTF-8; what JSON
/// requires to be escaped is, and nothing else.
struct JSONWriter {
    private(set) var bytes: [UInt8] = {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 << 14)
        return bytes
    }()
    private var depth = 0
    private var isFirst = true

    /// The whole document: an object, and a newline.
    static func document(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.nested("{", "}") { members(&$0) }
        writer.bytes.append(UInt8(ascii: "\n"))
        return writer.bytes
    }

    mutating func member(_ key: String, _ value: String) {
        name(key)
        string(value)
    }

    mutating func member(_ key: String, _ value: some BinaryInteger) {
        name(key)
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func member(_ key: String, _ value: Bool) {
        name(key)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    mutating func member(_ key: String, _ value: String?) {
        name(key)
        if let value { string(value) } else { bytes.append(contentsOf: "null".utf8) }
    }

    mutating func object(_ key: String, _ members: (inout JSONWriter) -> Void) {
        name(key)
        nested("{", "}", members)
    }

    mutating func objects<Element>(
        _ key: String, _ elements: some Sequence<Element>,
        _ members: (inout JSONWriter, Element) -> Void
    ) {
        name(key)
        nested("[", "]") { list in
            for element in elements {
                list.newElement()
                list.nested("{", "}") { members(&$0, element) }
            }
        }
    }

    mutating func strings(_ key: String, _ elements: [String]) {
        name(key)
        nested("[", "]") { list in
            for element in elements {
                list.newElement()
                list.string(element)
            }
        }
    }

    private mutating func nested(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ contents: (inout JSONWriter) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        depth += 1
        isFirst = true
        contents(&self)
        depth -= 1
        if !isFirst { newLine() }
        isFirst = false
        bytes.append(UInt8(ascii: close))
    }

    private mutating func newElement() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        newLine()
    }

    private mutating func newLine() {
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    private mutating func name(_ key: String) {
        newElement()
        string(key)
        bytes.append(contentsOf: ": ".utf8)
    }

    private mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        let isPlain = text.utf8.allSatisfy {
            $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        guard !isPlain else { return bytes.append(contentsOf: text.utf8) }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case 0x08: bytes.append(contentsOf: #"\b"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0C: bytes.append(contentsOf: #"\f"#.utf8)
            case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
            case 0..<0x20:
                bytes.append(contentsOf: (byte < 0x10 ? #"\u000"# : #"\u00"#).utf8)
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            default: bytes.append(byte)
            }
        }
    }
}
