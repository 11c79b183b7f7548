import CXXHash
import Glibc

/// What a filter knows of a value: a hash of its field, as COPY text has it.
public enum FieldHash {
    /// Whether two values of a column are equal exactly where their fields have the same bytes: text,
    /// and what is written like it, and integers. `1.0` and `1.00` are one numeric.
    ///
    /// - Parameter typeOID: of `pg_type.dat`, domains followed to their base type.
    public static func isTelling(of form: ColumnForm, typeOID: UInt32) -> Bool {
        form == .text || form == .number && integers.contains(typeOID)
    }

    /// The hash that the fields have which `column=operand` is met by; nil where fields of other
    /// bytes may meet it, too.
    public static func of(operand: String, form: ColumnForm, typeOID: UInt32) -> UInt64? {
        guard isTelling(of: form, typeOID: typeOID) else { return nil }
        let bytes = Array(operand.utf8)
        if form == .number, !isAsTheServerWrites(bytes) { return nil }
        var field = OutputBuffer()
        for byte in bytes { CopyText.append(byte, to: &field) }
        return hash(UnsafePointer(field.base), field.count)
    }

    /// XXH3-64, seed 0; https://xxhash.com. Never 0.
    @inline(__always)
    static func hash(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        max(1, XXH3_64bits(start, count))
    }

    /// int2, int4, int8.
    private static let integers: [UInt32] = [21, 23, 20]

    /// `-?[1-9][0-9]*` or `0`: the one way in which the server writes an integer.
    private static func isAsTheServerWrites(_ bytes: [UInt8]) -> Bool {
        let digits = bytes.drop { $0 == ASCII.minus }
        guard bytes.count - digits.count <= 1, let first = digits.first else { return false }
        if first == UInt8(ascii: "0") { return bytes.count == 1 }
        return digits.allSatisfy(ASCII.isDigit)
    }
}

/// The different values that a column has in the rows that were encoded, as hashes: a table of
/// open addresses that is used again for part after part.
///
/// Rows are encoded and compressed by turns, and meanwhile the caches forget the table: so hashes are
/// gathered first, and put into it many at a time.
final class FieldHashes {
    let column: Int
    private var count = 0
    private let gathered: UnsafeMutablePointer<UInt64>
    private var waiting = 0
    private static let mostWaiting = 1 << 12
    /// There were more than are kept: it says nothing.
    private var isOverfull = false
    private var slots: UnsafeMutablePointer<UInt64>
    private var capacity: Int
    private var last: UInt64 = 0

    /// Beyond as many values a column's filter would take more memory than it is worth.
    static let limit = 1 << 19
    private static let fewest = 1 << 12

    init(column: Int) {
        self.column = column
        capacity = Self.fewest
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: 0, count: capacity)
        gathered = .allocate(capacity: Self.mostWaiting)
        gathered.initialize(repeating: 0, count: Self.mostWaiting)
    }

    deinit {
        slots.deallocate()
        gathered.deallocate()
    }

    func removeAll() {
        waiting = 0
        last = 0
        guard count > 0 else { return }
        slots.update(repeating: 0, count: capacity)
        count = 0
        isOverfull = false
    }

    /// Nil where there were too many.
    func all() -> [UInt64]? {
        settle()
        guard !isOverfull else { return nil }
        return UnsafeBufferPointer(start: slots, count: capacity).filter { $0 != 0 }
    }

    /// Takes a field in; NULL is none.
    func add(field start: UnsafePointer<UInt8>, _ length: Int) {
        if length == 2, start[0] == ASCII.backslash, start[1] == UInt8(ascii: "N") { return }
        let hash = FieldHash.hash(start, length)
        // Rows of one request stand together.
        guard hash != last else { return }
        last = hash
        gathered[waiting] = hash
        waiting += 1
        if waiting == Self.mostWaiting { settle() }
    }

    private func settle() {
        for index in 0..<waiting where !isOverfull {
            guard place(gathered[index]) else { continue }
            count += 1
            if count > Self.limit { isOverfull = true } else if count * 2 > capacity { grow() }
        }
        waiting = 0
    }

    /// Whether it was not there before.
    private func place(_ hash: UInt64) -> Bool {
        var index = Int(truncatingIfNeeded: hash) & (capacity - 1)
        while slots[index] != 0 {
            if slots[index] == hash { return false }
            index = (index + 1) & (capacity - 1)
        }
        slots[index] = hash
        return true
    }

    private func grow() {
        let (old, count) = (slots, capacity)
        capacity *= 2
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: 0, count: capacity)
        for index in 0..<count where old[index] != 0 { _ = place(old[index]) }
        old.deallocate()
    }
}
