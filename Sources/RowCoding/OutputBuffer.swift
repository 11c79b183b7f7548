#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A byte buffer that grows and is used again for block after block.
///
/// It owns memory from `malloc`. Running out of memory ends the program: nothing sensible is
/// left to do with half a row.
public struct OutputBuffer: ~Copyable {
    /// The first byte; moves when the buffer grows.
    private(set) var base: UnsafeMutablePointer<UInt8>
    /// How many bytes it holds.
    public internal(set) var count: Int
    /// How many bytes it can hold before it has to grow.
    public private(set) var capacity: Int

    public init(capacity: Int = 0) {
        let capacity = max(capacity, 2 * Sink.margin)
        guard let memory = malloc(capacity) else { fatalError("out of memory") }
        self.base = memory.assumingMemoryBound(to: UInt8.self)
        self.count = 0
        self.capacity = capacity
    }

    deinit { free(base) }

    /// What it holds; valid until it is changed.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Makes room for so many bytes more, growing by half at least, so that appending stays linear.
    public mutating func reserve(_ additional: Int) {
        guard capacity - count < additional else { return }
        let wanted = max(count + additional, capacity + capacity / 2)
        guard let memory = realloc(base, wanted) else { fatalError("out of memory") }
        base = memory.assumingMemoryBound(to: UInt8.self)
        capacity = wanted
    }

    /// Forgets the bytes and keeps the memory.
    public mutating func removeAll() { count = 0 }

    /// Appends a copy of the bytes, which must not be the buffer's own.
    public mutating func append(contentsOf other: UnsafeRawBufferPointer) {
        guard let start = other.baseAddress else { return }
        reserve(other.count)
        UnsafeMutableRawPointer(base + count).copyMemory(from: start, byteCount: other.count)
        count += other.count
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        if count == capacity { reserve(1) }
        base[count] = byte
        count += 1
    }
}

// Sole owner of its memory, so it may move between threads as any value does.
extension OutputBuffer: @unchecked Sendable {}

/// The writing end of an `OutputBuffer`, small enough to live in two registers.
///
/// Below `limit` there are `margin` bytes to write without looking: whole words may be stored
/// where only some of their bytes count.
struct Sink {
    static let margin = 64

    var at: UnsafeMutablePointer<UInt8>
    var limit: UnsafeMutablePointer<UInt8>

    /// Stores eight bytes at an offset and leaves the position.
    @inline(__always)
    func store(_ word: UInt64, _ offset: Int = 0) {
        UnsafeMutableRawPointer(at + offset)
            .storeBytes(of: word.littleEndian, as: UInt64.self)
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        at.pointee = byte
        at += 1
    }

    /// Puts the first `count` bytes of a word.
    @inline(__always)
    mutating func put(_ word: UInt64, _ count: Int) {
        store(word)
        at += count
    }
}

extension OutputBuffer {
    /// A sink at the end of the bytes, with its margin to write in.
    @inline(__always)
    mutating func sink() -> Sink {
        reserve(Sink.margin)
        return Sink(at: base + count, limit: base + capacity - Sink.margin)
    }

    /// Takes what was written into the sink.
    @inline(__always)
    mutating func take(_ sink: Sink) { count = sink.at - base }

    /// The sink after the buffer has grown by `additional` bytes and the margin.
    @inline(never)
    mutating func grown(_ sink: Sink, by additional: Int = 0) -> Sink {
        take(sink)
        reserve(additional + Sink.margin)
        return self.sink()
    }

    /// Copies bytes of the block that is read, of any number.
    @inline(__always)
    mutating func copy(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ sink: inout Sink) {
        if sink.limit - sink.at < count { sink = grown(sink, by: count) }
        sink.at.update(from: bytes, count: count)
        sink.at += count
    }
}
