import Archives
import Postgres
import Retention

extension TableObservation {
    /// Looks at the database and the store, and changes nothing.
    ///
    /// A constant number of queries, however many partitions there are.
    ///
    /// - Parameters:
    ///   - inventory: what the store has of the table, where that was looked at before.
    ///   - measured: whether partitions are measured, or have the size of their last VACUUM.
    ///   - lookingInside: whether wide partitions and rules are looked at, whose rows are read.
    static func observe(
        _ settings: TableSettings, on connection: Connection, store: DirectoryStore?, now: Instant,
        inventory: StoreInventory? = nil, lookingInside: Bool = true,
        measured: Bool = true
    ) -> TableObservation {
        let policy = settings.policy
        do {
            return try look(
                policy, on: connection, store: store, now: now, inventory: inventory,
                lookingInside: lookingInside, measured: measured)
        } catch {
            return TableObservation(
                policy: policy, table: nil, problems: [Problem(explaining: error)])
        }
    }

    private static func look(
        _ policy: RetentionPolicy, on connection: Connection, store: DirectoryStore?, now: Instant,
        inventory: StoreInventory?, lookingInside: Bool, measured: Bool
    ) throws -> TableObservation {
        let catalog = connection.catalog
        let table = try catalog.partitionedTable(
            policy.table, key: policy.key, keyType: policy.keyType,
            plain: policy.isPlain)
        var seen = TableObservation(
            policy: policy, table: table,
            partitions: try catalog.partitions(of: table, measured: measured),
            takenNames: try catalog.takenNames(in: table.name.schema))
        let ledger = connection.ledger
        let hasLedger = try ledger.state() != .absent
        if let store {
            let stored = try inventory ?? store.inventory(of: policy.table)
            let accepted = hasLedger ? try ledger.acceptedArchives(of: policy.table) : [:]
            for archive in stored.archives {
                if case .success(let manifest) = archive.manifest {
                    seen.places[manifest.bounds, default: []].insert(archive.slice)
                }
                if archive.isAccepted(by: accepted) {
                    seen.accepted.append(archive.slice)
                } else {
                    seen.note(archive)
                }
            }
            if hasLedger {
                let onRecord = try ledger.archivesOnRecord(of: policy.table)
                for (slice, event) in onRecord {
                    if let bounds = event.bounds { seen.places[bounds, default: []].insert(slice) }
                }
                let published = stored.archives.filter { $0.superseded == nil }
                let lost = LostArchive.all(onRecord, among: Set(published.map(\.slice)))
                if !lost.isEmpty {
                    let accepted = try ledger.acceptedLosses(of: policy.table)
                    seen.lostArchives = lost.map(\.slice).filter { !accepted.contains($0) }
                }
                if policy.keepArchives != nil {
                    seen.noteAged(stored.archives, onRecord: onRecord)
                }
            }
            for stranger in stored.strangers {
                seen.problems.append(
                    Problem(
                        "store.stranger", .data,
                        "The store holds something that is no archive: \(stranger). "
                            + "Nothing was done with it.",
                        hint: "Move it out of \(store.root)."))
            }
        }
        let calendar = TableCalendar(policy: policy, keyType: table.keyType, now: now)
        if hasLedger { seen.states = try ledger.states(of: policy.table) }
        if lookingInside {
            try seen.lookInside(table, calendar, on: connection, hasLedger: hasLedger)
            try seen.lookForRules(table, calendar, on: connection, hasLedger: hasLedger)
        }
        guard hasLedger else { return seen }
        seen.quarantine = try ledger.quarantine(of: policy.table)
        seen.detaching = Set(try ledger.detaching(of: policy.table).map(\.relation.oid))
        seen.approved = try ledger.approvedPolicy(of: policy.table)
            .flatMap(ApprovedPolicy.init(details:))
        seen.orders = try ledger.standingOrders(of: policy.table)
        return seen
    }

    /// Which aged periods wide partitions hold rows of.
    private mutating func lookInside(
        _ table: PartitionedTable, _ calendar: TableCalendar, on connection: Connection,
        hasLedger: Bool
    ) throws {
        let wide = partitions.filter(\.isWide)
        guard !wide.isEmpty || !policy.rules.isEmpty else { return }
        isPublished = try connection.catalog.publishesDeletes(of: table)
        let archivedAt = hasLedger ? try connection.ledger.archivedAt(policy.table) : [:]
        for partition in wide {
            let periods = try connection.catalog.occupiedPeriods(
                of: partition, in: table, calendar, until: calendar.cutoff)
            if periods.isEmpty, try connection.catalog.isEmpty(partition) {
                emptied.insert(partition.oid)
            }
            // A deletion that was about to end may have left no row.
            let begun = deletions(of: nil, in: partition)
            for bounds in Set(periods).union(begun).sorted() {
                agedPeriods.append(
                    .init(
                        partition: partition, bounds: bounds, archivedAt: archivedAt[bounds],
                        isBeingDeleted: begun.contains(bounds)))
            }
        }
    }

    /// Ranges of a partition whose rows, or a rule's, are being deleted.
    private func deletions(of rule: RowRule?, in partition: Partition) -> Set<PartitionBounds> {
        Set(
            states.filter {
                $0.value.kind == .deleting && $0.value.relationOID == partition.oid
                    && $0.value.condition == rule?.condition
            }.keys)
    }

    /// What rules have not been applied to yet.
    private mutating func lookForRules(
        _ table: PartitionedTable, _ calendar: TableCalendar, on connection: Connection,
        hasLedger: Bool
    ) throws {
        do {
            for rule in policy.rules { try connection.catalog.check(rule, of: table) }
        } catch let problem as Problem where problem.id == "rule.condition" {
            problems.append(problem)
            return
        }
        for rule in policy.rules {
            let ledger = connection.ledger
            let archivedAt = hasLedger ? try ledger.archivedAt(policy.table, rule: rule) : [:]
            let done = hasLedger ? try ledger.rangesDone(by: rule, in: policy.table) : []
            let cutoff = rule.retain.before(calendar.now, in: calendar.zone)
            for partition in partitions where !partition.isPartitioned && !partition.isForeign {
                let begun = deletions(of: rule, in: partition)
                var periods: [PartitionBounds] = []
                if let bounds = partition.bounds {
                    periods = [bounds].filter { $0.to > calendar.cutoff && $0.to <= cutoff }
                } else if partition.isWide {
                    let oldest = calendar.period.bounds(
                        containing: calendar.cutoff, in: calendar.zone)
                    periods = try connection.catalog.occupiedPeriods(
                        of: partition, in: table, calendar, from: oldest.from, until: cutoff)
                }
                for bounds in Set(periods).subtracting(done).union(begun).sorted() {
                    ruledPeriods.append(
                        .init(
                            partition: partition, bounds: bounds, rule: rule,
                            archivedAt: archivedAt[bounds]))
                }
            }
        }
    }

    /// Archives that may be removed once they are old enough: those of the store, and those of which a
    /// run has removed no more than the files.
    private mutating func noteAged(
        _ stored: [StoredArchive], onRecord: [Slice: LedgerEvent]
    ) {
        var begun = onRecord.filter { $0.value.kind == .expiring }
        for archive in stored where archive.superseded == nil {
            guard case .success(let manifest) = archive.manifest else { continue }
            let word = onRecord[archive.slice]
            begun[archive.slice] = nil
            agedArchives.append(
                .init(
                    bounds: manifest.bounds, slice: archive.slice, digest: manifest.digest,
                    bytes: manifest.bytes,
                    isOnRecord: word?.digest == manifest.digest && word?.kind != .expired,
                    isBeingRemoved: word?.kind == .expiring))
        }
        for (slice, word) in begun.sorted(by: { $0.key < $1.key }) {
            guard let bounds = word.bounds, let digest = word.digest else { continue }
            agedArchives.append(
                .init(
                    bounds: bounds, slice: slice, digest: digest, bytes: 0, isOnRecord: true,
                    isBeingRemoved: true))
        }
    }

    private mutating func note(_ archive: StoredArchive) {
        if let number = archive.superseded {
            problems.append(
                Problem(
                    "archive.vanished", .data,
                    "Rows that the archive \(archive.slice) once held are gone from its table; "
                        + "both generations are kept (the older one as number \(number)), and "
                        + "nothing of that range is dropped.",
                    hint: "Find out what removed the rows; then "
                        + archive.acceptCommand))
            superseded.insert(archive.slice)
            return
        }
        switch archive.manifest {
        case .success(let manifest):
            archives.append(
                .init(
                    bounds: manifest.bounds, digest: manifest.digest, bytes: manifest.bytes))
        case .failure(let error):
            problems.append(error.problem)
        }
    }
}

extension StoredArchive {
    fileprivate var acceptCommand: String {
        guard case .success(let manifest) = manifest else {
            return "pgretain archives accept --table … --period … --reason …"
        }
        return slice.acceptCommand(bounds: manifest.bounds)
    }

    /// Whether it is an older generation that an operator has looked at.
    func isAccepted(by accepted: [Slice: Set<ContentDigest>]) -> Bool {
        guard superseded != nil, case .success(let manifest) = manifest else { return false }
        return accepted[slice]?.contains(manifest.digest) ?? false
    }
}
