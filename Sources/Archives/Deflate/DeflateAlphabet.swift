/// The symbols of a DEFLATE stream (RFC 1951, 3.2.5): literals, lengths and distances.
enum DeflateAlphabet {
    /// Bytes 0 to 255, the end of a block, and the lengths.
    static let literalsAndLengths = 286
    static let endOfBlock = 256
    static let distances = 30
    static let longestMatch = 258
    /// How far back a match may lie.
    static let windowBytes = 32768
    /// The longest codeword of the two alphabets.
    static let longestCode = 15

    /// A symbol, and the bits that follow its codeword.
    struct Coded {
        let symbol: Int
        let extra: UInt64
        let extraBits: Int
    }

    /// `excess`: the length of a match less 3, 0 to 255.
    @inline(__always)
    static func length(excess: Int) -> Coded {
        if excess < 8 { return Coded(symbol: 257 &+ excess, extra: 0, extraBits: 0) }
        if excess == 255 { return Coded(symbol: 285, extra: 0, extraBits: 0) }
        // Four symbols for each power of two.
        let extraBits = topBit(excess) &- 2
        let symbol = 261 &+ 4 &* extraBits &+ (excess &>> extraBits) & 3
        return Coded(
            symbol: symbol, extra: UInt64(truncatingIfNeeded: excess & mask(extraBits)),
            extraBits: extraBits)
    }

    /// `excess`: a distance less 1, 0 to 32767.
    @inline(__always)
    static func distance(excess: Int) -> Coded {
        if excess < 4 { return Coded(symbol: excess, extra: 0, extraBits: 0) }
        // Two symbols for each power of two.
        let extraBits = topBit(excess) &- 1
        let symbol = 2 &* extraBits &+ 2 &+ (excess &>> extraBits) & 1
        return Coded(
            symbol: symbol, extra: UInt64(truncatingIfNeeded: excess & mask(extraBits)),
            extraBits: extraBits)
    }

    /// The index of the highest bit that is set.
    @inline(__always)
    private static func topBit(_ value: Int) -> Int { 63 &- value.leadingZeroBitCount }

    @inline(__always)
    private static func mask(_ bits: Int) -> Int { (1 &<< bits) &- 1 }
}
