import Postgres
import Retention

/// What a host has to know of a table's night while others work at it too.
struct TableShare {
    let night: SharedNight
    /// How many events there were about each relation before the plan was made.
    let events: [UInt32: Int64]
    /// From when on detaches count.
    let since: Instant
    /// How many all hosts may detach together.
    let most: Int

    /// Whether a relation is this host's to archive, detach and drop, and is as it was when the plan was
    /// made. What is not is left to whoever has it, or to the turn alone.
    func claim(_ subject: Departing, in session: TableSession) throws -> Bool {
        guard try night.claim(subject.slice) else { return false }
        let isFree = try isAsItWas(subject, in: session)
        if !isFree { try night.letGo(of: subject.slice) }
        return isFree
    }

    private func isAsItWas(_ subject: Departing, in session: TableSession) throws -> Bool {
        let oid = subject.relation.oid
        let now = try session.connection.ledger.eventCounts(
            of: session.table.name, relation: oid)
        guard now[oid] == events[oid] else { return false }
        for store in [session.store] + session.stores.copies
        where try store.isUnfinished(subject.slice) {
            return false
        }
        return true
    }

    /// To be asked in the transaction that detaches, under the lock on the parent: nobody else is at it.
    func requireRoom(for subject: Departing, on connection: Connection, of table: QualifiedName)
        throws
    {
        let spent = try connection.ledger.spent(of: table, since: since)
        guard spent.partitions < most else {
            throw Postponed(
                .waiting(
                    "\(subject.name.name) is archived and stays: other hosts have taken the \(most) of this "
                        + "night (max_retire)"))
        }
    }
}
