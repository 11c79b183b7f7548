import Checksums

/// How an object is cut that is written in pieces.
struct UploadPieces {
    /// Stores take no more.
    private static let most = 10_000
    static let threads = 4

    let total: Int
    let pieceBytes: Int

    init(total: Int, _ sizes: RequestSizes) {
        self.total = total
        pieceBytes = max(sizes.pieceBytes, (total + Self.most - 1) / Self.most)
    }

    var count: Int { (total + pieceBytes - 1) / pieceBytes }

    /// From number 0 on.
    func piece(_ index: Int, of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = index * pieceBytes
        return UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + pieceBytes, total)])
    }

    /// What stores say of an object that came in pieces: the checksum of the pieces' checksums.
    static func checksum(of digests: [Digest]) -> String {
        let joined = digests.flatMap(\.bytes).withUnsafeBytes { Checksum.digest(of: $0) }
        return "\(joined.base64)-\(digests.count)"
    }
}
