import Archives
import Postgres
import Retention

/// Finishes or discards what an earlier run left behind.
struct Healing {
    let session: TableSession

    func run() throws -> [Report.Entry] {
        var done = try session.store.heal(table: session.table.name).map {
            Report.Entry(.heal, "archives", note: $0)
        }
        done += try Leftovers.remove(
            of: session.table.name, on: session.connection, by: session.run)
        for pending in try session.connection.ledger.detaching(of: session.table.name) {
            try session.interruption.check()
            var event = pending.event
            event.kind = .detached
            let relation = try session.connection.ddl.finalizeDetach(
                pending, from: session.table, event: event, by: session.run,
                ladder: session.ladder)
            done.append(
                Report.Entry(
                    .heal, pending.event.relation?.name ?? pending.relation.name.name,
                    bounds: event.bounds, note: "finished its detach; it is \(relation.name) now"))
        }
        return done
    }
}
