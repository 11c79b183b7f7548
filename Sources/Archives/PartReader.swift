import Checksums
import Retention

/// Reads parts back from the store, believing nothing. One per worker: it keeps its buffers.
public struct PartReader: ~Copyable, Sendable {
    private var reader = GzipReader()
    private var compressed = ByteBuffer()
    private var lines = ByteBuffer()

    public init() {}

    /// The part's lines, exactly as many bytes as the manifest claims; valid until the next call.
    public mutating func read(
        _ part: Manifest.Part, in archive: ArchiveDirectory
    ) throws(ArchiveError) -> UnsafeRawBufferPointer {
        guard ManifestRules.isPartFile(part.file) else {
            throw .damaged(path: archive.path, reason: "\(part.file) is no name of a part")
        }
        let path = archive.path(of: part.file)
        guard GzipReader.isPossible(inflated: part.ndjsonBytes, in: part.bytes) else {
            throw .damaged(
                path: path,
                reason: "its manifest claims \(part.ndjsonBytes) bytes of rows in \(part.bytes) "
                    + "bytes of gzip, which cannot be")
        }
        var sha256 = ""
        for _ in 0..<archive.volume.readings where sha256 != part.sha256 {
            try archive.volume.load(path, bytes: part.bytes, into: &compressed)
            sha256 = Checksum.sha256(of: compressed.bytes)
        }
        guard sha256 == part.sha256 else {
            throw .damaged(path: path, reason: "its SHA-256 is \(sha256), not \(part.sha256)")
        }
        try reader.inflate(
            compressed.bytes, expecting: Int(part.ndjsonBytes), into: &lines, path: path)
        guard lines.bytes.last ?? UInt8(ascii: "\n") == UInt8(ascii: "\n") else {
            throw .damaged(path: path, reason: "its last line has no end")
        }
        return lines.bytes
    }
}
