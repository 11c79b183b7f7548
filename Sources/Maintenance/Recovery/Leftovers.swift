import Postgres
import Retention

/// Hidden tables of restores that did not end well.
enum Leftovers {
    /// Drops those that nobody is at any more, of one table or of all, and says which.
    static func remove(
        of table: QualifiedName? = nil, on connection: Connection, by run: RunIdentity
    ) throws -> [Report.Entry] {
        var done: [Report.Entry] = []
        for leftover in try connection.ledger.leftovers()
        where table.map({ $0 == leftover.event.table }) ?? true {
            let name = leftover.relation.name
            let note: String
            do {
                guard try connection.ledger.remove(leftover, by: run) else { continue }
                note = "dropped \(name), which an unfinished restore had left"
            } catch let error as PostgresError where !error.isFatal {
                // Somebody else's, perhaps: it stops nothing, and is there to be seen.
                note =
                    "\(name), left by an unfinished restore, could not be dropped: "
                    + "\(error.message)"
            }
            done.append(
                Report.Entry(
                    .heal, leftover.event.relation?.name ?? name.name,
                    bounds: leftover.event.bounds, note: note))
        }
        return done
    }

    /// After a restore has failed. What cannot be dropped now is dropped by the next one, or by
    /// the next night; the failure itself is what has to be told.
    static func removeOwn(on connection: Connection, by run: RunIdentity) {
        // Twice: what a signal cancels may be the first attempt.
        for _ in 0..<2 where !connection.isBroken {
            do { _ = try remove(on: connection, by: run) } catch { continue }
        }
    }
}
