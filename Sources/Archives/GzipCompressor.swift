import CLibdeflate

/// Makes gzip files (RFC 1952) of one member, with no name and no time in the header: the same
/// bytes and level always give the same file.
public struct GzipCompressor: ~Copyable, @unchecked Sendable {
    private let handle: OpaquePointer

    /// - Parameter level: libdeflate's, 1 (fast) to 12 (small).
    public init(level: Int) {
        precondition((1...12).contains(level), "libdeflate has levels 1 to 12, not \(level)")
        guard let handle = libdeflate_alloc_compressor(Int32(level)) else {
            fatalError("no memory for a compressor")
        }
        self.handle = handle
    }

    deinit { libdeflate_free_compressor(handle) }

    /// Replaces what is in `output`.
    public mutating func compress(
        _ input: UnsafeRawBufferPointer, into output: inout ByteBuffer
    ) {
        output.resize(to: libdeflate_gzip_compress_bound(handle, input.count))
        let room = output.mutableBytes
        // libdeflate takes no null pointer, not even for nothing.
        let start = input.baseAddress ?? UnsafeRawPointer(room.baseAddress!)
        let count = libdeflate_gzip_compress(
            handle, start, input.count, room.baseAddress, room.count)
        precondition(count > 0, "libdeflate needs more than its own bound")
        output.truncate(to: count)
    }
}
