import Retention

/// What shows that a table under lock still holds what its archive holds.
public enum TableEvidence {
    /// The witness of the export's snapshot, and the lock whose session was opened before it and
    /// has not been broken since. The witness of now is taken by `LockedTable.drop` itself.
    case witnessUnbroken(before: TableWitness, lock: RunLock)
    /// The digest of all columns, in order, of a finished `LockedTable.copyOut`.
    case contents(ContentDigest)
}

/// A table that nobody else can touch, in a transaction that may end in its drop.
public final class LockedTable {
    public let relation: Relation
    public let definition: TableDefinition
    public let fingerprint: SchemaFingerprint
    private let connection: Connection
    private let ladder: LockLadder
    private var isOpen = true
    private var wholeCopy: CopyOut?

    public init(_ relation: Relation, on connection: Connection, ladder: LockLadder) throws {
        self.relation = relation
        self.connection = connection
        self.ladder = ladder
        let wanted = WantedLock(table: relation.oid, mode: .accessExclusive)
        try ladder.climb("\(relation.name)", wanting: [wanted], on: connection) { rung in
            try connection.begin(.readCommitted)
            do {
                try connection.lockPastAutovacuum(relation.name, rung: rung)
            } catch {
                connection.rollback()
                throw error
            }
        }
        do {
            try connection.requireSame(relation)
            try connection.requireStandAlone(relation)
            definition = try connection.catalog.definition(of: relation.oid)
            fingerprint = try connection.catalog.fingerprint(of: relation.oid)
        } catch {
            connection.rollback()
            throw error
        }
    }

    deinit { rollback() }

    public func witness() throws -> TableWitness {
        // Its horizon is nobody's concern: no row is deleted by it.
        try connection.witness(of: relation, fingerprint: fingerprint, horizon: 0)
    }

    public func copyOut(columns: [String]) throws -> CopyOut {
        let copy = try CopyOut(columns.map(Identifier.init), from: relation.name, on: connection)
        wholeCopy = columns == definition.columns.map(\.name) ? copy : nil
        return copy
    }

    /// Drops the table and says so in the ledger, in one transaction. Whatever is thrown, the
    /// table is still there, unless the connection was lost while it committed.
    ///
    /// `permit` is called last, under the lock: what it throws keeps the table.
    public func drop(
        proof: consuming VerifiedArchive, evidence: TableEvidence, event: LedgerEvent,
        by run: RunIdentity, permit: (borrowing VerifiedArchive) throws -> Void
    ) throws {
        do {
            try require(evidence, matches: proof.digest)
            try lockForeignKeyTargets()
            try permit(proof)
            var event = event
            event.kind = .dropped
            event.relationOID = relation.oid
            event.digest = proof.digest
            // RESTRICT: what depends on it, such as a view, keeps it.
            try connection.run("table.drop", "DROP TABLE \(relation.name) RESTRICT")
            try connection.ledger.append(event, by: run)
            try connection.commit()
            isOpen = false
        } catch {
            rollback()
            if let error = error as? PostgresError, error.sqlState == "2BP01" {
                throw Problem(
                    "drop.depended-on", .partial,
                    "\(relation.name) was not dropped: other objects depend on it.",
                    hint: "Drop those views, foreign keys or functions, or keep the table.")
            }
            throw error
        }
    }

    /// Lets the table go as it was.
    public func rollback() {
        guard isOpen else { return }
        isOpen = false
        connection.rollback()
    }

    private func require(_ evidence: TableEvidence, matches proven: ContentDigest) throws {
        guard isOpen else {
            throw PostgresError.unexpected("the lock is gone", statement: "table.drop")
        }
        switch evidence {
        case .contents(let digest):
            guard let wholeCopy, wholeCopy.isFinished, UInt64(wholeCopy.rows) == digest.rows else {
                throw PostgresError.unexpected(
                    "the digest is not one of the whole table under lock", statement: "table.drop")
            }
            guard digest == proven else {
                throw differs("it holds \(digest), proven is \(proven)")
            }
        case .witnessUnbroken(let before, let lock):
            guard lock.isHeld, lock.connection === connection,
                lock.acquiredAt <= before.takenAt
            else {
                throw differs("the session that watched it was broken")
            }
            guard UInt64(before.rows) == proven.rows else {
                throw differs("\(before.rows) rows were watched, proven are \(proven.rows)")
            }
            guard try witness().isSame(as: before) else {
                throw differs("rows or their types have changed since")
            }
        }
    }

    private func differs(_ how: String) -> Problem {
        Problem(
            "drop.differs", .data,
            "\(relation.name) is not what its verified archive holds: \(how). It was not dropped.",
            hint: "Run it again: what it holds now is exported as a new generation.")
    }

    /// DROP locks the tables that its foreign keys name. Who deletes from one of those may wait for
    /// ours meanwhile: it is asked for a few times without waiting, and then everything is let go.
    private func lockForeignKeyTargets() throws {
        let targets = try connection.foreignKeyTargets(of: relation.oid).filter(\.mayLock)
        guard !targets.isEmpty else { return }
        var quick = ladder
        quick.attempts = 3
        quick.longestMilliseconds = 20
        try quick.climb(
            "the tables that \(relation.name) refers to", wanting: targets.wanted(.accessExclusive),
            on: connection
        ) { _ in
            try connection.savepoint { try connection.lock(targets, .accessExclusive) }
        }
    }
}
