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

/// Compresses blocks of whole lines, and writes each to a file of its own, durably. One per
/// worker: it keeps its compressor and its buffer.
public struct PartWriter: ~Copyable, Sendable {
    private var compressor: GzipCompressor
    private var output = ByteBuffer()

    /// - Parameter level: libdeflate's, 1 to 12.
    public init(level: Int) {
        compressor = GzipCompressor(level: level)
    }

    /// `part-00000.ndjson.gz`
    public static func fileName(index: Int) -> String {
        let digits = String(index)
        return "part-" + String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
            + ".ndjson.gz"
    }

    /// The part is in a staged archive's directory; its name is durable once that is sealed.
    public mutating func write(
        _ ndjson: UnsafeRawBufferPointer, index: Int, into archive: StagedArchive
    ) throws(ArchiveError) -> WrittenPart {
        compressor.compress(ndjson, into: &output)
        let file = Self.fileName(index: index)
        try File.write(
            output.bytes, to: archive.directory.path(of: file), mode: StagedArchive.fileMode)
        return WrittenPart(
            file: file, bytes: Int64(output.count), sha256: Checksum.sha256(of: output.bytes),
            ndjsonBytes: Int64(ndjson.count))
    }
}
