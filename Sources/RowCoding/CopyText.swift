/// The escapes of a COPY field, byte by byte: for arrays and bytes in hexadecimal, which have to
/// be seen without them. Text goes from COPY to JSON in one step, see `JSONText`.
enum CopyText {
    /// `\N`, whole and followed by the end of the field.
    @inline(__always)
    static func isNull(_ source: Source) -> Bool { source.word() & 0xffff == 0x4e5c }

    /// The byte that a field goes on with, and behind it; nil at the field's end.
    @inline(__always)
    static func next(_ source: inout Source) throws(CodingFault.Reason) -> UInt8? {
        let byte = source.byte
        if byte == ASCII.backslash {
            let control: UInt8
            switch source.at[1] {
            case ASCII.backslash: control = ASCII.backslash
            case UInt8(ascii: "b"): control = ASCII.backspace
            case UInt8(ascii: "f"): control = ASCII.formFeed
            case UInt8(ascii: "n"): control = ASCII.newline
            case UInt8(ascii: "r"): control = ASCII.carriageReturn
            case UInt8(ascii: "t"): control = ASCII.tab
            case UInt8(ascii: "v"): control = ASCII.verticalTab
            default: throw .copyEscape
            }
            source.at += 2
            return control
        }
        if byte < ASCII.space {
            if source.isAtFieldEnd { return nil }
            guard JSONText.isSentRaw(byte) else { throw .control }
        }
        source.at += 1
        return byte
    }

    /// Appends the field's value, without escapes; the source ends up at the field's end.
    static func unescape(
        _ source: inout Source, into value: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        while let byte = try next(&source) { value.append(byte) }
    }

    /// Appends one byte as COPY sends it.
    @inline(__always)
    static func append(_ byte: UInt8, to output: inout OutputBuffer) {
        let letter: UInt8
        switch byte {
        case ASCII.backslash: letter = ASCII.backslash
        case ASCII.backspace: letter = UInt8(ascii: "b")
        case ASCII.formFeed: letter = UInt8(ascii: "f")
        case ASCII.newline: letter = UInt8(ascii: "n")
        case ASCII.carriageReturn: letter = UInt8(ascii: "r")
        case ASCII.tab: letter = UInt8(ascii: "t")
        case ASCII.verticalTab: letter = UInt8(ascii: "v")
        default: return output.append(byte)
        }
        output.append(ASCII.backslash)
        output.append(letter)
    }

    /// Copies JSON text, in which there are no control bytes, with its backslashes doubled.
    @inline(__always)
    static func doubleBackslashes(
        _ block: Source, to end: UnsafePointer<UInt8>,
        _ sink: inout Sink, _ output: inout OutputBuffer
    ) {
        var source = block
        while source.at < end {
            if sink.at > sink.limit { sink = output.grown(sink) }
            let word = source.word()
            sink.store(word)
            let left = end - source.at
            let specials = word.controlsAndBackslashes
            if specials == 0, left >= 8 {
                source.at += 8
                sink.at += 8
                continue
            }
            let plain = min(specials.firstMarked, left)
            source.at += plain
            sink.at += plain
            if plain < left {
                sink.put(0x5c5c, 2)
                source.at += 1
            }
        }
    }
}
