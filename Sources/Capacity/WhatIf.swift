import Retention

/// Another policy, or another ingest, to be tried in a simulation: `retain 60 days, ingest x2`.
public struct WhatIf: Equatable, Sendable {
    public var retain: Span?
    public var grace: Span?
    public var then: RetentionAction?
    /// What comes in, times this.
    public var ingest: Double

    /// Nil when it is not a list of `retain SPAN`, `grace SPAN`, `then ACTION` and `ingest xN`.
    public init?(_ text: String) {
        ingest = 1
        var seen: Set<Substring> = []
        for clause in text.split(separator: ",", omittingEmptySubsequences: false) {
            let trimmed = clause.drop { $0 == " " }
            guard let blank = trimmed.firstIndex(of: " ") else { return nil }
            let word = trimmed[..<blank]
            var value = String(trimmed[blank...].drop { $0 == " " })
            while value.last == " " { value.removeLast() }
            guard seen.insert(word).inserted else { return nil }
            switch word {
            case "retain":
                guard let span = Span(value) else { return nil }
                retain = span
            case "grace":
                guard let span = Span(value) else { return nil }
                grace = span
            case "then":
                guard let action = RetentionAction(rawValue: value) else { return nil }
                then = action
            case "ingest":
                guard value.hasPrefix("x"), let factor = Double(value.dropFirst()), factor > 0,
                    factor <= 1000
                else { return nil }
                ingest = factor
            default: return nil
            }
        }
    }

    public func changing(_ policy: RetentionPolicy) -> RetentionPolicy {
        var policy = policy
        if let retain { policy.retain = retain }
        if let grace { policy.grace = grace }
        if let then { policy.then = then }
        return policy
    }
}
