import Retention

/// A file that another program wrote: gzip of any number of members, or plain.
public struct ForeignFile: ~Copyable {
    public let path: String
    public let bytes: Int64
    private var gzip: GzipStream?
    private let plain: File

    /// The first two bytes of any gzip file (RFC 1952, 2.3.1).
    private static let magic: [UInt8] = [0x1f, 0x8b]

    public init(path: String) throws(ArchiveError) {
        let file = try File(reading: path, followingLinks: true)
        let status = try file.status()
        guard status.kind == .regular else {
            throw .damaged(path: path, reason: "it is not a regular file")
        }
        let gzip: GzipStream? = try Self.begins(file) ? GzipStream(path: path) : nil
        let plain = try File(reading: path, followingLinks: true)
        self.path = path
        self.bytes = status.bytes
        self.gzip = gzip
        self.plain = plain
    }

    private static func begins(_ file: borrowing File) throws(ArchiveError) -> Bool {
        var first = ByteBuffer()
        first.resize(to: magic.count)
        let count = try file.readAll(into: first.mutableBytes)
        return count == magic.count && first.bytes.elementsEqual(magic)
    }

    /// Inflated where it has to be. Returns the number of bytes, 0 at the clean end.
    public mutating func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        if gzip != nil { return try gzip?.read(into: buffer) ?? 0 }
        return try plain.read(into: buffer)
    }
}
