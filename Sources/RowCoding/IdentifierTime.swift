/// Identifiers that begin with milliseconds since 1970-01-01 00:00 UTC, as COPY fields.
///
/// What lies among them and is none, such as a UUID of version 4, has no time: it is at infinity, so
/// that nobody concludes from the smallest and the largest key which rows there are not.
enum IdentifierTime {
    /// Of a UUID of version 7 (RFC 9562, 5.7), in microseconds; nil for NULL.
    static func microseconds(ofUUID field: Source) -> Int64? {
        guard !CopyText.isNull(field) else { return nil }
        var source = field
        var milliseconds: Int64 = 0
        for index in 0..<20 {
            let byte = source.byte
            switch index {
            case 8, 13, 18: guard byte == ASCII.minus else { return .max }
            case 14: guard byte == ASCII.zero + 7 else { return .max }
            default:
                guard let digit = ASCII.hexValue(byte) else { return .max }
                if index < 13 { milliseconds = milliseconds << 4 | Int64(digit) }
                // The variant's two bits.
                if index == 19, digit >> 2 != 0b10 { return .max }
            }
            source.at += 1
        }
        return milliseconds * 1000
    }

    /// Of a ULID in capitals, its canonical form, in microseconds; nil for NULL.
    static func microseconds(ofULID field: Source) -> Int64? {
        guard !CopyText.isNull(field) else { return nil }
        var source = field
        var milliseconds: Int64 = 0
        for index in 0..<26 {
            guard let digit = base32Value(source.byte) else { return .max }
            if index < 10 { milliseconds = milliseconds << 5 | Int64(digit) }
            source.at += 1
        }
        guard source.isAtFieldEnd, milliseconds < 1 << 48 else { return .max }
        return milliseconds * 1000
    }

    /// Crockford's digits: without I, L, O and U.
    @inline(__always)
    private static func base32Value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "H"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "J")...UInt8(ascii: "K"): byte - UInt8(ascii: "J") + 18
        case UInt8(ascii: "M")...UInt8(ascii: "N"): byte - UInt8(ascii: "M") + 20
        case UInt8(ascii: "P")...UInt8(ascii: "T"): byte - UInt8(ascii: "P") + 22
        case UInt8(ascii: "V")...UInt8(ascii: "Z"): byte - UInt8(ascii: "V") + 27
        default: nil
        }
    }
}
