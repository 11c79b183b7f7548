import Retention

/// The paths of one column that are not to be archived.
struct RedactedPaths {
    /// Steps in lower case as far as ASCII goes, and whether they stand for anything.
    let paths: [[(key: [UInt8], isAny: Bool)]]
    /// What stands for a value that cannot be looked into.
    let otherwise: [UInt8]

    init(_ paths: [[String]], otherwise: [UInt8]) {
        self.paths = paths.map {
            $0.map { ($0.utf8.map(\.lowered), $0 == RedactedValue.any) }
        }
        self.otherwise = otherwise
    }
}

/// Finds the values under some paths of a JSON document: every one of them, where a key stands
/// twice, is written with escapes, or in another case (names of HTTP headers have none).
///
/// A string where a path goes on may hold JSON in its turn, and is found whole.
struct JSONRedactor: ~Copyable {
    /// What stands for a value.
    static let mark = Array("\"\(RedactedValue.Replacement.mark.rawValue)\"".utf8)

    /// Where the values are, in their order; none within another.
    private(set) var found: [Range<Int>] = []
    private var wanted: RedactedPaths?
    /// Paths that may go on below the value at hand, and how far they have come; those of the values
    /// around it before them.
    private var open: [(path: Int, step: Int)] = []
    private var name = OutputBuffer()

    /// False where that is no document that can be looked into: no JSON, a string, too deep.
    mutating func find(_ wanted: RedactedPaths, in bytes: UnsafeRawBufferPointer) -> Bool {
        found.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
        self.wanted = wanted
        for path in wanted.paths.indices { open.append((path, 0)) }
        var at = 0
        JSONScan.skipBlanks(bytes, &at)
        guard at < bytes.count, bytes[at] != ASCII.quote, walk(bytes, &at, 0, depth: 0) else {
            return false
        }
        JSONScan.skipBlanks(bytes, &at)
        return at == bytes.count
    }

    /// Goes behind a value, below which the paths from `first` on go on.
    private mutating func walk(
        _ bytes: UnsafeRawBufferPointer, _ at: inout Int, _ first: Int, depth: Int
    ) -> Bool {
        guard at < bytes.count, depth < JSONScan.deepest else { return false }
        let start = at
        switch bytes[at] {
        case ASCII.quote:
            guard JSONScan.skipString(bytes, &at) else { return false }
            found.append(start..<at)
            return true
        case ASCII.leftBrace, ASCII.leftBracket:
            return walkInto(bytes, &at, first, depth: depth)
        default:
            return JSONScan.skipValue(bytes, &at, depth: depth)
        }
    }

    private mutating func walkInto(
        _ bytes: UnsafeRawBufferPointer, _ at: inout Int, _ first: Int, depth: Int
    ) -> Bool {
        let isObject = bytes[at] == ASCII.leftBrace
        let close = isObject ? ASCII.rightBrace : ASCII.rightBracket
        let last = open.count
        var number = 0
        at += 1
        JSONScan.skipBlanks(bytes, &at)
        if at < bytes.count, bytes[at] == close {
            at += 1
            return true
        }
        while true {
            JSONScan.skipBlanks(bytes, &at)
            if isObject {
                guard takeName(bytes, &at) else { return false }
            } else {
                name.removeAll()
                for byte in String(number).utf8 { name.append(byte) }
                number += 1
            }
            let isIt = follow(first..<last)
            let start = at
            if !isIt, open.count > last {
                guard walk(bytes, &at, last, depth: depth + 1) else { return false }
            } else {
                guard JSONScan.skipValue(bytes, &at, depth: depth + 1) else { return false }
                if isIt { found.append(start..<at) }
            }
            open.removeSubrange(last...)
            JSONScan.skipBlanks(bytes, &at)
            guard at < bytes.count else { return false }
            at += 1
            if bytes[at - 1] == close { return true }
            guard bytes[at - 1] == ASCII.comma else { return false }
        }
    }

    /// Goes from a key to its value, and keeps the key in lower case.
    private mutating func takeName(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Bool {
        let start = at
        guard JSONScan.skipString(bytes, &at) else { return false }
        name.removeAll()
        JSONScan.unescape(
            UnsafeRawBufferPointer(rebasing: bytes[(start + 1)..<(at - 1)]), into: &name)
        for index in 0..<name.count { name.base[index] = name.base[index].lowered }
        JSONScan.skipBlanks(bytes, &at)
        guard at < bytes.count, bytes[at] == ASCII.colon else { return false }
        at += 1
        JSONScan.skipBlanks(bytes, &at)
        return true
    }

    /// Opens the paths that go on under `name`; true where one ends there.
    private mutating func follow(_ paths: Range<Int>) -> Bool {
        guard let wanted else { return false }
        for index in paths {
            let (path, step) = open[index]
            let steps = wanted.paths[path]
            guard steps[step].isAny || steps[step].key.elementsEqual(name.bytes) else { continue }
            if step + 1 == steps.count { return true }
            open.append((path, step + 1))
        }
        return false
    }
}

extension UInt8 {
    /// An ASCII letter in lower case.
    fileprivate var lowered: UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self ? self | 0x20 : self
    }
}
