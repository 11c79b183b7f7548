@testable import Retention

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// Observations of all kinds, the absurd ones among them.
struct RandomWorld {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    static let zones: [Zone] = [
        .utc,
        Zone(name: "Europe/Berlin", tzif: berlin) ?? .utc,
    ]

    /// A zone of one rule, `CET-1CEST,M3.5.0,M10.5.0/3`, in the form of RFC 9636.
    static let berlin: [UInt8] = {
        func header(types: UInt8, characters: UInt8) -> [UInt8] {
            Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
                + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, types]
                + [0, 0, 0, characters]
        }
        let record: [UInt8] = [0, 0, 0x0E, 0x10, 0, 0] + Array("CET\0".utf8)
        return header(types: 1, characters: 4) + record + header(types: 1, characters: 4) + record
            + Array("\nCET-1CEST,M3.5.0,M10.5.0/3\n".utf8)
    }()

    mutating func observation() -> Observation {
        let now = Instant(iso: "2026-03-14T09:26:53Z")!.advanced(
            bySeconds: Int64.random(in: -40_000_000...40_000_000, using: &random))
        return Observation(now: now, tables: [table(now: now)])
    }

    mutating func table(now: Instant) -> TableObservation {
        let period = Period.allCases.randomElement(using: &random)!
        let keyType = [KeyType.timestampWithTimeZone, .timestamp, .date].randomElement(
            using: &random)!
        let name = QualifiedName(schema: "public", name: "logs")
        let policy = RetentionPolicy(
            table: name, key: "created_at", period: period,
            premake: Int.random(in: 0...5, using: &random), retain: span(),
            then: RetentionAction.allCases.randomElement(using: &random)!,
            grace: Span(days: Int.random(in: 0...9, using: &random)),
            zone: Self.zones.randomElement(using: &random)!,
            maxRetire: Int.random(in: 0...4, using: &random), rules: rules())
        let table = PartitionedTable(
            oid: 1, name: name, key: "created_at", keyType: keyType, owner: "owner",
            incomingForeignKeys: random.chance(5) ? ["orders.fk"] : [])
        let partitions = partitions(policy, keyType: keyType, now: now)
        var seen = TableObservation(policy: policy, table: table, partitions: partitions)
        seen.takenNames = Set(partitions.map(\.name.name))
        if random.chance(20) { seen.takenNames.insert("logs_2026_04") }
        seen.approved = approval(policy)
        let ranges = partitions.compactMap(\.bounds)
        for bounds in ranges {
            if random.chance(3) { seen.orders.holds.append(hold(bounds, now: now)) }
            if random.chance(3) { seen.orders.pins.append(pin(bounds, now: now)) }
            if random.chance(20) {
                seen.archives.append(.init(bounds: bounds, digest: ContentDigest(), bytes: 1))
            }
            if random.chance(15) { seen.quarantine.append(quarantined(bounds, now: now)) }
        }
        seen.detaching = Set(
            partitions.filter { $0.isDetachPending && random.chance(50) }.map(\.oid))
        for wide in partitions.filter(\.isWide) {
            for index in 1...6 where random.chance(80) {
                let zone = keyType.isNaive ? Zone.utc : policy.zone
                let bounds = period.bounds(
                    containing: now, plus: -Int.random(in: -1...20, using: &random) - index,
                    in: zone)
                guard !seen.agedPeriods.contains(where: { $0.bounds == bounds }) else { continue }
                if random.chance(30) {
                    seen.archives.append(.init(bounds: bounds, digest: ContentDigest(), bytes: 1))
                }
                if random.chance(5) { seen.orders.holds.append(hold(bounds, now: now)) }
                if random.chance(5),
                    let other = PartitionBounds(
                        from: bounds.from.advanced(bySeconds: -3600),
                        to: bounds.to.advanced(bySeconds: -3600))
                {
                    // Archived when the policy had another zone.
                    let kinds: [LedgerEvent.Kind] = [.archived, .deleting, .deleted]
                    seen.states[other] = LedgerEvent(
                        kinds.randomElement(using: &random)!, table: name, bounds: other)
                }
                seen.agedPeriods.append(
                    .init(
                        partition: wide, bounds: bounds, archivedAt: maybe(now),
                        isBeingDeleted: random.chance(10)))
            }
            if random.chance(30) { seen.emptied.insert(wide.oid) }
        }
        for partition in partitions {
            for rule in policy.rules {
                let zone = keyType.isNaive ? Zone.utc : policy.zone
                let bounds =
                    partition.bounds
                    ?? period.bounds(
                        containing: now, plus: -Int.random(in: -1...6, using: &random), in: zone)
                if random.chance(15) {
                    let kinds: [LedgerEvent.Kind] = [.archived, .deleting, .deleted, .dropped]
                    var state = LedgerEvent(
                        kinds.randomElement(using: &random)!, table: name,
                        relationOID: partition.oid, bounds: bounds)
                    if random.chance(60) { state.condition = rule.condition }
                    seen.states[bounds] = state
                    seen.archives.append(.init(bounds: bounds, digest: ContentDigest(), bytes: 1))
                }
                seen.ruledPeriods.append(
                    .init(
                        partition: partition, bounds: bounds, rule: rule, archivedAt: maybe(now)))
            }
        }
        seen.isPublished = random.chance(10)
        if random.chance(5) {
            seen.orders.pauses.append(
                Pause(table: nil, reason: "audit", by: "ops", until: maybe(now)))
        }
        age(&seen, now: now)
        return seen
    }

    /// Gives archives a retention, and some that are older.
    private mutating func age(_ seen: inout TableObservation, now: Instant) {
        guard random.chance(50) else { return }
        seen.policy.keepArchives = span()
        if random.chance(70) { seen.approved?.keepArchives = seen.policy.keepArchives }
        let calendar = TableCalendar(
            policy: seen.policy, keyType: seen.table?.keyType ?? .date, now: now)
        for index in -30...0 where random.chance(40) {
            let bounds = calendar.period.bounds(
                containing: calendar.now, plus: index, in: calendar.zone)
            let slice = ArchivePlaces([:], calendar: calendar).slice(of: bounds)
            let isBegun = seen.policy.rules.isEmpty && random.chance(10)
            seen.agedArchives.append(
                .init(
                    bounds: bounds, slice: slice, digest: ContentDigest(), bytes: 1,
                    isOnRecord: random.chance(80), isBeingRemoved: isBegun))
            if seen.policy.rules.isEmpty, random.chance(70) {
                let kinds: [LedgerEvent.Kind] = [.dropped, .deleted, .archived, .restored]
                seen.states[bounds] = LedgerEvent(
                    isBegun ? .expiring : kinds.randomElement(using: &random) ?? .dropped,
                    table: seen.policy.table, bounds: bounds)
            }
            if random.chance(5) { seen.superseded.insert(slice) }
            if random.chance(5) { seen.orders.holds.append(hold(bounds, now: now)) }
        }
    }

    private mutating func rules() -> [RowRule] {
        guard random.chance(40) else { return [] }
        return (1...Int.random(in: 1...2, using: &random)).map {
            RowRule(
                condition: "level = \($0)",
                retain: Span(days: Int.random(in: 0...90, using: &random)),
                archives: random.chance(70))
        }
    }

    private mutating func span() -> Span {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: Span(months: Int.random(in: 0...30, using: &random))
        case 1: Span(days: Int.random(in: 0...400, using: &random))
        case 2: Span(microseconds: Int64.random(in: 0...4_000_000_000_000, using: &random))
        default: Span(months: 1, days: Int.random(in: 0...40, using: &random))
        }
    }

    private mutating func maybe(_ now: Instant) -> Instant? {
        random.chance(30)
            ? nil
            : now.advanced(bySeconds: Int64.random(in: -1_000_000...1_000_000, using: &random))
    }

    private mutating func approval(_ policy: RetentionPolicy) -> ApprovedPolicy? {
        if random.chance(15) { return nil }
        var approved = ApprovedPolicy(policy)
        if random.chance(30) { approved.retain = span() }
        if random.chance(10) { approved.then = .keep }
        if random.chance(5) { approved.key = "other" }
        if random.chance(10) { approved.rules = [] }
        return approved
    }

    private mutating func hold(_ bounds: PartitionBounds, now: Instant) -> Hold {
        Hold(
            id: 1, table: QualifiedName(schema: "public", name: "logs"), bounds: bounds,
            reason: "audit", by: "ops", until: maybe(now))
    }

    private mutating func pin(_ bounds: PartitionBounds, now: Instant) -> Pin {
        let name = QualifiedName(schema: "public", name: "logs")
        return Pin(
            id: 1, table: name, relation: name, bounds: bounds,
            until: maybe(now) ?? now.advanced(bySeconds: 1000))
    }

    private mutating func quarantined(_ bounds: PartitionBounds, now: Instant) -> Quarantined {
        let oid = UInt32.random(in: 100_000...200_000, using: &random)
        return Quarantined(
            oid: oid, name: QualifiedName(schema: "pgretain", name: "q_\(oid)"),
            formerName: QualifiedName(schema: "public", name: "old"), bounds: bounds,
            boundsSQL: "", bytes: 1, detachedAt: now, dropAfter: maybe(now),
            isSettled: Bool.random(using: &random))
    }

    private mutating func partitions(_ policy: RetentionPolicy, keyType: KeyType, now: Instant)
        -> [Partition]
    {
        let zone = keyType.isNaive ? Zone.utc : policy.zone
        var result: [Partition] = []
        func add(_ name: String, _ extent: Partition.Extent) {
            result.append(
                Partition(
                    oid: UInt32(10 + result.count),
                    name: QualifiedName(schema: "public", name: name), extent: extent,
                    boundsSQL: "", bytes: 1000, estimatedRows: nil))
        }
        let first = Int.random(in: -20...0, using: &random)
        let last = Int.random(in: first...4, using: &random)
        for index in first...last where !random.chance(6) {
            var bounds = policy.period.bounds(containing: now, plus: index, in: zone)
            if random.chance(4) {
                // A foreign set: not one period, but still inside it.
                bounds = PartitionBounds(
                    from: bounds.from.advanced(bySeconds: 3600), to: bounds.to)!
            }
            add("logs_\(index)", .range(bounds))
        }
        if random.chance(20) { add("logs_default", .default) }
        if random.chance(15) {
            let bounds = policy.period.bounds(containing: now, plus: first, in: zone)
            add("logs_min", .open(from: nil, to: bounds.from))
        }
        for index in result.indices {
            result[index].isPartitioned = random.chance(2)
            result[index].isForeign = random.chance(2)
            result[index].isDetachPending = random.chance(3)
        }
        return result
    }
}
