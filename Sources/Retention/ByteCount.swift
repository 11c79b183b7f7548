/// An amount of bytes as people write it: `10 GB`, `512 MiB`.
public struct ByteCount: Equatable, Sendable {
    public var bytes: Int64

    public init(_ bytes: Int64) { self.bytes = bytes }

    private static let units: [(name: String, bytes: Int64)] = [
        ("B", 1), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ]

    /// A whole number and a unit, of powers of ten or of two. A number alone is nothing.
    public init?(_ text: String) {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let name = text[digits.endIndex...].drop { $0 == " " }
        guard let count = Int64(digits),
            let unit = Self.units.first(where: { $0.name.lowercased() == name.lowercased() })
        else { return nil }
        let product = count.multipliedReportingOverflow(by: unit.bytes)
        guard !product.overflow else { return nil }
        bytes = product.partialValue
    }
}

extension ByteCount: CustomStringConvertible {
    /// `10 GB`, `512 MiB` where that is exact, so that it reads back as the same; else in the
    /// largest unit of which there are at least ten, rounded down: `12345 MB`.
    public var description: String {
        let exact = Self.units.filter { bytes >= $0.bytes && bytes % $0.bytes == 0 }
        if let unit = exact.max(by: { $0.bytes < $1.bytes }), bytes / unit.bytes < 10_000 {
            return "\(bytes / unit.bytes) \(unit.name)"
        }
        let tens = Self.units.filter { !$0.name.contains("i") && bytes >= 10 * $0.bytes }
        guard let unit = tens.max(by: { $0.bytes < $1.bytes }) else { return "\(bytes) B" }
        return "\(bytes / unit.bytes) \(unit.name)"
    }
}

extension ByteCount {
    /// `412 MB`, `1.92 GB`: powers of ten, three digits.
    public var rounded: String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
        let scale = [1.0, 10, 100][decimals]
        let scaled = Int64((value * scale).rounded())
        guard decimals > 0 else { return "\(scaled) \(units[unit])" }
        let digits = String(scaled % Int64(scale))
        let zeros = String(repeating: "0", count: decimals - digits.count)
        return "\(scaled / Int64(scale)).\(zeros)\(digits) \(units[unit])"
    }
}
