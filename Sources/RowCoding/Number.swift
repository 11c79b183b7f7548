/// Number tokens: the server's, verbatim. They are JSON numbers, except for three words.
enum Number {
    /// The length of the JSON number at the position, in the server's spelling (`e`, never `E`);
    /// 0 when there is none. What follows is the caller's to check.
    static func length(_ source: Source) -> Int {
        var at = source.at
        if at.pointee == ASCII.minus { at += 1 }
        let first = at
        skipDigits(&at)
        guard at > first, first.pointee != ASCII.zero || at - first == 1 else { return 0 }
        if at.pointee == ASCII.dot {
            at += 1
            let fraction = at
            skipDigits(&at)
            guard at > fraction else { return 0 }
        }
        if at.pointee == UInt8(ascii: "e") {
            at += 1
            if at.pointee == ASCII.plus || at.pointee == ASCII.minus { at += 1 }
            let exponent = at
            skipDigits(&at)
            guard at > exponent else { return 0 }
        }
        return at - source.at
    }

    /// The length of `NaN`, `Infinity` or `-Infinity` at the position, or 0.
    static func wordLength(_ source: Source) -> Int {
        let sign = source.byte == ASCII.minus ? 1 : 0
        if source.word(sign) == 0x7974_696e_6966_6e49 { return 8 + sign }
        return source.word() & 0xff_ffff == 0x4e_614e ? 3 : 0
    }

    /// The length of a short integer that fills the word up to a byte that is no digit, or 0 when
    /// it takes a closer look.
    @inline(__always)
    static func shortLength(_ word: UInt64) -> Int {
        let length = word.nonDigits.firstMarked
        guard length < 8, length == 1 || word & 0xff != 0x30 else { return 0 }
        return length
    }

    @inline(__always)
    private static func skipDigits(_ at: inout UnsafePointer<UInt8>) {
        while ASCII.isDigit(at.pointee) { at += 1 }
    }

    /// A COPY field.
    @inline(__always)
    static func encode(
        _ source: inout Source, _ sink: inout Sink, _ output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        let word = source.word()
        sink.store(word)
        let short = shortLength(word)
        source.at += short
        sink.at += short
        if short > 0, source.isAtFieldEnd { return }
        source.at -= short
        sink.at -= short
        var length = length(source)
        if length > 0 {
            output.copy(source.at, length, &sink)
        } else {
            length = wordLength(source)
            guard length > 0 else { throw .number }
            sink.put(ASCII.quote)
            output.copy(source.at, length, &sink)
            sink.put(ASCII.quote)
        }
        source.at += length
        guard source.isAtFieldEnd else { throw .number }
    }

    /// A JSON value; what follows it is checked with the next key.
    @inline(__always)
    static func decode(
        _ source: inout Source, _ sink: inout Sink, _ output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        let word = source.word()
        let short = shortLength(word)
        let follows = source.at[short]
        if short > 0, follows == ASCII.comma || follows == ASCII.rightBrace {
            sink.put(word, short)
            source.at += short
            return
        }
        let quoted = source.byte == ASCII.quote ? 1 : 0
        source.at += quoted
        let length = quoted == 0 ? length(source) : wordLength(source)
        guard length > 0 else { throw .number }
        output.copy(source.at, length, &sink)
        source.at += length
        if quoted == 1 {
            guard source.byte == ASCII.quote else { throw .number }
            source.at += 1
        }
    }
}
