import FailPoints
import Postgres
import Retention

/// Deletes a slice's rows against a proof of this night, or goes on where an earlier night stopped.
///
/// Batch by batch; between them the night looks at signals, the deadline and the server's load.
/// What is left is the next night's.
struct Deleting {
    let session: TableSession
    let subject: Departing
    private let rows: KeySpan

    /// Nil for what is no slice.
    init?(_ subject: Departing, session: TableSession) {
        guard let rows = subject.rows else { return nil }
        self.session = session
        self.subject = subject
        self.rows = rows
    }

    /// How many rows there are to go.
    func count() throws -> Int64 {
        try session.connection.catalog.count(rows, of: subject.relation)
    }

    /// How many rows went.
    func run(archived: consuming Archived) throws -> Int64 {
        try session.connection.setStep("delete from \(subject.name.name)")
        let witness = try lookAgain(archived.witness)
        let look = LastLook(session: session, subject: subject)
        let digest = archived.proof.manifest.digest
        let deletion = try SliceDeletion(
            of: subject.relation, rows: rows, proof: archived.proof, witness: witness,
            event: event(digest), by: session.run, on: session.connection
        ) { proof in
            try look.requireLeave()
            try look.requireArchive(proof)
        }
        FailPoint.pass("night.deleting")
        return try carryOut(deletion, digest)
    }

    /// The archive is read back whole before anything more is deleted.
    func resume() throws -> Int64 {
        let connection = session.connection
        try connection.setStep("delete from \(subject.name.name)")
        let directory = try session.store.directory(of: subject.slice)
        guard let manifest = try session.store.manifest(of: subject.slice) else {
            throw Problem(
                "archive.gone", .missing,
                "Rows of \(subject.bounds) of \(subject.name) were being deleted against the archive "
                    + "\(subject.slice), and \(session.store.root) does not have it. The rest of "
                    + "them was left alone.",
                hint: "Is the store mounted? Else bring the archive back from another copy.")
        }
        let proof = try session.verifier.verify(manifest, in: directory, slice: subject.slice)
        try session.copies.bring(manifest, of: subject.slice)
        try LastLook(session: session, subject: subject).requireLeave()
        guard
            let begun = try connection.ledger.deletion(of: subject.bounds, in: session.table.name),
            begun.digest == manifest.digest,
            let deletion = try SliceDeletion(
                of: subject.relation, rows: rows, resuming: begun, proof: proof, on: connection)
        else {
            throw Problem(
                "slice.begun", .brake,
                "Rows of \(subject.bounds) of \(subject.name) were being deleted, by another server, "
                    + "from another table or archive, or by other columns than there are now. "
                    + "Nothing more was deleted.",
                hint:
                    "The archive has them all. To keep it, and to begin anew with the rows that are "
                    + "there now: "
                    + subject.slice.acceptCommand(bounds: subject.bounds))
        }
        return try carryOut(deletion, manifest.digest)
    }

    /// Deletes the rows of a rule that keeps no archive.
    func purge() throws -> Int64 {
        try session.connection.setStep("delete from \(subject.name.name)")
        let look = LastLook(session: session, subject: subject)
        let deletion = try SliceDeletion(
            forGoodOf: subject.relation, rows: rows, event: event(nil), by: session.run,
            on: session.connection, permit: look.requireLeave)
        return try carryOut(deletion, nil)
    }

    /// Says that a rule has no rows here.
    func noteSwept() throws {
        var event = event(nil)
        event.kind = .swept
        try session.connection.ledger.append(event, by: session.run)
    }

    /// `digest`: of the archive that is deleted against.
    private func event(_ digest: ContentDigest?) -> LedgerEvent {
        var event = LedgerEvent(
            .deleting, table: session.table.name, relation: subject.name,
            relationOID: subject.relation.oid, bounds: subject.bounds, digest: digest,
            archive: digest == nil ? nil : subject.slice.path)
        event.condition = subject.rule?.condition
        return event
    }

    /// Since the proof nobody has touched a row of the slice, and all of its rows are older than
    /// what is under way: once they are deleted, whatever is left is not in the archive.
    private func lookAgain(_ before: TableWitness) throws -> TableWitness {
        let snapshot = try session.snapshot(of: subject)
        let now = try snapshot.witness()
        let hasYoungRows = try snapshot.hasYoungRows()
        try snapshot.end()
        guard session.lock.isHeld, now.isSame(as: before) else { throw SliceChanged() }
        guard !hasYoungRows else {
            throw Postponed(
                .waiting(
                    "rows of \(subject.bounds) were written while a transaction was open, or "
                        + "prepared, that has not ended yet: they are archived, and deleted by a "
                        + "later run"))
        }
        return now
    }

    private func carryOut(_ deletion: SliceDeletion, _ digest: ContentDigest?) throws -> Int64 {
        var gone: Int64 = 0
        // A rewrite of the table in the midst of it moves rows to pages that have been passed.
        while case let spans = try deletion.spans(), !spans.isEmpty {
            var inThisPass: Int64 = 0
            for pages in spans {
                try waitForTheServer()
                inThisPass += try deletion.delete(pages)
                FailPoint.pass("night.batch-deleted")
            }
            gone += inThisPass
            guard inThisPass > 0 else {
                throw Problem(
                    "slice.refused", .partial,
                    "Rows of \(subject.bounds) of \(subject.name) are to be deleted, and the server "
                        + "deletes none of them.",
                    hint: "Look for rules and triggers on \(subject.name) that stop a DELETE.")
            }
        }
        var event = event(digest)
        if digest == nil { event.details["rows"] = String(gone) }
        try deletion.end(event, by: session.run)
        FailPoint.pass("night.deleted")
        try deletion.vacuum()
        return gone
    }

    private func waitForTheServer() throws {
        try session.interruption.check()
        guard !session.timeBudget.deadline.hasPassed else {
            throw Postponed(
                .deadline("the deadline came while rows of \(subject.bounds) were deleted"))
        }
        switch try session.pressure.pass(keepingAlive: session.connection) {
        case .free: break
        case .pressed(let pressure, let patience):
            throw Postponed(.pressure(pressure, patience: patience))
        }
    }
}

/// Rows of a slice have changed since its proof: it has to be archived once more.
struct SliceChanged: Explainable {
    var problem: Problem {
        Problem(
            "slice.busy", .tryLater,
            "Rows of a slice changed whenever it had been archived. Nothing of it was deleted.",
            hint: "Find out what writes to rows so old; the next night tries again.")
    }
}
