/// Arrays: the literal that array_out writes → a JSON array, where that says everything.
///
/// It does unless the literal has bounds of its own (`[0:1]={…}`) or differs in any way from what
/// array_out would write for the elements; such a literal stays a string. The way back is in
/// `ArrayLiteral+Decoding.swift`.
enum ArrayLiteral {
    /// Buffers for a value seen without escapes, used again for each.
    struct Scratch: ~Copyable {
        var value = OutputBuffer()
        var other = OutputBuffer()
    }

    /// The server allows six dimensions (MAXDIM).
    static let maximumDepth = 6

    /// A COPY field as a JSON value; the source ends up at the field's end.
    static func encode(
        _ source: inout Source, _ form: ColumnForm, into output: inout OutputBuffer,
        literal: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        let field = source
        literal.removeAll()
        try CopyText.unescape(&source, into: &literal)
        // A sentinel: no loop over a literal goes past a NUL.
        literal.append(0)
        let start = output.count
        let literalSource = Source(at: literal.base, end: literal.base + literal.count)
        if encode(literal: literalSource, form, into: &output) { return }
        output.count = start
        source = field
        var sink = output.sink()
        sink.put(ASCII.quote)
        _ = try JSONText.encode(&source, &sink, &output)
        sink.put(ASCII.quote)
        output.take(sink)
    }

    /// False, with the output in disorder, when the literal is not array_out's or has bounds.
    private static func encode(
        literal: Source, _ form: ColumnForm, into output: inout OutputBuffer
    ) -> Bool {
        var source = literal
        var depth = 0
        while true {
            // An element, or one dimension deeper.
            if source.byte == ASCII.leftBrace {
                guard depth < maximumDepth else { return false }
                depth += 1
                source.at += 1
                output.append(ASCII.leftBracket)
                // Only an array of no dimensions is written without elements.
                let isEmpty = depth == 1 && source.byte == ASCII.rightBrace
                if !isEmpty { continue }
            } else {
                guard depth > 0, element(&source, form, &output) else { return false }
            }
            while source.byte == ASCII.rightBrace {
                output.append(ASCII.rightBracket)
                source.at += 1
                depth -= 1
                if depth == 0 { return source.at + 1 == source.end }
            }
            guard source.byte == ASCII.comma else { return false }
            output.append(ASCII.comma)
            source.at += 1
        }
    }

    private static func element(
        _ source: inout Source, _ form: ColumnForm, _ output: inout OutputBuffer
    ) -> Bool {
        if source.byte == ASCII.quote {
            return form == .textArray && quotedText(&source, &output)
        }
        // `NULL`, unquoted and in capitals, is no value.
        if source.word() & 0xffff_ffff == 0x4c4c_554e,
            source.at[4] == ASCII.comma || source.at[4] == ASCII.rightBrace
        {
            source.at += 4
            output.append(word: 0x6c6c_756e, 4)
            return true
        }
        switch form {
        case .numberArray:
            var length = Number.length(source)
            let isWord = length == 0
            if isWord {
                length = Number.wordLength(source)
                guard length > 0 else { return false }
                output.append(ASCII.quote)
            }
            output.append(contentsOf: UnsafeRawBufferPointer(start: source.at, count: length))
            if isWord { output.append(ASCII.quote) }
            source.at += length
        case .booleanArray:
            guard let word = BooleanWord(copy: source.byte) else { return false }
            output.append(word: word.json, word.length)
            source.at += 1
        default:
            return plainText(&source, &output)
        }
        return true
    }

    /// An element without quotes; one that array_out would have quoted is not understood.
    private static func plainText(_ source: inout Source, _ output: inout OutputBuffer) -> Bool {
        let start = source.at
        output.append(ASCII.quote)
        while source.byte != ASCII.comma, source.byte != ASCII.rightBrace {
            guard !isQuotedFor(source.byte), source.byte != 0 else { return false }
            JSONText.append(source.byte, to: &output)
            source.at += 1
        }
        output.append(ASCII.quote)
        return source.at > start && !isNull(start, source.at)
    }

    /// An element in quotes; one that array_out would not have quoted is not understood.
    private static func quotedText(_ source: inout Source, _ output: inout OutputBuffer) -> Bool {
        source.at += 1
        let start = source.at
        var needsQuotes = false
        output.append(ASCII.quote)
        while source.byte != ASCII.quote {
            if source.byte == ASCII.backslash {
                source.at += 1
                guard source.byte == ASCII.backslash || source.byte == ASCII.quote
                else { return false }
            }
            guard source.byte != 0 else { return false }
            needsQuotes = needsQuotes || isQuotedFor(source.byte)
            JSONText.append(source.byte, to: &output)
            source.at += 1
        }
        needsQuotes = needsQuotes || source.at == start || isNull(start, source.at)
        source.at += 1
        output.append(ASCII.quote)
        return needsQuotes
    }

    /// The bytes for which array_out quotes an element; white space is array_isspace's.
    @inline(__always)
    static func isQuotedFor(_ byte: UInt8) -> Bool {
        switch byte {
        case ASCII.quote, ASCII.backslash, ASCII.leftBrace, ASCII.rightBrace, ASCII.comma,
            ASCII.space, ASCII.tab...ASCII.carriageReturn:
            true
        default: false
        }
    }

    /// The word NULL in any case, which array_out quotes where it is a value.
    static func isNull(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
        guard end - start == 4 else { return false }
        let word = UInt32(littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt32.self))
        return word | 0x2020_2020 == 0x6c6c_756e
    }
}

extension OutputBuffer {
    /// Appends the first `count` bytes of a word.
    mutating func append(word: UInt64, _ count: Int) {
        var sink = sink()
        sink.put(word, count)
        take(sink)
    }
}

/// `t` and `f` of the server, `true` and `false` of JSON.
struct BooleanWord {
    /// The bytes, the first in the lowest bits.
    var json: UInt64
    var length: Int

    @inline(__always)
    init?(copy byte: UInt8) {
        switch byte {
        case UInt8(ascii: "t"): (json, length) = (0x6575_7274, 4)
        case UInt8(ascii: "f"): (json, length) = (0x65_736c_6166, 5)
        default: return nil
        }
    }

    /// The server's letter for the word at the position.
    @inline(__always)
    static func take(_ source: inout Source) -> UInt8? {
        let word = source.word()
        if word & 0xffff_ffff == 0x6575_7274 {
            source.at += 4
            return UInt8(ascii: "t")
        }
        if word & 0xff_ffff_ffff == 0x65_736c_6166 {
            source.at += 5
            return UInt8(ascii: "f")
        }
        return nil
    }
}
