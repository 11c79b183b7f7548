import Retention

/// How far an adoption has come, as the catalogue shows it.
public struct AdoptionState: Equatable, Sendable {
    public var isBounded: Bool
    public var isBoundValidated: Bool
    public var hasKeyIndex: Bool
    /// What CREATE INDEX CONCURRENTLY leaves when it ends too early.
    public var isKeyIndexValid: Bool
    /// The partitioned table that waits for the swap.
    var parent: UInt32?
}

/// The steps by which a plain table becomes a partitioned one. Each leaves all of it done or
/// nothing, and none harms what writes to the table meanwhile.
public struct AdoptionDDL {
    let connection: Connection
    public let table: PlainTable
    let script: AdoptionScript
    let ladder: LockLadder

    /// `wideName`: what the table is called once it is a partition; `to`: where that ends.
    public init(
        _ table: PlainTable, wideName: String, to: Instant, on connection: Connection,
        ladder: LockLadder
    ) {
        self.connection = connection
        self.table = table
        self.ladder = ladder
        script = AdoptionScript(table, wideName: wideName, to: to)
    }

    /// What the plain table is called once it is a partition.
    public var wideName: QualifiedName { script.names.wide }
    /// Where that partition ends.
    public var to: Instant { script.to }

    public func state() throws -> AdoptionState {
        let oid = table.relation.oid
        let row = try connection.run(
            "adopt.state",
            """
            SELECT k.oid IS NOT NULL, COALESCE(k.convalidated, false), x.indexrelid IS NOT NULL,
                COALESCE(x.indisvalid AND x.indisready AND x.indislive, false), p.oid
            FROM pg_catalog.pg_class AS c
            LEFT JOIN pg_catalog.pg_constraint AS k
                ON k.conrelid = c.oid AND k.conname = \(value: AdoptionNames.bound)
            LEFT JOIN pg_catalog.pg_class AS i ON i.relnamespace = c.relnamespace
                AND i.relname = \(value: script.names.keyIndex.name)
            LEFT JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid AND x.indrelid = c.oid
            LEFT JOIN pg_catalog.pg_class AS p ON p.relnamespace = c.relnamespace
                AND p.relname = \(value: script.names.parent.name) AND p.relkind = 'p'
            WHERE c.oid = \(value: oid)::oid
            """
        ).one()
        return AdoptionState(
            isBounded: try row.bool(0), isBoundValidated: try row.bool(1),
            hasKeyIndex: try row.bool(2), isKeyIndexValid: try row.bool(3),
            parent: try row.optionalOID(4))
    }

    // MARK: Rows that no partition takes

    /// How many rows have no time, and how many lie at or after the bound. Reads the table once,
    /// unless an index helps.
    public func homelessRows() throws -> (withoutKey: Int64, late: Int64) {
        let key = Identifier(table.key)
        let bound: SQL = "\(literal: table.keyType.literal(script.to))"
        let row = try connection.run(
            "adopt.homeless",
            """
            SELECT pg_catalog.count(*) FILTER (WHERE t.\(key) IS NULL),
                pg_catalog.count(*) FILTER (WHERE t.\(key) >= \(bound))
            FROM ONLY \(table.relation.name) AS t
            WHERE t.\(key) IS NULL OR t.\(key) >= \(bound)
            """
        ).one()
        return (try row.int(0), try row.int(1))
    }

    /// Gives rows without a time the column's default, span by span; how many there were.
    public func giveDefaults() throws -> Int64 {
        try throughPages { pages in try connection.run("adopt.default", script.giveDefault(pages)) }
    }

    /// Moves rows without a time, and those at or after the bound, span by span.
    public func setAside(into aside: QualifiedName) throws -> Int64 {
        try throughPages { pages in
            try connection.run("adopt.aside", script.setAside(pages, into: aside))
        }
    }

    private func throughPages(_ change: (PageSpan) throws -> QueryResult) throws -> Int64 {
        var changed: Int64 = 0
        for pages in try connection.catalog.pageSpans(of: table.relation) {
            try ladder.beforeAttempt?()
            changed += try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: 3000)
                return try change(pages).affected
            }
        }
        return changed
    }

    // MARK: Before the swap

    /// From here on no row without a time or from the bound on comes in; those that are there
    /// stay until they are seen to. Gives for how long the table was locked, in seconds, as all
    /// steps do that lock it.
    public func addBound(aside: QualifiedName?, by run: RunIdentity) throws -> Double {
        try exclusively {
            if let aside {
                try connection.run("adopt.make-aside", script.makeAside(aside))
                try handOver(aside)
            }
            for statement in script.addBound { try connection.run("adopt.bound", statement) }
            let adoption = RecordedAdoption(table, to: script.to, aside: aside)
            try connection.ledger.append(
                LedgerEvent(
                    .adopting, table: table.relation.name, relation: table.relation.name,
                    relationOID: table.relation.oid, details: adoption.details),
                by: run)
        }
    }

    private func handOver(_ name: QualifiedName) throws {
        guard let made = try connection.catalog.relation(named: name) else {
            throw PostgresError.unexpected("the new table is not there", statement: "adopt.aside")
        }
        try TableModel(of: table.relation.oid, on: connection)
            .applyAside(to: made, owner: table.owner, on: connection)
    }

    /// Reads the table once; readers and writers go on.
    public func validateBound() throws {
        try connection.transaction(.readCommitted) {
            try connection.setLocal(lockTimeout: 3000)
            do {
                try connection.run("adopt.validate", script.validateBound)
            } catch let error as PostgresError where error.sqlState == "23514" {
                throw Problem(
                    "adopt.homeless", .tryLater,
                    "Rows of \(table.relation.name) without a time, or beyond the bound, came in "
                        + "at the last moment. The table is as it was, but for its bound.",
                    hint: "Run it again; or pgretain adopt --undo "
                        + table.relation.name.description.shellWord)
            }
        }
    }

    /// Builds the unique index of the coming primary key beside the traffic, and removes what an
    /// earlier attempt left. Nothing where the key stays as it is.
    public func buildKeyIndex(_ state: AdoptionState) throws {
        guard let make = script.makeKeyIndex, !state.isKeyIndexValid else { return }
        if state.hasKeyIndex { try dropKeyIndex() }
        try connection.run("adopt.key-index", make)
        guard try self.state().isKeyIndexValid else {
            throw PostgresError.unexpected(
                "the index was built and is not valid", statement: "adopt.key-index")
        }
    }

    /// Left behind when it is cut short: never valid, and no harm.
    private func dropKeyIndex() throws {
        try connection.run(
            "adopt.drop-index", "DROP INDEX CONCURRENTLY \(script.names.keyIndex)")
    }

    /// The server finds it proven by the validated bound, and reads nothing.
    public func requireKey() throws -> Double {
        guard table.isKeyNullable else { return 0 }
        return try exclusively {
            try connection.run("adopt.brief", "SET LOCAL statement_timeout = 1000")
            try connection.run("adopt.not-null", script.requireKey)
        }
    }

    /// Makes the partitioned table that takes the name over, out of sight of the application.
    public func makeParent(_ state: AdoptionState) throws {
        try dropParent(state)
        let targets = try connection.foreignKeyTargets(of: table.relation.oid)
        try ladder.climb(
            "\(table.relation.name)", wanting: targets.wanted(.shareRowExclusive), on: connection
        ) { rung in
            try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: rung)
                let model = try TableModel(of: table.relation.oid, on: connection)
                for statement in script.makeParent {
                    try connection.run("adopt.parent", statement)
                }
                guard let parent = try connection.catalog.relation(named: script.names.parent)
                else {
                    throw PostgresError.unexpected(
                        "the new table is not there", statement: "adopt.parent")
                }
                try model.apply(to: parent, owner: table.owner, on: connection)
                try model.applyOnceAttached(to: parent, on: connection)
            }
        }
    }

    /// Nobody knows of it, and it has no partition: it cannot hold a row.
    private func dropParent(_ state: AdoptionState) throws {
        guard let parent = state.parent else { return }
        try connection.transaction(.readCommitted) {
            let children = try connection.run(
                "adopt.parent-children",
                """
                SELECT FROM pg_catalog.pg_inherits AS i
                WHERE i.inhparent = \(value: parent)::oid
                """)
            guard children.count == 0 else {
                throw Problem(
                    "adopt.parent", .brake,
                    "\(script.names.parent) has partitions: somebody works with it. Nothing was "
                        + "changed.",
                    hint: "Look at it; drop it where it holds nothing, then run it again.")
            }
            try connection.run(
                "adopt.drop-parent", "DROP TABLE \(script.names.parent) RESTRICT")
        }
    }

    // MARK: The swap

    /// The partitioned table takes the name, and the plain one becomes its first partition: in one
    /// transaction, metadata alone, with its ledger row.
    public func swap(by run: RunIdentity) throws -> Double {
        guard let parent = try state().parent else {
            throw PostgresError.unexpected("there is no new table", statement: "adopt.swap")
        }
        var adoption = try connection.ledger.adoption(of: table.relation.name)
        let targets = try connection.foreignKeyTargets(of: table.relation.oid)
        return try exclusively(views: table.views.map(\.name), targets: targets) {
            try requireUnchanged()
            // Nothing here reads a row. Should the server see that otherwise, it is not for long.
            try connection.run("adopt.brief", "SET LOCAL statement_timeout = 2000")
            let before = try indexes(of: table.relation.oid)
            for statement in script.swap { try connection.run("adopt.swap", statement) }
            try requireIndexes(of: parent, before: before)
            adoption?.isDone = true
            try connection.ledger.append(
                LedgerEvent(
                    .adopted, table: table.relation.name, relation: script.names.wide,
                    relationOID: table.relation.oid, details: adoption?.details ?? [:]),
                by: run)
        }
    }

    /// Under the lock: the table is as it was when its successor was made.
    private func requireUnchanged() throws {
        var now = try connection.catalog.plainTable(table.relation.name, key: table.key)
        now.bytes = table.bytes
        guard now == table else {
            throw Problem(
                "adopt.changed", .tryLater,
                "\(table.relation.name) was changed while it was adopted. The swap was not made; "
                    + "writes go on.",
                hint: "Run it again; it goes on where it stopped.")
        }
    }

    private func indexes(of table: UInt32) throws -> Set<UInt32> {
        Set(
            try connection.run(
                "adopt.indexes",
                """
                SELECT i.indexrelid FROM pg_catalog.pg_index AS i
                WHERE i.indrelid = \(value: table)::oid
                """
            ).rows.map { try $0.oid(0) })
    }

    /// ATTACH makes whatever index it does not find: that would be a build under the lock, and two
    /// of a kind from then on.
    private func requireIndexes(of parent: UInt32, before: Set<UInt32>) throws {
        let made = try indexes(of: table.relation.oid).subtracting(before)
        let invalid = try connection.run(
            "adopt.invalid-indexes",
            """
            SELECT FROM pg_catalog.pg_index AS i
            WHERE i.indrelid = \(value: parent)::oid AND NOT i.indisvalid
            """)
        guard made.isEmpty, invalid.count == 0 else {
            throw Problem(
                "adopt.index-mismatch", .bug,
                "An index of \(table.relation.name) does not match that of the new table. The swap "
                    + "was taken back; writes go on.",
                hint: "Please report it with the table's definition.")
        }
    }

    // MARK: Undo, before the swap

    /// Takes away all that was made before the swap.
    public func abandon(_ adoption: RecordedAdoption?, by run: RunIdentity) throws -> Double {
        let state = try state()
        try dropParent(state)
        if state.hasKeyIndex { try dropKeyIndex() }
        return try exclusively {
            if state.isBounded { try connection.run("adopt.unbound", script.dropBound) }
            if adoption?.wasNullable ?? false, !table.isKeyNullable {
                try connection.run("adopt.nullable", script.allowNullKey)
            }
            try connection.ledger.append(
                LedgerEvent(
                    .unadopted, table: table.relation.name, relation: table.relation.name,
                    relationOID: table.relation.oid, details: ["swapped": "no"]),
                by: run)
        }
    }

    // MARK: Locks

    /// A transaction in which nobody else reads or writes the table; how long that was, in seconds.
    /// Views come first, as a reader takes them.
    private func exclusively(
        views: [QualifiedName] = [], targets: [ForeignKeyTarget] = [], _ body: () throws -> Void
    ) throws -> Double {
        let wanted =
            [WantedLock(table: table.relation.oid, mode: .accessExclusive)]
            + targets.wanted(.shareRowExclusive)
        return try ladder.climb("\(table.relation.name)", wanting: wanted, on: connection) { rung in
            var locked = ContinuousClock.now
            try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: rung)
                for view in views { try connection.lockOnly(view, .accessExclusive) }
                try connection.lockPastAutovacuum(table.relation.name, rung: rung)
                locked = .now
                try connection.requireSame(table.relation)
                try connection.lock(targets, .shareRowExclusive)
                try body()
            }
            return (ContinuousClock.now - locked).seconds
        }
    }
}

extension Duration {
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension Connection {
    /// Takes the bound of an adoption away that was never finished, before rows run into it.
    public func removeBound(
        of adoption: RecordedAdoption, ladder: LockLadder, by run: RunIdentity
    ) throws {
        let table = Relation(oid: adoption.oid, name: adoption.table)
        let isThere =
            try self.run(
                "adopt.bound-there",
                """
                SELECT FROM pg_catalog.pg_constraint AS k
                WHERE k.conrelid = \(value: table.oid)::oid AND k.conname = \(value: AdoptionNames.bound)
                """
            ).count == 1
        let wanted = WantedLock(table: table.oid, mode: .accessExclusive)
        try ladder.climb("\(table.name)", wanting: [wanted], on: self) { rung in
            try transaction(.readCommitted) {
                if isThere {
                    try lockPastAutovacuum(table.name, rung: rung)
                    try requireSame(table)
                    try self.run(
                        "adopt.unbound",
                        """
                        ALTER TABLE \(table.name)
                            DROP CONSTRAINT \(Identifier(AdoptionNames.bound))
                        """)
                }
                try ledger.append(
                    LedgerEvent(
                        .unadopted, table: table.name, relation: table.name,
                        relationOID: table.oid, details: ["swapped": "no", "expired": "yes"]),
                    by: run)
            }
        }
    }
}

extension Catalog {
    /// Statistics of a partitioned table as a whole, which autovacuum does not gather.
    public func analyze(_ table: PartitionedTable) throws {
        try connection.run("adopt.analyze", "ANALYZE \(table.name)")
    }
}
