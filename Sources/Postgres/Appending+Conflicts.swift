import Retention

/// A unique index of the table that rows are added to, on plain columns of the server's own types,
/// which can be compared without knowing more. Others are found when the rows are added.
public struct UniqueKey: Sendable {
    public let index: String
    /// Whether the row `w` that waits and the row `t` of the table have the same key: SQL that the
    /// server has printed.
    fileprivate let test: String
}

extension Appending {
    /// Those whose columns are among these.
    public func uniqueKeys(_ columns: [String]) throws -> [UniqueKey] {
        try connection.catalog.uniqueKeys(of: target, columns)
    }
}

extension Catalog {
    /// Those whose columns are among these.
    public func uniqueKeys(of target: Relation, _ columns: [String]) throws -> [UniqueKey] {
        try connection.run(
            "append.unique",
            """
            SELECT c.relname, pg_catalog.string_agg(
                'w.' || pg_catalog.quote_ident(a.attname) || ' = t.'
                    || pg_catalog.quote_ident(a.attname), ' AND ')
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY
                AS k (attnum, place)
            LEFT JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnum > 0
            LEFT JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
            WHERE i.indrelid = \(value: target.oid)::oid AND i.indisunique AND i.indisvalid
                AND i.indpred IS NULL AND k.place <= i.indnkeyatts
            GROUP BY c.oid, c.relname
            HAVING pg_catalog.bool_and(COALESCE(
                a.attname = ANY (\(values: columns)::text[])
                    AND y.typnamespace = 'pg_catalog'::pg_catalog.regnamespace, false))
            ORDER BY c.relname
            """
        ).rows.map { UniqueKey(index: try $0.text(0), test: try $0.text(1)) }
    }

    public func hasRows(_ relation: Relation) throws -> Bool {
        try connection.run(
            "append.has-rows", "SELECT EXISTS (SELECT FROM \(relation.name))"
        ).one().bool(0)
    }
}

extension Appending {
    /// How many rows that wait have a key that the table has already.
    public func conflicts(on key: UniqueKey) throws -> Int64 {
        try connection.run(
            "append.conflicts",
            """
            SELECT pg_catalog.count(*) FROM \(Self.waiting) AS w
            WHERE EXISTS (SELECT FROM \(target.name) AS t WHERE \(printed: key.test))
            """
        ).one().int(0)
    }

    /// How many rows that wait have a key that the table has already, and another value than the
    /// table's row in one of these columns.
    public func differences(on key: UniqueKey, in columns: [String]) throws -> Int64 {
        let theirs = SQL.list(columns.map { "t.\(Identifier($0))" })
        let ours = SQL.list(columns.map { "w.\(Identifier($0))" })
        return try connection.run(
            "append.differences",
            """
            SELECT pg_catalog.count(*) FROM \(Self.waiting) AS w
            JOIN \(target.name) AS t ON \(printed: key.test)
            WHERE ROW(\(theirs))::record OPERATOR(pg_catalog.*<>) ROW(\(ours))::record
            """
        ).one().int(0)
    }

    /// Takes the rows whose key the table has already out of those that wait, and gives them.
    public func leaveOut(conflictingOn key: UniqueKey, giving columns: [String]) throws -> CopyOut {
        try CopyOut(
            """
            COPY (DELETE FROM \(Self.waiting) AS w
                WHERE EXISTS (SELECT FROM \(target.name) AS t WHERE \(printed: key.test))
                RETURNING \(columns.map(Identifier.init))) TO STDOUT
            """, on: connection)
    }

    /// All that `body` adds or nothing of it; nil where a key was in the table already after all.
    public func unlessInConflict<Value>(_ body: () throws -> Value) throws -> (
        value: Value?, conflict: PostgresError?
    ) {
        do {
            return (try connection.savepoint(body), nil)
        } catch let error as PostgresError where error.isConflict && !connection.isBroken {
            return (nil, error)
        }
    }
}

extension PostgresError {
    /// A key that a unique index or an exclusion constraint holds already.
    fileprivate var isConflict: Bool { sqlState == "23505" || sqlState == "23P01" }
}
