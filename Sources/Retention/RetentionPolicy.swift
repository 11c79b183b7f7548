/// What becomes of an expired partition.
public enum RetentionAction: String, Sendable, Codable, CaseIterable, Comparable {
    /// Archive it, and leave it where it is.
    case keep
    /// Archive it and detach it.
    case detach
    /// Archive it, detach it, and drop it after the grace.
    case drop

    /// Milder first.
    public static func < (a: RetentionAction, b: RetentionAction) -> Bool {
        allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
}

/// What an operator wants of one table.
public struct RetentionPolicy: Equatable, Sendable {
    public var table: QualifiedName
    /// The time column, verbatim.
    public var key: String
    /// What the column is said to hold; nil: what its type says.
    public var keyType: KeyType?
    public var period: Period
    /// Periods to make ahead, beyond the current one.
    public var premake: Int
    public var retain: Span
    public var then: RetentionAction
    /// Between detach and drop.
    public var grace: Span
    /// Whose midnight bounds a period.
    public var zone: Zone
    /// Detaches and deleted slices a run may do, oldest first.
    public var maxRetire: Int
    /// The table is a plain one and stays so: what ages leaves it slice by slice.
    public var isPlain: Bool
    /// Rows of a published table may be deleted, and so at its subscribers too.
    public var replicatesDeletes: Bool
    /// Rows in DEFAULT that belong to a period to be made ahead are moved into it.
    public var drainsDefault: Bool
    /// Rows that leave earlier than the rest of their period; only `then: drop` heeds them.
    public var rules: [RowRule]
    /// How long archives are kept, from the end of their range on; nil: for ever.
    public var keepArchives: Span?

    public init(
        table: QualifiedName, key: String, keyType: KeyType? = nil, period: Period, premake: Int,
        retain: Span,
        then: RetentionAction, grace: Span, zone: Zone, maxRetire: Int,
        isPlain: Bool = false, replicatesDeletes: Bool = false, drainsDefault: Bool = false,
        rules: [RowRule] = [], keepArchives: Span? = nil
    ) {
        self.table = table
        self.key = key
        self.keyType = keyType
        self.period = period
        self.premake = premake
        self.retain = retain
        self.then = then
        self.grace = grace
        self.zone = zone
        self.maxRetire = maxRetire
        self.isPlain = isPlain
        self.replicatesDeletes = replicatesDeletes
        self.drainsDefault = drainsDefault
        self.rules = rules
        self.keepArchives = keepArchives
    }

    /// The stated type of the key, where it changes what the column's type says.
    var encodedKeyType: KeyType? { keyType?.encoded }

    /// Whether it takes anything away, so that somebody has to say yes to it.
    public var removes: Bool { then != .keep || keepArchives != nil }
}

/// The part of a policy that an operator says yes to.
public struct ApprovedPolicy: Equatable, Sendable, Codable {
    public var key: String
    /// What no type says of the key: the unit of its epochs, or the form of its identifiers.
    public var keyType: KeyType?
    public var period: Period
    public var retain: Span
    public var then: RetentionAction
    public var rules: [RowRule]
    /// Nil: for ever.
    public var keepArchives: Span?

    public init(_ policy: RetentionPolicy) {
        key = policy.key
        keyType = policy.encodedKeyType
        period = policy.period
        retain = policy.retain
        then = policy.then
        rules = policy.rules
        keepArchives = policy.keepArchives
    }

    /// As a ledger event's details.
    public var details: [String: String] {
        var details = [
            "key": key, "period": period.rawValue, "retain": retain.description,
            "then": then.rawValue,
        ]
        for (index, rule) in rules.enumerated() {
            details[Self.ruleKey(index)] = rule.description
        }
        details[Self.keyTypeKey] = keyType?.rawValue
        details[Self.keepArchivesKey] = keepArchives?.description
        return details
    }

    private static let keyTypeKey = "key_type"
    private static let keepArchivesKey = "keep_archives"

    private static func ruleKey(_ index: Int) -> String { "rule \(index + 1)" }

    /// Nil when the details are not those of a policy: then nothing was approved.
    public init?(details: [String: String]) {
        guard let key = details["key"], let period = details["period"].flatMap(Period.init),
            let retain = details["retain"].flatMap(Span.init),
            let then = details["then"].flatMap(RetentionAction.init)
        else { return nil }
        self.key = key
        self.period = period
        self.retain = retain
        self.then = then
        rules = []
        if let text = details[Self.keyTypeKey] {
            guard let keyType = KeyType(rawValue: text) else { return nil }
            self.keyType = keyType
        }
        while let text = details[Self.ruleKey(rules.count)] {
            guard let rule = RowRule(text) else { return nil }
            rules.append(rule)
        }
        guard let kept = details[Self.keepArchivesKey] else { return }
        guard let keepArchives = Span(kept) else { return nil }
        self.keepArchives = keepArchives
    }

    /// Whether archives may go as early as a policy says.
    public func allowsExpiry(by policy: RetentionPolicy, at now: Instant) -> Bool {
        guard let keep = policy.keepArchives else { return true }
        guard let approved = keepArchives, key == policy.key, keyType == policy.encodedKeyType
        else { return false }
        return keep.before(now, in: policy.zone) <= approved.before(now, in: policy.zone)
    }

    /// In which ways a policy removes more rows than this one, tonight; empty when in none.
    public func harsherWays(of policy: RetentionPolicy, at now: Instant) -> [String] {
        var ways: [String] = []
        if policy.key != key { ways.append("key is \(policy.key), approved was \(key)") }
        if policy.encodedKeyType != keyType {
            func name(_ type: KeyType?) -> String { type?.rawValue ?? "the column's" }
            ways.append(
                "key_type is \(name(policy.encodedKeyType)), approved was \(name(keyType))")
        }
        if policy.period != period {
            ways.append("period is \(policy.period.rawValue), approved was \(period.rawValue)")
        }
        if policy.then > then {
            ways.append("then is \(policy.then.rawValue), approved was \(then.rawValue)")
        }
        if policy.retain != retain,
            policy.retain.before(now, in: policy.zone) > retain.before(now, in: policy.zone)
        {
            ways.append("retain is \(policy.retain), approved was \(retain)")
        }
        for rule in policy.rules.notCovered(by: rules, at: now, in: policy.zone) {
            ways.append("the rule \(rule) was not approved")
        }
        return ways
    }
}
