import Retention

/// Numbers as people read them.
enum Quantities {
    /// `412 MB`: powers of ten, three digits.
    static func bytes(_ count: Int64) -> String { ByteCount(count).rounded }

    /// `1 234 567`
    static func count(_ count: some BinaryInteger) -> String {
        var digits = String(count)
        var groups: [Substring] = []
        let sign = digits.hasPrefix("-") ? String(digits.removeFirst()) : ""
        var rest = Substring(digits)
        while rest.count > 3 {
            groups.append(rest.suffix(3))
            rest.removeLast(3)
        }
        groups.append(rest)
        return sign + groups.reversed().joined(separator: " ")
    }

    /// `1 row`, `2 rows`
    static func plural(_ count: some BinaryInteger, _ noun: String) -> String {
        "\(self.count(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `3.2 s`, `4 min 10 s`, `2 h 05 min`
    static func duration(_ seconds: Double) -> String {
        if seconds < 10 { return "\(fixed(seconds, 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        let minutes = whole / 60 % 60
        return "\(whole / 3600) h \(minutes < 10 ? "0" : "")\(minutes) min"
    }

    static func fixed(_ value: Double, _ decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((value * scale).rounded())
        guard decimals > 0 else { return String(scaled) }
        let whole = scaled / Int64(scale)
        let digits = String(abs(scaled % Int64(scale)))
        let zeros = String(repeating: "0", count: decimals - digits.count)
        return "\(value < 0 && whole == 0 ? "-" : "")\(whole).\(zeros)\(digits)"
    }
}
