import Retention

/// A wide partition gives way to partitions of its rows, one a period, while the application goes
/// on.
///
/// As with any table that is copied beside its traffic, triggers note the keys of rows that change
/// from before the copy begins; what is noted is copied again. `prove` compares both sides, all
/// columns of all rows, in one snapshot. From then on they differ only in what has been noted
/// since, and the last of that is copied under the lock under which they change places.
///
/// Until `swap` commits the application sees none of it.
public final class Splitting {
    let connection: Connection
    let parent: PartitionedTable
    let wide: Partition
    public let pieces: [SplitPiece]
    let ladder: LockLadder
    let names: SplitNames
    private let model: TableModel
    private let definition: TableDefinition
    private let fingerprint: SchemaFingerprint
    private let keys: [KeyColumn]
    /// The tables of the pieces, in their order, once they are made.
    private var made: [Relation] = []
    /// Whether the new partitions have their indexes.
    private var isIndexed = false
    /// What `watch` has left, and nobody may have touched since.
    private var watched: String?
    /// Whether whoever changes a row removes its copy.
    private var isForgetting = false

    public init(
        _ wide: Partition, of parent: PartitionedTable, into pieces: [SplitPiece],
        on connection: Connection, ladder: LockLadder
    ) throws {
        self.connection = connection
        self.parent = parent
        self.wide = wide
        self.pieces = pieces
        self.ladder = ladder
        names = SplitNames(oid: wide.oid)
        model = try TableModel(of: wide.oid, on: connection)
        definition = try connection.catalog.definition(of: parent.oid)
        fingerprint = try connection.catalog.fingerprint(of: wide.oid)
        keys = try connection.catalog.primaryKeyColumns(of: wide.oid)
    }

    /// What the server makes itself is left out.
    private var columns: [Identifier] {
        definition.writtenColumns
    }

    // MARK: Beside the traffic

    /// Makes all that will be filled, and where changes are noted; nothing of it is in use yet.
    public func stage(by run: RunIdentity) throws {
        try connection.transaction(.readCommitted) {
            try connection.setLocal(lockTimeout: 3000)
            try connection.ledger.append(event(.splitting), by: run)
            for statement in names.notebook(of: wide.name, keys: keys) {
                try connection.run("split.notebook", statement)
            }
            try connection.run(
                "split.staging",
                """
                CREATE TABLE \(names.staging) (LIKE \(parent.name) INCLUDING GENERATED)
                    PARTITION BY RANGE (\(Identifier(parent.key)))
                """)
            made = try pieces.map { piece in
                let relation = try connection.ddl.create(
                    piece.name, of: parent, model, withIndexes: false)
                try connection.ddl.addBoundsCheck(
                    to: relation, parent: parent, from: piece.from, to: piece.to)
                try connection.run(
                    "split.stage", "ALTER TABLE \(names.staging) \(attaching(piece))")
                return relation
            }
        }
    }

    /// From its commit on every change of the wide partition is noted: whoever wrote to it before
    /// has ended by then. For how long it was locked, in seconds.
    public func watch() throws -> Double {
        let wanted = WantedLock(table: wide.oid, mode: .accessExclusive)
        return try ladder.climb("\(wide.name)", wanting: [wanted], on: connection) { rung in
            var locked = ContinuousClock.now
            try connection.transaction(.readCommitted) {
                try connection.lockPastAutovacuum(wide.name, rung: rung)
                locked = .now
                try connection.ddl.requireUnchanged(wide, fingerprint)
                for statement in names.triggers(on: wide.name) {
                    try connection.run("split.watch", statement)
                }
                watched = try watchword()
            }
            return (ContinuousClock.now - locked).seconds
        }
    }

    /// Copies all rows, span by span, each in a transaction of its own: no snapshot gets old. How
    /// many there were.
    public func copy(_ goOn: (Int64) throws -> Void) throws -> Int64 {
        var rows: Int64 = 0
        for pages in try connection.catalog.pageSpans(of: Relation(wide)) {
            rows += try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: 3000)
                try connection.lockOnly(wide.name, .accessShare)
                try requireWatched()
                return try connection.run(
                    "split.copy",
                    """
                    INSERT INTO \(names.staging) (\(columns))
                    SELECT \(columns) FROM ONLY \(wide.name) WHERE \(pages.test)
                    """
                ).affected
            }
            try goOn(rows)
        }
        return rows
    }

    /// The file that holds the rows (a rewrite takes another, and fires no trigger), and the state of
    /// our triggers.
    private func watchword() throws -> String {
        try connection.run(
            "split.watchword",
            """
            SELECT pg_catalog.concat(
                pg_catalog.pg_relation_filenode(c.oid::pg_catalog.regclass),
                (SELECT pg_catalog.string_agg(
                        pg_catalog.concat(' ', t.oid, ' ', t.xmin, ' ', t.tgenabled), ''
                        ORDER BY t.oid)
                    FROM pg_catalog.pg_trigger AS t
                    WHERE t.tgrelid = c.oid AND t.tgname LIKE 'pgretain\\_split%'))
            FROM pg_catalog.pg_class AS c WHERE c.oid = \(value: wide.oid)::oid
            """
        ).one().text(0)
    }

    /// To be asked under a lock that keeps the answer true.
    private func requireWatched() throws {
        guard try watchword() == watched else {
            throw changed("was rewritten, or the triggers that note its changes were touched,")
        }
    }

    /// Copies again what has changed since; how many changes there were.
    public func catchUp() throws -> Int64 {
        try connection.transaction(.writingSnapshot) {
            // Who waits for one of our rows while we wait for one of theirs shall not be the one that
            // the server picks, after `deadlock_timeout`.
            if isForgetting { try connection.setLocal(lockTimeout: 100) }
            return try applyNoted(atMost: .max) ?? 0
        }
    }

    /// What was noted and is done with would be read again each time.
    public func tidyNotes() throws {
        try connection.run("split.tidy", "VACUUM (TRUNCATE false) \(names.notes)")
    }

    /// Indexes as the parent has them, so that ATTACH makes none, and statistics. `goOn` is called
    /// before each partition.
    public func finish(_ goOn: () throws -> Void) throws {
        for relation in made {
            try goOn()
            try connection.transaction(.readCommitted) {
                try connection.ddl.createIndexes(definition, on: relation)
                try model.applyIndexes(to: relation, on: connection)
            }
            try connection.run("split.analyze", "ANALYZE \(relation.name)")
        }
        isIndexed = true
    }

    private var foreignKeys: [ConstraintDefinition] {
        definition.constraints.filter { $0.kind == .foreignKey }
    }

    /// Where there will be foreign keys, from now on whoever changes a row removes its copy in the
    /// same transaction: no copy may hold on to what its row has let go of. Those who change rows
    /// already do as before, and are to be waited for. Rows may not be compared any more.
    public func beginForgetting() throws {
        guard !foreignKeys.isEmpty else { return }
        try connection.run("split.forgetting", names.notingFunction(keys: keys, forgetting: true))
        isForgetting = true
    }

    /// Foreign keys as the parent has them, so that ATTACH makes none. `goOn` is called before each
    /// partition.
    public func bind(_ goOn: () throws -> Void) throws {
        for relation in made {
            try goOn()
            for key in foreignKeys { try add(key, to: relation) }
        }
    }

    private func add(_ key: ConstraintDefinition, to relation: Relation) throws {
        let wanted =
            [WantedLock(table: relation.oid, mode: .shareRowExclusive)]
            + (try connection.foreignKeyTargets(of: parent.oid).wanted(.shareRowExclusive))
        let name = Identifier(key.name)
        try ladder.climb("\(relation.name)", wanting: wanted, on: connection) { rung in
            try connection.transaction(.readCommitted) {
                try connection.lockPastAutovacuum(relation.name, .shareRowExclusive, rung: rung)
                try connection.run(
                    "split.foreign-key",
                    """
                    ALTER TABLE \(relation.name)
                        ADD CONSTRAINT \(name) \(printed: key.definition) NOT VALID
                    """)
            }
        }
        try connection.run(
            "split.validate", "ALTER TABLE \(relation.name) VALIDATE CONSTRAINT \(name)")
    }

    /// Compares all columns of all rows on both sides, in one snapshot.
    ///
    /// - Parameter digest: reads a COPY to its end.
    public func prove(_ digest: (CopyOut) throws -> ContentDigest) throws -> ContentDigest {
        let all = definition.columns.map { Identifier($0.name) }
        return try connection.transaction(.writingSnapshot) {
            try connection.setLocal(lockTimeout: 3000)
            try connection.lockOnly(wide.name, .accessShare)
            try requireWatched()
            _ = try applyNoted(atMost: .max)
            let old = try digest(CopyOut(all, from: wide.name, on: connection))
            var new = ContentDigest()
            for piece in pieces {
                new.add(try digest(CopyOut(all, from: piece.name, on: connection)))
            }
            guard old == new else {
                throw Problem(
                    "split.differs", .data,
                    "The copy of \(wide.name) reads back as other rows than it holds (\(new), not "
                        + "\(old)). Nothing was changed, writes go on.",
                    hint: "Run it again. Should it say so once more, please report it.")
            }
            return old
        }
    }

    // MARK: The swap

    /// Snapshots that others read by now, and transactions that write. To a snapshot that is older
    /// than the copy the copied rows do not exist: as CREATE INDEX CONCURRENTLY does, the swap waits
    /// until it is gone.
    public func othersAtWork() throws -> Set<String> {
        Set(
            try connection.run(
                "split.others",
                """
                SELECT pg_catalog.concat('pid ', a.pid, ', ', w.what)
                FROM pg_catalog.pg_stat_activity AS a
                CROSS JOIN LATERAL (VALUES ('snapshot ' || a.backend_xmin::text),
                    ('transaction ' || a.backend_xid::text)) AS w (what)
                WHERE w.what IS NOT NULL AND a.usesysid IS NOT NULL
                    AND a.datname = pg_catalog.current_database()
                    AND a.pid <> pg_catalog.pg_backend_pid()
                """
            ).rows.map { try $0.text(0) })
    }

    /// More than that are copied by reading all.
    private static let mostByIndex: Int64 = 100_000

    /// The partitions take the place of the wide one, which is dropped, in one transaction with its
    /// ledger row. For how long the table was locked, in seconds, but for the commit: that removes
    /// the files of the old partition, which it does after the locks are gone. Nil: more had changed
    /// since it was caught up with than is to be copied under the lock, and nothing was done.
    public func swap(proof: ContentDigest, mostUnderLock: Int64, by run: RunIdentity) throws
        -> Double?
    {
        let ddl = connection.ddl
        try ddl.refuseSharedSequences(of: wide)
        let bystanders = try ddl.bystanders(of: parent, partition: wide.oid)
        // ATTACH takes triggers off what the foreign keys of a partition name.
        let targets = bystanders.foreignKeyTargets
        let wanted =
            ([parent.oid, wide.oid] + made.map(\.oid)).map {
                WantedLock(table: $0, mode: .accessExclusive)
            } + bystanders.wanted + targets.wanted(.accessExclusive)
        return try ladder.climb("\(parent.name)", wanting: wanted, on: connection) { rung in
            try connection.transaction(.readCommitted) { () throws -> Double? in
                // Autovacuum knows them: not to be waited for under the lock.
                try connection.setLocal(lockTimeout: 3000)
                for piece in pieces { try connection.lockOnly(piece.name, .shareUpdateExclusive) }
                try ddl.lock(wide, of: parent, bystanders, rung: rung)
                let locked = ContinuousClock.now
                try ddl.requireParent(parent)
                try connection.lock(targets, .accessExclusive)
                // Whoever removes copies, or checks foreign keys, holds one of the locks above too.
                for piece in pieces {
                    try connection.lockOnly(piece.name, .accessExclusive, noWait: true)
                }
                try ddl.requireUnchanged(wide, fingerprint)
                try requireWatched()
                try connection.run("split.brief", "SET LOCAL statement_timeout = 2000")
                do {
                    guard try applyNoted(atMost: mostUnderLock) != nil else { return nil }
                    try changePlaces()
                } catch let error as PostgresError where error.sqlState == "57014" {
                    throw Problem(
                        "split.slow", .partial,
                        "The partitions of \(parent.name) could not change places in time. The "
                            + "swap was taken back; writes go on.",
                        hint: "A large DEFAULT partition is read each time: empty it first.")
                }
                var event = event(.split)
                event.details["rows proven"] = "\(proof.rows)"
                event.details["digest proven"] = proof.hex
                try connection.ledger.append(event, by: run)
                return (ContinuousClock.now - locked).seconds
            }
        }
    }

    private func changePlaces() throws {
        try connection.run(
            "split.detach", "ALTER TABLE \(parent.name) DETACH PARTITION \(wide.name)")
        for (piece, relation) in zip(pieces, made) {
            if piece.from == nil, try isEmpty(piece) { continue }
            try connection.run(
                "split.unstage",
                "ALTER TABLE \(names.staging) DETACH PARTITION \(piece.name)")
            try connection.run("split.attach", "ALTER TABLE \(parent.name) \(attaching(piece))")
            try connection.ddl.dropBoundsCheck(of: relation)
            try model.applyOnceAttached(to: relation, on: connection)
        }
        // Its rows are in their new places.
        try connection.run("split.drop-wide", "DROP TABLE \(wide.name) RESTRICT")
        for statement in names.removal { try connection.run("split.remove", statement) }
    }

    private func isEmpty(_ piece: SplitPiece) throws -> Bool {
        try connection.run(
            "split.empty", "SELECT EXISTS (SELECT FROM ONLY \(piece.name))"
        ).one().bool(0) == false
    }

    // MARK: Parts

    /// Rows with a noted key are copied again, as they are now: all that can be seen of both. How
    /// many notes there were; nil where they are more than `most`, and nothing was done.
    private func applyNoted(atMost most: Int64) throws -> Int64? {
        let row = try connection.run(
            "split.noted",
            """
            SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE k0 IS NULL)
            FROM \(names.notes)
            """
        ).one()
        guard try row.int(1) == 0 else { throw changed("was truncated") }
        let count = try row.int(0)
        guard count <= most else { return nil }
        guard count > 0 else { return 0 }
        if isIndexed, count < Self.mostByIndex {
            // One look a row: the planner knows nothing of the notes.
            for setting: SQL in ["enable_hashjoin", "enable_mergejoin"] {
                try connection.run("split.by-index", "SET LOCAL \(setting) = off")
            }
        }
        let columnsOfKey = SQL.list(keys.indices.map(names.keyColumn))
        // Whoever changes the row next sees its copy, and can remove it.
        let held: SQL = isForgetting ? "FOR SHARE OF w" : ""
        let noted: SQL = "(SELECT DISTINCT \(columnsOfKey) FROM \(names.notes)) AS c"
        func isNoted(_ table: SQL) -> SQL {
            let tests = keys.enumerated().map { number, key -> SQL in
                "\(table).\(Identifier(key.name)) \(key.equality) c.\(names.keyColumn(number))"
            }
            return SQL.list(tests, separator: " AND ")
        }
        try connection.run(
            "split.forget",
            "DELETE FROM \(names.staging) AS s USING \(noted) WHERE \(isNoted("s"))")
        try connection.run(
            "split.again",
            """
            INSERT INTO \(names.staging) (\(columns))
            SELECT \(SQL.list(columns.map { "w.\($0)" }))
            FROM \(noted) JOIN ONLY \(wide.name) AS w ON \(isNoted("w")) \(held)
            """)
        try connection.run("split.noted-done", "DELETE FROM \(names.notes)")
        return count
    }

    private func attaching(_ piece: SplitPiece) -> SQL {
        let from: SQL = piece.from.map { "\(literal: parent.keyType.literal($0))" } ?? "MINVALUE"
        let to: SQL = "\(literal: parent.keyType.literal(piece.to))"
        return "ATTACH PARTITION \(piece.name) FOR VALUES FROM (\(from)) TO (\(to))"
    }

    private func event(_ kind: LedgerEvent.Kind) -> LedgerEvent {
        LedgerEvent(
            kind, table: parent.name, relation: wide.name, relationOID: wide.oid,
            boundsSQL: wide.boundsSQL, details: ["partitions": "\(pieces.count)"])
    }

    private func changed(_ how: String) -> Problem {
        Problem(
            "split.changed", .tryLater,
            "\(wide.name) \(how) while it was split. What was copied is thrown away; nothing else "
                + "was changed, writes go on.",
            hint: "Run it again.")
    }
}
