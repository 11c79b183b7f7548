import Retention

extension PartitionDDL {
    /// Undoes a detach: the quarantined table gets its names back and becomes a partition again,
    /// with its ledger row in the same transaction.
    ///
    /// `also` belongs to the same transaction. A CHECK of its bounds is made and validated first, so that ATTACH does not read the table.
    public func reattach(
        _ table: Quarantined, to parent: PartitionedTable, event: LedgerEvent,
        by run: RunIdentity, ladder: LockLadder, also: (Relation) throws -> Void
    ) throws -> Relation {
        try refuseOverlap(of: table, in: parent)
        try refuseOtherColumns(of: table, than: parent)
        let bystanders = try self.bystanders(of: parent)
        try refuseRowsInDefault(bystanders, bounds: table.bounds, of: parent)
        let names = try connection.ledger.companionNames(of: table.oid)
        let locks =
            [
                WantedLock(table: parent.oid, mode: .shareUpdateExclusive),
                WantedLock(table: table.oid, mode: .accessExclusive),
            ] + bystanders.wanted
        return try ladder.climb("\(parent.name)", wanting: locks, on: connection) { rung in
            try connection.transaction(.readCommitted) {
                try connection.lockPastAutovacuum(table.name, rung: rung)
                try connection.requireSame(Relation(table))
                let back = try rename(table, companions: names)
                try addBoundsCheck(to: back, parent: parent, bounds: table.bounds)
                try attach(back, to: parent, bounds: table.bounds, bystanders, rung: rung)
                try dropBoundsCheck(of: back)
                var event = event
                event.kind = .reattached
                event.relation = back.name
                event.relationOID = back.oid
                event.bounds = table.bounds
                event.boundsSQL = table.boundsSQL
                try connection.ledger.append(event, by: run)
                try also(back)
                return back
            }
        }
    }

    // MARK: What ATTACH would refuse under locks

    private func refuseOverlap(of table: Quarantined, in parent: PartitionedTable) throws {
        let partitions = try connection.catalog.partitions(of: parent)
        guard let other = partitions.first(where: { $0.overlaps(table.bounds) }) else { return }
        throw Problem(
            "reattach.overlap", .cannotCreate,
            "\(table.bounds) of \(parent.name) is there already, as \(other.name). Nothing was "
                + "changed: what was detached waits as \(table.name).",
            hint: "Was it restored meanwhile? Compare \(other.name) with \(table.name), which can "
                + "be read; what the two have in common need not come back.")
    }

    private func refuseOtherColumns(of table: Quarantined, than parent: PartitionedTable) throws {
        let wanted = try connection.catalog.definition(of: parent.oid).columns
        let found = try connection.catalog.definition(of: table.oid).columns
        let gone = found.filter { column in !wanted.contains { $0.name == column.name } }
        let changes = wanted.compactMap { column in
            Self.change(to: column, from: found.first { $0.name == column.name })
        }
        guard !gone.isEmpty || !changes.isEmpty else { return }
        var statements: [String] = []
        if !changes.isEmpty {
            statements.append("ALTER TABLE \(table.name) \(changes.joined(separator: ", "));")
        }
        let hasNew = wanted.contains { column in !found.contains { $0.name == column.name } }
        if hasNew, !gone.isEmpty {
            statements.insert(
                "Where a column has another name now, ALTER TABLE \(table.name) RENAME COLUMN … TO …; "
                    + "first. Else", at: 0)
        }
        for column in gone {
            let name = Identifier(column.name).quoted
            statements.append(
                "ALTER TABLE \(parent.name) ADD COLUMN \(name) \(column.type); (or give its values "
                    + "up: ALTER TABLE \(table.name) DROP COLUMN \(name);)")
        }
        throw Problem(
            "attach.columns", .data,
            "\(parent.name) has other columns than when \(table.formerName.name) was detached from "
                + "it. Nothing was changed: that waits as \(table.name).",
            hint: statements.joined(separator: " ") + " Then run it again.")
    }

    /// What an ALTER TABLE says that makes a column one that the parent takes.
    private static func change(to wanted: Column, from found: Column?) -> String? {
        let name = Identifier(wanted.name).quoted
        let collation = wanted.collation.map { " COLLATE \($0)" } ?? ""
        guard let found else {
            var added = "ADD COLUMN \(name) \(wanted.type)\(collation)"
            if let expression = wanted.expression {
                added +=
                    wanted.isGenerated
                    ? " GENERATED ALWAYS AS (\(expression)) STORED" : " DEFAULT \(expression)"
                // Without a value its rows would be refused: they get one, and then the NOT NULL.
                if !wanted.isNullable { added += " NOT NULL" }
            }
            return added
        }
        if found.type != wanted.type || found.collation != wanted.collation {
            return "ALTER COLUMN \(name) TYPE \(wanted.type)\(collation)"
        }
        guard found.isNullable, !wanted.isNullable else { return nil }
        return "ALTER COLUMN \(name) SET NOT NULL"
    }

    // MARK: Names

    private func rename(_ table: Quarantined, companions names: [String: String]) throws
        -> Relation
    {
        let moved = QualifiedName(schema: table.formerName.schema, name: table.name.name)
        try connection.run(
            "reattach.schema",
            "ALTER TABLE \(table.name) SET SCHEMA \(Identifier(table.formerName.schema))")
        try connection.run(
            "reattach.rename",
            "ALTER TABLE \(moved) RENAME TO \(Identifier(table.formerName.name))")
        for companion in try companions(of: table.oid) {
            guard let name = names[companion.name.name] else { continue }
            try connection.run(
                "reattach.rename-companion",
                "ALTER \(companion.kind) \(companion.name) RENAME TO \(Identifier(name))")
        }
        return Relation(oid: table.oid, name: table.formerName)
    }

    private static let check = Identifier("pgretain_attach_bounds")

    /// Reads the table under its own lock, so that ATTACH need not under the parent's.
    func addBoundsCheck(to relation: Relation, parent: PartitionedTable, bounds: PartitionBounds)
        throws
    {
        do {
            try addBoundsCheck(to: relation, parent: parent, from: bounds.from, to: bounds.to)
        } catch let error as PostgresError where error.sqlState == "23514" {
            throw Problem(
                "attach.rows", .data,
                "\(relation.name) holds rows outside of \(bounds); it was not attached.",
                hint: "Restore it into a table of its own with --into, and look at them there.")
        }
    }

    /// - Parameter from: nil: it takes whatever is older.
    func addBoundsCheck(
        to relation: Relation, parent: PartitionedTable, from: Instant?, to: Instant
    ) throws {
        let key = Identifier(parent.key)
        let isLate: SQL =
            from.map { "\(key) >= \(literal: parent.keyType.literal($0)) AND " } ?? ""
        try connection.run(
            "attach.check",
            """
            ALTER TABLE \(relation.name) ADD CONSTRAINT \(Self.check)
                CHECK (\(key) IS NOT NULL AND \(isLate)\(key)
                    < \(literal: parent.keyType.literal(to)))
            """)
    }

    func dropBoundsCheck(of relation: Relation) throws {
        try connection.run(
            "attach.uncheck", "ALTER TABLE \(relation.name) DROP CONSTRAINT \(Self.check)")
    }
}
