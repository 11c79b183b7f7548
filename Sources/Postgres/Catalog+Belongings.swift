import Retention

/// Something of ours that is in a database, and how it goes.
public struct Belonging: Equatable, Sendable, Encodable {
    public enum Kind: String, Sendable, Encodable {
        /// A detached partition that waits, rows and all.
        case quarantine
        /// A table in our schema that is none of the others: never dropped unlooked at.
        case table
        /// What a restore or a splitting has begun, or is at.
        case unfinished
        /// A constraint that keeps rows out from a date on.
        case constraint
        case trigger
        case pin, hold, pause
    }

    /// One way out of it.
    public struct Way: Equatable, Sendable, Encodable {
        /// What it does.
        public var effect: String
        /// To be typed: a command, or SQL.
        public var command: String

        public init(_ effect: String, _ command: String) {
            self.effect = effect
            self.command = command
        }
    }

    public var kind: Kind
    /// As SQL or a person writes it.
    public var name: String
    public var note: String
    public var ways: [Way]

    public init(_ kind: Kind, _ name: String, note: String, ways: [Way]) {
        self.kind = kind
        self.name = name
        self.note = note
        self.ways = ways
    }
}

extension Catalog {
    /// What adoptions, reattachments and splittings that did not end have left on tables.
    public func leftOnTables() throws -> [Belonging] {
        let constraints = try connection.run(
            "belongings.constraints",
            """
            SELECT n.nspname, c.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid)
            FROM pg_catalog.pg_constraint AS k
            JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE k.conname IN ('pgretain_adopt_bound', 'pgretain_attach_bounds') AND k.conislocal
            ORDER BY 1, 2, 3
            """
        ).rows.map { row in
            let table = try row.name(0)
            let name = try row.text(2)
            let drop: SQL = "ALTER TABLE \(table) DROP CONSTRAINT \(Identifier(name));"
            return Belonging(
                .constraint, "\(name) of \(table)",
                note: "\(try row.text(3)). Only pgretain takes it away in time: rows beyond it are "
                    + "refused.",
                ways: [.init("take it away", drop.text)])
        }
        let triggers = try connection.run(
            "belongings.triggers",
            """
            SELECT n.nspname, c.relname, t.tgname
            FROM pg_catalog.pg_trigger AS t
            JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE t.tgname IN ('pgretain_split', 'pgretain_split_truncate') AND NOT t.tgisinternal
            ORDER BY 1, 2, 3
            """
        ).rows.map { row in
            let table = try row.name(0)
            let drop: SQL = "DROP TRIGGER \(Identifier(try row.text(2))) ON \(table);"
            return Belonging(
                .trigger, "\(try row.text(2)) on \(table)",
                note: "A splitting is under way, or was killed.",
                ways: [
                    .init("with all that the splitting has begun", "pgretain run"),
                    .init("alone", drop.text),
                ])
        }
        return constraints + triggers
    }

    /// The tables of the schema `pgretain` that are not the ledger's own, with their bytes.
    public func tablesKept() throws -> [(relation: Relation, bytes: Int64)] {
        try connection.run(
            "belongings.tables",
            """
            SELECT c.oid, n.nspname, c.relname, pg_catalog.pg_total_relation_size(c.oid)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = 'pgretain' AND c.relkind IN ('r', 'p', 'm', 'v', 'f')
                AND NOT c.relispartition AND c.relname <> ALL (\(values: Ledger.tables)::name[])
            ORDER BY c.oid
            """
        ).rows.map { row in
            (Relation(oid: try row.oid(0), name: try row.name(1)), try row.int(3))
        }
    }
}

extension Ledger {
    static let tables = [
        "meta", "ledger", "runs", "pins", "holds", "pauses", "growth", "chain",
    ]

    /// Every table that the ledger knows something of, configured or not.
    public func knownTables() throws -> [QualifiedName] {
        try connection.run(
            "ledger.known-tables",
            """
            SELECT table_schema, table_name FROM pgretain.ledger
            UNION SELECT table_schema, table_name FROM pgretain.pins
            UNION SELECT table_schema, table_name FROM pgretain.holds
            ORDER BY 1, 2
            """
        ).rows.map { try $0.name(0) }
    }

    /// Takes the ledger away, and fails where anything else is left in its schema.
    public static var removalSQL: [String] {
        [
            "DROP TABLE \(tables.map { "pgretain.\($0)" }.joined(separator: ", ")) RESTRICT;",
            "DROP FUNCTION pgretain.refuse_change() RESTRICT;",
            "DROP SCHEMA pgretain RESTRICT;",
        ]
    }

    /// A waiting partition in SQL alone: back into its table, or away for good.
    public static func waysOut(of waiting: Quarantined, table: QualifiedName) -> [Belonging.Way] {
        let moved = QualifiedName(schema: waiting.formerName.schema, name: waiting.name.name)
        let move: SQL = """
            ALTER TABLE \(waiting.name) SET SCHEMA \(Identifier(moved.schema)); \
            ALTER TABLE \(moved) RENAME TO \(Identifier(waiting.formerName.name));
            """
        let attach: SQL = """
            ALTER TABLE \(table) ATTACH PARTITION \(waiting.formerName) \
            \(printed: waiting.boundsSQL);
            """
        let drop: SQL = "DROP TABLE \(waiting.name) RESTRICT;"
        return [
            .init("keep it as a table of its own", move.text),
            .init("then, as a partition again", attach.text),
            .init("drop it; its archive has its rows", drop.text),
        ]
    }

    public static func waysOut(of leftover: Leftover) -> [Belonging.Way] {
        let names = [leftover.relation.name] + leftover.besides
        let drop: SQL = "DROP TABLE \(SQL.list(names.map { "\($0)" })) RESTRICT;"
        return [.init("drop it, once nobody is at it; its rows are in an archive", drop.text)]
    }

    /// A table of the schema that nobody else explains: out of it, or away.
    public static func waysOut(of table: QualifiedName) -> [Belonging.Way] {
        let move: SQL = "ALTER TABLE \(table) SET SCHEMA public;"
        let drop: SQL = "DROP TABLE \(table) RESTRICT;"
        return [.init("keep it elsewhere", move.text), .init("drop it", drop.text)]
    }
}
