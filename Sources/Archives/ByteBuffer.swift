/// Bytes that are written over and over again: it grows, and never shrinks, so that a worker
/// allocates for its largest part and then no more.
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
    private var storage: UnsafeMutableRawBufferPointer
    public private(set) var count = 0

    public init() {
        storage = .allocate(byteCount: 1 << 12, alignment: 16)
    }

    deinit { storage.deallocate() }

    /// Valid until the buffer is next changed.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage[..<count])
    }

    /// Valid until the size next changes.
    var mutableBytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: storage[..<count])
    }

    /// Sets the size. What was in the buffer before is lost when it has to grow.
    mutating func resize(to newCount: Int) {
        if newCount > storage.count {
            storage.deallocate()
            storage = .allocate(byteCount: newCount, alignment: 16)
        }
        count = newCount
    }

    /// Makes it longer, and keeps what is in it; what is new may be anything.
    mutating func grow(by additional: Int) {
        let wanted = count + additional
        if wanted > storage.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(wanted, storage.count * 3 / 2), alignment: 16)
            larger.copyMemory(from: bytes)
            storage.deallocate()
            storage = larger
        }
        count = wanted
    }

    mutating func append(_ other: UnsafeRawBufferPointer) {
        let start = count
        grow(by: other.count)
        UnsafeMutableRawBufferPointer(rebasing: storage[start..<count]).copyMemory(from: other)
    }

    /// Forgets what is behind the first `newCount` bytes.
    mutating func truncate(to newCount: Int) {
        precondition(newCount <= count)
        count = newCount
    }
}
