import Archives
import Postgres
import Retention

/// Finishes or discards what an earlier run left behind.
struct Healing {
    let session: TableSession

    /// One failure stops none of the others. Where the store is not healed, an archive of the table may
    /// stand under a name at which nobody looks for it.
    func run() -> (done: [Report.Entry], problems: [Problem], isStoreHealed: Bool) {
        var isStoreHealed = false
        var done: [Report.Entry] = []
        var problems: [Problem] = []
        func attempt(_ step: () throws -> Void) {
            do { try step() } catch {
                problems.append(
                    session.interruption.status == nil ? Problem(explaining: error) : .interrupted)
            }
        }
        attempt {
            done += try session.store.heal(table: session.table.name).map {
                Report.Entry(.heal, "archives", note: $0)
            }
            isStoreHealed = true
        }
        attempt {
            for copy in session.stores.copies {
                done += try copy.heal(table: session.table.name).map {
                    Report.Entry(.heal, copy.root, note: $0)
                }
            }
        }
        attempt {
            let pending = PendingErasures(
                connection: session.connection, stores: session.stores, copies: session.copies,
                run: session.run)
            done += try pending.finish(of: session.table.name).map {
                Report.Entry(.heal, "archives", note: "ended the erasure in \($0.path)")
            }
        }
        attempt { done += try removeForgottenRanges() }
        attempt {
            done += try Leftovers.removeForgotten(
                of: session.table.name, on: session.connection, by: session.run)
        }
        attempt {
            // One that never began is a partition like any other.
            for pending in try session.connection.ledger.detaching(of: session.table.name)
            where pending.state != .attached {
                attempt { done.append(try finish(pending)) }
            }
        }
        return (done, problems, isStoreHealed)
    }

    private func finish(_ pending: PendingDetach) throws -> Report.Entry {
        try session.interruption.check()
        let name = pending.event.relation?.name ?? pending.relation.name.name
        try session.connection.setStep("heal \(name)")
        let relation = try session.connection.ddl.finalizeDetach(
            pending, from: session.table, event: pending.event, by: session.run,
            ladder: session.ladder)
        return Report.Entry(
            .heal, name, bounds: pending.event.bounds,
            note: "finished its detach; it is \(relation.name) now")
    }

    /// Ranges of archives that were begun wait for a night to go on with them; not for ever.
    private func removeForgottenRanges() throws -> [Report.Entry] {
        let day: Int64 = 86_400
        let oldest = try session.connection.serverClock().advanced(bySeconds: -30 * day)
        var done: [Report.Entry] = []
        for slice in try session.store.slicesUnderWay(of: session.table.name) {
            let ranges = try session.store.ranges(of: slice)
            let isAlive = try ranges.contains { range in
                try range.manifest.exportedAt > oldest
                    && session.connection.catalog.exists(range.manifest.partition.oid)
            }
            if isAlive { continue }
            try session.store.removeRanges(of: slice)
            done.append(
                Report.Entry(
                    .heal, "archives",
                    note: "Removed \(ranges.count) ranges of \(slice.path): nobody went on with "
                        + "them for 30 days, or their table is gone."))
        }
        return done
    }
}
