import Archives
import FailPoints
import Postgres
import Retention

/// Removes an archive whose own retention has ended. The ledger says so before and after: what a run
/// that died has removed is no loss, and the next one ends it.
struct Expiring {
    let session: TableSession

    func run(_ entry: TablePlan.ArchiveEntry) throws -> Report.Entry {
        let stopwatch = Stopwatch()
        let name = entry.slice.path
        try session.interruption.check()
        try session.connection.setStep("expire \(name)")
        try requireLeave(entry)
        let found = try session.store.manifest(of: entry.slice)
        guard found.map({ $0.digest == entry.digest }) ?? entry.isBeingRemoved else {
            throw Problem(
                "archive.gone", .missing,
                "The archive \(entry.slice) is not what it was when the plan was made. Nothing of it "
                    + "was removed.",
                hint: "What is there now: pgretain archives list.")
        }
        for copy in session.stores.copies { try requireSame(entry, in: copy) }
        if !entry.isBeingRemoved { try record(.expiring, entry) }
        FailPoint.pass("night.expiring")
        // The copies first: the next night would copy what it finds in the main store alone.
        for copy in session.stores.copies { try copy.remove(entry.slice) }
        try session.store.remove(entry.slice)
        FailPoint.pass("night.expired")
        try record(.expired, entry)
        return Report.Entry(
            .expire, name, bounds: entry.bounds, rows: entry.digest.rows,
            archiveBytes: entry.bytes, seconds: stopwatch.seconds)
    }

    private func requireLeave(_ entry: TablePlan.ArchiveEntry) throws {
        let orders = try session.connection.ledger.standingOrders(of: session.table.name)
        let now = min(session.calendar.wallClock, try session.connection.serverClock())
        guard let reason = orders.reasonToKeep(entry.bounds, at: now) else { return }
        throw Problem(
            "retire.held", .brake,
            "The archive \(entry.slice) stays: since the plan was made it is \(reason.sentence).",
            hint: "Nothing is to be done while that stands; the next run looks again.")
    }

    private func requireSame(_ entry: TablePlan.ArchiveEntry, in copy: DirectoryStore) throws {
        guard let found = try copy.manifest(of: entry.slice), found.digest != entry.digest else {
            return
        }
        throw Problem(
            "archive.gone", .data,
            "The copy at \(copy.root) has another archive of \(entry.slice). Nothing was removed.",
            hint: "Look at both; what is there: pgretain archives list --archives "
                + copy.root.shellWord)
    }

    private func record(_ kind: LedgerEvent.Kind, _ entry: TablePlan.ArchiveEntry) throws {
        try session.connection.ledger.append(
            LedgerEvent(
                kind, table: session.table.name, bounds: entry.bounds, digest: entry.digest,
                archive: entry.slice.path), by: session.run)
    }
}

extension TableNight {
    /// What fails is reported, and the next archive goes on.
    mutating func expire(_ plan: TablePlan) {
        for entry in plan.expiries where halt == nil {
            guard goOn() else { return }
            attempt { night in
                night.report.done.append(try Expiring(session: night.session).run(entry))
            }
        }
    }
}
