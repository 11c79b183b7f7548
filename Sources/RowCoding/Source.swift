/// A position in a block whose last byte is a newline.
///
/// The newline is the sentinel: no loop goes past one, so only words that are read ahead need to
/// know where the block ends.
struct Source {
    var at: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>

    /// Nil when the block does not end in a newline.
    init?(_ block: UnsafeRawBufferPointer) {
        guard let base = block.baseAddress, block.last == ASCII.newline else { return nil }
        at = base.assumingMemoryBound(to: UInt8.self)
        end = at + block.count
    }

    /// The caller vouches for a byte before `end` that ends every scan.
    init(at: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
        self.at = at
        self.end = end
    }

    @inline(__always)
    var byte: UInt8 { at.pointee }

    /// At a TAB or a newline, which end a field of a COPY text line.
    @inline(__always)
    var isAtFieldEnd: Bool { byte == ASCII.tab || byte == ASCII.newline }

    /// The eight bytes from an offset on, the first in the lowest bits; zeros past the end.
    @inline(__always)
    func word(_ offset: Int = 0) -> UInt64 {
        let start = at + offset
        guard start <= end - 8 else { return partialWord(start) }
        return UInt64(littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt64.self))
    }

    @inline(never)
    private func partialWord(_ start: UnsafePointer<UInt8>) -> UInt64 {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        var byte = start
        while byte < end {
            word |= UInt64(byte.pointee) << shift
            shift += 8
            byte += 1
        }
        return word
    }
}

enum ASCII {
    static let backspace: UInt8 = 0x08
    static let tab: UInt8 = 0x09
    static let newline: UInt8 = 0x0a
    static let verticalTab: UInt8 = 0x0b
    static let formFeed: UInt8 = 0x0c
    static let carriageReturn: UInt8 = 0x0d
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let plus: UInt8 = 0x2b
    static let comma: UInt8 = 0x2c
    static let minus: UInt8 = 0x2d
    static let dot: UInt8 = 0x2e
    static let zero: UInt8 = 0x30
    static let nine: UInt8 = 0x39
    static let colon: UInt8 = 0x3a
    static let leftBracket: UInt8 = 0x5b
    static let backslash: UInt8 = 0x5c
    static let rightBracket: UInt8 = 0x5d
    static let leftBrace: UInt8 = 0x7b
    static let rightBrace: UInt8 = 0x7d

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

    /// One lower-case hexadecimal digit.
    @inline(__always)
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? zero + value : UInt8(ascii: "a") - 10 + value
    }

    /// The value of a lower-case hexadecimal digit.
    @inline(__always)
    static func hexValue(_ digit: UInt8) -> UInt8? {
        if isDigit(digit) { return digit - zero }
        let letter = digit &- UInt8(ascii: "a")
        return letter < 6 ? letter + 10 : nil
    }
}

/// Tests of eight bytes at once. The result of each has bit 7 set in bytes that match; the lowest
/// one set is exact, those above it may be echoes of a borrow.
extension UInt64 {
    @inline(__always) static var ones: UInt64 { 0x0101_0101_0101_0101 }
    @inline(__always) static var tops: UInt64 { 0x8080_8080_8080_8080 }

    /// Bytes below 0x20, quotes and backslashes. `^ 2` swaps 0x22 with 0x20, beside the controls.
    @inline(__always)
    var stringSpecials: UInt64 {
        let controlsAndQuotes = (self ^ (0x02 &* Self.ones)) &- 0x21 &* Self.ones
        let backslashes = (self ^ (0x5c &* Self.ones)) &- Self.ones
        return (controlsAndQuotes | backslashes) & ~self & Self.tops
    }

    /// Bytes below 0x20, and backslashes.
    @inline(__always)
    var controlsAndBackslashes: UInt64 {
        let controls = self &- 0x20 &* Self.ones
        let backslashes = (self ^ (0x5c &* Self.ones)) &- Self.ones
        return (controls | backslashes) & ~self & Self.tops
    }

    @inline(__always)
    var newlines: UInt64 {
        let other = self ^ (0x0a &* Self.ones)
        return (other &- Self.ones) & ~other & Self.tops
    }

    /// Bytes that are not decimal digits; all of them exact.
    @inline(__always)
    var nonDigits: UInt64 {
        let other = self ^ (0x30 &* Self.ones)
        return (((other & ~Self.tops) &+ 0x76 &* Self.ones) | other) & Self.tops
    }

    /// The index of the lowest byte that a test has marked; 8 when none is.
    @inline(__always)
    var firstMarked: Int { trailingZeroBitCount >> 3 }

    /// The lowest byte that a test has marked, without looking at the memory again.
    @inline(__always)
    func byte(firstMarkedIn marks: UInt64) -> UInt8 {
        UInt8(
            truncatingIfNeeded: self &>> UInt64(truncatingIfNeeded: marks.trailingZeroBitCount &- 7)
        )
    }
}
