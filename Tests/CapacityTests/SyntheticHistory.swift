import Capacity
import Retention

/// A generator of random numbers that gives the same ones for a seed (Steele, Lea and Flood 2014).
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func uniform() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }

    /// Of mean 0 and deviation 1, about.
    mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + uniform() } }
}

/// A table whose future is known: the same process makes its past and what comes.
struct SyntheticHistory {
    enum Kind: String, CaseIterable {
        case steady, growing, weekly, incident, justStarted, sawTooth, stalled
    }

    static let now = Instant(iso: "2026-11-25T00:00:00Z")!
    private static let today = Int(CivilDate(year: 2026, month: 11, day: 25)!.daysSinceEpoch)
    private static let retain = 60
    private static let grace = 7
    private static let megabyte = 1e6

    let kind: Kind
    /// What came in, by day: the past, then two years and more.
    private var ingest: [Int: Double] = [:]
    private let firstDay: Int
    private var chance: Chance

    init(_ kind: Kind, seed: Int) {
        self.kind = kind
        chance = Chance(seed: UInt64(seed) &* 31 &+ UInt64(kind.rawValue.utf8.count))
        firstDay = Self.today - (kind == .justStarted ? 14 + seed % 20 : 180)
        let base = 1000 * Self.megabyte * (0.2 + 2 * chance.uniform())
        let growth = 0.001 + 0.004 * chance.uniform()
        let incident = Self.today - 10 - Int(60 * chance.uniform())
        let stall = Self.today - 16 - seed % 30
        for day in firstDay..<Self.today + 1000 {
            var value = base * max(0, 1 + 0.15 * chance.normal())
            let weekday = CivilDate(daysSinceEpoch: Int64(day)).weekday
            switch kind {
            case .steady, .justStarted: break
            case .growing: value *= 1 + growth * Double(day - firstDay)
            case .weekly, .sawTooth: value *= weekday > 5 ? 0.3 : 1.28
            case .incident: if (incident...incident + 2).contains(day) { value *= 8 }
            case .stalled: if day >= stall { value = 0 }
            }
            ingest[day] = value
        }
    }

    static var policy: RetentionPolicy {
        RetentionPolicy(
            table: QualifiedName(schema: "public", name: "logs"), key: "created_at",
            period: .month, premake: 3, retain: Span(days: retain), then: .drop,
            grace: Span(days: grace), zone: .utc, maxRetire: 2)
    }

    static var calendar: TableCalendar {
        TableCalendar(policy: policy, keyType: .timestampWithTimeZone, now: now)
    }

    /// The month that a day is in: its first day and the next one's.
    private static func month(of day: Int) -> Range<Int> {
        let first = Period.month.start(of: CivilDate(daysSinceEpoch: Int64(day)))
        let next = first.adding(months: 1)
        return Int(first.daysSinceEpoch)..<Int(next.daysSinceEpoch)
    }

    private static func instant(_ day: Int) -> Instant {
        Instant(microseconds: Int64(day) * Instant.microsecondsPerDay)
    }

    // MARK: The truth

    /// Bytes in the database at the start of a day, counted from now: every day's rows stay until
    /// their month has aged out and its grace is over.
    func trueSizes(days: Int) -> [Double] {
        var changes = Array(repeating: 0.0, count: days + 1)
        for (day, bytes) in ingest {
            let gone = Self.month(of: day).upperBound + Self.retain + Self.grace - Self.today
            let come = max(0, day + 1 - Self.today)
            guard gone > 0, come <= days else { continue }
            changes[come] += bytes
            if gone <= days { changes[gone] -= bytes }
        }
        var sum = 0.0
        return changes.map { change in
            sum += change
            return sum
        }
    }

    /// The mean between which the size swings, once all that is there now has left.
    var trueSteadyState: Double {
        let sizes = trueSizes(days: 700).suffix(365)
        return sizes.reduce(0, +) / Double(sizes.count)
    }

    // MARK: What is known of it

    /// A partition's size on the morning of a day; nil once it is gone.
    private func size(ofMonth month: Range<Int>, on day: Int) -> Double? {
        guard day < month.upperBound + Self.retain + Self.grace else { return nil }
        return month.reduce(0) { $0 + ($1 < day ? ingest[$1] ?? 0 : 0) }
    }

    var history: IngestHistory {
        var samples: [SizeSample] = []
        for day in firstDay...Self.today {
            var months: Set<Int> = []
            for other in max(firstDay, day - 160)...day {
                months.insert(Self.month(of: other).lowerBound)
            }
            for first in months {
                guard let size = size(ofMonth: Self.month(of: first), on: day) else { continue }
                samples.append(
                    SizeSample(
                        at: Self.instant(day).advanced(bySeconds: 300), partition: UInt32(first),
                        begins: Self.instant(first),
                        bytes: Int64(size)))
            }
        }
        return IngestHistory(samples: samples, periods: [], zone: .utc)
    }

    var simulation: RetentionSimulation {
        var months: Set<Int> = []
        for day in max(firstDay, Self.today - 160)..<Self.today {
            months.insert(Self.month(of: day).lowerBound)
        }
        let holdings = months.sorted().compactMap { first -> RetentionSimulation.Holding? in
            let month = Self.month(of: first)
            guard let size = size(ofMonth: month, on: Self.today),
                let bounds = PartitionBounds(
                    from: Self.instant(month.lowerBound), to: Self.instant(month.upperBound))
            else { return nil }
            let detached = month.upperBound + Self.retain
            return RetentionSimulation.Holding(
                name: "\(first)",
                place: detached <= Self.today
                    ? .quarantined(until: Self.instant(detached + Self.grace)) : .live(bounds),
                bytes: size)
        }
        return RetentionSimulation(
            policy: Self.policy, calendar: Self.calendar, holdings: holdings)
    }

    var model: IngestModel? { IngestModel(history, today: Self.today) }
}
