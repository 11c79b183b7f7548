import CZlib

/// Reads a gzip file that somebody else may have written, in bounded memory: any number of
/// members one after another (RFC 1952, 2.2). Anything else after a member, zeros too, and a file
/// that ends too early are errors.
public struct GzipStream: ~Copyable, @unchecked Sendable {
    private let file: File
    /// zlib remembers its address: it is allocated once and never moves.
    private let stream: UnsafeMutablePointer<z_stream>
    private var input = ByteBuffer()
    private var isInMember = true
    private var isAtEnd = false

    private static let inputBytes = 1 << 16
    /// The largest window, and gzip framing only (zlib.h, inflateInit2).
    private static let gzipWindowBits: Int32 = 15 + 16

    public init(path: String) throws(ArchiveError) {
        file = try File(reading: path, followingLinks: true)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = inflateInit2_(
            stream, Self.gzipWindowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { fatalError("zlib cannot start: \(result)") }
        input.resize(to: Self.inputBytes)
    }

    deinit {
        // Its result says only whether all was read.
        _ = inflateEnd(stream)
        stream.deallocate()
    }

    /// Inflates up to the buffer's size. Returns the number of bytes, 0 at the clean end.
    public mutating func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        precondition(!buffer.isEmpty)
        let room = min(buffer.count, Int(UInt32.max))
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        while stream.pointee.avail_out == UInt32(room), !isAtEnd {
            if stream.pointee.avail_in == 0, try !refill() { break }
            if !isInMember {
                guard inflateReset(stream) == Z_OK else { throw damaged("zlib lost its state") }
                isInMember = true
            }
            try step()
        }
        return room - Int(stream.pointee.avail_out)
    }

    /// Returns false at the end of the file.
    private mutating func refill() throws(ArchiveError) -> Bool {
        let count = try file.read(into: input.mutableBytes)
        stream.pointee.next_in = input.mutableBytes.baseAddress?
            .assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(count)
        guard count == 0 else { return true }
        if isInMember { throw damaged("it ends in the middle of a gzip member") }
        isAtEnd = true
        return false
    }

    private mutating func step() throws(ArchiveError) {
        switch inflate(stream, Z_NO_FLUSH) {
        case Z_OK, Z_BUF_ERROR: return
        case Z_STREAM_END: isInMember = false
        case Z_MEM_ERROR: fatalError("no memory to inflate")
        case Z_NEED_DICT: throw damaged("it asks for a preset dictionary")
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "not gzip"
            throw damaged("\(reason) after \(stream.pointee.total_in) bytes of a member")
        }
    }

    private func damaged(_ reason: String) -> ArchiveError {
        .damaged(path: file.path, reason: reason)
    }
}
