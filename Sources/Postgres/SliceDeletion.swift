import Retention

/// The end of a slice's rows: those that its archive holds are deleted, page by page, and no others.
///
/// Which those are is told by transactions, not by a list. The proof speaks of one snapshot; its
/// *horizon* is `pg_snapshot_xmin`, before which every transaction had ended. A row version that an
/// older transaction wrote, and that is still there now, was there for that snapshot: it is in the
/// archive. A younger one may not be, and stays for the next export: one that was inserted or
/// updated since, or whose transaction was under way. (Subtransactions are younger than their
/// parents, and so are those of prepared transactions.)
///
/// The horizon outlives this process: it is in the ledger with the intention, in one commit. No
/// transaction before it can be handed out again: the server's log has all of them before that
/// commit, and a server that has lost that commit has lost the intention too. A dump restored
/// elsewhere is another system, or another table.
public struct SliceDeletion {
    let connection: Connection
    let relation: Relation
    let rows: KeySpan
    /// Nil: rows of any age go, and no archive has them.
    let horizon: UInt64?
    let fingerprint: SchemaFingerprint?

    /// Says in the ledger what will be deleted, after a last look by `permit`.
    ///
    /// - Parameter proof: that the archive holds the rows whose versions `witness` has seen, none of
    ///   them younger than its horizon.
    public init(
        of relation: Relation, rows: KeySpan, proof: consuming VerifiedArchive,
        witness: TableWitness, event: LedgerEvent, by run: RunIdentity, on connection: Connection,
        permit: (borrowing VerifiedArchive) throws -> Void
    ) throws {
        self.connection = connection
        self.relation = relation
        self.rows = rows
        let horizon = witness.horizon
        self.horizon = horizon
        fingerprint = witness.fingerprint
        guard UInt64(witness.rows) == proof.digest.rows else {
            throw PostgresError.unexpected(
                "\(witness.rows) rows were seen, proven are \(proof.digest.rows)",
                statement: "slice.begin")
        }
        var event = event
        event.kind = .deleting
        event.relationOID = relation.oid
        event.details["horizon"] = String(horizon)
        event.details["system"] = connection.facts.systemIdentifier ?? ""
        event.details["shape"] = witness.fingerprint.text
        try connection.transaction(.readCommitted) {
            try permit(proof)
            try connection.ledger.append(event, by: run)
        }
    }

    /// Goes on with what an earlier run has begun: its rows are in the archive, which `proof` says is
    /// whole. Nil where the intention is not this table's, of this life of this server, or where
    /// columns have changed: a condition might be met by other rows than then.
    public init?(
        of relation: Relation, rows: KeySpan, resuming event: LedgerEvent,
        proof: consuming VerifiedArchive, on connection: Connection
    ) throws {
        guard event.relationOID == relation.oid, event.condition == rows.condition,
            event.archive == proof.slice.path,
            let (horizon, now) = try connection.whatIsLeft(of: event)
        else { return nil }
        self.connection = connection
        self.relation = relation
        self.rows = rows
        self.horizon = horizon
        fingerprint = now
    }

    /// Of rows that are to be gone for good: the operator's rule says so, and the ledger says it
    /// first.
    public init(
        forGoodOf relation: Relation, rows: KeySpan, event: LedgerEvent, by run: RunIdentity,
        on connection: Connection, permit: () throws -> Void
    ) throws {
        self.connection = connection
        self.relation = relation
        self.rows = rows
        horizon = nil
        fingerprint = try connection.catalog.fingerprint(of: relation.oid)
        var event = event
        event.kind = .purging
        try connection.transaction(.readCommitted) {
            try permit()
            try connection.ledger.append(event, by: run)
        }
    }

    /// The pages in which the slice has rows that are to go, cut into spans of 8 MiB.
    public func spans() throws -> [PageSpan] {
        let row = try connection.transaction(.readCommitted) {
            try connection.run(
                "slice.pages",
                """
                SELECT pg_catalog.min((ctid::text::point)[0])::bigint,
                    pg_catalog.max((ctid::text::point)[0])::bigint,
                    (8 << 20) / pg_catalog.current_setting('block_size')::bigint
                FROM ONLY \(relation.name) WHERE \(rows.test) AND \(try isOld())
                """
            ).one()
        }
        guard let first = try row.optionalInt(0), let last = try row.optionalInt(1) else {
            return []
        }
        let step = try row.int(2)
        return stride(from: first, through: last, by: Int(step)).map {
            PageSpan(from: $0, to: $0 + step)
        }
    }

    /// One batch; how many rows went.
    public func delete(_ pages: PageSpan) throws -> Int64 {
        try connection.transaction(.readCommitted) {
            try connection.setLocal(lockTimeout: 3000)
            // First: nobody rewrites the table until the end.
            try connection.lockOnly(relation.name, .rowExclusive)
            try connection.requireSame(relation)
            if let fingerprint {
                guard try connection.catalog.fingerprint(of: relation.oid) == fingerprint else {
                    throw Problem(
                        "slice.reshaped", .tryLater,
                        "The columns or types of \(relation.name) changed since its slice was "
                            + "archived. What is left of it stays.",
                        hint: "Run it again; it goes on where it stopped.")
                }
            }
            return try connection.run(
                "slice.delete",
                """
                DELETE FROM ONLY \(relation.name)
                WHERE \(pages.test) AND \(rows.test) AND \(try isOld())
                """
            ).affected
        }
    }

    private func isOld() throws -> SQL {
        guard let horizon else { return "true" }
        guard let isOld = try connection.isOld(before: horizon) else {
            throw Problem(
                "slice.horizon", .tryLater,
                "The deletion of a slice of \(relation.name) was begun in another life of this "
                    + "server. Nothing more of it was deleted.",
                hint: "Look at the ledger's last `deleting` event and at the archive.")
        }
        return isOld
    }

    /// Says that all is done; young rows may be left.
    public func end(_ event: LedgerEvent, by run: RunIdentity) throws {
        var event = event
        event.kind = horizon == nil ? .purged : .deleted
        event.relationOID = relation.oid
        try connection.ledger.append(event, by: run)
    }

    /// Makes the room usable again that deleted rows took. Where somebody has the table, the next
    /// time does it.
    public func vacuum() throws {
        try connection.run(
            "slice.vacuum", "VACUUM (SKIP_LOCKED, TRUNCATE false) \(relation.name)")
    }
}

extension Connection {
    /// Whether a deletion that was begun can be gone on with, as far as its table and this server
    /// are concerned.
    public func canGoOn(with event: LedgerEvent) throws -> Bool {
        try whatIsLeft(of: event) != nil
    }

    /// The horizon of a deletion that was begun, and the table's columns now.
    fileprivate func whatIsLeft(of event: LedgerEvent) throws -> (UInt64, SchemaFingerprint)? {
        guard event.kind == .deleting, let oid = event.relationOID,
            event.details["system"] == facts.systemIdentifier ?? "",
            let horizon = event.details["horizon"].flatMap({ UInt64($0) }),
            try isOld(before: horizon) != nil, try catalog.exists(oid)
        else { return nil }
        let now = try catalog.fingerprint(of: oid)
        guard event.details["shape"].map(now.holds) ?? (event.condition == nil) else { return nil }
        return (horizon, now)
    }

    /// Whether the version of a row was written before a horizon: whether `xmin`, on the circle
    /// of 2^32 ids, is outside of what has been handed out since, and of what soon will be: a batch
    /// that waits for a writer looks at what the writer made of the row. Nil for a horizon of the
    /// future, or of too long ago.
    fileprivate func isOld(before horizon: UInt64) throws -> SQL? {
        let next = UInt64(
            clamping: try run(
                "slice.now", "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())"
            ).one().int(0))
        let circle: UInt64 = 1 << 32
        let soon: UInt64 = 1 << 24
        guard horizon <= next, next - horizon < circle / 4 else { return nil }
        return """
            (xmin::text::bigint - \(number: horizon % circle) + \(number: circle))
                % \(number: circle) >= \(number: next - horizon + soon)
            """
    }
}

extension TableSnapshot {
    /// Whether it sees rows that were written since its horizon: then a transaction that is open,
    /// or prepared, is older than they are, and they cannot be told from those that came later.
    public func hasYoungRows() throws -> Bool {
        guard let isOld = try connection.isOld(before: horizon) else { return true }
        return try connection.run(
            "slice.young",
            """
            SELECT EXISTS (
                SELECT FROM ONLY \(relation.name) WHERE \(condition(.all)) AND NOT (\(isOld)))
            """
        ).one().bool(0)
    }
}

extension Ledger {
    /// The deletion of a range that has begun and not ended; nil where there is none.
    public func deletion(of bounds: PartitionBounds, in table: QualifiedName) throws -> LedgerEvent?
    {
        guard let state = try states(of: table)[bounds], state.kind == .deleting else { return nil }
        return state
    }
}
