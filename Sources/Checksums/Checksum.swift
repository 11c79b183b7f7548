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

    public consuming func digest() -> Digest {
        let bytes = [UInt8](unsafeUninitializedCapacity: Digest.count) { buffer, count in
            guard EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1 else {
                fatalError("libcrypto failed at the end of a SHA-256")
            }
            count = Digest.count
        }
        return Digest(bytes: bytes)
    }

    /// 64 lower-case hexadecimal digits.
    public consuming func finish() -> String { digest().hexadecimal }

    /// 64 lower-case hexadecimal digits.
    public static func sha256(of bytes: UnsafeRawBufferPointer) -> String {
        digest(of: bytes).hexadecimal
    }

    /// 64 lower-case hexadecimal digits.
    public static func sha256(of text: some Sequence<UInt8>) -> String {
        Array(text).withUnsafeBytes { sha256(of: $0) }
    }

    public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
        var checksum = Checksum()
        checksum.update(bytes)
        return checksum.digest()
    }

    /// Whether a text has the form of a checksum.
    public static func isWellFormed(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
