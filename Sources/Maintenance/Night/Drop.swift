import Postgres
import Retention

/// Drops a quarantined table against a proof of this night.
///
/// Its row versions answer whether anything has changed since the proof's snapshot: the session
/// that holds the table's lock has watched them without a break.
struct Dropping {
    let session: TableSession

    func run(_ subject: Departing, archived: consuming Archived) throws -> ContentDigest {
        try session.interruption.check()
        try session.connection.setStep("drop \(subject.name.name)")
        let digest = archived.proof.digest
        let event = LedgerEvent(
            .dropped, table: session.table.name, relation: subject.name,
            relationOID: subject.relation.oid, bounds: subject.bounds, digest: digest,
            archive: archived.proof.slice.path)
        let before = archived.witness
        let look = LastLook(session: session, subject: subject)
        let table = try LockedTable(
            subject.relation, on: session.connection, ladder: session.ladder)
        do {
            try table.drop(
                proof: archived.proof,
                evidence: .witnessUnbroken(before: before, lock: session.lock), event: event,
                by: session.run,
                permit: { proof in
                    try look.requireLeave()
                    try look.requireArchive(proof)
                })
        } catch {
            table.rollback()
            throw error
        }
        return digest
    }
}
