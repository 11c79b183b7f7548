/// What becomes of rows whose key is NULL when a plain table is adopted: no partition takes them.
public enum NullKeys: String, Sendable, CaseIterable {
    /// While there are any, the table is not adopted.
    case reject
    /// They get the column's default, as though they were inserted now.
    case createdFromDefault = "created-from-default"
    /// They are moved into a table of their own.
    case keepAside = "keep-aside"
}

/// What an operator says of an adoption.
public struct AdoptionChoices: Sendable {
    public var nullKeys: NullKeys
    /// Takes rows without a time, and with `movesLateKeys` those from the bound on.
    public var aside: QualifiedName?
    /// Rows at or after the bound, `infinity` among them, are moved into `aside`; else they are
    /// in the way.
    public var movesLateKeys: Bool
    public var accepted: Set<AdoptionObstacle.Acceptance>

    public init(
        nullKeys: NullKeys = .reject, aside: QualifiedName? = nil, movesLateKeys: Bool = false,
        accepted: Set<AdoptionObstacle.Acceptance> = []
    ) {
        self.nullKeys = nullKeys
        self.aside = aside
        self.movesLateKeys = movesLateKeys
        self.accepted = accepted
    }
}

/// Something that stands in the way of an adoption, with its cure.
public struct AdoptionObstacle: Sendable {
    /// What `--accept` calls it, where somebody may say that it does not matter to them.
    public enum Acceptance: String, Sendable, CaseIterable {
        /// Unique constraints without the time column hold within each partition only.
        case unique
        /// Publications of all tables name partitions from then on.
        case publication
    }

    public var problem: Problem
    public var acceptance: Acceptance?

    public init(problem: Problem, acceptance: Acceptance?) {
        self.problem = problem
        self.acceptance = acceptance
    }
}

/// One step of an adoption, as somebody reads it before it is done.
public struct AdoptionStep: Sendable, Codable, Equatable {
    public var title: String
    /// The strongest lock on the table, as `pg_locks` has it without `Lock`.
    public var lock: String
    /// For how long: `an instant`, `one scan of the table`.
    public var duration: String
    public var statements: [String]

    public init(title: String, lock: String, duration: String, statements: [String]) {
        self.title = title
        self.lock = lock
        self.duration = duration
        self.statements = statements
    }
}

extension TableCalendar {
    /// Where the partition ends that a plain table becomes: with the period after this one, and at
    /// least a week from now, so that the swap has time.
    public var adoptionBound: Instant {
        let week = now.advanced(bySeconds: 7 * 86_400)
        var ahead = 1
        while period.bounds(containing: now, plus: ahead, in: zone).to < week { ahead += 1 }
        return period.bounds(containing: now, plus: ahead, in: zone).to
    }

    /// Before this instant the swap is done, or the bound is taken away: from the bound on rows
    /// would be refused.
    public static func adoptionDeadline(of bound: Instant) -> Instant {
        bound.advanced(bySeconds: -86_400)
    }

    /// `system_logs_to_2027_02`
    public func wideName(of table: QualifiedName, to bound: Instant) -> String {
        NamePattern(table: table.name + "_to", period: period).name(zone.civil(bound).date)
    }
}

/// A partition that a wide one is split into.
public struct SplitPiece: Equatable, Sendable, Codable {
    public var name: QualifiedName
    /// Nil: it takes whatever is older.
    public var from: Instant?
    public var to: Instant

    public init(name: QualifiedName, from: Instant?, to: Instant) {
        self.name = name
        self.from = from
        self.to = to
    }

    /// Nil for what takes all that is older.
    public var bounds: PartitionBounds? { from.flatMap { PartitionBounds(from: $0, to: to) } }
}

extension TableCalendar {
    /// Each is attached while nobody else can use the table.
    private static let mostSplitPeriods = 60

    /// What a wide partition that ends at `to` is split into, oldest first: one for each period
    /// from that of its oldest row on, and before them one for all that is older, which is made
    /// only where there is something.
    public func splitPieces(
        oldest: Instant, to end: Instant, of parent: PartitionedTable, named pattern: NamePattern
    ) -> [SplitPiece] {
        func name(_ name: String) -> QualifiedName {
            QualifiedName(schema: parent.name.schema, name: name)
        }
        var pieces: [SplitPiece] = []
        var reached = end
        while reached > oldest, pieces.count < Self.mostSplitPeriods {
            let last = Instant(microseconds: reached.microseconds - 1)
            let bounds = period.bounds(containing: last, in: zone)
            let first = period.firstDay(of: bounds, in: zone)
            pieces.append(
                SplitPiece(name: name(pattern.name(first)), from: bounds.from, to: reached))
            reached = bounds.from
        }
        let older = wideName(of: parent.name, to: reached)
        pieces.append(SplitPiece(name: name(older), from: nil, to: reached))
        return pieces.reversed()
    }
}
