import Postgres
import Retention
import RowCoding

extension Restore {
    /// Looks at the archives and at the database, and changes nothing.
    public func plan(_ request: RestoreRequest) throws -> RestorePlan {
        let sources = try RestoreSources(request, site: site)
        let connection = try session()
        var plan = RestorePlan(request, sources)
        let archived = ArchivedColumns(plan.sources.map(\.manifest))
        plan.notes += archived.notes + plan.leftOut + sources.unmet + sources.otherGenerations
        if let overlap = sources.overlap { plan.obstacles.append(overlap) }
        plan.obstacles += try lost(request, sources, on: connection)
        switch request.target {
        case .new:
            try planTable(request, archived, &plan, connection)
        case .append(let name):
            try planAppending(request, to: name, archived, &plan, connection)
        case .attach:
            try planPartition(request, archived, &plan, connection)
        }
        plan.goesOnWith = try leftover(plan, on: connection)
        return plan
    }

    /// Archives of the range that are not there, where the store is this database's: a part of what was
    /// asked for must not look like all of it.
    private func lost(
        _ request: RestoreRequest, _ sources: RestoreSources, on connection: Connection
    ) throws -> [Problem] {
        let store = try site.openStore(.readOnly)
        guard let present = sources.present,
            try site.isBound(store, to: connection)
        else { return [] }
        return try connection.ledger.lostArchives(of: request.table, among: present)
            // What is there does not say where the rows end that were asked for.
            .filter { $0.bounds.flatMap { sources.selection?.admits($0) } ?? true }
            .map { lost in
                var problem = lost.problem(in: store)
                problem.message += " Nothing was restored."
                problem.hint =
                    "Bring it back from another copy of the store; restore --period brings others "
                    + "back one by one."
                return problem
            }
    }

    /// What a killed restore of the same has left.
    private func leftover(_ plan: RestorePlan, on connection: Connection) throws
        -> UnfinishedRestore?
    {
        guard plan.kind != .append, plan.obstacles.isEmpty, let landing = plan.landing,
            try connection.ledger.state() != .absent
        else { return nil }
        let begun = try connection.ledger.leftovers().filter {
            !$0.isUnderWay && $0.event.table == plan.table && $0.target == plan.relation
        }
        guard !begun.isEmpty else { return nil }
        let parent =
            plan.kind == .partition
            ? try connection.catalog.partitionedTable(
                plan.table, key: plan.sources[0].manifest.key,
                keyType: plan.sources[0].manifest.keyType.encoded) : nil
        guard let fingerprint = try fingerprint(plan, landing, parent, on: connection) else {
            return nil
        }
        return try begun.filter { $0.fingerprint == fingerprint }.compactMap {
            try connection.ledger.unfinished($0)
        }.max { $0.bytes < $1.bytes }
    }

    // MARK: A table of its own

    private func planTable(
        _ request: RestoreRequest, _ archived: ArchivedColumns, _ plan: inout RestorePlan,
        _ connection: Connection
    ) throws {
        let name = plan.relation
        let schema = try connection.catalog.schema(name.schema)
        if !schema.exists {
            if request.makesDo {
                plan.notes.append("there is no schema \(name.schema): it is made")
                plan.needsSchema = true
            } else {
                plan.obstacles.append(
                    Problem(
                        "restore.schema", .missing,
                        "There is no schema \(name.schema). Nothing was restored.",
                        hint: "--create makes it, or name another with --into."))
            }
        } else if !schema.mayCreate {
            let user = connection.facts.user
            plan.obstacles.append(
                Problem(
                    "restore.rights", .permission,
                    "\(user) may not make tables in the schema \(name.schema). Nothing was "
                        + "restored.",
                    hint: "GRANT CREATE, USAGE ON SCHEMA \(name.schema) TO \(user); or name "
                        + "another with --into."))
        }
        if try connection.catalog.relation(named: name) != nil {
            plan.obstacles.append(.restoreExists(name))
        }
        var archived = archived
        let here = try MakingDo(
            with: archived.definition, indexes: request.withIndexes, on: connection)
        if request.makesDo {
            plan.notes += here.missing + here.leftBehind
            archived = archived.shaped(here.definition)
        } else if let first = here.missing.first {
            let more = here.missing.count > 1 ? ", and \(here.missing.count - 1) more" : ""
            plan.obstacles.append(.restoreForeign(first + more))
        }
        plan.landing = Landing(archived, in: connection.facts.encoding)
    }

    // MARK: A table that is there

    private func planAppending(
        _ request: RestoreRequest, to name: QualifiedName, _ archived: ArchivedColumns,
        _ plan: inout RestorePlan, _ connection: Connection
    ) throws {
        let managed = Set(site.tables.map(\.policy.table) + [request.table])
        let target = try connection.appendTarget(name, refusing: managed)
        try fit(
            request, name, try connection.catalog.definition(of: target.relation.oid).columns,
            archived, &plan, connection)
        try lookForDoubles(request, in: target.relation, &plan, connection)
    }

    /// Without a key to compare by, the ledger alone knows of rows that came before.
    private func lookForDoubles(
        _ request: RestoreRequest, in target: Relation, _ plan: inout RestorePlan,
        _ connection: Connection
    ) throws {
        guard let landing = plan.landing, request.onConflict == .refuse,
            try connection.catalog.uniqueKeys(of: target, landing.sent).isEmpty,
            try connection.catalog.hasRows(target)
        else { return }
        plan.notes.append(
            "\(target.name) has no unique key to compare by: rows that it has already come in twice"
        )
        guard request.conditions.isEmpty, try connection.ledger.state() != .absent,
            try connection.ledger.hasAppended(
                plan.sources.map(\.slice.path), plan.bounds, of: plan.table, to: target.name)
        else { return }
        plan.obstacles.append(
            Problem(
                "restore.twice", .data,
                "The same rows were added to \(target.name) before, as the ledger has it, and it has no "
                    + "unique key to tell which it still has. Nothing was restored.",
                hint:
                    "restore --into a new table; or give \(target.name) the archived table's primary "
                    + "key, and --on-conflict skip adds what is missing."))
    }

    /// The archive's columns beside those of a table that has its own.
    func fit(
        _ request: RestoreRequest, _ name: QualifiedName, _ table: [Column],
        _ archived: ArchivedColumns, _ plan: inout RestorePlan, _ connection: Connection
    ) throws {
        let columns = archived.definition.columns
        try request.fit.check(
            archived: columns.map(\.name), table: table.map(\.name), of: name)
        plan.columns = ColumnMatch.matches(columns, in: table, fit: request.fit)
        let obstacle = ColumnMatch.obstacle(
            plan.columns, in: name, of: "archive", leaving: plan.kind == .append)
        if let obstacle { plan.obstacles.append(obstacle) }
        let landing = Landing(
            archived, in: connection.facts.encoding, table: table, matches: plan.columns,
            comparesGenerated: request.onConflict == .refuse)
        for (column, isBytea) in zip(landing.columns, landing.asBytea) where isBytea {
            guard table.first(where: { $0.name == column })?.baseTypeOID != 17 else { continue }
            plan.obstacles.append(
                Problem(
                    "restore.bytes", .data,
                    "The archive's column \(column) holds bytes that are not UTF-8, and \(name) "
                        + "cannot take them. Nothing was restored.",
                    hint: "pgretain restore --into a new table, where the column is a bytea."))
        }
        plan.landing = landing
    }
}

extension Connection {
    /// The table that rows are to be added to; a problem where it must not be.
    func appendTarget(_ name: QualifiedName, refusing managed: Set<QualifiedName>) throws
        -> AppendTarget
    {
        guard let target = try catalog.appendTarget(name) else {
            throw Problem(
                "restore.missing", .missing,
                "There is no table \(name) to append to. Nothing was restored.",
                hint: "Without --append a new table is made.")
        }
        let hasLedger = try ledger.state() != .absent
        let whose = try ([name] + target.ancestors).first {
            try managed.contains($0) || hasLedger && ledger.isAbout($0)
        }
        if let whose {
            let what = name == whose ? "\(name) is" : "\(name) is a partition of \(whose),"
            throw Problem(
                "restore.managed", .brake,
                "\(what) under retention: what is added to it out of an archive would be archived "
                    + "again as if new. Nothing was restored.",
                hint: "--attach brings a period back as a partition that is known to be archived.")
        }
        guard target.isTable, name.schema != "pgretain" else {
            throw Problem(
                "restore.target", .usage,
                "\(name) is no table that rows can be added to. Nothing was restored.",
                hint: "Name a plain or a partitioned table with --into.")
        }
        guard target.isAllowed else {
            throw Problem(
                "restore.rights", .permission,
                "\(facts.user) may not add rows to \(name) and read them back. Nothing was "
                    + "restored.",
                hint: "GRANT INSERT, SELECT ON \(name) TO \(facts.user);")
        }
        return target
    }
}

extension RestorePlan {
    /// What left the table and does not come back, a sentence each.
    fileprivate var leftOut: [String] {
        var notes: [String] = []
        for value in redacted {
            notes.append(
                "\(value) was redacted: \(value.replacement.rawValue) comes back in place of values"
            )
        }
        for source in sources where !source.manifest.erased.isEmpty {
            for erasure in source.manifest.erased {
                notes.append(
                    "\(erasure.rows) rows were erased from \(source.slice.path) on "
                        + "\(erasure.at.dateText): they do not come back")
            }
        }
        return notes
    }

    /// Of any of the archives.
    var redacted: [RedactedValue] {
        sources.reduce(into: []) { all, source in
            for value in source.manifest.redacted where !all.contains(value) { all.append(value) }
        }
    }

    init(_ request: RestoreRequest, _ found: RestoreSources) {
        // What is empty, or holds nothing wanted, still says which columns there are.
        let read = found.all.filter { !$0.parts.isEmpty }
        sources = read.isEmpty ? found.all.suffix(1) : read
        table = request.table
        bounds = found.bounds
        archives = sources.map { source in
            Archive(
                slice: source.slice, generation: source.manifest.generation,
                bounds: source.manifest.bounds, partsRead: source.parts.count,
                parts: source.manifest.parts.count,
                bytesRead: source.parts.reduce(0) { $0 + $1.bytes },
                bytes: source.manifest.bytes, rows: source.rows)
        }
        archivesPassed = found.all.count - sources.count
        gaps = found.gaps
        rows = sources.reduce(0) { $0 + $1.rows }
        isWhole = sources.allSatisfy(\.isWhole)
        spaceNeeded = sources.reduce(0) { $0 + $1.ndjsonBytes }
        columns = []
        notes = []
        obstacles = []
        goesOnWith = nil
        landing = nil
        needsSchema = false
        switch request.target {
        case .new(let name):
            kind = .newTable
            relation = name ?? RestoredName.of(request, found)
        case .append(let name):
            (kind, relation) = (.append, name)
        case .attach:
            (kind, relation) = (.partition, sources[0].manifest.partition.name)
        }
    }
}

/// What a restored table is called that nobody has named: `logs_restored_2025_01`, and of a range
/// `logs_restored_20250105_20250107`, with times where the ends are not midnights.
enum RestoredName {
    static func of(_ request: RestoreRequest, _ found: RestoreSources) -> QualifiedName {
        var ending = "_restored"
        if let period = request.period {
            ending += "_" + String(period.lowercased().map { $0 == "-" ? "_" : $0 })
            if let generation = request.generation { ending += "_generation_\(generation)" }
        } else if request.from != nil || request.to != nil {
            ending +=
                "_\(word(found.bounds.from, found.zone))_"
                + word(found.bounds.to, found.zone)
        }
        // Nobody is to take it for all of them.
        if !request.conditions.isEmpty { ending += "_where" }
        var name = request.table.name
        while name.utf8.count + ending.utf8.count > 63 { name.removeLast() }
        return QualifiedName(schema: request.table.schema, name: name + ending)
    }

    /// `20250105`, `20250105t1330`, `20250105t133059`
    private static func word(_ instant: Instant, _ zone: Zone) -> String {
        let digits = zone.civil(instant).text(separator: "t").prefix(19).filter {
            $0.isNumber || $0 == "t"
        }
        for zeros in ["t000000", "00"] where digits.hasSuffix(zeros) {
            return String(digits.dropLast(zeros.count))
        }
        return digits
    }
}
