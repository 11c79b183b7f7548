import Retention

extension PartitionDDL {
    /// Takes a partition out of its table and puts it into quarantine, under the lock ladder and
    /// with its ledger row in the same transaction. Gives its new name, `pgretain.q_<oid>`.
    ///
    /// `fingerprint` is the export's: a table that changed its shape since stays.
    /// `permit` is called under the locks: what it throws keeps the partition where it is.
    /// Of `event` the kind, relation, OID and bounds are filled in here.
    public func detach(
        _ partition: Partition, from parent: PartitionedTable, fingerprint: SchemaFingerprint,
        event: LedgerEvent, by run: RunIdentity, ladder: LockLadder, permit: () throws -> Void
    ) throws -> Relation {
        try refuseSharedSequences(of: partition)
        let bystanders = try self.bystanders(of: parent, partition: partition.oid)
        let locks =
            [WantedLock(table: parent.oid, mode: .accessExclusive)]
            + [WantedLock(table: partition.oid, mode: .accessExclusive)] + bystanders.wanted
        return try ladder.climb("\(parent.name)", wanting: locks, on: connection) { rung in
            try connection.transaction(.readCommitted) {
                try lock(partition, of: parent, bystanders, rung: rung)
                try requireParent(parent)
                try requireUnchanged(partition, fingerprint)
                try permit()
                try connection.run(
                    "detach.detach",
                    "ALTER TABLE \(parent.name) DETACH PARTITION \(partition.name)")
                return try quarantine(partition, event: event, by: run)
            }
        }
    }

    /// Drops a partition that holds no row, as is seen under its lock.
    public func dropEmpty(
        _ partition: Partition, from parent: PartitionedTable, by run: RunIdentity,
        ladder: LockLadder
    ) throws {
        try refuseSharedSequences(of: partition)
        let bystanders = try self.bystanders(of: parent, partition: partition.oid)
        let locks =
            [WantedLock(table: parent.oid, mode: .accessExclusive)]
            + [WantedLock(table: partition.oid, mode: .accessExclusive)] + bystanders.wanted
        try ladder.climb("\(parent.name)", wanting: locks, on: connection) { rung in
            try connection.transaction(.readCommitted) {
                try lock(partition, of: parent, bystanders, rung: rung)
                try requireParent(parent)
                try connection.requireSame(Relation(partition), boundsSQL: partition.boundsSQL)
                guard try connection.catalog.isEmpty(partition) else {
                    throw Problem(
                        "partition.changed", .tryLater,
                        "\(partition.name) was empty, and holds rows again. It stays.",
                        hint: "Run it again; the plan is made anew.")
                }
                try connection.run(
                    "detach.detach",
                    "ALTER TABLE \(parent.name) DETACH PARTITION \(partition.name)")
                try connection.run("table.drop", "DROP TABLE \(partition.name) RESTRICT")
                try connection.ledger.append(
                    LedgerEvent(
                        .dropped, table: parent.name, relation: partition.name,
                        relationOID: partition.oid, boundsSQL: partition.boundsSQL,
                        digest: ContentDigest()),
                    by: run)
            }
        }
    }

    /// So that nobody waits behind us for a second lock: the leaf first in a mode that stops only
    /// autovacuum, which gives way after `deadlock_timeout`; then the parent, the one lock that is
    /// waited for with a rung; then the others, without waiting.
    func lock(
        _ partition: Partition, of parent: PartitionedTable, _ bystanders: Bystanders, rung: Int
    ) throws {
        try connection.setLocal(lockTimeout: 3000)
        try connection.lockOnly(partition.name, .shareUpdateExclusive)
        try connection.setLocal(lockTimeout: rung)
        try connection.lockOnly(parent.name, .accessExclusive)
        try connection.lockOnly(partition.name, .accessExclusive, noWait: true)
        if let other = bystanders.defaultPartition, other.oid != partition.oid {
            try connection.lockOnly(other.name, .accessExclusive, noWait: true)
        }
        try lockForeignKeyTargets(bystanders)
        // What could not be locked above is waited for by DETACH itself: briefly.
        try connection.setLocal(lockTimeout: min(rung, 100))
    }

    func requireUnchanged(_ partition: Partition, _ fingerprint: SchemaFingerprint) throws {
        try connection.requireSame(Relation(partition), boundsSQL: partition.boundsSQL)
        guard try connection.catalog.fingerprint(of: partition.oid) == fingerprint else {
            throw Problem(
                "partition.reshaped", .tryLater,
                "The columns or types of \(partition.name) changed since it was archived. It was "
                    + "not detached.",
                hint: "Run it again: it is archived anew.")
        }
    }

    /// Renames the table and its indexes and sequences to names that nobody can collide with, and
    /// moves it out of sight: a writer that queued on the old name gets an error, and no row in.
    func quarantine(_ partition: Partition, event: LedgerEvent, by run: RunIdentity) throws
        -> Relation
    {
        var event = event
        event.kind = .detached
        event.relation = partition.name
        event.relationOID = partition.oid
        event.bounds = partition.bounds
        event.boundsSQL = partition.boundsSQL
        let companions = try self.companions(of: partition.oid)
        for companion in companions {
            event.details["name of \(companion.quarantineName)"] = companion.name.name
            try connection.run(
                "detach.rename-companion",
                """
                ALTER \(companion.kind) \(companion.name)
                    RENAME TO \(Identifier(companion.quarantineName))
                """)
        }
        let quarantined = QualifiedName(schema: "pgretain", name: "q_\(partition.oid)")
        try connection.run(
            "detach.rename",
            "ALTER TABLE \(partition.name) RENAME TO \(Identifier(quarantined.name))")
        let renamed = QualifiedName(schema: partition.name.schema, name: quarantined.name)
        try connection.run("detach.schema", "ALTER TABLE \(renamed) SET SCHEMA pgretain")
        try connection.ledger.append(event, by: run)
        return Relation(oid: partition.oid, name: quarantined)
    }

    /// Something that SET SCHEMA takes along under its own name.
    struct Companion {
        let oid: UInt32
        let kind: SQL
        let name: QualifiedName

        var quarantineName: String { "q_\(oid)" }
    }

    /// A sequence that the partition owns goes with it; one that feeds other tables must not.
    public func refuseSharedSequences(of partition: Partition) throws {
        let shared = try connection.run(
            "detach.shared-sequences",
            """
            SELECT DISTINCT s.oid::pg_catalog.regclass::text
            FROM pg_catalog.pg_depend AS o
            JOIN pg_catalog.pg_class AS s ON s.oid = o.objid AND s.relkind = 'S'
            JOIN pg_catalog.pg_depend AS u ON u.refclassid = o.classid AND u.refobjid = s.oid
                AND u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
            JOIN pg_catalog.pg_attrdef AS d ON d.oid = u.objid
            WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.deptype = 'a'
                AND o.refclassid = o.classid AND o.refobjid = \(value: partition.oid)::oid
                AND d.adrelid <> o.refobjid
            """
        ).rows.map { try $0.text(0) }
        guard let sequence = shared.first else { return }
        throw Problem(
            "detach.sequence", .partial,
            "\(partition.name) owns the sequence \(sequence), which other tables take numbers from: "
                + "detaching would take it away from them. It stays attached.",
            hint: "ALTER SEQUENCE \(sequence) OWNED BY the parent's column, or OWNED BY NONE; then "
                + "run it again.")
    }

    /// Indexes, those of constraints among them (which are renamed with them), and sequences that
    /// columns own.
    func companions(of table: UInt32) throws -> [Companion] {
        try connection.run(
            "detach.companions",
            """
            SELECT c.oid, n.nspname, c.relname, c.relkind = 'S'
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid IN (
                SELECT i.indexrelid FROM pg_catalog.pg_index AS i
                WHERE i.indrelid = \(value: table)::oid
                UNION ALL
                SELECT d.objid FROM pg_catalog.pg_depend AS d
                WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.refobjid = \(value: table)::oid AND d.refobjsubid > 0
                    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.deptype IN ('a', 'i'))
                AND c.relkind IN ('i', 'S')
            ORDER BY c.oid
            """
        ).rows.map { row in
            Companion(
                oid: try row.oid(0), kind: try row.bool(3) ? "SEQUENCE" : "INDEX",
                name: try row.name(1))
        }
    }
}
