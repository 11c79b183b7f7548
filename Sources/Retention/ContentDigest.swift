/// What a set of rows is, whatever their order: how many, and the sum of their hashes.
///
/// The hash of a row is XXH3-128 of its COPY text line as the server sent it, without the
/// newline; the sum is taken modulo 2^128. Duplicates count. An update of one row and a
/// delete-and-insert that leave the count equal both change it.
public struct ContentDigest: Equatable, Hashable, Sendable {
    /// The number of rows.
    public private(set) var rows: UInt64
    /// The sum of the rows' hashes modulo 2^128.
    public private(set) var sum: UInt128

    public init(rows: UInt64 = 0, sum: UInt128 = 0) {
        self.rows = rows
        self.sum = sum
    }

    /// Counts one row in.
    public mutating func add(hash: UInt128) {
        add(ContentDigest(rows: 1, sum: hash))
    }

    /// Counts the rows of another set in.
    public mutating func add(_ other: ContentDigest) {
        rows += other.rows
        sum &+= other.sum
    }

    /// Takes the rows of another set out, all of which are in this one.
    public func without(_ other: ContentDigest) -> ContentDigest {
        ContentDigest(rows: rows - other.rows, sum: sum &- other.sum)
    }

    /// The sum as 32 lower-case hexadecimal digits.
    public var hex: String {
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    /// Reads what `hex` wrote; nil when it is not exactly that form.
    public init?(rows: UInt64, hex: String) {
        guard let sum = UInt128(hex, radix: 16) else { return nil }
        self.init(rows: rows, sum: sum)
        guard self.hex == hex else { return nil }
    }
}

extension ContentDigest: CustomStringConvertible {
    public var description: String { "\(rows) rows, \(hex)" }
}

extension ContentDigest: Codable {
    private enum CodingKeys: String, CodingKey {
        case rows
        case sum = "digest"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let hex = try container.decode(String.self, forKey: .sum)
        let rows = try container.decode(UInt64.self, forKey: .rows)
        guard let digest = ContentDigest(rows: rows, hex: hex) else {
            throw DecodingError.dataCorruptedError(
                forKey: .sum, in: container, debugDescription: "not 32 hexadecimal digits")
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rows, forKey: .rows)
        try container.encode(hex, forKey: .sum)
    }
}
