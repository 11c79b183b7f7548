/// Timestamps: the server's text (`DateStyle=ISO`) ⇄ ISO 8601, and the microseconds of a key.
enum Timestamp {
    /// Where the parts of `YYYY-MM-DD HH:MM:SS[.ffffff]` are.
    struct Shape {
        /// The index of the blank or `T`; 0 when the text is something else.
        var separator = 0
        /// The length without an offset.
        var length = 0
    }

    /// The text at the position, with years of four to six digits. Whether month 13 exists is not
    /// asked: the form can be reversed all the same.
    @inline(__always)
    static func shape(_ source: Source, separator: UInt8) -> Shape {
        let first = source.word()
        let years = first.nonDigits.firstMarked
        guard 4...6 ~= years else { return Shape() }
        let skip = years - 4
        let clock = 0x3030_3a30_3000_3030 | UInt64(separator) << 16
        guard isDate(source.word(skip)),
            matches(source.word(skip + 8), clock, 0x7676_7f76_767f_7676),
            matches(source.word(skip + 16) & 0xff_ffff, 0x30_303a, 0x76_767f)
        else { return Shape() }
        var shape = Shape(separator: skip + 10, length: skip + 19)
        if source.at[shape.length] == ASCII.dot {
            let digits = source.word(shape.length + 1).nonDigits.firstMarked
            guard 1...6 ~= digits else { return Shape() }
            shape.length += 1 + digits
        }
        return shape
    }

    /// `0000-00-`
    @inline(__always)
    private static func isDate(_ word: UInt64) -> Bool {
        matches(word, 0x2d30_302d_3030_3030, 0x7f76_767f_7676_7676)
    }

    /// Bytes equal the pattern's where `slack` is 0x7f, and are digits where it is 0x76.
    @inline(__always)
    private static func matches(_ word: UInt64, _ pattern: UInt64, _ slack: UInt64) -> Bool {
        let other = word ^ pattern
        return (((other & ~UInt64.tops) &+ slack) | other) & UInt64.tops == 0
    }

    /// Whether the field at the position is one that `encode` turns into ISO 8601.
    @inline(__always)
    private static func isReversible(_ source: Source, _ shape: Shape, _ zone: Bool) -> Bool {
        guard shape.length > 0 else { return false }
        let rest = source.word(shape.length)
        let end = UInt8(truncatingIfNeeded: zone ? rest >> 24 : rest)
        guard end == ASCII.tab || end == ASCII.newline else { return false }
        return !zone || rest & 0xff_ffff == 0x30_302b
    }

    /// A COPY field; the sink is behind the opening quote and ends up behind the closing one.
    @inline(never)
    static func encode(
        _ source: inout Source, _ sink: inout Sink, _ output: inout OutputBuffer, zone: Bool
    ) throws(CodingFault.Reason) -> UInt64 {
        let shape = shape(source, separator: ASCII.space)
        var union: UInt64 = 0
        if isReversible(source, shape, zone) {
            sink.store(source.word())
            sink.store(source.word(8), 8)
            sink.store(source.word(16), 16)
            sink.store(source.word(24), 24)
            sink.at[shape.separator] = UInt8(ascii: "T")
            sink.at += shape.length
            source.at += shape.length
            if zone {
                sink.put(0x3030_3a30_302b, 6)
                source.at += 3
            }
        } else {
            union = try JSONText.encode(&source, &sink, &output)
        }
        sink.put(ASCII.quote)
        return union
    }

    /// A JSON string, from behind the opening quote to behind the closing one.
    @inline(never)
    static func decode(
        _ source: inout Source, _ sink: inout Sink, _ output: inout OutputBuffer, zone: Bool
    ) throws(CodingFault.Reason) {
        let shape = shape(source, separator: UInt8(ascii: "T"))
        let rest = source.word(shape.length)
        let offset: UInt64 = zone ? 0x2230_303a_3030_2b : 0x22
        if shape.length > 0, rest & (zone ? 0xff_ffff_ffff_ffff : 0xff) == offset {
            sink.store(source.word())
            sink.store(source.word(8), 8)
            sink.store(source.word(16), 16)
            sink.store(source.word(24), 24)
            sink.at[shape.separator] = ASCII.space
            sink.at += shape.length + (zone ? 3 : 0)
            source.at += shape.length + (zone ? 7 : 1)
            return
        }
        let start = sink.at - output.base
        try JSONText.decode(&source, &sink, &output)
        sink.at.pointee = ASCII.tab
        let field = Source(at: output.base + start, end: sink.at + 1)
        if isReversible(field, self.shape(field, separator: ASCII.space), zone) {
            throw .notCanonical
        }
    }
}
