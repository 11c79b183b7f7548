// Identifiers that begin with 48 bits: milliseconds since 1970-01-01 00:00 UTC.
extension KeyType {
    /// The first identifier that an instant has: nothing but zeros behind its milliseconds. What lies
    /// before 1970 or beyond the 48 bits has the first or the last that there are.
    func firstIdentifier(of instant: Instant) -> String {
        let (whole, rest) = instant.microseconds.quotientAndRemainder(dividingBy: 1000)
        let milliseconds = min(max(rest > 0 ? whole + 1 : whole, 0), (1 << 48) - 1)
        func digits(_ alphabet: [UInt8], _ shifts: StrideThrough<Int>) -> String {
            let digits = shifts.map { alphabet[Int(milliseconds >> $0) & (alphabet.count - 1)] }
            return String(decoding: digits, as: UTF8.self)
        }
        if self == .ulid {
            return digits(Self.base32, stride(from: 45, through: 0, by: -5))
                + String(repeating: "0", count: 16)
        }
        return digits(Self.base16, stride(from: 44, through: 16, by: -4))
            + "-\(digits(Self.base16, stride(from: 12, through: 0, by: -4)))"
            + "-0000-0000-000000000000"
    }

    /// The time that an identifier begins with; nil where the text cannot be one of this type.
    public func instant(ofIdentifier text: some StringProtocol) -> Instant? {
        let alphabet = self == .ulid ? Self.base32 : Self.base16
        let digits = text.utf8.prefix(self == .ulid ? 10 : 13)
        var milliseconds: Int64 = 0
        for (index, byte) in digits.enumerated() {
            if self == .uuidv7, index == 8 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            milliseconds = milliseconds * Int64(alphabet.count) + Int64(digit)
        }
        guard isIdentifier, text.utf8.count == (self == .ulid ? 26 : 36), milliseconds < 1 << 48
        else { return nil }
        return Instant(microseconds: milliseconds * 1000)
    }

    private static let base16 = Array("0123456789abcdef".utf8)
    /// Crockford's, without I, L, O and U; the canonical form has capitals.
    private static let base32 = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
}
