import Capacity
import Postgres
import Retention

// What comes.
extension TableGrowthLook {
    mutating func predict(
        _ table: PartitionedTable, _ seen: TableObservation, _ history: IngestHistory,
        _ rows: [CivilDate: Int64], _ calendar: TableCalendar, whatIf: WhatIf?
    ) throws {
        let today = Int(calendar.zone.civil(calendar.now).date.daysSinceEpoch)
        var known: IngestModel?
        var rowBytes = found.bytesPerRow.map(Double.init)
        var simulation = RetentionSimulation(policy: policy, calendar: calendar, holdings: [])
        var isStuck = false
        if table.isPlain {
            guard !rows.isEmpty else {
                found.notes.append(
                    "no forecast: how much comes into a plain table only its rows say, and none "
                        + "were read")
                return
            }
            let plain = try PlainTableContent(table, found, on: connection)
            rowBytes = plain.rowBytes
            simulation.holdings = try holdings(plain, rows, seen, calendar)
            simulation.files = Double(found.bytes)
            isStuck =
                try policy.removes && !policy.replicatesDeletes
                && connection.catalog.publishesDeletes(of: table)
        } else {
            known = IngestModel(history, today: today)
            simulation.holdings = holdings(seen)
        }
        guard let rowBytes,
            let model = known
                ?? IngestModel(Self.history(ofRows: rows, of: rowBytes), today: today)
        else {
            found.notes.append(
                "no forecast: not enough history; it takes \(IngestModel.fewestDays) days of "
                    + (table.isPlain
                        ? "rows, and an ANALYZE"
                        : "nightly samples, or \(IngestModel.fewestPeriods) complete periods"))
            return
        }
        found.ingest = .init(
            bytesADay: Int64(model.level.rounded()),
            rowsADay: rowBytes >= 1 ? Int64(model.level / rowBytes) : nil,
            trendBytes: Int64((model.slope * 30).rounded()),
            stalledSince: model.stalledSince?.description, isErratic: model.isErratic,
            days: model.days, source: known == nil ? "rows" : "samples")
        if isStuck {
            simulation.policy.then = .keep
            found.notes.append(
                "it is published: without `replicate_deletes: true` none of its rows is deleted")
        } else if table.isPlain {
            found.notes.append(
                "a plain table's files never shrink: what is deleted makes room for what comes, and "
                    + "a row is taken to need \(ByteCount(Int64(rowBytes)).rounded), the least of "
                    + "any night")
        }
        let forecast = Forecast(simulation, model)
        self.forecast = forecast
        found.outlook = outlook(forecast, policy, calendar)
        let tonight = calendar.now.advanced(bySeconds: 86_400)
        found.freedTonight = forecast.freed.filter { $0.at <= tonight }.reduce(0) { $0 + $1.bytes }
        guard let whatIf else { return }
        var changed = simulation
        changed.policy = whatIf.changing(policy)
        if isStuck { changed.policy.then = .keep }
        let other = Forecast(changed, model, factor: whatIf.ingest)
        changedForecast = other
        found.whatIf = outlook(other, changed.policy, calendar)
    }

    /// What each day's rows take, as though all were of one size; nothing where few days have any.
    private static func history(ofRows rows: [CivilDate: Int64], of bytes: Double) -> IngestHistory
    {
        // Of the first day a part may have left, and the last is not over.
        let whole = rows.keys.sorted().dropFirst().dropLast()
        var history = IngestHistory(daily: [], periods: [])
        guard let first = whole.first, let last = whole.last, whole.count >= IngestModel.fewestDays
        else { return history }
        for day in Int(first.daysSinceEpoch)...Int(last.daysSinceEpoch) {
            let count = rows[CivilDate(daysSinceEpoch: Int64(day))] ?? 0
            history.daily.append(
                IngestSegment(firstDay: day, days: 1, bytes: Double(count) * bytes))
        }
        return history
    }

    private func holdings(_ seen: TableObservation) -> [RetentionSimulation.Holding] {
        typealias Holding = RetentionSimulation.Holding
        let byName = Dictionary(
            seen.partitions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let hasForeignKeys = !(seen.table?.incomingForeignKeys.isEmpty ?? true)
        var holdings = found.parts.map { part -> Holding in
            guard let partition = byName[part.name], let bounds = partition.bounds,
                !partition.isForeign, !partition.isPartitioned, !hasForeignKeys
            else { return Holding(name: part.name.name, place: .fixed, bytes: Double(part.bytes)) }
            return Holding(
                name: part.name.name, place: .live(bounds), bytes: Double(part.bytes),
                keptUntil: seen.orders.end(of: bounds, at: now))
        }
        holdings += seen.quarantine.map {
            Holding(
                name: $0.formerName.name, place: .quarantined(until: $0.dropAfter),
                bytes: Double($0.bytes))
        }
        return holdings
    }

    /// The periods of a plain table, which leave one by one; what is archived waits for its grace.
    private func holdings(
        _ plain: PlainTableContent, _ rows: [CivilDate: Int64], _ seen: TableObservation,
        _ calendar: TableCalendar
    ) throws -> [RetentionSimulation.Holding] {
        let archived =
            policy.then == .drop && !seen.states.isEmpty
            ? try connection.ledger.archivedAt(policy.table) : [:]
        return plain.byPeriod(rows, calendar).map { bounds, bytes in
            let until = archived[bounds].map { policy.grace.after($0, in: calendar.zone) }
            return RetentionSimulation.Holding(
                name: calendar.period.name(
                    ofFirstDay: calendar.period.firstDay(of: bounds, in: calendar.zone)),
                place: until.map { .quarantined(until: $0) } ?? .live(bounds), bytes: bytes,
                keptUntil: seen.orders.end(of: bounds, at: now))
        }
    }

    private func outlook(
        _ forecast: Forecast, _ policy: RetentionPolicy, _ calendar: TableCalendar
    ) -> TableGrowth.Outlook {
        let curve = stride(from: 0, through: Forecast.horizon, by: 7).map { day in
            TableGrowth.Point(
                day: day, low: Int64(forecast.low[day]), middle: Int64(forecast.middle[day]),
                high: Int64(forecast.high[day]))
        }
        return .init(
            peak: forecast.peak, steady: forecast.steady, steadyPeak: forecast.steadyPeak,
            isDropping: policy.then == .drop, isBounded: forecast.isBounded,
            isGrowing: forecast.isGrowing, curve: curve,
            freed: forecast.freed,
            promise: RetentionPromise(policy, calendar).sentence)
    }
}

extension StandingOrders {
    /// Until when operators keep a range; nil where they do not.
    fileprivate func end(of bounds: PartitionBounds, at now: Instant) -> Instant? {
        let forever = Instant(microseconds: .max)
        let ends =
            pauses.map { $0.until ?? forever }
            + holds.filter { $0.bounds.overlaps(bounds) }.map { $0.until ?? forever }
            + pins.filter { $0.bounds.overlaps(bounds) }.map(\.until)
        return ends.filter { $0 > now }.max()
    }
}
