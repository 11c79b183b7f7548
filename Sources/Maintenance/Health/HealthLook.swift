import Archives
import Postgres
import Retention

/// Looks at all that a health verdict is made of; changes nothing, and waits for nobody for long.
///
/// What a lock or a timeout keeps it from seeing is left out and told; without the server it throws.
final class HealthLook {
    private let site: Site
    private let connection: Connection
    private let now: Instant
    private var store: DirectoryStore?
    private var copies: [DirectoryStore] = []
    private var skipped: [HealthFacts.Skipped] = []
    /// What tonight's archives are made of, as far as the store could be read.
    private var leavingBytes: Int64 = 0

    private static let connectSeconds = 5
    private static let lockMilliseconds = 1000
    private static let statementMilliseconds = 5000

    init(site: Site, now: Instant?) throws {
        connection = try Connection(
            ConnectionSettings(
                conninfo: site.database, password: site.password, role: site.role,
                applicationName: "pgretain: check", connectTimeoutSeconds: Self.connectSeconds))
        try connection.boundStatements(
            lockMilliseconds: Self.lockMilliseconds,
            statementMilliseconds: Self.statementMilliseconds)
        self.now = try now ?? connection.serverClock()
        self.site = try site.matched(on: connection)
    }

    func facts() throws -> HealthFacts {
        var (storeFacts, opened) = try look(atStore: site.archives) { store in
            guard try connection.ledger.hasArchives() else { return nil }
            return Problem(
                "store.unbound", .unavailable,
                "The ledger knows archives, and the store \(store.root) has none and belongs to "
                    + "nobody: it is not the store they are in.",
                hint: "Is it mounted, and the right place?")
        }
        store = opened
        var copyFacts: [HealthFacts.Store] = []
        for root in site.copies {
            let (facts, opened) = try look(atStore: root) { copy in
                guard try connection.ledger.hasUsed(copy: copy.root) else { return nil }
                return Problem(
                    "copy.unbound", .unavailable,
                    "The ledger knows copies of archives in \(copy.root), and the store there is "
                        + "empty and belongs to nobody.",
                    hint: "Is it mounted, and the right place?")
            }
            copyFacts.append(facts)
            if let opened { copies.append(opened) }
        }
        let runs = try connection.ledger.runFacts()
        let removals =
            try look(at: "statements that delete", of: nil) { try connection.catalog.removals() }
            ?? []
        let tables = try site.tables.map { try table($0, removals: removals) }
        storeFacts.neededBytes = leavingBytes / 2
        for index in copyFacts.indices { copyFacts[index].neededBytes = leavingBytes / 2 }
        let drills = try drills()
        let begun = try unfinishedRestores()
        return HealthFacts(
            now: now, runs: runs, store: storeFacts, copies: copyFacts, drills: drills,
            unfinishedRestores: begun,
            patterns: site.matching?.findings ?? PatternFindings(), tables: tables,
            skipped: skipped)
    }

    /// - Parameter unbound: why a store that belongs to nobody is not the right one.
    private func look(
        atStore root: String, unbound: (DirectoryStore) throws -> Problem?
    ) throws -> (facts: HealthFacts.Store, opened: DirectoryStore?) {
        var facts = HealthFacts.Store(root: root)
        do {
            let store = try site.openStore(at: root, .readOnly, .short)
            try site.checkBinding(of: store, to: connection)
            if try store.binding() == nil, try connection.ledger.state() != .absent,
                let problem = try unbound(store)
            {
                throw problem
            }
            facts.freeBytes = try store.freeBytes()
            facts.sharesTheDatabasesDisk = try connection.localDataDirectory().flatMap {
                try store.sharesFileSystem(withDirectory: $0)
            }
            return (facts, store)
        } catch {
            guard !connection.isBroken else { throw error }
            facts.problem = Problem(explaining: error)
            return (facts, nil)
        }
    }

    /// Of the tables that are looked at.
    private func unfinishedRestores() throws -> [UnfinishedRestore] {
        guard try connection.ledger.state() != .absent else { return [] }
        let tables = Set(site.tables.map(\.policy.table))
        let found = try look(at: "restores that were killed", of: nil) {
            try connection.ledger.unfinishedRestores()
        }
        return (found ?? []).filter { tables.contains($0.table) }
    }

    private func drills() throws -> HealthFacts.Drills {
        var drills = HealthFacts.Drills(rhythm: site.drill)
        guard try connection.ledger.state() != .absent else { return drills }
        for table in site.tables.map(\.policy.table) {
            let seen = try look(at: "the drills of its archives", of: table) {
                (
                    outcomes: try connection.ledger.drills(of: table).values,
                    since: try connection.ledger.firstArchivedAt(table)
                )
            }
            drills.outcomes += (seen?.outcomes).map { $0.sorted { $0.slice < $1.slice } } ?? []
            drills.since = [drills.since, seen?.since].compactMap(\.self).min()
        }
        return drills
    }

    // MARK: One table

    private func table(_ settings: TableSettings, removals: [CountedStatement]) throws
        -> TableHealthFacts
    {
        let name = settings.policy.table
        let inventory = try store.flatMap { store in
            try look(at: "its archives", of: name) {
                try store.inventory(of: name, checkingFiles: true)
            }
        }
        let (seen, isLookedInto) = try observe(settings, inventory: inventory)
        let plan = Planner().plan(Observation(now: now, tables: [seen])).tables[0]
        var facts = TableHealthFacts(seen: seen, plan: plan)
        facts.isLookedInto = isLookedInto
        guard let table = seen.table else { return facts }
        let (ledger, catalog) = (connection.ledger, connection.catalog)
        if inventory != nil {
            leavingBytes += plan.retirements.reduce(0) { $0 + $1.partition.bytes }
        }
        if try ledger.state() == .absent {
            if let inventory { facts.compare(inventory, with: []) }
        } else {
            facts.pauses =
                try look(at: "its pauses", of: name) { try ledger.pausesWithTheirAge(of: name) }
                ?? []
            if let inventory {
                let words =
                    try look(at: "its archives in the ledger", of: name) {
                        (
                            proven: try ledger.provenArchives(of: name),
                            losses: try ledger.acceptedLosses(of: name)
                        )
                    }
                if let (proven, losses) = words { facts.compare(inventory, with: proven, losses) }
            }
        }
        if let store, let inventory {
            let failed = try look(at: "what a scrub said of its archives", of: name) {
                try store.archivesThatFailed(of: inventory)
            }
            facts.archivesThatFailed = failed ?? []
        }
        if let inventory {
            for copy in copies {
                let copied = try look(at: "its archives in \(copy.root)", of: name) {
                    try copy.inventory(of: name, checkingFiles: true)
                }
                if let copied {
                    facts.uncopied.append(
                        .init(root: copy.root, slices: inventory.notIn(copied)))
                }
            }
        }
        if let stray = seen.partitions.first(where: { $0.extent == .default && !$0.isForeign }) {
            facts.strayRows = try look(at: "the rows of DEFAULT", of: name) {
                try catalog.rows(of: stray, upTo: TableHealthFacts.strayLimit)
            }
        }
        facts.sequences =
            try look(at: "its sequences", of: name) { try catalog.sequences(of: table) } ?? []
        facts.otherOwners =
            try look(at: "who else manages it", of: name) { try catalog.rivals(of: name) } ?? []
        facts.otherOwners += Self.rivals(seen, removals)
        return facts
    }

    /// What takes too long to look into is looked at from outside.
    private func observe(_ settings: TableSettings, inventory: StoreInventory?) throws -> (
        seen: TableObservation, isLookedInto: Bool
    ) {
        func observe(lookingInside: Bool) throws -> TableObservation {
            let seen = TableObservation.observe(
                settings, on: connection, store: inventory == nil ? nil : store, now: now,
                inventory: inventory, lookingInside: lookingInside)
            if connection.isBroken, let problem = seen.problems.first { throw problem }
            return seen
        }
        let seen = try observe(lookingInside: true)
        guard seen.table == nil, let problem = seen.problems.first, problem.status == .tryLater
        else { return (seen, true) }
        let outside = try observe(lookingInside: false)
        if outside.table != nil {
            skipped.append(
                .init(table: settings.policy.table, what: "what has aged in it", problem: problem))
        }
        return (outside, false)
    }

    private static func rivals(_ seen: TableObservation, _ removals: [CountedStatement])
        -> [TableHealthFacts.OtherOwner]
    {
        let names = Set([seen.policy.table] + seen.partitions.map(\.name))
        let found = removals.filter { DeleteStatement.removesFrom(names, in: $0.text) }
        guard let first = found.first else { return [] }
        let calls = found.reduce(0) { $0 + $1.calls }
        let rows = found.reduce(0) { $0 + $1.rows }
        return [
            .init(
                who: "By pg_stat_statements somebody",
                does: "has removed \(rows) rows of \(seen.policy.table) in \(calls) "
                    + "statement\(calls == 1 ? "" : "s"), such as: \(first.text.prefix(200))",
                removes: false)
        ]
    }

    /// What fails is left out and told; a server that is gone ends it all.
    private func look<Value>(
        at what: String, of table: QualifiedName?, _ body: () throws -> Value
    ) throws -> Value? {
        do { return try body() } catch {
            guard !connection.isBroken else { throw error }
            skipped.append(.init(table: table, what: what, problem: Problem(explaining: error)))
            return nil
        }
    }
}

extension HealthReport {
    /// Throws where nothing can be known: the server does not answer, or the configuration is wrong.
    public static func look(site: Site, now: Instant?) throws -> HealthReport {
        let look: HealthLook
        do { look = try HealthLook(site: site, now: now) } catch is StandbyServer
            where site.onStandby == .skip
        { return .standby }
        return HealthReport(try look.facts(), site.check.thresholds)
    }
}

extension TableHealthFacts {
    fileprivate mutating func compare(
        _ inventory: StoreInventory, with proven: Set<ProvenArchive>, _ losses: Set<Slice> = []
    ) {
        let stored = inventory.archives.filter { $0.superseded == nil }
        let missing = Set(proven.map(\.slice)).subtracting(stored.map(\.slice))
        lostArchives = missing.subtracting(losses).sorted()
        acceptedLosses = missing.intersection(losses).sorted()
        unprovenArchives = stored.filter { archive in
            // One that cannot be read is told as such.
            guard case .success(let manifest) = archive.manifest else { return false }
            return !proven.contains(
                ProvenArchive(slice: archive.slice, digest: manifest.digest))
        }.map(\.slice)
    }
}

extension StoreInventory {
    /// Published archives that another store lacks, or has otherwise.
    fileprivate func notIn(_ other: StoreInventory) -> [Slice] {
        func manifests(_ inventory: StoreInventory) -> [Slice: Manifest] {
            inventory.archives.reduce(into: [:]) { found, archive in
                guard archive.superseded == nil, case .success(let manifest) = archive.manifest
                else { return }
                found[archive.slice] = manifest
            }
        }
        let copied = manifests(other)
        return manifests(self).filter { copied[$0.key] != $0.value }.keys.sorted()
    }
}
