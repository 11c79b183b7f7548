/// A JSON value that stands inline in a line: where it ends, and that it is one.
///
/// What jsonb_out writes is accepted and copied verbatim, so nothing is lost by not
/// looking at its meaning. Blanks may stand behind commas and colons, as jsonb_out puts them.
enum JSONValue {
    /// Goes behind the value. Open brackets are kept in `open`, a byte each; it is used again.
    static func skip(
        _ source: inout Source, open: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        open.removeAll()
        while true {
            switch source.byte {
            case ASCII.quote:
                try skipString(&source)
            case ASCII.leftBrace:
                source.at += 1
                if source.byte != ASCII.rightBrace {
                    open.append(ASCII.rightBrace)
                    try skipKey(&source)
                    continue
                }
                source.at += 1
            case ASCII.leftBracket:
                source.at += 1
                if source.byte != ASCII.rightBracket {
                    open.append(ASCII.rightBracket)
                    continue
                }
                source.at += 1
            default:
                try skipWordOrNumber(&source)
            }
            // A value is complete: close what closes here, then the next one or the end.
            while open.count > 0, source.byte == open.base[open.count - 1] {
                open.count -= 1
                source.at += 1
            }
            if open.count == 0 { return }
            guard source.byte == ASCII.comma else { throw .jsonb }
            source.at += 1
            skipBlanks(&source)
            if open.base[open.count - 1] == ASCII.rightBrace { try skipKey(&source) }
        }
    }

    @inline(__always)
    private static func skipKey(_ source: inout Source) throws(CodingFault.Reason) {
        guard source.byte == ASCII.quote else { throw .jsonb }
        try skipString(&source)
        guard source.byte == ASCII.colon else { throw .jsonb }
        source.at += 1
        skipBlanks(&source)
    }

    @inline(__always)
    private static func skipBlanks(_ source: inout Source) {
        while source.byte == ASCII.space { source.at += 1 }
    }

    private static func skipWordOrNumber(_ source: inout Source) throws(CodingFault.Reason) {
        if BooleanWord.take(&source) != nil { return }
        if source.word() & 0xffff_ffff == 0x6c6c_756e {
            source.at += 4
            return
        }
        let length = Number.length(source)
        guard length > 0 else { throw .jsonb }
        source.at += length
    }

    @inline(__always)
    private static func skipString(_ source: inout Source) throws(CodingFault.Reason) {
        source.at += 1
        while true {
            let specials = source.word().stringSpecials
            if specials == 0 {
                source.at += 8
                continue
            }
            source.at += specials.firstMarked
            if source.byte == ASCII.quote {
                source.at += 1
                return
            }
            guard source.byte == ASCII.backslash else { throw .jsonb }
            let escaped = source.at[1]
            if escaped == UInt8(ascii: "u") {
                guard (2..<6).allSatisfy({ isHexDigit(source.word($0)) }) else { throw .jsonb }
                source.at += 6
            } else {
                guard
                    escaped == ASCII.quote || escaped == UInt8(ascii: "/")
                        || JSONText.isEscapedAlike(escaped)
                else { throw .jsonb }
                source.at += 2
            }
        }
    }

    /// A hexadecimal digit of either case in the lowest byte.
    @inline(__always)
    private static func isHexDigit(_ word: UInt64) -> Bool {
        let byte = UInt8(truncatingIfNeeded: word)
        return ASCII.isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 6
    }
}
