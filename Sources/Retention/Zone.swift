/// A time zone: which offset from UTC was, is and will be in force.
public struct Zone: Equatable, Sendable {
    struct Transition: Equatable, Sendable {
        /// Seconds since 1970-01-01 00:00 UTC.
        var at: Int64
        /// Seconds east of UTC from then on.
        var offset: Int64
    }

    /// As the configuration names it: `Europe/Berlin`.
    public let name: String
    /// Seconds east of UTC before the first transition.
    let firstOffset: Int64
    /// Sorted by time.
    let transitions: [Transition]

    public static let utc = Zone(name: "UTC", firstOffset: 0, transitions: [])

    /// What a wall in the zone shows.
    public func civil(_ instant: Instant) -> CivilDateTime {
        let offset = offset(atSecond: instant.flooredSeconds)
        return CivilDateTime(
            utc: Instant(
                microseconds: instant.microseconds + offset * Instant.microsecondsPerSecond))
    }

    /// When a wall in the zone shows this. A time that the clocks skip is read with the offset
    /// from before, one that they show twice with the offset from after, as PostgreSQL does
    /// (`DetermineTimeZoneOffset`).
    public func instant(_ civil: CivilDateTime) -> Instant {
        let naive = civil.asUTC
        let day: Int64 = 86_400
        let before = offset(atSecond: naive.flooredSeconds - day)
        let next = transitions.partitioningIndex { $0.at > naive.flooredSeconds - day }
        guard next < transitions.count, transitions[next].at <= naive.flooredSeconds + day else {
            return naive.advanced(bySeconds: -before)
        }
        let change = transitions[next]
        let after = naive.advanced(bySeconds: -change.offset)
        return after.flooredSeconds >= change.at ? after : naive.advanced(bySeconds: -before)
    }

    /// Midnight, as well as the zone has one.
    public func instant(_ date: CivilDate) -> Instant {
        instant(CivilDateTime(date: date))
    }

    private func offset(atSecond second: Int64) -> Int64 {
        let next = transitions.partitioningIndex { $0.at > second }
        return next == 0 ? firstOffset : transitions[next - 1].offset
    }
}

extension Instant {
    var flooredSeconds: Int64 {
        let whole = microseconds / Self.microsecondsPerSecond
        return microseconds < whole * Self.microsecondsPerSecond ? whole - 1 : whole
    }

    public func advanced(bySeconds seconds: Int64) -> Instant {
        Instant(microseconds: microseconds + seconds * Self.microsecondsPerSecond)
    }
}

extension Array {
    /// The first index whose element satisfies a predicate that no later element fails.
    fileprivate func partitioningIndex(where belongsInSecond: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongsInSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
