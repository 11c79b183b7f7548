/// Rows that leave earlier than the partition they are in.
public struct RowRule: Hashable, Sendable, Codable {
    /// What a row must meet, as SQL without volatile or stable functions: `level = 'DEBUG'`.
    public var condition: String
    /// A period's rows of this rule have expired once all of the period is older.
    public var retain: Span
    /// Whether the rows are archived before they are deleted; else they are gone for good.
    public var archives: Bool

    public init(condition: String, retain: Span, archives: Bool = true) {
        self.condition = condition
        self.retain = retain
        self.archives = archives
    }

    /// Whether whoever approved `self` has approved of `other` too, today.
    fileprivate func covers(_ other: RowRule, at now: Instant, in zone: Zone) -> Bool {
        condition == other.condition && (other.archives || !archives)
            && (retain == other.retain
                || other.retain.before(now, in: zone) <= retain.before(now, in: zone))
    }
}

extension RowRule: CustomStringConvertible {
    /// `14 days, archived: level = 'DEBUG'`, a form that reads back as the same rule.
    public var description: String { "\(retain), \(form): \(condition)" }

    private var form: String { archives ? "archived" : "not archived" }

    public init?(_ text: String) {
        guard let comma = text.firstIndex(of: ","), let colon = text.firstIndex(of: ":"),
            comma < colon, let retain = Span(String(text[..<comma]))
        else { return nil }
        let condition = String(text[colon...].dropFirst(2))
        for archives in [true, false] {
            self.init(condition: condition, retain: retain, archives: archives)
            if text[comma...].hasPrefix(", \(form): ") { return }
        }
        return nil
    }
}

extension RowRule {
    /// Which rows went, and how: for what is said of a deletion.
    public var sentence: String {
        archives ? "where \(condition)" : "where \(condition), for good: archive: false"
    }
}

extension [RowRule] {
    /// Those that none of the approved ones covers.
    func notCovered(by approved: [RowRule], at now: Instant, in zone: Zone) -> [RowRule] {
        filter { rule in !approved.contains { $0.covers(rule, at: now, in: zone) } }
    }
}
