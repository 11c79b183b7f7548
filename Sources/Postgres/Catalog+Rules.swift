import Retention

// Rules by row: conditions that an operator wrote.
extension Catalog {
    /// Throws where a rule's condition is none, or does not say the same of a row whenever it is
    /// asked: rows that are archived by one answer must not be deleted by another.
    ///
    /// The server asks the same of an index's predicate, so it is let try one, on an empty
    /// temporary table that is gone with its transaction.
    public func check(_ rule: RowRule, of table: PartitionedTable) throws {
        do {
            // By itself, and in parentheses: one alone would let pass what closes a parenthesis
            // that it has not opened, or goes on behind the condition.
            try connection.run(
                "rule.parse",
                "EXPLAIN SELECT FROM ONLY \(table.name) WHERE \(printed: rule.condition)")
            try connection.begin(.readCommitted)
            defer { connection.rollback() }
            try connection.run(
                "rule.table", "CREATE TEMPORARY TABLE pgretain_rule (LIKE \(table.name))")
            try connection.run(
                "rule.index",
                "CREATE INDEX ON pg_temp.pgretain_rule ((1)) WHERE \(condition: rule.condition)")
        } catch let error as PostgresError where Self.isRefused(error) {
            throw Problem(
                "rule.condition", .configuration,
                "The server does not take the condition of the rule \(rule) of \(table.name): "
                    + "\(error.message) [\(error.sqlState ?? "")]. No rule of the table was "
                    + "applied.",
                hint: "Write one that an index of the table could have as its WHERE: columns, "
                    + "constants and immutable functions, each with its schema.")
        }
    }

    /// Of the classes that are about a statement: syntax, names and types, data, features.
    private static func isRefused(_ error: PostgresError) -> Bool {
        !error.isPermission && ["42", "22", "0A"].contains(error.sqlState?.prefix(2) ?? "")
    }

    public func count(_ rows: KeySpan, of relation: Relation) throws -> Int64 {
        try connection.run(
            "rule.count", "SELECT pg_catalog.count(*) FROM ONLY \(relation.name) WHERE \(rows.test)"
        ).one().int(0)
    }
}
