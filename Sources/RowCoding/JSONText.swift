/// Text: a field of a COPY line ⇄ the inside of a JSON string.
///
/// COPY escapes `\b \f \n \r \t \v \\` and sends every other byte as it is
/// (https://www.postgresql.org/docs/current/sql-copy.html, and CopyAttributeOutText). The string
/// is what the server's escape_json writes: `\b \f \n \r \t \" \\`, and `\u00xx` for the other
/// bytes below 0x20. Both loops store whole words and look at single bytes only where one of the
/// eight is special.
enum JSONText {
    /// From the start of a field to its end; the string gets no quotes. Returns the union of the
    /// words read, whose top bits are clear when all bytes are ASCII.
    @inline(__always)
    static func encode(
        _ source: inout Source, _ sink: inout Sink, _ output: inout OutputBuffer
    ) throws(CodingFault.Reason) -> UInt64 {
        var union: UInt64 = 0
        while true {
            if sink.at > sink.limit { sink = output.grown(sink) }
            let word = source.word()
            sink.store(word)
            union |= word
            let specials = word.stringSpecials
            if specials == 0 {
                source.at += 8
                sink.at += 8
                continue
            }
            source.at += specials.firstMarked
            sink.at += specials.firstMarked
            let special = word.byte(firstMarkedIn: specials)
            if special == ASCII.quote {
                sink.put(0x225c, 2)
                source.at += 1
            } else if special == ASCII.backslash {
                let escaped = source.at[1]
                if isEscapedAlike(escaped) {
                    sink.put(UInt64(escaped) << 8 | 0x5c, 2)
                } else if escaped == UInt8(ascii: "v") {
                    putControl(ASCII.verticalTab, &sink)
                } else {
                    throw .copyEscape
                }
                source.at += 2
            } else if special == ASCII.tab || special == ASCII.newline {
                return union
            } else {
                guard isSentRaw(special) else { throw .control }
                putControl(special, &sink)
                source.at += 1
            }
        }
    }

    /// From behind the opening quote to behind the closing one.
    @inline(__always)
    static func decode(
        _ source: inout Source, _ sink: inout Sink, _ output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        while true {
            if sink.at > sink.limit { sink = output.grown(sink) }
            let word = source.word()
            sink.store(word)
            let specials = word.stringSpecials
            if specials == 0 {
                source.at += 8
                sink.at += 8
                continue
            }
            source.at += specials.firstMarked
            sink.at += specials.firstMarked
            let special = word.byte(firstMarkedIn: specials)
            if special == ASCII.quote {
                source.at += 1
                return
            }
            guard special == ASCII.backslash else { throw .control }
            let escaped = source.at[1]
            if escaped == ASCII.quote {
                sink.put(ASCII.quote)
                source.at += 2
            } else if isEscapedAlike(escaped) {
                sink.put(UInt64(escaped) << 8 | 0x5c, 2)
                source.at += 2
            } else {
                let control = try self.control(source)
                if control == ASCII.verticalTab {
                    sink.put(0x765c, 2)
                } else {
                    sink.put(control)
                }
                source.at += 6
            }
        }
    }

    /// The control byte of a `\u00xx` at the position, if that is how it is written.
    @inline(__always)
    static func control(_ source: Source) throws(CodingFault.Reason) -> UInt8 {
        let word = source.word()
        let tens = UInt8(truncatingIfNeeded: word >> 32) &- ASCII.zero
        guard word & 0xffff_ffff == 0x3030_755c, tens <= 1,
            let units = ASCII.hexValue(UInt8(truncatingIfNeeded: word >> 40)),
            isWrittenAsCode(tens << 4 | units)
        else { throw .stringEscape }
        return tens << 4 | units
    }

    /// `\b \f \n \r \t \\`: the same two bytes in a COPY line and in a JSON string.
    @inline(__always)
    static func isEscapedAlike(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"),
            UInt8(ascii: "t"), ASCII.backslash:
            true
        default: false
        }
    }

    /// A control byte that COPY sends without a backslash; NUL is none, no value can hold it.
    @inline(__always)
    static func isSentRaw(_ control: UInt8) -> Bool {
        control != 0 && !(ASCII.backspace...ASCII.carriageReturn ~= control)
    }

    /// A control byte that has no short escape in JSON.
    @inline(__always)
    static func isWrittenAsCode(_ control: UInt8) -> Bool {
        isSentRaw(control) || control == ASCII.verticalTab
    }

    @inline(__always)
    static func putControl(_ control: UInt8, _ sink: inout Sink) {
        let digits =
            UInt64(ASCII.hexDigit(control >> 4)) | UInt64(ASCII.hexDigit(control & 15)) << 8
        sink.put(0x3030_755c | digits << 32, 6)
    }

    /// Appends one byte of a string, escaped where it must be: for text that comes from elsewhere
    /// than a COPY field.
    @inline(__always)
    static func append(_ byte: UInt8, to output: inout OutputBuffer) {
        if byte >= ASCII.space, byte != ASCII.quote, byte != ASCII.backslash {
            output.append(byte)
            return
        }
        var sink = output.sink()
        switch byte {
        case ASCII.quote, ASCII.backslash: sink.put(UInt64(byte) << 8 | 0x5c, 2)
        case ASCII.backspace: sink.put(0x625c, 2)
        case ASCII.formFeed: sink.put(0x665c, 2)
        case ASCII.newline: sink.put(0x6e5c, 2)
        case ASCII.carriageReturn: sink.put(0x725c, 2)
        case ASCII.tab: sink.put(0x745c, 2)
        default: putControl(byte, &sink)
        }
        output.take(sink)
    }
}
