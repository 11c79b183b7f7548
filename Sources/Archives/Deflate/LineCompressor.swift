import CLibdeflate

/// Makes gzip files (RFC 1952) of lines, as they come: the lines need not be held until the last
/// is there. The same lines in the same pieces always give the same file.
struct LineCompressor: ~Copyable, @unchecked Sendable {
    /// So many bytes are looked at together with the window before them; both stay in the cache.
    private static let chunkBytes = 1 << 17
    private var matches = MatchFinder()
    private var block = DeflateBlock()
    /// The window, the chunk at hand, and what a hash may read beyond.
    private let text: UnsafeMutablePointer<UInt8>
    private var textCount = 0
    /// The position of `text[0]`.
    private var origin = MatchFinder.firstPosition
    /// Bits that have not made a byte of the output yet.
    private var rest: (bits: UInt64, count: Int) = (0, 0)
    private var crc: UInt32 = 0
    private var inflatedBytes: UInt32 = 0
    /// Positions start anew behind this one, before they could overflow.
    private let lastPosition: UInt32

    init(lastPosition: UInt32 = 1 << 31) {
        self.lastPosition = lastPosition
        let capacity = DeflateAlphabet.windowBytes + Self.chunkBytes + MatchFinder.hashReads
        text = .allocate(capacity: capacity)
        text.initialize(repeating: 0, count: capacity)
    }

    deinit { text.deallocate() }

    /// Magic, DEFLATE, no flags, no time, no hint, unknown system (RFC 1952, 2.3).
    private static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]

    /// Begins a file at the end of `output`.
    mutating func begin(_ output: inout ByteBuffer) {
        matches.forget()
        block.removeAll()
        textCount = 0
        origin = MatchFinder.firstPosition
        rest = (0, 0)
        crc = 0
        inflatedBytes = 0
        Self.header.withUnsafeBytes { output.append($0) }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        crc = libdeflate_crc32(crc, bytes.baseAddress, bytes.count)
        inflatedBytes &+= UInt32(truncatingIfNeeded: bytes.count)
        var left = bytes[...]
        while !left.isEmpty {
            let chunk = UnsafeRawBufferPointer(rebasing: left.prefix(Self.chunkBytes))
            left = left.dropFirst(chunk.count)
            deflate(chunk, to: &output)
        }
    }

    /// Ends the file: the last block, CRC-32 and size (RFC 1952, 2.3.1).
    mutating func finish(_ output: inout ByteBuffer) {
        writeBlock(isLast: true, to: &output)
        let trailer = UInt64(crc) | UInt64(inflatedBytes) << 32
        withUnsafeBytes(of: trailer.littleEndian) { output.append($0) }
    }

    private mutating func deflate(_ chunk: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        slide()
        UnsafeMutableRawPointer(text + textCount).copyMemory(
            from: chunk.baseAddress!, byteCount: chunk.count)
        var at = textCount
        textCount += chunk.count
        while at < textCount {
            matches.tokenize(text, from: &at, to: textCount, origin: origin, into: &block)
            if block.isFull { writeBlock(isLast: false, to: &output) }
        }
    }

    /// Moves the window to the front.
    private mutating func slide() {
        let gone = textCount - DeflateAlphabet.windowBytes
        guard gone > 0 else { return }
        UnsafeMutableRawPointer(text).copyMemory(
            from: text + gone, byteCount: DeflateAlphabet.windowBytes)
        textCount = DeflateAlphabet.windowBytes
        origin += UInt32(gone)
        if origin > lastPosition {
            matches.forget()
            textCount = 0
            origin = MatchFinder.firstPosition
        }
    }

    private mutating func writeBlock(isLast: Bool, to output: inout ByteBuffer) {
        let start = output.count
        output.grow(by: DeflateBlock.largestBytes)
        let base = output.mutableBytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
        var writer = BitWriter(at: base + start)
        writer.put(rest.bits, rest.count)
        block.write(isLast: isLast, to: &writer)
        if isLast { writer.finishByte() }
        rest = writer.rest
        output.truncate(to: writer.next - base)
    }
}
