import Retention

/// What a policy means for a row, in days and in words.
public struct RetentionPromise: Equatable, Sendable, Codable {
    /// How long a row is in the live table; nil: for ever.
    public var liveFrom: Int?
    public var liveTo: Int?
    /// How long it is in the database at all; nil: for ever.
    public var inDatabase: Int?
    /// How long an archive stays, from the end of its range on; nil: for ever.
    public var archives: Span?

    /// Over the coming two dozen periods: months are not of one length.
    public init(_ policy: RetentionPolicy, _ calendar: TableCalendar) {
        archives = policy.keepArchives
        guard policy.then != .keep else { return }
        var shortest = Int64.max
        var longest: Int64 = 0
        var last: Int64 = 0
        for ahead in 0..<24 {
            let bounds = calendar.period.bounds(
                containing: calendar.now, plus: ahead, in: calendar.zone)
            let leaves = policy.retain.after(bounds.to, in: calendar.zone)
            let gone = policy.grace.after(leaves, in: calendar.zone)
            shortest = min(shortest, leaves.microseconds - bounds.to.microseconds)
            longest = max(longest, leaves.microseconds - bounds.from.microseconds)
            last = max(last, gone.microseconds - bounds.from.microseconds)
        }
        // A clock that is put forward or back is no day less or more.
        func days(_ length: Int64) -> Int {
            Int((Double(length) / Double(Instant.microsecondsPerDay)).rounded())
        }
        liveFrom = days(shortest)
        liveTo = days(longest)
        inDatabase = policy.then == .drop ? days(last) : nil
    }

    /// `live 90 to 121 days, in the database at most 128, archives for ever`
    public var sentence: String {
        let kept = archives.map { "archives until they are \($0) old" } ?? "archives for ever"
        guard let liveFrom, let liveTo else { return "live for ever, \(kept)" }
        let rest = inDatabase.map { "in the database at most \($0)" } ?? "in the database for ever"
        return "live \(liveFrom) to \(liveTo) days, \(rest), \(kept)"
    }
}
