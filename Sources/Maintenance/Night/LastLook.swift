import Archives
import Postgres
import Retention

/// What has to be so at the last moment before rows leave: the plan may be hours old, and so may
/// the proof.
struct LastLook {
    let session: TableSession
    let subject: Departing

    /// Nobody has said meanwhile that the range stays. To be asked in the transaction that takes
    /// it away.
    func requireLeave() throws {
        let orders = try session.connection.ledger.standingOrders(of: session.table.name)
        let now = min(session.calendar.wallClock, try session.connection.serverClock())
        guard let reason = orders.reasonToKeep(subject.bounds, at: now) else { return }
        throw Problem(
            "retire.held", .brake,
            "\(subject.name) stays: since the plan was made it is \(reason.sentence). Nothing of it "
                + "was detached or dropped.",
            hint: "Nothing is to be done while that stands; the next run looks again.")
    }

    /// The archive that was proven is still in the store.
    func requireArchive(_ proof: borrowing VerifiedArchive) throws {
        let found = try session.store.manifest(of: proof.slice)
        guard let found, found == proof.manifest else {
            throw Problem(
                "archive.gone", .missing,
                "The archive \(proof.slice) was proven, and is not in \(session.store.root) any "
                    + "more. \(subject.name) was left as it is.",
                hint: "Is the store mounted? What is there now: pgretain archives list.")
        }
    }
}
