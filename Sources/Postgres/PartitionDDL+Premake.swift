import Retention

extension PartitionDDL {
    /// Makes a partition ahead of time: a table of its own first, then ATTACH, which takes a lock
    /// on the parent that disturbs neither readers nor writers.
    ///
    /// Owner, privileges, row security, storage, replica identity, statistics, and indexes beyond
    /// the parent's come from the sibling, or from the parent where there is none.
    ///
    /// Rows of the range that are in DEFAULT are in the way; with `draining` they are moved, where
    /// they are few. How many were.
    public func premake(
        _ name: String, bounds: PartitionBounds, of parent: PartitionedTable,
        like sibling: UInt32?, draining: Bool, ladder: LockLadder
    ) throws -> Int64 {
        let relation = QualifiedName(schema: parent.name.schema, name: name)
        let bystanders = try self.bystanders(of: parent)
        let strays = try rowsInDefault(bystanders, bounds: bounds, of: parent)
        // What points at a row would go with it, or forbid that it is moved.
        let mayDrain = draining && parent.incomingForeignKeys.isEmpty
        if strays > 0, !mayDrain || strays > Self.mostToDrain {
            let other = bystanders.defaultPartition?.name.description ?? "DEFAULT"
            throw Self.rowsInTheWay(
                "premake.default", strays, bystanders, bounds, parent,
                hint: mayDrain
                    ? "More than \(Self.mostToDrain) rows are not moved while others wait: move them "
                        + "by hand, then run it again."
                    : "Set default: drain (where no foreign key points at the table), or move those "
                        + "rows out of \(other); then run it again. pgretain park moves rows out of "
                        + "it that no partition will ever be made for.")
        }
        let model = try TableModel(of: sibling ?? parent.oid, on: connection)
        let parentLock = WantedLock(table: parent.oid, mode: .shareUpdateExclusive)
        return try ladder.climb(
            "\(parent.name)", wanting: [parentLock] + bystanders.wanted, on: connection
        ) { rung in
            try connection.transaction(.readCommitted) {
                try connection.setLocal(lockTimeout: rung)
                let made = try create(relation, of: parent, model, withIndexes: true)
                try model.applyIndexes(to: made, on: connection)
                let drained =
                    try strays > 0
                    ? drain(bystanders, into: made, bounds: bounds, of: parent, rung: rung) : 0
                try attach(made, to: parent, bounds: bounds, bystanders, rung: rung)
                try model.applyOnceAttached(to: made, on: connection)
                return drained
            }
        }
    }

    /// A table on its own with the parent's columns and the model's looks.
    func create(
        _ name: QualifiedName, of parent: PartitionedTable, _ model: TableModel, withIndexes: Bool
    ) throws -> Relation {
        // Identity stays with the parent: 18 refuses to attach a second one, and 15 and 16 would
        // give the partition a sequence of its own.
        let left: SQL =
            withIndexes ? "EXCLUDING IDENTITY" : "EXCLUDING IDENTITY EXCLUDING INDEXES"
        do {
            try connection.run(
                "premake.create",
                """
                CREATE TABLE \(name) (LIKE \(parent.name) INCLUDING ALL \(left))\
                \(model.storage)
                """)
        } catch let error as PostgresError where ["42P07", "42710"].contains(error.sqlState) {
            throw Problem(
                "premake.name", .partial,
                "\(name) cannot be made: there is something of that name already. Nothing was "
                    + "changed.",
                hint: "Rename or remove it, or attach it if it was meant to be the partition.")
        }
        guard let made = try connection.catalog.relation(named: name) else {
            throw PostgresError.unexpected(
                "the new table is not there", statement: "premake.create")
        }
        try model.apply(to: made, owner: parent.owner, on: connection)
        return made
    }

    /// Takes the locks in an order in which nobody waits behind us for a second one, and attaches.
    func attach(
        _ relation: Relation, to parent: PartitionedTable, bounds: PartitionBounds,
        _ bystanders: Bystanders, rung: Int
    ) throws {
        try connection.setLocal(lockTimeout: rung)
        try connection.lockOnly(parent.name, .shareUpdateExclusive)
        try requireParent(parent)
        if let other = bystanders.defaultPartition {
            try connection.lockOnly(other.name, .accessExclusive)
        }
        try lockForeignKeyTargets(bystanders)
        if bystanders.defaultPartition != nil {
            // ATTACH reads all of DEFAULT while nobody else can write to it.
            try connection.run("ddl.brief", "SET LOCAL statement_timeout = 5000")
        }
        let from = parent.keyType.literal(bounds.from)
        let to = parent.keyType.literal(bounds.to)
        do {
            try connection.run(
                "ddl.attach",
                """
                ALTER TABLE \(parent.name) ATTACH PARTITION \(relation.name)
                    FOR VALUES FROM (\(literal: from)) TO (\(literal: to))
                """)
        } catch let error as PostgresError where ["23514", "57014"].contains(error.sqlState) {
            let reason =
                error.sqlState == "57014" ? "it takes too long to read DEFAULT" : error.message
            throw Problem(
                "attach.refused", .partial,
                "\(relation.name) cannot become the partition \(bounds) of \(parent.name): "
                    + "\(reason). Nothing was changed.",
                hint: "Rows of that range must first leave the DEFAULT partition.")
        } catch let error as PostgresError where error.sqlState == "42804" {
            throw Problem(
                "attach.columns", .data,
                "\(relation.name) cannot become the partition \(bounds) of \(parent.name): "
                    + "\(error.message). Nothing was changed.",
                hint: "Its columns and constraints have to be those of \(parent.name): ALTER it.")
        }
        if bystanders.defaultPartition != nil {
            try connection.run("ddl.unbrief", "SET LOCAL statement_timeout = 0")
        }
    }

    // MARK: Rows in DEFAULT

    /// While more are moved, DEFAULT would be locked for longer than an application should wait.
    private static let mostToDrain: Int64 = 10_000

    /// Looked up before any lock is taken, since ATTACH would refuse under locks.
    func refuseRowsInDefault(
        _ bystanders: Bystanders, bounds: PartitionBounds, of parent: PartitionedTable
    ) throws {
        let strays = try rowsInDefault(bystanders, bounds: bounds, of: parent)
        guard strays > 0 else { return }
        throw Self.rowsInTheWay(
            "attach.default", strays, bystanders, bounds, parent,
            hint: "Move those rows aside and delete them from there, then run it again and bring "
                + "them back (no night drains for a period that is past); or leave them there, and "
                + "pgretain restore --into a new table.")
    }

    /// For those who ask before there is anything to attach.
    public func refuseRowsInDefault(bounds: PartitionBounds, of parent: PartitionedTable) throws {
        try refuseRowsInDefault(try bystanders(of: parent), bounds: bounds, of: parent)
    }

    /// How many rows of a range are in DEFAULT; 0 where that may not be read.
    private func rowsInDefault(
        _ bystanders: Bystanders, bounds: PartitionBounds, of parent: PartitionedTable
    ) throws -> Int64 {
        guard let other = bystanders.defaultPartition else { return 0 }
        do {
            return try connection.run(
                "ddl.default-rows",
                """
                SELECT pg_catalog.count(*) FROM \(other.name)
                WHERE \(KeySpan(bounds, of: parent).test)
                """
            ).one().int(0)
        } catch let error as PostgresError where error.isPermission {
            return 0
        }
    }

    private static func rowsInTheWay(
        _ id: String, _ count: Int64, _ bystanders: Bystanders, _ bounds: PartitionBounds,
        _ parent: PartitionedTable, hint: String
    ) -> Problem {
        let other = bystanders.defaultPartition?.name.description ?? "DEFAULT"
        return Problem(
            id, .partial,
            "The partition \(bounds) of \(parent.name) cannot be made: the DEFAULT partition "
                + "\(other) holds \(count) row\(count == 1 ? "" : "s") of that range. Nothing was "
                + "changed, writes go on.",
            hint: hint)
    }

    /// Moves the rows of a range out of DEFAULT, which nobody else can use until the transaction
    /// ends. Both see the same columns, in whichever order.
    private func drain(
        _ bystanders: Bystanders, into made: Relation, bounds: PartitionBounds,
        of parent: PartitionedTable, rung: Int
    ) throws -> Int64 {
        guard let other = bystanders.defaultPartition else { return 0 }
        try connection.setLocal(lockTimeout: rung)
        try connection.lockOnly(parent.name, .shareUpdateExclusive)
        try connection.lockOnly(other.name, .accessExclusive)
        try connection.run("ddl.brief", "SET LOCAL statement_timeout = 2000")
        let columns = try connection.catalog.definition(of: parent.oid).writtenColumns
        let moved = try connection.run(
            "ddl.drain",
            """
            WITH gone AS (
                DELETE FROM ONLY \(other.name) WHERE \(KeySpan(bounds, of: parent).test)
                RETURNING \(columns))
            INSERT INTO \(made.name) (\(columns)) SELECT \(columns) FROM gone
            """
        ).affected
        try connection.run("ddl.unbrief", "SET LOCAL statement_timeout = 0")
        return moved
    }
}
