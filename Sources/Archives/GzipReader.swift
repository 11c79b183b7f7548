import CLibdeflate

/// Inflates what `GzipCompressor` wrote, and nothing else: exactly one member, with nothing after
/// it, of exactly the size that is expected.
public struct GzipReader: ~Copyable, @unchecked Sendable {
    private let handle: OpaquePointer

    /// DEFLATE's longest match has 258 bytes and takes at least two bits: no byte of a file gives
    /// more than 1032 (RFC 1951; zlib's technical notes).
    static let largestExpansion = 1032
    /// Ten of header, two of an empty block, eight of trailer.
    static let smallestFile = 20

    /// Magic, DEFLATE, no flags, no time (RFC 1952, 2.3).
    private static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]

    public init() {
        guard let handle = libdeflate_alloc_decompressor() else {
            fatalError("no memory for a decompressor")
        }
        self.handle = handle
    }

    deinit { libdeflate_free_decompressor(handle) }

    /// Whether a file of `bytes` bytes can hold `inflated` bytes at all.
    static func isPossible(inflated: Int64, in bytes: Int64) -> Bool {
        let (most, overflow) = bytes.multipliedReportingOverflow(by: Int64(largestExpansion))
        return bytes >= smallestFile && inflated >= 0 && !overflow && inflated <= most
    }

    /// Replaces what is in `output` by the `count` bytes that `file` holds.
    ///
    /// - Parameter path: what the file is called in an error.
    public mutating func inflate(
        _ file: UnsafeRawBufferPointer, expecting count: Int, into output: inout ByteBuffer,
        path: String
    ) throws(ArchiveError) {
        guard Self.isPossible(inflated: Int64(count), in: Int64(file.count)) else {
            throw .damaged(
                path: path, reason: "\(count) bytes cannot come out of \(file.count) bytes of gzip")
        }
        guard file.starts(with: Self.header) else {
            throw .damaged(path: path, reason: "it does not begin as a gzip file of ours does")
        }
        // One byte more, so that a larger content is told from the right one without a pointer to
        // nothing.
        output.resize(to: count + 1)
        var consumed = 0
        var produced = 0
        let result = libdeflate_gzip_decompress_ex(
            handle, file.baseAddress, file.count, output.mutableBytes.baseAddress, count + 1,
            &consumed, &produced)
        guard result == LIBDEFLATE_SUCCESS || result == LIBDEFLATE_INSUFFICIENT_SPACE else {
            throw .damaged(
                path: path, reason: "its compressed data is broken, or its CRC-32 or size differs")
        }
        guard result == LIBDEFLATE_SUCCESS, produced <= count else {
            throw .damaged(path: path, reason: "it holds more than \(count) bytes of rows")
        }
        guard produced == count else {
            throw .damaged(path: path, reason: "it holds \(produced) bytes of rows, not \(count)")
        }
        guard consumed == file.count else {
            throw .damaged(
                path: path, reason: "\(file.count - consumed) bytes follow its gzip member")
        }
        output.truncate(to: count)
    }
}
