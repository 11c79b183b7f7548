/// JSON of any origin, strictly read (RFC 8259): values inside a jsonb column, or in a text that may
/// or may not be JSON.
enum JSONScan {
    /// Goes behind blanks.
    static func skipBlanks(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) {
        while at < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[at]) { at += 1 }
    }

    /// The value that is all of `bytes` but for blanks around it; nil where that is no JSON.
    static func whole(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var at = 0
        skipBlanks(bytes, &at)
        let start = at
        guard skipValue(bytes, &at, depth: 0) else { return nil }
        let end = at
        skipBlanks(bytes, &at)
        return at == bytes.count ? UnsafeRawBufferPointer(rebasing: bytes[start..<end]) : nil
    }

    /// The value of a key of an object, the last where it is there twice; nil where `object` is none
    /// or has no such key. Elements of an array go by their number, from 0.
    static func member(_ key: [UInt8], of object: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer?
    {
        guard let first = object.first, first == ASCII.leftBrace || first == ASCII.leftBracket
        else {
            return nil
        }
        let isObject = first == ASCII.leftBrace
        var found: UnsafeRawBufferPointer?
        var name = OutputBuffer()
        var number = 0
        var at = 1
        while true {
            skipBlanks(object, &at)
            guard at < object.count, object[at] != ASCII.rightBrace,
                object[at] != ASCII.rightBracket
            else { return found }
            var isIt = !isObject && key.elementsEqual(String(number).utf8)
            if isObject {
                let start = at
                guard skipString(object, &at) else { return found }
                name.removeAll()
                unescape(
                    UnsafeRawBufferPointer(rebasing: object[(start + 1)..<(at - 1)]), into: &name)
                isIt = key.elementsEqual(name.bytes)
                skipBlanks(object, &at)
                at += 1
                skipBlanks(object, &at)
            }
            let start = at
            guard skipValue(object, &at, depth: 1) else { return found }
            if isIt { found = UnsafeRawBufferPointer(rebasing: object[start..<at]) }
            number += 1
            skipBlanks(object, &at)
            if at < object.count, object[at] == ASCII.comma { at += 1 }
        }
    }

    /// Gives the keys of the object that is all of `bytes` but for blanks around it, quotes and
    /// escapes and all; false where that is no object.
    static func forEachKey(
        of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        var at = 0
        skipBlanks(bytes, &at)
        guard at < bytes.count, bytes[at] == ASCII.leftBrace else { return false }
        at += 1
        skipBlanks(bytes, &at)
        var isOver = at < bytes.count && bytes[at] == ASCII.rightBrace
        if isOver { at += 1 }
        while !isOver {
            skipBlanks(bytes, &at)
            let start = at
            guard skipString(bytes, &at) else { return false }
            body(UnsafeRawBufferPointer(rebasing: bytes[start..<at]))
            skipBlanks(bytes, &at)
            guard at < bytes.count, bytes[at] == ASCII.colon else { return false }
            at += 1
            skipBlanks(bytes, &at)
            guard skipValue(bytes, &at, depth: 1) else { return false }
            skipBlanks(bytes, &at)
            guard at < bytes.count, bytes[at] == ASCII.comma || bytes[at] == ASCII.rightBrace
            else { return false }
            isOver = bytes[at] == ASCII.rightBrace
            at += 1
        }
        skipBlanks(bytes, &at)
        return at == bytes.count
    }

    /// What stands between the quotes of a JSON string, without its escapes. A lone surrogate
    /// becomes U+FFFD.
    static func unescape(_ inside: UnsafeRawBufferPointer, into output: inout OutputBuffer) {
        var at = 0
        while at < inside.count {
            guard inside[at] == ASCII.backslash, at + 1 < inside.count else {
                output.append(inside[at])
                at += 1
                continue
            }
            let escaped = inside[at + 1]
            at += 2
            switch escaped {
            case UInt8(ascii: "b"): output.append(ASCII.backspace)
            case UInt8(ascii: "f"): output.append(ASCII.formFeed)
            case UInt8(ascii: "n"): output.append(ASCII.newline)
            case UInt8(ascii: "r"): output.append(ASCII.carriageReturn)
            case UInt8(ascii: "t"): output.append(ASCII.tab)
            case UInt8(ascii: "u"):
                var unit = hex4(inside, at) ?? 0xfffd
                at += 4
                if 0xd800..<0xdc00 ~= unit, at + 1 < inside.count, inside[at] == ASCII.backslash,
                    inside[at + 1] == UInt8(ascii: "u"), let low = hex4(inside, at + 2),
                    0xdc00..<0xe000 ~= low
                {
                    unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
                    at += 6
                }
                for byte in String(Unicode.Scalar(unit) ?? "\u{fffd}").utf8 { output.append(byte) }
            default: output.append(escaped)
            }
        }
    }

    private static func hex4(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt32? {
        guard at + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[at..<(at + 4)] {
            guard let digit = ASCII.hexValue(byte | (ASCII.isDigit(byte) ? 0 : 0x20)) else {
                return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    // MARK: Skipping

    static let deepest = 512

    /// Goes behind a value; false where there is none, or one that is nested too deeply.
    static func skipValue(
        _ bytes: UnsafeRawBufferPointer, _ at: inout Int, depth: Int
    ) -> Bool {
        guard at < bytes.count, depth <= deepest else { return false }
        switch bytes[at] {
        case ASCII.quote: return skipString(bytes, &at)
        case ASCII.leftBrace, ASCII.leftBracket:
            let isObject = bytes[at] == ASCII.leftBrace
            let close = isObject ? ASCII.rightBrace : ASCII.rightBracket
            at += 1
            skipBlanks(bytes, &at)
            if at < bytes.count, bytes[at] == close {
                at += 1
                return true
            }
            while true {
                skipBlanks(bytes, &at)
                if isObject {
                    guard skipString(bytes, &at) else { return false }
                    skipBlanks(bytes, &at)
                    guard at < bytes.count, bytes[at] == ASCII.colon else { return false }
                    at += 1
                    skipBlanks(bytes, &at)
                }
                guard skipValue(bytes, &at, depth: depth + 1) else { return false }
                skipBlanks(bytes, &at)
                guard at < bytes.count else { return false }
                at += 1
                if bytes[at - 1] == close { return true }
                guard bytes[at - 1] == ASCII.comma else { return false }
            }
        default:
            for word in ["true", "false", "null"] {
                let rest = bytes[at...]
                if rest.starts(with: word.utf8) {
                    at += word.utf8.count
                    return true
                }
            }
            return skipNumber(bytes, &at)
        }
    }

    private static func skipNumber(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Bool {
        func digits() -> Bool {
            let start = at
            while at < bytes.count, ASCII.isDigit(bytes[at]) { at += 1 }
            return at > start
        }
        if at < bytes.count, bytes[at] == ASCII.minus { at += 1 }
        let start = at
        guard digits(), at - start == 1 || bytes[start] != ASCII.zero else { return false }
        if at < bytes.count, bytes[at] == ASCII.dot {
            at += 1
            guard digits() else { return false }
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.count, bytes[at] == ASCII.plus || bytes[at] == ASCII.minus { at += 1 }
            guard digits() else { return false }
        }
        return true
    }

    /// Goes behind a string, from its opening quote on; false where there is none.
    static func skipString(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Bool {
        guard at < bytes.count, bytes[at] == ASCII.quote else { return false }
        at += 1
        while at < bytes.count {
            let byte = bytes[at]
            if byte == ASCII.quote {
                at += 1
                return true
            }
            guard byte >= ASCII.space else { return false }
            at += 1
            guard byte == ASCII.backslash else { continue }
            guard at < bytes.count else { return false }
            if bytes[at] == UInt8(ascii: "u") {
                guard hex4(bytes, at + 1) != nil else { return false }
                at += 5
            } else {
                guard "\"\\/bfnrt".utf8.contains(bytes[at]) else { return false }
                at += 1
            }
        }
        return false
    }
}
