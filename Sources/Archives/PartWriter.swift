import Checksums
import Retention

/// What the manifest has to say of a part that was written.
public struct WrittenPart: Equatable, Sendable {
    public let file: String
    /// Compressed.
    public let bytes: Int64
    /// Of the file, 64 lower-case hexadecimal digits.
    public let sha256: String
    /// Inflated.
    public let ndjsonBytes: Int64
}

/// Compresses whole lines as they come, and writes each part to a file of its own, durably. One
/// per worker: it keeps its compressor and its buffers.
public struct PartWriter: ~Copyable, Sendable {
    // One of the two.
    private var lineCompressor: LineCompressor?
    private var levelCompressor: GzipCompressor?
    private var output = ByteBuffer()
    private var ndjsonBytes = 0

    public init(compression: Compression) {
        switch compression {
        case .lines: lineCompressor = LineCompressor()
        case .level(let level): levelCompressor = GzipCompressor(level: level)
        }
    }

    /// `part-00000.ndjson.gz`
    public static func fileName(index: Int) -> String {
        let digits = String(index)
        return "part-" + String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
            + ".ndjson.gz"
    }

    /// Begins a part anew.
    public mutating func begin() {
        ndjsonBytes = 0
        output.truncate(to: 0)
        lineCompressor?.begin(&output)
        levelCompressor?.begin(&output)
    }

    public mutating func append(_ ndjson: UnsafeRawBufferPointer) {
        ndjsonBytes += ndjson.count
        lineCompressor?.append(ndjson, to: &output)
        levelCompressor?.append(ndjson, to: &output)
    }

    /// The part is in a staged archive's directory; its name is durable once that is sealed.
    public mutating func finish(
        index: Int, into archive: StagedArchive
    ) throws(ArchiveError) -> WrittenPart {
        lineCompressor?.finish(&output)
        levelCompressor?.finish(&output)
        let file = Self.fileName(index: index)
        try archive.store.volume.write(output.bytes, to: archive.directory.path(of: file))
        return WrittenPart(
            file: file, bytes: Int64(output.count), sha256: Checksum.sha256(of: output.bytes),
            ndjsonBytes: Int64(ndjsonBytes))
    }
}
