import CCrypto

/// SHA-256 (FIPS 180-4), as bytes come.
public struct Checksum: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        else { fatalError("libcrypto has no memory, or refuses SHA-256") }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
            fatalError("libcrypto failed in the middle of a SHA-256")
        }
    }

    /// 64 lower-case hexadecimal digits.
    public consuming func finish() -> String {
        let digest = [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            guard EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1 else {
                fatalError("libcrypto failed at the end of a SHA-256")
            }
            count = 32
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    /// 64 lower-case hexadecimal digits.
    public static func sha256(of bytes: UnsafeRawBufferPointer) -> String {
        var checksum = Checksum()
        checksum.update(bytes)
        return checksum.finish()
    }

    /// 64 lower-case hexadecimal digits.
    static func sha256(of text: some Sequence<UInt8>) -> String {
        Array(text).withUnsafeBytes { sha256(of: $0) }
    }

    /// Whether a text has the form of a checksum.
    static func isWellFormed(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
