/// The smallest and the largest key of a set of rows.
///
/// In microseconds since 1970-01-01 00:00 UTC; timestamps without time zone and dates as though
/// they were UTC. `infinity` is `Int64.max`, `-infinity` is `Int64.min`.
public struct KeyRange: Sendable, Equatable {
    /// Nil when no key was understood.
    public var smallest: Int64?
    /// Nil when no key was understood.
    public var largest: Int64?
    /// Rows whose key was NULL or not understood.
    public var unordered: UInt64

    public init(smallest: Int64? = nil, largest: Int64? = nil, unordered: UInt64 = 0) {
        self.smallest = smallest
        self.largest = largest
        self.unordered = unordered
    }

    /// Takes the keys of other rows in.
    public mutating func add(_ other: KeyRange) {
        if let theirs = other.smallest { smallest = min(smallest ?? theirs, theirs) }
        if let theirs = other.largest { largest = max(largest ?? theirs, theirs) }
        unordered += other.unordered
    }
}

/// The counting behind a `RowsSummary`, without optionals and without calls to another module.
struct RowTally {
    var rows: UInt64 = 0
    var sum: UInt128 = 0
    var smallest = Int64.max
    var largest = Int64.min
    var unordered: UInt64 = 0

    @inline(__always)
    mutating func add(hash: UInt128) {
        rows &+= 1
        sum &+= hash
    }

    @inline(__always)
    mutating func add(key: Int64?) {
        guard let key else {
            unordered &+= 1
            return
        }
        smallest = min(smallest, key)
        largest = max(largest, key)
    }

    func summary(hasKey: Bool) -> RowsSummary {
        var keys: KeyRange?
        if hasKey {
            keys = KeyRange(unordered: unordered)
            if rows > unordered {
                keys?.smallest = smallest
                keys?.largest = largest
            }
        }
        return RowsSummary(digest: .init(rows: rows, sum: sum), keys: keys)
    }
}
