import Postgres
import Retention

/// Hidden tables of restores that did not end well.
enum Leftovers {
    /// Drops those that nobody can go on with, or has within a day, of one table or of all, and says
    /// which.
    static func removeForgotten(
        of table: QualifiedName? = nil, on connection: Connection, by run: RunIdentity
    ) throws -> [Report.Entry] {
        let now = try connection.serverClock()
        var done: [Report.Entry] = []
        for leftover in try connection.ledger.leftovers()
        where !leftover.isUnderWay && (table.map { $0 == leftover.event.table } ?? true) {
            if leftover.fingerprint != nil {
                guard let unfinished = try connection.ledger.unfinished(leftover),
                    unfinished.keptUntil <= now
                else { continue }
            }
            if let entry = try remove(leftover, on: connection, by: run) { done.append(entry) }
        }
        return done
    }

    /// What was left that a restore can go on with, of several the one that holds most; others of
    /// the same target are dropped.
    static func toGoOnWith(
        _ fingerprint: String?, into target: QualifiedName, of table: QualifiedName,
        on connection: Connection, by run: RunIdentity
    ) throws -> Leftover? {
        let ledger = connection.ledger
        let ofTarget = try ledger.leftovers().filter {
            $0.event.table == table && $0.target == target
        }
        var usable: [(leftover: Leftover, bytes: Int64)] = []
        for leftover in ofTarget {
            guard try ledger.awaitEnd(of: leftover) else {
                throw Problem(
                    "restore.under-way", .tryLater,
                    "Another restore of \(table) as \(target) is under way. Nothing was restored.",
                    hint: "Let it finish (pg_stat_activity shows it), or name another table with "
                        + "--into.")
            }
            if let fingerprint, leftover.fingerprint == fingerprint,
                let unfinished = try ledger.unfinished(leftover)
            {
                usable.append((leftover, unfinished.bytes))
            } else {
                _ = try remove(leftover, on: connection, by: run)
            }
        }
        guard let best = usable.max(by: { $0.bytes < $1.bytes })?.leftover else { return nil }
        for (leftover, _) in usable where leftover != best {
            _ = try remove(leftover, on: connection, by: run)
        }
        return best
    }

    private static func remove(
        _ leftover: Leftover, on connection: Connection, by run: RunIdentity
    ) throws -> Report.Entry? {
        let name = leftover.relation.name
        let note: String
        do {
            guard try connection.ledger.remove(leftover, by: run) else { return nil }
            note = "dropped \(name), which an unfinished restore had left"
        } catch let error as PostgresError where !error.isFatal {
            // Somebody else's, perhaps: it stops nothing, and is there to be seen.
            note =
                "\(name), left by an unfinished restore, could not be dropped: \(error.message)"
        }
        return Report.Entry(
            .heal, leftover.event.relation?.name ?? name.name, bounds: leftover.event.bounds,
            note: note)
    }

    /// After a restore has failed, or was told to end. What cannot be dropped now waits as though the
    /// restore had been killed; the failure itself is what has to be told.
    static func removeOwn(_ relation: Relation?, on connection: Connection, by run: RunIdentity) {
        guard let relation else { return }
        // Twice: what a signal cancels may be the first attempt.
        for _ in 0..<2 where !connection.isBroken {
            do {
                for leftover in try connection.ledger.leftovers()
                where leftover.relation == relation {
                    _ = try remove(leftover, on: connection, by: run)
                }
            } catch { continue }
        }
    }
}
