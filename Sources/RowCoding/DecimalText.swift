/// A number as it is written, compared without rounding it to a Double.
struct DecimalText: Equatable {
    private let isNegative: Bool
    /// Digits without leading or trailing zeros; empty for zero.
    private let digits: [UInt8]
    /// The power of ten that `0.digits` is to be multiplied by.
    private let exponent: Int

    /// `-12.50`, `1e300`; nil for anything else.
    init?(_ text: some Collection<UInt8>) {
        var rest = text[...]
        let isNegative = rest.first == ASCII.minus
        if isNegative || rest.first == ASCII.plus { rest = rest.dropFirst() }
        let whole = rest.prefix(while: ASCII.isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction = rest.prefix(0)
        if rest.first == ASCII.dot {
            rest = rest.dropFirst()
            fraction = rest.prefix(while: ASCII.isDigit)
            rest = rest.dropFirst(fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        var power = 0
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            guard let value = Int(String(decoding: rest.dropFirst(), as: UTF8.self)),
                abs(value) < 1 << 32
            else { return nil }
            power = value
            rest = rest.suffix(0)
        }
        guard rest.isEmpty else { return nil }
        let all = Array(whole) + Array(fraction)
        let zeros = all.prefix { $0 == ASCII.zero }.count
        var digits = Array(all.dropFirst(zeros))
        while digits.last == ASCII.zero { digits.removeLast() }
        self.digits = digits
        self.isNegative = isNegative && !digits.isEmpty
        exponent = digits.isEmpty ? 0 : whole.count - zeros + power
    }

    /// Negative where it is less, positive where it is more.
    func compare(to other: DecimalText) -> Int {
        if isNegative != other.isNegative { return isNegative ? -1 : 1 }
        let order = compareMagnitude(to: other)
        return isNegative ? -order : order
    }

    private func compareMagnitude(to other: DecimalText) -> Int {
        if digits.isEmpty || other.digits.isEmpty { return digits.count - other.digits.count }
        if exponent != other.exponent { return exponent < other.exponent ? -1 : 1 }
        for (a, b) in zip(digits, other.digits) where a != b { return Int(a) - Int(b) }
        return digits.count - other.digits.count
    }
}
