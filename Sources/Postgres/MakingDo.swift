import Retention

/// A table's shape where not all of what it was made of is there: on an empty server, the types,
/// collations and functions of the database that it comes from are missing.
///
/// What the archive holds is text. It fits a column of the type that a domain was made of, and
/// `text` takes all else; values stay what they are.
public struct MakingDo {
    /// What can be made here.
    public private(set) var definition: TableDefinition
    /// What is not here and has to be replaced or left out, a sentence each.
    public private(set) var missing: [String] = []
    /// What stays behind wherever a table is restored to.
    public private(set) var leftBehind: [String] = []

    private let connection: Connection
    private static let trial = QualifiedName(schema: "pg_temp", name: "pgretain_trial")

    /// Tries it out on a temporary table, in a transaction that is rolled back.
    public init(with definition: TableDefinition, indexes: Bool, on connection: Connection) throws {
        self.connection = connection
        self.definition = definition
        try replaceTypes()
        try replaceCollations()
        // Without a temporary table the rest shows when the table is made.
        let mayTry = try connection.run(
            "restore.may-try",
            """
            SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')
            """
        ).one().bool(0)
        guard mayTry else { return }
        try connection.begin(.readCommitted)
        defer { connection.rollback() }
        let plain = self.definition.columns.map { column in
            var column = column
            column.expression = nil
            column.isGenerated = false
            return Restoration.column(column)
        }
        try connection.run(
            "restore.trial", "CREATE TEMPORARY TABLE pgretain_trial (\(SQL.list(plain)))")
        try tryExpressions()
        if indexes { try tryIndexes() }
    }

    private mutating func replaceTypes() throws {
        let columns = definition.columns.filter { !$0.isUnreadable }
        let found = try connection.run(
            "restore.missing-types",
            """
            SELECT w.name, CASE WHEN w.base < 16384 THEN pg_catalog.format_type(b.oid, -1) END
            FROM ROWS FROM (
                pg_catalog.unnest(\(values: columns.map(\.name))::text[]),
                pg_catalog.unnest(\(values: columns.map(\.type))::text[]),
                pg_catalog.unnest(\(values: columns.map { "\($0.baseTypeOID)" })::bigint[]))
                AS w (name, type, base)
            LEFT JOIN pg_catalog.pg_type AS b ON b.oid = w.base
            WHERE pg_catalog.to_regtype(w.type) IS NULL
            """)
        for row in found.rows {
            let name = try row.text(0)
            let type = row.optionalText(1) ?? "text"
            for index in definition.columns.indices where definition.columns[index].name == name {
                missing.append(
                    "there is no type \(definition.columns[index].type): \(name) is made \(type)")
                definition.columns[index].type = type
            }
        }
    }

    private mutating func replaceCollations() throws {
        let found = try connection.run(
            "restore.missing-collations",
            """
            SELECT w.name
            FROM pg_catalog.unnest(\(values: definition.columns.compactMap(\.collation))::text[])
                AS w (name)
            WHERE NOT EXISTS (
                SELECT FROM pg_catalog.pg_collation AS co
                JOIN pg_catalog.pg_namespace AS n ON n.oid = co.collnamespace
                WHERE pg_catalog.format('%I.%I', n.nspname, co.collname) = w.name)
            """)
        let absent = Set(try found.rows.map { try $0.text(0) })
        for index in definition.columns.indices {
            let column = definition.columns[index]
            guard let collation = column.collation, absent.contains(collation) else { continue }
            missing.append("there is no collation \(collation): \(column.name) has the default one")
            definition.columns[index].collation = nil
        }
    }

    private mutating func tryExpressions() throws {
        for index in definition.columns.indices {
            let column = definition.columns[index]
            guard let expression = column.expression else { continue }
            let name = Identifier(column.name)
            if column.isGenerated {
                let works = try works(
                    """
                    ALTER TABLE \(Self.trial) DROP COLUMN \(name),
                        ADD COLUMN \(Restoration.column(column))
                    """)
                guard !works else { continue }
                definition.columns[index].isGenerated = false
                missing.append("what generates \(column.name) is not here: it is a plain column")
            } else {
                // A sequence of its own stays behind in any case.
                guard !expression.contains("nextval(") else {
                    leftBehind.append("\(column.name) has no sequence of its own any more")
                    continue
                }
                let works = try works(
                    """
                    ALTER TABLE \(Self.trial) ALTER COLUMN \(name)
                        SET DEFAULT \(printed: expression)
                    """)
                guard !works else { continue }
                missing.append("the default of \(column.name) is not possible here, and left out")
            }
            definition.columns[index].expression = nil
        }
    }

    private mutating func tryIndexes() throws {
        var kept: [IndexDefinition] = []
        for index in definition.indexes {
            if try works("CREATE INDEX ON \(Self.trial) \(printed: index.definition)") {
                kept.append(index)
            } else {
                missing.append("the index \(index.name) is not possible here, and left out")
            }
        }
        definition.indexes = kept
        var constraints: [ConstraintDefinition] = []
        for constraint in definition.constraints {
            let isIndex = [.unique, .primaryKey, .exclusion].contains(constraint.kind)
            let add: SQL = "ALTER TABLE \(Self.trial) ADD \(printed: constraint.definition)"
            if try !isIndex || works(add) {
                constraints.append(constraint)
            } else {
                missing.append(
                    "the constraint \(constraint.name) is not possible here, and left out")
            }
        }
        definition.constraints = constraints
    }

    /// Whether the server takes a statement.
    private func works(_ sql: SQL) throws -> Bool {
        do {
            try connection.savepoint { _ = try connection.run("restore.try", sql) }
            return true
        } catch let error as PostgresError where !error.isFatal && error.sqlState != "57014" {
            return false
        }
    }
}
