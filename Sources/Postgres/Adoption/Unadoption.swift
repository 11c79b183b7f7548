import Retention

/// The way back: the wide partition becomes the plain table that it was.
///
/// Only while no other partition holds a row, and the wide one was not retired.
public struct Unadoption {
    let connection: Connection
    let parent: PartitionedTable
    let adoption: RecordedAdoption
    let wide: Partition
    let others: [Partition]
    let ladder: LockLadder

    /// Refuses where there is no way back any more.
    public init(
        of parent: PartitionedTable, _ adoption: RecordedAdoption, on connection: Connection,
        ladder: LockLadder
    ) throws {
        self.connection = connection
        self.parent = parent
        self.adoption = adoption
        self.ladder = ladder
        let partitions = try connection.catalog.partitions(of: parent)
        guard let wide = partitions.first(where: { $0.oid == adoption.oid }) else {
            throw Self.refusal(
                "The partition that was the plain table \(parent.name) is no longer there.")
        }
        self.wide = wide
        others = partitions.filter { $0.oid != wide.oid }
        for other in others {
            guard !other.isPartitioned, !other.isForeign, try connection.catalog.isEmpty(other)
            else {
                throw Self.refusal("\(other.name) holds rows.")
            }
        }
    }

    private static func refusal(_ why: String) -> Problem {
        Problem(
            "adopt.no-return", .brake,
            "\(why) A plain table would not have all rows. Nothing was changed, writes go on.",
            hint: "It can be undone until the first row lies beyond the adopted partition.")
    }

    private var keyIndex: QualifiedName {
        QualifiedName(schema: wide.name.schema, name: AdoptionNames.keyIndexName(of: wide.oid))
    }

    /// Builds the index of the primary key as it was, beside the traffic.
    public func buildKeyIndex() throws {
        guard !adoption.primaryKey.isEmpty else { return }
        // What an earlier attempt left.
        try connection.run("unadopt.drop-index", "DROP INDEX CONCURRENTLY IF EXISTS \(keyIndex)")
        do {
            try connection.run(
                "unadopt.key-index",
                """
                CREATE UNIQUE INDEX CONCURRENTLY \(Identifier(keyIndex.name)) ON \(wide.name)
                    (\(adoption.primaryKey.map(Identifier.init)))
                """)
        } catch let error as PostgresError where error.sqlState == "23505" {
            try connection.run("unadopt.drop-index", "DROP INDEX CONCURRENTLY \(keyIndex)")
            throw Self.refusal(
                "\(adoption.primaryKey.joined(separator: ", ")) is no longer unique in "
                    + "\(parent.name).")
        }
    }

    /// The wide partition leaves and takes the name back; the partitioned table, which holds no
    /// row then, is dropped. All in one transaction; how long the table was locked, in seconds.
    public func swap(by run: RunIdentity) throws -> Double {
        let views = try connection.catalog.dependentViews(of: parent.oid)
        guard views.allSatisfy(\.mayReplace) else {
            throw Self.refusal("Views that somebody else owns read \(parent.name).")
        }
        let targets = try connection.foreignKeyTargets(of: parent.oid)
        let leaves = [wide] + others
        let wanted =
            [WantedLock(table: parent.oid, mode: .accessExclusive)]
            + leaves.map { WantedLock(table: $0.oid, mode: .accessExclusive) }
            + targets.wanted(.accessExclusive)
        return try ladder.climb("\(parent.name)", wanting: wanted, on: connection) { rung in
            var locked = ContinuousClock.now
            try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: 3000)
                try connection.lockOnly(wide.name, .shareUpdateExclusive)
                try connection.setLocal(lockTimeout: rung)
                for view in views { try connection.lockOnly(view.name, .accessExclusive) }
                try connection.lockOnly(parent.name, .accessExclusive)
                locked = .now
                for leaf in leaves {
                    try connection.lockOnly(leaf.name, .accessExclusive, noWait: true)
                }
                // Dropping a table with foreign keys locks their targets as strongly.
                try connection.lock(targets, .accessExclusive)
                try connection.ddl.requireParent(parent)
                try requireNoOtherRows()
                try connection.run("unadopt.brief", "SET LOCAL statement_timeout = 2000")
                for statement in try script(views) {
                    try connection.run("unadopt.swap", statement)
                }
                try connection.ledger.append(
                    LedgerEvent(
                        .unadopted, table: parent.name, relation: parent.name,
                        relationOID: wide.oid, details: ["swapped": "yes"]),
                    by: run)
            }
            return (ContinuousClock.now - locked).seconds
        }
    }

    /// Under the locks: what will be dropped holds nothing, and is all there is.
    private func requireNoOtherRows() throws {
        let now = Set(try connection.catalog.partitions(of: parent).map(\.oid))
        guard now == Set(([wide] + others).map(\.oid)) else {
            throw Self.refusal("Partitions of \(parent.name) came or went meanwhile.")
        }
        for other in others {
            guard try connection.catalog.isEmpty(other) else {
                throw Self.refusal("\(other.name) holds rows.")
            }
        }
    }

    private func script(_ views: [DependentView]) throws -> [SQL] {
        let catalog = connection.catalog
        let triggers = try catalog.plainTriggers(of: parent.oid)
        let statistics = try catalog.plainStatistics(of: parent.oid)
        let old = QualifiedName(
            schema: parent.name.schema, name: "pgretain_adopt_\(wide.oid)_old")
        let plain = parent.name
        var script: [SQL] = triggers.map { "DROP TRIGGER \(Identifier($0.name)) ON \(plain)" }
        script.append("ALTER TABLE \(plain) DETACH PARTITION \(wide.name)")
        for statistics in try catalog.plainStatistics(of: wide.oid) {
            script.append("DROP STATISTICS \(statistics.name)")
        }
        for sequence in try catalog.ownedSequences(of: parent.oid) {
            if let identity = sequence.identity {
                let new = QualifiedName(
                    schema: sequence.name.schema, name: "pgretain_adopt_\(sequence.oid)")
                script.append(
                    AdoptionScript.makeIdentity(sequence, identity, on: wide.name, as: new))
                script += AdoptionScript.moveIdentity(sequence, from: plain, to: new)
            } else {
                script.append(
                    """
                    ALTER SEQUENCE \(sequence.name) OWNED BY
                        \(wide.name).\(Identifier(sequence.column))
                    """)
            }
        }
        script += [
            "ALTER TABLE \(plain) RENAME TO \(Identifier(old.name))",
            "ALTER TABLE \(wide.name) RENAME TO \(Identifier(plain.name))",
        ]
        let indexes = try self.indexes()
        script += AdoptionScript.hangOn(plain, [], [], views)
        script.append("DROP TABLE \(old) RESTRICT")
        for index in indexes {
            let name = Identifier(index.parents)
            if index.isPrimary, !adoption.primaryKey.isEmpty {
                script.append(
                    """
                    ALTER TABLE \(plain) DROP CONSTRAINT \(Identifier(index.own)),
                        ADD CONSTRAINT \(name) PRIMARY KEY USING INDEX \(Identifier(keyIndex.name))
                    """)
            } else {
                let own = QualifiedName(schema: plain.schema, name: index.own)
                script.append("ALTER INDEX \(own) RENAME TO \(name)")
            }
        }
        if adoption.wasNullable {
            script.append(
                "ALTER TABLE \(plain) ALTER COLUMN \(Identifier(parent.key)) DROP NOT NULL")
        }
        return script + AdoptionScript.hangOn(plain, statistics, triggers, [])
    }

    /// The wide partition's indexes, and what those of the parent are called that they belong to.
    private func indexes() throws -> [(own: String, parents: String, isPrimary: Bool)] {
        try connection.run(
            "unadopt.indexes",
            """
            SELECT c.relname, p.relname, x.indisprimary
            FROM pg_catalog.pg_index AS x
            JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid
            JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid
            JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
            WHERE x.indrelid = \(value: wide.oid)::oid
            ORDER BY c.oid
            """
        ).rows.map { (own: try $0.text(0), parents: try $0.text(1), isPrimary: try $0.bool(2)) }
    }
}
