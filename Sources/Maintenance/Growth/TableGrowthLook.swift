import Archives
import Capacity
import Postgres
import Retention

/// Gathers what is known of one table's growth, and makes a model of it.
struct TableGrowthLook {
    private let settings: TableSettings
    let connection: Connection
    private let store: DirectoryStore?
    let now: Instant
    private let reading: RowReading
    var policy: RetentionPolicy { settings.policy }

    var found: TableGrowth
    var forecast: Forecast?
    var changedForecast: Forecast?
    private(set) var databaseXidAge: Int64 = 0

    /// How far back partitions of a day are looked at.
    private static let daysBack = 400
    private static let daysOfPlainTables = 3653

    init(
        settings: TableSettings, connection: Connection, store: DirectoryStore?, now: Instant,
        reading: RowReading
    ) {
        self.settings = settings
        self.connection = connection
        self.store = store
        self.now = now
        self.reading = reading
        found = TableGrowth(settings.policy, calendar: nil, isApproved: false)
    }

    mutating func all(whatIf: WhatIf?) {
        do {
            try look(whatIf: whatIf)
        } catch {
            found.problems.append(Problem(explaining: error))
        }
    }

    private mutating func look(whatIf: WhatIf?) throws {
        let inventory = try store?.inventory(of: policy.table)
        let seen = TableObservation.observe(
            settings, on: connection, store: store, now: now, inventory: inventory,
            lookingInside: false, measured: false)
        found.problems = seen.problems
        guard let table = seen.table else { return }
        let calendar = TableCalendar(policy: policy, keyType: table.keyType, now: now)
        let approved = seen.approved.map { $0.harsherWays(of: policy, at: now).isEmpty } ?? false
        let problems = found.problems
        found = TableGrowth(
            policy, calendar: calendar, isApproved: approved || !policy.removes)
        found.problems = problems
        let manifests = Self.manifests(inventory)
        try measure(table, seen, manifests, calendar)
        try lookAround(table, seen)

        let hasLedger = try connection.ledger.state() != .absent
        let dropped = hasLedger ? try connection.ledger.droppedPartitions(of: policy.table) : []
        found.droppedPartitions = dropped.count
        found.freedBytes = dropped.compactMap(\.bytes).reduce(0, +)
        found.unmeasuredDrops = dropped.count { $0.bytes == nil }
        fillPeriods(manifests, dropped, seen.quarantine, calendar)
        let samples =
            hasLedger
            ? try connection.ledger.growingSamples(
                of: policy.table,
                // And the night before the first day.
                since: now.advanced(bySeconds: Int64(-86_400 * (IngestModel.longestLook + 2))))
            : []
        if hasLedger {
            found.drill = LastDrill(of: try connection.ledger.drills(of: policy.table))
            found.sizes = try connection.ledger.sizes(
                of: policy.table, since: now.advanced(bySeconds: -86_400 * 183),
                // A sum of all partitions each: of thousands a point a week has to do.
                everyDays: min(7, 1 + found.parts.count / 700)
            ).map {
                .init(
                    at: $0.at, heapBytes: $0.heapBytes, indexBytes: $0.indexBytes,
                    toastBytes: $0.toastBytes)
            }
        }
        let history = history(samples, calendar)
        let rows = try readRows(table, seen, calendar)
        let oldest = calendar.zone.civil(calendar.now).date.adding(
            days: -GrowthDriversLook.daysShown)
        try fillDays(history, rows.filter { $0.key >= oldest }, table, calendar)
        try predict(table, seen, history, rows, calendar, whatIf: whatIf)
        try headroom(table)
        note(seen)
    }

    // MARK: What there is

    private static func manifests(_ inventory: StoreInventory?) -> [Manifest] {
        // What is wrong with others the observation has told already.
        (inventory?.archives ?? []).compactMap { archive in
            guard archive.superseded == nil, case .success(let manifest) = archive.manifest else {
                return nil
            }
            return manifest
        }
    }

    private mutating func measure(
        _ table: PartitionedTable, _ seen: TableObservation, _ manifests: [Manifest],
        _ calendar: TableCalendar
    ) throws {
        var archived: [PartitionBounds: Int64] = [:]
        for manifest in manifests {
            found.archives.count += 1
            found.archives.rows += manifest.digest.rows
            found.archives.bytes += manifest.bytes
            found.archives.ndjsonBytes += manifest.ndjsonBytes
            archived[manifest.bounds] = Int64(clamping: manifest.digest.rows)
        }
        for one in try connection.catalog.measures(of: table) {
            let size = one.size
            let exact = size.bounds.flatMap { archived[$0] }
            found.parts.append(
                .init(
                    name: size.relation.name, bounds: size.bounds, heapBytes: size.heapBytes,
                    indexBytes: size.indexBytes, toastBytes: size.toastBytes,
                    rows: exact ?? (size.heapBytes == 0 ? 0 : size.estimatedRows),
                    rowsAreExact: exact != nil, deadRows: one.deadRows,
                    isSkipped: one.isSkipped))
        }
        found.quarantineBytes = seen.quarantine.reduce(0) { $0 + $1.bytes }
        found.sumUp()
        found.isSeen = true
        let reached = seen.partitions.compactMap(\.bounds).map(\.to).max()
        if !table.isPlain, let reached {
            found.premakeDays = Int(
                max(0, reached.microseconds - calendar.now.microseconds)
                    / Instant.microsecondsPerDay)
        }
        let strays = seen.partitions.first { $0.extent == .default }
        found.defaultRows = strays.map { strays in
            found.parts.first { $0.name == strays.name }?.rows ?? 0
        }
    }

    private mutating func lookAround(_ table: PartitionedTable, _ seen: TableObservation) throws {
        let catalog = connection.catalog
        do {
            let indexes = try catalog.indexes(of: table)
            found.indexFindings = IndexReview.findings(indexes, key: table.key)
            found.unusedIndexes = IndexReview.unused(indexes).map {
                .init(name: $0.name, bytes: $0.bytes)
            }
        } catch let error as PostgresError where error.isLockTimeout {
            found.notes.append("an index is locked: indexes were not looked at")
        }
        let ages = try catalog.transactionAges(of: table)
        found.xidAge = ages.table
        databaseXidAge = ages.database
    }

    private mutating func headroom(_ table: PartitionedTable) throws {
        found.sequences = try connection.catalog.sequences(of: table).map { one in
            var left: Int?
            if let rows = found.ingest?.rowsADay, rows > 0 {
                let days = (one.limit - one.last) / rows
                left = days < 18_263 ? Int(max(0, days)) : nil
            }
            return .init(column: one.column, last: one.last, end: one.limit, daysLeft: left)
        }
    }

    // MARK: What came in

    private mutating func fillPeriods(
        _ manifests: [Manifest], _ dropped: [DroppedPartition], _ quarantine: [Quarantined],
        _ calendar: TableCalendar
    ) {
        let complete = found.parts.filter { part in
            !part.isSkipped && part.bounds.map { $0.to <= calendar.now } ?? false
        }
        let known = complete.filter { $0.rows ?? 0 > 0 }
        let rows = known.reduce(0) { $0 + ($1.rows ?? 0) }
        let perRow = rows > 0 ? Double(known.reduce(0) { $0 + $1.bytes }) / Double(rows) : nil
        var byBounds: [PartitionBounds: TableGrowth.PeriodGrowth] = [:]
        func name(_ bounds: PartitionBounds) -> String {
            policy.period.matches(bounds, in: calendar.zone)
                ? policy.period.name(
                    ofFirstDay: policy.period.firstDay(of: bounds, in: calendar.zone))
                : bounds.description
        }
        for manifest in manifests {
            let rows = Int64(clamping: manifest.digest.rows)
            byBounds[manifest.bounds] = .init(
                period: name(manifest.bounds), bounds: manifest.bounds, rows: rows,
                bytes: perRow.map { Int64($0 * Double(rows)) }, bytesAreEstimated: true,
                archiveBytes: manifest.bytes, isCurrent: false, isInDatabase: false)
        }
        for one in dropped {
            guard let bounds = one.bounds, let bytes = one.bytes else { continue }
            byBounds[bounds]?.bytes = bytes
            byBounds[bounds]?.bytesAreEstimated = false
        }
        for one in quarantine {
            byBounds[one.bounds] = .init(
                period: name(one.bounds), bounds: one.bounds, rows: byBounds[one.bounds]?.rows,
                bytes: one.bytes, bytesAreEstimated: false,
                archiveBytes: byBounds[one.bounds]?.archiveBytes, isCurrent: false,
                isInDatabase: true, isQuarantined: true)
        }
        for part in found.parts {
            guard let bounds = part.bounds, bounds.from <= calendar.now else { continue }
            byBounds[bounds] = .init(
                period: name(bounds), bounds: bounds, rows: part.rows,
                bytes: part.isSkipped ? nil : part.bytes, bytesAreEstimated: false,
                archiveBytes: byBounds[bounds]?.archiveBytes,
                isCurrent: bounds.contains(calendar.now), isInDatabase: true)
        }
        var periods = byBounds.values.sorted { $0.bounds < $1.bounds }
        for index in periods.indices.dropFirst() where !periods[index].isCurrent {
            let before = periods[index - 1]
            guard before.bounds.to == periods[index].bounds.from, let old = before.rows,
                let new = periods[index].rows, old > 0
            else { continue }
            let change = 100 * Double(new - old) / Double(old)
            periods[index].changePercent = Int(max(-100, min(change, 1e6)).rounded())
        }
        found.periods = periods
    }

    private func history(_ samples: [GrowthSample], _ calendar: TableCalendar) -> IngestHistory {
        func day(_ instant: Instant) -> Int {
            Int(calendar.zone.civil(instant).date.daysSinceEpoch)
        }
        let segments = found.periods.compactMap { period -> IngestSegment? in
            guard !period.isCurrent, period.bounds.to <= calendar.now, let bytes = period.bytes
            else { return nil }
            let first = day(period.bounds.from)
            return IngestSegment(
                firstDay: first, days: day(period.bounds.to) - first, bytes: Double(bytes),
                rows: period.rows.map(Double.init))
        }
        var history = IngestHistory(
            samples: samples.filter { $0.at <= now }.map {
                SizeSample(
                    at: $0.at, partition: $0.partitionOID, begins: $0.begins, bytes: $0.bytes)
            }, periods: segments.filter { $0.days > 1 }, zone: calendar.zone)
        // A partition of one day is known better than the nights beside it.
        let single = segments.filter { $0.days == 1 }.suffix(Self.daysBack)
        let measured = Set(single.map(\.firstDay))
        history.daily = (history.daily.filter { !measured.contains($0.firstDay) } + single)
            .sorted { $0.firstDay < $1.firstDay }
        return history
    }

    /// Rows by day, and what they say of what fills the table; nothing where they are not read.
    private mutating func readRows(
        _ table: PartitionedTable, _ seen: TableObservation, _ calendar: TableCalendar
    ) throws -> [CivilDate: Int64] {
        guard reading != .none, !seen.partitions.contains(where: \.isForeign) else { return [:] }
        let look = GrowthDriversLook(
            connection: connection, table: table, calendar: calendar, parts: found.parts,
            reading: reading)
        do {
            found.drivers = try look.drivers()
            // Of a plain table nothing else says how old what it holds is.
            return try look.rowsByDay(
                since: table.isPlain ? Self.daysOfPlainTables : GrowthDriversLook.daysShown)
        } catch let error as PostgresError where error.isPassing {
            found.notes.append("its rows were not read: \(error.message)")
            return [:]
        }
    }

    private mutating func fillDays(
        _ history: IngestHistory, _ rows: [CivilDate: Int64], _ table: PartitionedTable,
        _ calendar: TableCalendar
    ) throws {
        var days: [CivilDate: TableGrowth.Day] = [:]
        for one in history.daily.suffix(120) {
            days[one.date] = .init(
                date: one.date.description, bytes: Int64(one.bytes.rounded()), isAnomaly: false)
        }
        // Of the first day a part may have left, and the last is not over.
        let whole = rows.keys.sorted().dropFirst().dropLast()
        for date in whole {
            days[date, default: .init(date: date.description, isAnomaly: false)].rows = rows[date]
        }
        var strange = Anomaly.among(Array(history.periods.suffix(24)), floor: 1_000_000) {
            $0.bytesADay
        }
        found.anomalies = strange.map { $0.sentence { ByteCount(Int64($0)).rounded + " a day" } }
        let counted = whole.map { date in
            IngestSegment(
                firstDay: Int(date.daysSinceEpoch), days: 1, bytes: 0,
                rows: Double(rows[date] ?? 0))
        }
        let byRows = Anomaly.among(counted, floor: 200) { $0.rows }
        let known = Set(byRows.map(\.date))
        let byBytes = Anomaly.among(Array(history.daily.suffix(120)), floor: 1_000_000) { $0.bytes }
            .filter { !known.contains($0.date) }
        strange = (byRows + byBytes).sorted { $0.date < $1.date }
        for one in strange { days[one.date]?.isAnomaly = true }
        found.days = days.sorted { $0.key < $1.key }.map(\.value)
        let explained = try explain(Array(byRows.suffix(3)), table, calendar)
        found.anomalies += strange.map { one in
            (known.contains(one.date)
                ? one.sentence { "\(CountText.rounded($0)) rows" }
                : one.sentence { ByteCount(Int64($0)).rounded })
                + (explained[one.date].map { "; \($0)" } ?? "")
        }
    }

    private mutating func explain(
        _ days: [Anomaly], _ table: PartitionedTable, _ calendar: TableCalendar
    ) throws -> [CivilDate: String] {
        let look = GrowthDriversLook(
            connection: connection, table: table, calendar: calendar, parts: found.parts,
            reading: reading)
        do {
            return try days.reduce(into: [:]) { $0[$1.date] = try look.explanation(of: $1) }
        } catch let error as PostgresError where error.isPassing {
            found.notes.append("unusual days were not looked into: \(error.message)")
            return [:]
        }
    }

    // MARK: What is said of it

    private mutating func note(_ seen: TableObservation) {
        let skipped = found.parts.filter(\.isSkipped)
        if let first = skipped.first {
            let more = skipped.count > 1 ? " and \(skipped.count - 1) more" : ""
            found.notes.append(
                "\(first.name)\(more) is locked and was not waited for: its size is that of the "
                    + "last VACUUM, without indexes and TOAST")
        }
        if !found.isApproved {
            found.notes.append(
                "the policy is not approved: until it is, nothing leaves, whatever is forecast")
        }
        if let pause = seen.orders.pauses.first {
            found.notes.append("paused by \(pause.by): until it ends nothing leaves")
        }
        if !policy.rules.isEmpty {
            found.notes.append("rows that leave by rules are not reckoned with in the forecast")
        }
        if seen.partitions.contains(where: \.isWide), !policy.isPlain {
            found.notes.append(
                "a wide partition is taken to stay as large as it is: deleted rows leave room in it, "
                    + "and free nothing until it is dropped")
        }
        if found.rows == nil {
            found.notes.append("rows are not known: a partition was never analysed (ANALYZE)")
        }
    }
}
