/// A SHA-256 that was computed, in the forms it is written in.
public struct Digest: Hashable, Sendable {
    static let count = 32

    /// 32 of them.
    public let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// 64 lower-case digits.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    private static let base64Digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// RFC 4648, padded: the form of HTTP headers.
    public var base64: String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let padded = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                let digit = Self.base64Digits[padded >> (18 - 6 * place) & 63]
                text.append(place > group.count ? UInt8(ascii: "=") : digit)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil where it is no SHA-256 in that form.
    public init?(base64 text: String) {
        var bytes: [UInt8] = []
        var bits = 0
        var held = 0
        for byte in text.utf8 {
            guard byte != UInt8(ascii: "=") else { break }
            guard let digit = Self.base64Digits.firstIndex(of: byte) else { return nil }
            held = (held << 6 | digit) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> bits))
            }
        }
        self.init(bytes: bytes)
        // One form only: what is written again is what was read.
        guard bytes.count == Self.count, base64 == text else { return nil }
    }
}
