import Glibc

/// Whole lines of COPY text, one after the other. It grows and never shrinks, so that a block
/// that is used again and again is allocated for its largest use and then no more.
///
/// One thread at a time may use it; it is handed from one to the next.
public final class CopyBlock: @unchecked Sendable {
    private var storage: UnsafeMutableRawPointer?
    private var capacity = 0
    /// Bytes in it.
    public private(set) var count = 0
    /// Lines in it.
    public private(set) var rows = 0

    public init(capacity: Int = 0) {
        if capacity > 0 { grow(to: capacity) }
    }

    deinit { free(storage) }

    /// Valid until the block is next changed.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage, count: count)
    }

    public func removeAll() {
        count = 0
        rows = 0
    }

    /// Adds one line, its newline included.
    @inline(__always)
    func append(line: UnsafePointer<CChar>, count length: Int) {
        if capacity - count < length { grow(to: max(count + length, capacity * 2, 1 << 16)) }
        memcpy(storage! + count, line, length)
        count += length
        rows += 1
    }

    @inline(never)
    private func grow(to size: Int) {
        guard let grown = realloc(storage, size) else {
            fatalError("out of memory for a block of \(size) bytes")
        }
        storage = grown
        capacity = size
    }
}
