/// How often a night brings an archive back, to see that it can be.
public enum DrillRhythm: String, Sendable, Codable, CaseIterable {
    case never, daily, weekly, monthly

    /// Nil for never.
    public var seconds: Int64? {
        let day: Int64 = 86_400
        return switch self {
        case .never: nil
        case .daily: day
        case .weekly: 7 * day
        case .monthly: 30 * day
        }
    }

    /// Nights do not begin to the second: half a day early is on time. One that failed is tried
    /// again by the next night.
    ///
    /// - Parameter outcomes: the last one of each archive.
    public func isDue(_ outcomes: some Sequence<DrillOutcome>, at now: Instant) -> Bool {
        guard let seconds else { return false }
        if outcomes.contains(where: { $0.failure != nil }) { return true }
        guard let last = outcomes.map(\.at).max() else { return true }
        return last.advanced(bySeconds: seconds - 43_200) <= now
    }
}

/// How the last drill of an archive ended.
public struct DrillOutcome: Equatable, Sendable, Codable {
    public struct Measure: Equatable, Sendable, Codable {
        public var rows: UInt64
        /// Until its rows were in a table, and proven.
        public var seconds: Double

        public init(rows: UInt64, seconds: Double) {
            self.rows = rows
            self.seconds = seconds
        }
    }

    public struct Failure: Equatable, Sendable, Codable {
        /// The id of the problem: `archive.contents`
        public var problem: String
        public var status: Int32

        public init(problem: String, status: Int32) {
            self.problem = problem
            self.status = status
        }
    }

    public var slice: Slice
    public var at: Instant
    /// Nil where it failed.
    public var measure: Measure?
    /// Nil where it came back whole.
    public var failure: Failure?

    public init(slice: Slice, at: Instant, measure: Measure? = nil, failure: Failure? = nil) {
        self.slice = slice
        self.at = at
        self.measure = measure
        self.failure = failure
    }
}

extension Sequence<Slice> {
    /// Which of them is brought back next: one that could not be the last time, then any that never
    /// was, then the one that was not for longest. Chance picks among equals.
    public func nextToDrill(knowing outcomes: [Slice: DrillOutcome]) -> Slice? {
        func rank(_ slice: Slice) -> (Int, Int64) {
            guard let outcome = outcomes[slice] else { return (1, 0) }
            return (outcome.failure == nil ? 2 : 0, outcome.at.microseconds)
        }
        return shuffled().min { rank($0) < rank($1) }
    }
}
