import Archives
import Capacity
import Postgres
import Retention

extension GrowthReport {
    /// Looks at the catalogue, the ledger and the store, and at as many rows as it may; waits half a
    /// second for a lock at most.
    public static func look(
        site: Site, tables: [QualifiedName], whatIf: (text: String, change: WhatIf)? = nil,
        room: ByteCount? = nil, reading: RowReading = .sample, now: Instant? = nil
    ) throws -> GrowthReport {
        let connection = try site.connect(as: "pgretain: report")
        try connection.hurry()
        let now = try now ?? connection.serverClock()
        var report = GrowthReport(
            database: connection.facts.database, server: connection.facts.version, now: now,
            tables: [], databaseXidAge: 0, whatIf: whatIf?.text, problems: [])
        var store: DirectoryStore?
        do {
            store = try site.openStore(.readOnly, .short)
        } catch {
            report.problems.append(Problem(explaining: error))
        }
        var forecasts: [Forecast?] = []
        var changed: [Forecast?] = []
        for name in tables {
            let settings = try site.settings(of: name)
            var look = TableGrowthLook(
                settings: settings, connection: connection, store: store, now: now,
                reading: reading)
            look.all(whatIf: whatIf?.change)
            report.tables.append(look.found)
            report.databaseXidAge = max(report.databaseXidAge, look.databaseXidAge)
            forecasts.append(look.forecast)
            changed.append(look.changedForecast)
        }
        do {
            report.room = try self.room(
                room ?? site.capacity, report: report, connection: connection)
        } catch {
            report.problems.append(Problem(explaining: error))
        }
        report.room?.judge(forecasts, whatIf: whatIf == nil ? nil : changed)
        return report
    }

    /// What the configuration allows the database, or the disk that its files are on.
    private static func room(
        _ capacity: ByteCount?, report: GrowthReport, connection: Connection
    ) throws -> Room? {
        let source: String
        let bytes: Int64
        let used: Int64
        if let capacity {
            guard let all = try connection.catalog.databaseBytes() else { return nil }
            (source, bytes, used) = ("capacity: \(capacity)", capacity.bytes, all)
        } else {
            guard let directory = try connection.catalog.localDataDirectory() else { return nil }
            let space: FileSystemSpace
            do {
                space = try FileSystemSpace(at: directory)
            } catch {
                // A socket may lead into a container, whose files are not to be seen from here.
                return nil
            }
            source = "the disk of \(directory)"
            (bytes, used) = (space.bytes, space.bytes - space.freeBytes)
        }
        return Room(
            source: source, bytes: bytes, usedBytes: used,
            othersBytes: max(0, used - report.bytes),
            thresholdBytes: bytes / 100 * fullPercent, verdict: .notEnoughHistory, forecast: "")
    }
}

extension GrowthReport.Room {
    /// - Parameter forecasts: nil for a table of which not enough is known.
    fileprivate mutating func judge(_ forecasts: [Forecast?], whatIf: [Forecast?]?) {
        func verdict(_ forecasts: [Forecast?]) -> CapacityVerdict {
            let known = forecasts.compactMap { $0 }
            guard known.count == forecasts.count else {
                return usedBytes >= thresholdBytes ? .passed : .notEnoughHistory
            }
            return CapacityVerdict(
                known, others: Double(othersBytes), room: Double(thresholdBytes),
                whole: Double(bytes))
        }
        self.verdict = verdict(forecasts)
        forecast = self.verdict.sentence
        self.whatIf = whatIf.map { verdict($0).sentence }
    }
}
