/// Rows in PostgreSQL's COPY text format, as `COPY … FROM STDIN` reads them.
///
/// Source: PostgreSQL 15 manual, COPY, "Text Format". Fields are appended in the order of the
/// table's columns, and `endRow` ends the line.
public struct CopyText: Sendable {
    public private(set) var bytes: [UInt8] = []
    /// How many rows have been ended.
    public private(set) var rows = 0
    private var isAtStart = true

    public init() {}

    /// Forgets the bytes and keeps the memory.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func null() { field { $0.raw("\\N") } }

    mutating func number(_ value: Int) { field { $0.digits(value) } }

    /// Text that may hold anything but NUL.
    mutating func text(_ value: String) { field { $0.escaped(value) } }

    /// NULL where there is no text.
    mutating func text(_ value: String?) {
        if let value { text(value) } else { null() }
    }

    /// A field that is put together from pieces.
    mutating func field(_ pieces: (inout CopyText) -> Void) {
        if isAtStart { isAtStart = false } else { bytes.append(UInt8(ascii: "\t")) }
        pieces(&self)
    }

    mutating func endRow() {
        bytes.append(UInt8(ascii: "\n"))
        isAtStart = true
        rows += 1
    }

    // MARK: Pieces of a field

    /// What needs no escape.
    mutating func raw(_ piece: String) { bytes.append(contentsOf: piece.utf8) }

    /// Bytes that were escaped before.
    mutating func raw(_ piece: [UInt8]) { bytes.append(contentsOf: piece) }

    mutating func escaped(_ piece: String) {
        for byte in piece.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): raw("\\\\")
            case UInt8(ascii: "\n"): raw("\\n")
            case UInt8(ascii: "\r"): raw("\\r")
            case UInt8(ascii: "\t"): raw("\\t")
            default: bytes.append(byte)
            }
        }
    }

    mutating func digits(_ value: Int) {
        if value >= 0, value < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(value))
        } else {
            raw(String(value))
        }
    }

    /// A number with leading zeros.
    mutating func digits(_ value: Int, width: Int) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// A version 4 UUID (RFC 9562) from two random words.
    mutating func uuid(_ high: UInt64, _ low: UInt64) {
        let high = high & 0xffff_ffff_ffff_0fff | 0x4000
        let low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        hex(high >> 32, nibbles: 8)
        bytes.append(UInt8(ascii: "-"))
        hex(high >> 16, nibbles: 4)
        bytes.append(UInt8(ascii: "-"))
        hex(high, nibbles: 4)
        bytes.append(UInt8(ascii: "-"))
        hex(low >> 48, nibbles: 4)
        bytes.append(UInt8(ascii: "-"))
        hex(low, nibbles: 12)
    }

    /// The lowest so many nibbles.
    mutating func hex(_ word: UInt64, nibbles: Int) {
        for shift in stride(from: 4 * (nibbles - 1), through: 0, by: -4) {
            let nibble = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15
            bytes.append(nibble < 10 ? nibble + UInt8(ascii: "0") : nibble + UInt8(ascii: "a") - 10)
        }
    }
}
