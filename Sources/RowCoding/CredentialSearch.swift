import Glibc

/// Looks whether rows that are to be archived hold credentials: keys in JSON, be it jsonb or text,
/// that are called as the HTTP headers which carry them, and have a value.
///
/// It is a look at bytes, at those that are handed in: a key that is written with escapes is not
/// found, and neither is what has another name.
public struct CredentialSearch {
    public struct Finding: Hashable, Sendable {
        /// By its place in the lines.
        public var column: Int
        /// `authorization`
        public var key: String

        public init(column: Int, key: String) {
            self.column = column
            self.key = key
        }
    }

    private static let keys = ["authorization", "cookie", "x-api-key"].map {
        (name: $0, bytes: Array($0.utf8))
    }

    /// `lines`: whole COPY text lines.
    public static func look(at lines: UnsafeRawBufferPointer, into found: inout Set<Finding>) {
        guard let base = lines.baseAddress else { return }
        var at = 0
        while at < lines.count,
            let next = memchr(base + at, Int32(ASCII.colon), lines.count - at)
        {
            let colon = next - UnsafeMutableRawPointer(mutating: base)
            at = colon + 1
            guard let (start, key) = self.key(before: colon, in: lines),
                hasValue(lines, behind: colon)
            else { continue }
            found.insert(Finding(column: column(of: start, in: lines), key: key))
        }
    }

    /// JSON within a string of JSON has backslashes before its quotes.
    private static func key(before colon: Int, in lines: UnsafeRawBufferPointer) -> (Int, String)? {
        var end = colon
        while end > 0, lines[end - 1] == ASCII.space { end -= 1 }
        guard end > 0, lines[end - 1] == ASCII.quote else { return nil }
        end -= 1
        while end > 0, lines[end - 1] == ASCII.backslash { end -= 1 }
        for (name, bytes) in keys where end > bytes.count {
            let start = end - bytes.count
            let isIt = zip(lines[start..<end], bytes).allSatisfy { $0 | 0x20 == $1 | 0x20 }
            if isIt, lines[start - 1] == ASCII.quote { return (start, name) }
        }
        return nil
    }

    /// `[redacted]`, with the bit set that a letter in lower case has.
    private static let masked = "[redacted]".utf8.map { $0 | 0x20 }

    /// Whether there is something behind the colon but `null`, `""`, and what stands for a value
    /// that was redacted, by us or by the application: `[REDACTED]`, `***`.
    private static func hasValue(_ lines: UnsafeRawBufferPointer, behind colon: Int) -> Bool {
        var at = colon + 1
        while at < lines.count, lines[at] == ASCII.space || lines[at] == ASCII.backslash { at += 1 }
        let rest = lines[at...]
        if rest.starts(with: "null".utf8) { return false }
        guard rest.first == ASCII.quote else { return !rest.isEmpty }
        let inside = rest.dropFirst().drop { $0 == ASCII.backslash }
        guard let first = inside.first, first != ASCII.quote, first != UInt8(ascii: "*") else {
            return false
        }
        return !inside.prefix(masked.count).lazy.map { $0 | 0x20 }.elementsEqual(masked)
    }

    private static func column(of at: Int, in lines: UnsafeRawBufferPointer) -> Int {
        var column = 0
        var at = at
        while at > 0, lines[at - 1] != ASCII.newline {
            at -= 1
            if lines[at] == ASCII.tab { column += 1 }
        }
        return column
    }
}
