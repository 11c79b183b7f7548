import Retention

/// How much a table takes in a day.
public struct DailyGrowth: Equatable, Sendable, Codable {
    /// Heap, indexes and TOAST.
    public var bytes: Int64
    /// How many complete partitions it was taken from.
    public var partitions: Int

    /// The median over the newest complete partitions, three at most; nil where there is none.
    ///
    /// The partition that holds the present is left out: it is still growing.
    public init?(_ partitions: [Partition], now: Instant) {
        let complete = partitions.compactMap { partition in
            partition.bounds.flatMap { $0.to <= now ? (bounds: $0, bytes: partition.bytes) : nil }
        }
        let newest = complete.sorted { $0.bounds < $1.bounds }.suffix(3)
        let daily = newest.map { one in
            let length = one.bounds.to.microseconds - one.bounds.from.microseconds
            return one.bytes / max(1, length / Instant.microsecondsPerDay)
        }.sorted()
        guard !daily.isEmpty else { return nil }
        bytes = daily[daily.count / 2]
        self.partitions = daily.count
    }
}
