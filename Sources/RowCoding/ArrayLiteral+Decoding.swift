extension ArrayLiteral {
    /// A JSON value as a COPY field.
    ///
    /// Whatever is accepted on the way is held against what the encoder makes of the result, so
    /// nothing comes through that would be written differently.
    static func decode(
        _ source: inout Source, _ form: ColumnForm, into output: inout OutputBuffer,
        scratch: inout Scratch
    ) throws(CodingFault.Reason) {
        let value = source
        let start = output.count
        if source.byte == ASCII.quote {
            source.at += 1
            var sink = output.sink()
            try JSONText.decode(&source, &sink, &output)
            output.take(sink)
        } else {
            scratch.value.removeAll()
            try literal(&source, form, into: &scratch.value)
            for byte in scratch.value.bytes { CopyText.append(byte, to: &output) }
        }
        let end = output.count
        output.append(ASCII.tab)
        scratch.other.removeAll()
        var field = Source(at: output.base + start, end: output.base + output.count)
        try encode(&field, form, into: &scratch.other, literal: &scratch.value)
        output.count = end
        guard scratch.other.count == source.at - value.at,
            scratch.other.bytes.elementsEqual(
                UnsafeRawBufferPointer(start: value.at, count: scratch.other.count))
        else { throw .notCanonical }
    }

    /// A JSON array as array_out writes its elements.
    private static func literal(
        _ source: inout Source, _ form: ColumnForm, into literal: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        var depth = 0
        while true {
            if source.byte == ASCII.leftBracket {
                guard depth < maximumDepth else { throw .array }
                depth += 1
                source.at += 1
                literal.append(ASCII.leftBrace)
                let isEmpty = depth == 1 && source.byte == ASCII.rightBracket
                if !isEmpty { continue }
            } else {
                guard depth > 0 else { throw .array }
                try element(&source, form, &literal)
            }
            while source.byte == ASCII.rightBracket {
                literal.append(ASCII.rightBrace)
                source.at += 1
                depth -= 1
                if depth == 0 { return }
            }
            guard source.byte == ASCII.comma else { throw .array }
            literal.append(ASCII.comma)
            source.at += 1
        }
    }

    private static func element(
        _ source: inout Source, _ form: ColumnForm, _ literal: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        if source.word() & 0xffff_ffff == 0x6c6c_756e {
            source.at += 4
            literal.append(word: 0x4c4c_554e, 4)
            return
        }
        switch form {
        case .numberArray:
            var sink = literal.sink()
            try Number.decode(&source, &sink, &literal)
            literal.take(sink)
        case .booleanArray:
            guard let letter = BooleanWord.take(&source) else { throw .array }
            literal.append(letter)
        default:
            try text(&source, &literal)
        }
    }

    private static func text(
        _ source: inout Source, _ literal: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        guard source.byte == ASCII.quote else { throw .array }
        source.at += 1
        let start = literal.count
        var needsQuotes = false
        literal.append(ASCII.quote)
        while source.byte != ASCII.quote {
            let byte = try stringByte(&source)
            needsQuotes = needsQuotes || isQuotedFor(byte)
            if byte == ASCII.quote || byte == ASCII.backslash { literal.append(ASCII.backslash) }
            literal.append(byte)
        }
        source.at += 1
        let text = literal.base + start + 1
        let length = literal.count - start - 1
        if needsQuotes || length == 0 || isNull(text, text + length) {
            literal.append(ASCII.quote)
        } else {
            // The opening quote was a guess: move the text over it.
            (text - 1).update(from: text, count: length)
            literal.count -= 1
        }
    }

    /// One byte of a JSON string, and behind it.
    private static func stringByte(_ source: inout Source) throws(CodingFault.Reason) -> UInt8 {
        let byte = source.byte
        guard byte >= ASCII.space else { throw .control }
        guard byte == ASCII.backslash else {
            source.at += 1
            return byte
        }
        let value: UInt8
        switch source.at[1] {
        case ASCII.quote: value = ASCII.quote
        case ASCII.backslash: value = ASCII.backslash
        case UInt8(ascii: "b"): value = ASCII.backspace
        case UInt8(ascii: "f"): value = ASCII.formFeed
        case UInt8(ascii: "n"): value = ASCII.newline
        case UInt8(ascii: "r"): value = ASCII.carriageReturn
        case UInt8(ascii: "t"): value = ASCII.tab
        default:
            value = try JSONText.control(source)
            source.at += 4
        }
        source.at += 2
        return value
    }
}
