import Archives
import Postgres
import Retention

/// At the end of a night one archive is brought back, proven and dropped, where that is due or was
/// asked for. What keeps it from that is in the report of the archive's table.
struct NightlyDrill {
    let site: Site
    let store: DirectoryStore
    let run: RunIdentity
    let now: Instant
    let isAskedFor: Bool
    let isShared: Bool
    let interruption: Interruption
    let progress: ProgressSink?
    let timeBudget: TimeBudget
    let pressure: PressureWatch

    func run(into report: inout Report) {
        guard interruption.status == nil, isAskedFor || site.drill != .never else { return }
        do {
            let connection = try site.connect(as: "pgretain: drill")
            guard try !isShared || SharedNight.isFirstToDrill(on: connection),
                let archive = try due(connection)
            else { return }
            let table = report.tables.firstIndex { $0.table == archive.slice.table } ?? 0
            do {
                if let postponed = try hindrance(archive, connection) {
                    report.tables[table].notes.append(
                        "drill of \(archive.slice.path): \(postponed); the next night tries again")
                    return
                }
                let restore = Restore(
                    site: site, interruption: interruption, progress: progress, host: run.host)
                let done = try Drill(restore).run(archive, in: store, on: connection, by: run)
                report.tables[table].done.append(
                    Report.Entry(
                        .drill, done.slice.path, bounds: done.bounds, rows: done.rows,
                        archiveBytes: done.bytes, seconds: done.seconds,
                        note: "came back whole, and was dropped again"))
            } catch {
                report.tables[table].problems.append(
                    interruption.status == nil ? Problem(explaining: error) : .interrupted)
            }
        } catch {
            report.problems.append(Problem(explaining: error))
        }
    }

    /// Nil where it is not time, or there is nothing to bring back.
    private func due(_ connection: Connection) throws -> StoredArchive? {
        let tables = try site.tables.map(\.policy.table).filter { table in
            let pauses = try connection.ledger.standingOrders(of: table).pauses
            return pauses.allSatisfy { $0.until.map { $0 <= now } ?? false }
        }
        if !isAskedFor {
            let outcomes = try tables.flatMap { try connection.ledger.drills(of: $0).values }
            guard site.drill.isDue(outcomes, at: now) else { return nil }
        }
        return try Drill.pick(from: Drill.archives(of: tables, in: store), connection)
    }

    /// Why not now; nil where it may be.
    private func hindrance(_ archive: StoredArchive, _ connection: Connection) throws -> String? {
        guard !timeBudget.deadline.hasPassed else { return "the deadline has passed" }
        if case .success(let manifest) = archive.manifest,
            !timeBudget.fits(timeBudget.secondsToExport(manifest.ndjsonBytes))
        {
            return "it is not likely to end before the deadline"
        }
        guard
            case .pressed(let pressure, let patience) = try pressure.pass(
                keepingAlive: connection)
        else { return nil }
        return "\(pressure.sentence)\(patience)"
    }
}
