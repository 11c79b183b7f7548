import Postgres
import Retention

/// Takes an archived partition out of its table and into quarantine.
struct Detaching {
    let session: TableSession

    /// `dropAfter` nil: it stays there for good. Gives the quarantined relation.
    func run(
        _ partition: Partition, _ subject: Departing, archived: borrowing Archived,
        dropAfter: Instant?, hasDefault: Bool
    ) throws -> Relation {
        try session.connection.setStep("detach \(partition.name.name)")
        let event = LedgerEvent(
            .detached, table: session.table.name, dropAfter: dropAfter,
            digest: archived.proof.digest, archive: archived.proof.slice.path)
        let look = LastLook(session: session, subject: subject)
        try look.requireArchive(archived.proof)
        // Of the slow way there is one at a time.
        let mayGoSlowly = !hasDefault && session.share == nil
        do {
            return try session.connection.ddl.detach(
                partition, from: session.table, fingerprint: archived.fingerprint, event: event,
                by: session.run, ladder: session.ladder,
                permit: {
                    try look.requireLeave()
                    try session.share?.requireRoom(
                        for: subject, on: session.connection, of: session.table.name)
                })
        } catch  where Problem(explaining: error).status == .tryLater && mayGoSlowly {
            // The parent is never idle: go the slow way, which waits for each reader instead of
            // stopping all. It is refused beside a DEFAULT partition.
            try session.interruption.check()
            return try session.connection.ddl.detachConcurrently(
                partition, from: session.table, fingerprint: archived.fingerprint, event: event,
                by: session.run, ladder: session.ladder, permit: look.requireLeave)
        }
    }
}
