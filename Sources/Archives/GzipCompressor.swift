import CLibdeflate

/// Makes gzip files (RFC 1952) of one member, with no name and no time in the header: the same
/// bytes and level always give the same file. libdeflate wants to see a file's bytes whole, so
/// they wait here until the last has come.
struct GzipCompressor: ~Copyable, @unchecked Sendable {
    private let handle: OpaquePointer
    private var input = ByteBuffer()

    /// - Parameter level: libdeflate's, 1 (fast) to 12 (small).
    init(level: Int) {
        precondition((1...12).contains(level), "libdeflate has levels 1 to 12, not \(level)")
        guard let handle = libdeflate_alloc_compressor(Int32(level)) else {
            fatalError("no memory for a compressor")
        }
        self.handle = handle
    }

    deinit { libdeflate_free_compressor(handle) }

    /// Begins a file, which will stand at the end of `output`.
    mutating func begin(_ output: inout ByteBuffer) {
        input.truncate(to: 0)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        input.append(bytes)
    }

    mutating func finish(_ output: inout ByteBuffer) {
        let start = output.count
        output.grow(by: libdeflate_gzip_compress_bound(handle, input.count))
        let room = UnsafeMutableRawBufferPointer(rebasing: output.mutableBytes[start...])
        // libdeflate takes no null pointer, not even for nothing.
        let first = input.bytes.baseAddress ?? UnsafeRawPointer(room.baseAddress!)
        let count = libdeflate_gzip_compress(
            handle, first, input.count, room.baseAddress, room.count)
        precondition(count > 0, "libdeflate needs more than its own bound")
        output.truncate(to: start + count)
    }
}
