import Glibc

/// Lines of JSON that another program wrote, each an object, as the lines of a COPY into one column of
/// JSON: looked at as far as is needed to say which keys there are.
public struct ForeignLines: ~Copyable {
    /// How a line is written.
    public enum Form: String, Sendable, CaseIterable {
        case json
        /// As `COPY (SELECT row_to_json(t) …) TO STDOUT` prints it: every backslash of the JSON is
        /// doubled. Such a line may be JSON as it stands, and mean something else.
        case copy
    }

    /// A line that is none.
    public struct Fault: Error, Equatable, Sendable {
        /// From 1.
        public var line: UInt64
        public var reason: String
    }

    private let form: Form?
    /// Whether it cannot be told in which form the lines are: none is set, there are backslashes, and
    /// all are doubled.
    public var isAmbiguous: Bool { form == nil && hasBackslashes && !hasSingleBackslash }
    private var hasBackslashes = false
    private var hasSingleBackslash = false
    private var undoubled = OutputBuffer()

    /// Lines so far.
    public private(set) var rows: UInt64 = 0
    /// In the order in which they were met.
    public private(set) var keys: [String] = []
    /// What a line has begun with, and its end has not come.
    private var rest = OutputBuffer()
    private var signature = OutputBuffer()
    private var lastSignature = OutputBuffer()
    private var signatures: Set<[UInt8]> = []
    /// Lines with other keys than any so far are looked at once more; so many sets are remembered.
    private static let mostSignatures = 10_000

    /// `form`: nil where it has to be told from the lines.
    public init(form: Form?) { self.form = form }

    /// Takes bytes that need not end with a line.
    public mutating func append(
        _ bytes: UnsafeRawBufferPointer, into output: inout OutputBuffer
    ) throws(Fault) {
        var start = 0
        while start < bytes.count, let base = bytes.baseAddress {
            guard let found = memchr(base + start, Int32(ASCII.newline), bytes.count - start) else {
                return rest.append(
                    contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
            let end = UnsafeRawPointer(found) - base
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if rest.count == 0 {
                try take(part, into: &output)
            } else {
                rest.append(contentsOf: part)
                try takeRest(into: &output)
            }
            start = end + 1
        }
    }

    /// At the end of a file: a last line may lack its newline, but nothing else.
    public mutating func finish(into output: inout OutputBuffer) throws(Fault) {
        if rest.count > 0 { try takeRest(into: &output) }
    }

    private mutating func takeRest(into output: inout OutputBuffer) throws(Fault) {
        let line = UnsafeRawBufferPointer(start: rest.base, count: rest.count)
        try take(line, into: &output)
        rest.removeAll()
    }

    private mutating func take(
        _ line: UnsafeRawBufferPointer, into output: inout OutputBuffer
    ) throws(Fault) {
        rows += 1
        if memchr(line.baseAddress ?? UnsafeRawPointer(rest.base), 0x5c, line.count) != nil {
            hasBackslashes = true
            if form != .json {
                let isDoubled = undouble(line)
                if !isDoubled { hasSingleBackslash = true }
                if form == .copy {
                    guard isDoubled else {
                        throw Fault(
                            line: rows, reason: "it has a single backslash, which COPY never prints"
                        )
                    }
                    let line = UnsafeRawBufferPointer(
                        start: undoubled.base, count: undoubled.count)
                    return try send(line, into: &output)
                }
            }
        }
        try send(line, into: &output)
    }

    /// Keeps the line with one backslash for two; false where one stands alone.
    private mutating func undouble(_ line: UnsafeRawBufferPointer) -> Bool {
        undoubled.removeAll()
        var at = 0
        while at < line.count {
            if line[at] == ASCII.backslash {
                at += 1
                guard at < line.count, line[at] == ASCII.backslash else { return false }
            }
            undoubled.append(line[at])
            at += 1
        }
        return true
    }

    private mutating func send(
        _ line: UnsafeRawBufferPointer, into output: inout OutputBuffer
    ) throws(Fault) {
        signature.removeAll()
        let isObject = JSONScan.forEachKey(of: line) { signature.append(contentsOf: $0) }
        guard isObject else {
            throw Fault(line: rows, reason: "it is not one whole JSON object")
        }
        if signature.count != lastSignature.count
            || memcmp(signature.base, lastSignature.base, signature.count) != 0
        {
            try takeKeys(of: line)
        }
        for byte in line {
            if byte == ASCII.backslash || byte == ASCII.tab || byte == ASCII.carriageReturn {
                CopyText.append(byte, to: &output)
            } else {
                output.append(byte)
            }
        }
        output.append(ASCII.newline)
    }

    /// Of a line that has other keys than the one before.
    private mutating func takeKeys(of line: UnsafeRawBufferPointer) throws(Fault) {
        swap(&signature, &lastSignature)
        let known = Array(lastSignature.bytes)
        guard !signatures.contains(known) else { return }
        if signatures.count < Self.mostSignatures { signatures.insert(known) }
        var own: Set<String> = []
        var twice: String?
        _ = JSONScan.forEachKey(of: line) { key in
            var name = OutputBuffer()
            JSONScan.unescape(
                UnsafeRawBufferPointer(rebasing: key[1..<(key.count - 1)]), into: &name)
            let text = String(decoding: name.bytes, as: UTF8.self)
            if !own.insert(text).inserted { twice = text }
            if !keys.contains(text) { keys.append(text) }
        }
        if let twice { throw Fault(line: rows, reason: "it has the key \(twice) twice") }
    }
}
