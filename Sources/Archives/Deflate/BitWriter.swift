/// Bits on their way into bytes, the first in the lowest (RFC 1951, 3.1.1).
///
/// The caller vouches for room: eight bytes more than what is written.
struct BitWriter {
    private(set) var next: UnsafeMutablePointer<UInt8>
    private var pending: UInt64 = 0
    private var pendingBits = 0

    init(at start: UnsafeMutablePointer<UInt8>) {
        next = start
    }

    /// Appends the lowest `count` bits, 56 at most; those above them are zeros.
    @inline(__always)
    mutating func put(_ bits: UInt64, _ count: Int) {
        pending |= bits &<< UInt64(truncatingIfNeeded: pendingBits)
        pendingBits &+= count
        UnsafeMutableRawPointer(next).storeBytes(of: pending.littleEndian, as: UInt64.self)
        next += pendingBits &>> 3
        pending &>>= UInt64(truncatingIfNeeded: pendingBits & ~7)
        pendingBits &= 7
    }

    /// What has not made a whole byte yet.
    var rest: (bits: UInt64, count: Int) { (pending, pendingBits) }

    /// Fills the last byte up with zeros.
    mutating func finishByte() {
        if pendingBits > 0 { put(0, 8 - pendingBits) }
    }
}
