import Retention

/// A column of a primary key, and what its index takes for equal, whatever the search path is.
struct KeyColumn {
    let name: String
    let equality: SQL
}

// What a partition that is to be split is made of.
extension Catalog {
    /// What a relation is called now.
    func name(of oid: UInt32) throws -> QualifiedName? {
        try connection.run(
            "catalog.name",
            """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.oid = \(value: oid)::oid
            """
        ).first.map { try $0.name(0) }
    }

    /// In the order of the key; none where there is none.
    func primaryKeyColumns(of oid: UInt32) throws -> [KeyColumn] {
        try connection.run(
            "catalog.primary-key",
            """
            SELECT a.attname, n.nspname, o.oprname
            FROM pg_catalog.pg_index AS i
            CROSS JOIN LATERAL ROWS FROM (
                pg_catalog.unnest(i.indkey), pg_catalog.unnest(i.indclass))
                WITH ORDINALITY AS k (number, class, place)
            JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = i.indrelid AND a.attnum = k.number
            JOIN pg_catalog.pg_opclass AS c ON c.oid = k.class
            JOIN pg_catalog.pg_amop AS m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
                AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
            JOIN pg_catalog.pg_operator AS o ON o.oid = m.amopopr
            JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
            WHERE i.indrelid = \(value: oid)::oid AND i.indisprimary AND i.indisvalid
                AND k.place <= i.indnkeyatts
            ORDER BY k.place
            """
        ).rows.map { row in
            let equality: SQL =
                "OPERATOR(\(Identifier(try row.text(1))).\(printed: try row.text(2)))"
            return KeyColumn(name: try row.text(0), equality: equality)
        }
    }

    /// Whether rows can be told apart by a primary key.
    public func hasPrimaryKey(_ oid: UInt32) throws -> Bool {
        try !primaryKeyColumns(of: oid).isEmpty
    }

    /// Checks that not all rows are known to meet: a table made after this one takes them at their
    /// word.
    public func unvalidatedChecks(of table: PartitionedTable) throws -> [String] {
        try connection.run(
            "split.unvalidated",
            """
            SELECT k.conname FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = \(value: table.oid)::oid AND k.contype = 'c' AND NOT k.convalidated
            ORDER BY 1
            """
        ).rows.map { try $0.text(0) }
    }
}
