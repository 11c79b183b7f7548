import Retention

/// A table's nights to come: what comes in, day by day, and whole periods that leave on the policy's
/// schedule.
public struct RetentionSimulation: Sendable {
    /// What takes room now.
    public struct Holding: Equatable, Sendable {
        public enum Place: Equatable, Sendable {
            case live(PartitionBounds)
            /// Detached; nil: for good.
            case quarantined(until: Instant?)
            /// It never leaves: DEFAULT, open ends, what somebody else holds.
            case fixed
        }

        public var name: String
        public var place: Place
        public var bytes: Double
        /// Holds and pins keep it until then.
        public var keptUntil: Instant?

        public init(name: String, place: Place, bytes: Double, keptUntil: Instant? = nil) {
            self.name = name
            self.place = place
            self.bytes = bytes
            self.keptUntil = keptUntil
        }
    }

    /// What a night gives back to the disk.
    public struct Freed: Equatable, Sendable, Codable {
        public var at: Instant
        public var name: String
        public var bytes: Int64
    }

    public struct Course: Equatable, Sendable {
        /// Now, and at the end of each day.
        public var bytes: [Double]
        public var freed: [Freed]
    }

    public var policy: RetentionPolicy
    /// The table's own: keys without a zone live in UTC.
    public var calendar: TableCalendar
    public var holdings: [Holding]
    /// Bytes of a plain table's files: they never shrink, what leaves makes room for what comes, and
    /// the disk gets nothing back. Nil: each period has files of its own.
    public var files: Double?

    public init(
        policy: RetentionPolicy, calendar: TableCalendar, holdings: [Holding], files: Double? = nil
    ) {
        self.policy = policy
        self.calendar = calendar
        self.holdings = holdings
        self.files = files
    }

    /// - Parameter ingest: bytes on the day that begins so many days from now.
    public func run(days: Int, ingest: (Int) -> Double) -> Course {
        var holdings = holdings
        var course = Course(bytes: [], freed: [])
        course.bytes.reserveCapacity(days + 1)
        var total = holdings.reduce(0) { $0 + $1.bytes }
        var size = files ?? 0
        func grown() -> Double {
            guard files != nil else { return max(0, total) }
            size = max(size, total)
            return size
        }
        course.bytes.append(grown())
        let zone = calendar.zone
        var current: Int?
        for day in 0..<days {
            let noon = calendar.now.advanced(bySeconds: Int64(day) * 86_400 + 43_200)
            if let index = current, case .live(let bounds) = holdings[index].place,
                bounds.contains(noon)
            {
            } else {
                current = holdings.firstIndex {
                    if case .live(let bounds) = $0.place { bounds.contains(noon) } else { false }
                }
            }
            if current == nil {
                let bounds = calendar.period.bounds(containing: noon, in: zone)
                let name = calendar.period.name(
                    ofFirstDay: calendar.period.firstDay(of: bounds, in: zone))
                holdings.append(Holding(name: name, place: .live(bounds), bytes: 0))
                current = holdings.count - 1
            }
            let coming = ingest(day)
            if let current { holdings[current].bytes += coming }
            total += coming
            let night = calendar.now.advanced(bySeconds: Int64(day + 1) * 86_400)
            let count = holdings.count
            total -= leave(&holdings, at: night, &course.freed)
            if holdings.count != count { current = nil }
            course.bytes.append(grown())
        }
        return course
    }

    /// One night's retirements, oldest first; gives the bytes that the disk gets back.
    private func leave(_ holdings: inout [Holding], at night: Instant, _ freed: inout [Freed])
        -> Double
    {
        guard policy.then != .keep else { return 0 }
        let cutoff = policy.retain.before(night, in: calendar.zone)
        var expired: [(bounds: PartitionBounds, index: Int)] = []
        for (index, one) in holdings.enumerated() {
            guard case .live(let bounds) = one.place, bounds.to <= cutoff,
                one.keptUntil.map({ $0 <= night }) ?? true
            else { continue }
            expired.append((bounds, index))
        }
        expired.sort { $0.bounds < $1.bounds }
        for (_, index) in expired.prefix(policy.maxRetire) {
            let end = policy.then == .drop ? policy.grace.after(night, in: calendar.zone) : nil
            holdings[index].place = .quarantined(until: end)
        }
        var sum = 0.0
        holdings.removeAll { one in
            guard case .quarantined(let until?) = one.place, until <= night else { return false }
            if files == nil {
                freed.append(
                    Freed(at: night, name: one.name, bytes: Int64(one.bytes.rounded())))
            }
            sum += one.bytes
            return true
        }
        return sum
    }

    /// Days after which everything that is there now has left, and the days of one more cycle; nil
    /// where nothing ever leaves, or not within ten years.
    public var cycle: (settled: Int, length: Int)? {
        guard policy.then == .drop else { return nil }
        let now = calendar.now
        let current = calendar.period.bounds(containing: now, plus: 1, in: calendar.zone)
        let end = policy.grace.after(
            policy.retain.after(current.to, in: calendar.zone), in: calendar.zone)
        let day = Instant.microsecondsPerDay
        let settled = Int((end.microseconds - now.microseconds) / day) + 2
        let length = Int((current.to.microseconds - current.from.microseconds) / day)
        return settled + 3 * length <= 3700 ? (settled, max(7, 2 * length)) : nil
    }
}
