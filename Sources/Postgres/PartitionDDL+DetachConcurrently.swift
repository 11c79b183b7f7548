import Retention

/// A DETACH CONCURRENTLY that we announced in the ledger and that has not become a quarantined
/// table yet.
public struct PendingDetach: Equatable, Sendable {
    public enum State: String, Sendable {
        /// The server waits for FINALIZE.
        case pending
        /// It is no partition any more, and only has to be renamed.
        case detached
        /// It never began, or was undone: still a partition like any other.
        case attached
    }

    public var relation: Relation
    public var state: State
    /// As it was announced, with the bounds it had.
    public var event: LedgerEvent
}

extension PartitionDDL {
    /// Where the strong lock on the parent is not to be had: announces the detach in the ledger,
    /// then DETACH CONCURRENTLY, then `finalizeDetach`. Not with a DEFAULT partition.
    ///
    /// When it throws, the detach may be pending: `Ledger.detaching(of:)` knows, and
    /// `finalizeDetach` ends it. Meanwhile the parent does not show the rows; the table has them.
    public func detachConcurrently(
        _ partition: Partition, from parent: PartitionedTable, fingerprint: SchemaFingerprint,
        event: LedgerEvent, by run: RunIdentity, ladder: LockLadder, permit: () throws -> Void
    ) throws -> Relation {
        if let other = try bystanders(of: parent).defaultPartition {
            throw Problem(
                "detach.default", .tryLater,
                "\(partition.name) cannot be detached beside its writers: \(parent.name) has the "
                    + "DEFAULT partition \(other.name). It stays attached.",
                hint: "Run it again when the lock on \(parent.name) can be had.")
        }
        var announced = event
        announced.kind = .detaching
        announced.relation = partition.name
        announced.relationOID = partition.oid
        announced.bounds = partition.bounds
        announced.boundsSQL = partition.boundsSQL
        try connection.transaction(.readCommitted) {
            try connection.setLocal(lockTimeout: 1000)
            try connection.lockOnly(partition.name, .accessShare)
            try requireUnchanged(partition, fingerprint)
            try permit()
            try connection.ledger.append(announced, by: run)
        }
        try detachConcurrently(partition, from: parent)
        let pending = PendingDetach(
            relation: Relation(partition), state: .detached, event: announced)
        return try finalizeDetach(pending, from: parent, event: event, by: run, ladder: ladder)
    }

    /// It cannot run in a transaction, so the timeout is the session's for as long.
    private func detachConcurrently(_ partition: Partition, from parent: PartitionedTable) throws {
        try connection.run("detach.timeout", "SET lock_timeout = 3000")
        defer {
            do { try connection.run("detach.no-timeout", "SET lock_timeout = 0") } catch {
                connection.markBroken()
            }
        }
        do {
            try connection.run(
                "detach.concurrently",
                """
                ALTER TABLE \(parent.name) DETACH PARTITION \(partition.name) CONCURRENTLY
                """)
        } catch let error as PostgresError where error.isLockTimeout || error.isDeadlock {
            throw Problem(
                "lock.busy", .tryLater,
                "DETACH CONCURRENTLY of \(partition.name) could not wait any longer for older "
                    + "transactions. The rows are safe; it may be pending.",
                hint: "Run it again: it is finished then.")
        }
    }

    /// Ends a detach that was announced: FINALIZE where the server waits for it, then quarantine
    /// and ledger row in the same transaction.
    public func finalizeDetach(
        _ pending: PendingDetach, from parent: PartitionedTable, event: LedgerEvent,
        by run: RunIdentity, ladder: LockLadder
    ) throws -> Relation {
        guard pending.state != .attached, let boundsSQL = pending.event.boundsSQL,
            let bounds = pending.event.bounds
        else {
            throw PostgresError.unexpected(
                "no detach of it is pending", statement: "detach.finalize")
        }
        let partition = Partition(
            oid: pending.relation.oid, name: pending.relation.name, extent: .range(bounds),
            boundsSQL: boundsSQL, bytes: 0, estimatedRows: nil)
        let bystanders = try self.bystanders(of: parent, partition: partition.oid)
        var locks = [WantedLock(table: partition.oid, mode: .accessExclusive)]
        if pending.state == .pending {
            locks.append(WantedLock(table: parent.oid, mode: .shareUpdateExclusive))
        }
        return try ladder.climb("\(partition.name)", wanting: locks, on: connection) { rung in
            try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: rung)
                if pending.state == .pending {
                    try connection.lockOnly(parent.name, .shareUpdateExclusive)
                    try requireParent(parent)
                }
                try connection.lockPastAutovacuum(partition.name, rung: rung)
                try connection.requireSame(pending.relation)
                try lockForeignKeyTargets(bystanders)
                if pending.state == .pending {
                    try connection.run(
                        "detach.finalize",
                        "ALTER TABLE \(parent.name) DETACH PARTITION \(partition.name) FINALIZE")
                }
                return try quarantine(partition, event: event, by: run)
            }
        }
    }
}
