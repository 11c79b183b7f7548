/// Whole lines in pieces that fit into a processor's cache, so that what is made of one need not
/// travel to memory and back.
public struct LineChunks: Sequence, IteratorProtocol {
    /// A piece is so long, and then as far as its last line goes.
    private static let usualBytes = 1 << 16

    private var rest: UnsafeRawBufferPointer

    /// `lines`: each ended by a newline; a last one without makes the last piece longer.
    public init(of lines: UnsafeRawBufferPointer) {
        rest = lines
    }

    public mutating func next() -> UnsafeRawBufferPointer? {
        guard !rest.isEmpty else { return nil }
        var end = rest.count
        if end > Self.usualBytes {
            let tail = rest[(Self.usualBytes - 1)...]
            if let newline = tail.firstIndex(of: ASCII.newline) { end = newline + 1 }
        }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[end...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<end])
    }
}
