import Retention

/// A table whose name a pattern matches.
public struct MatchingTable: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        case partitioned, plain
        /// What no pattern stands for: a partition, a child by inheritance, a table of the system, of
        /// an extension or of `pgretain`, and what a restore or `park` has made.
        case other
    }

    public var name: QualifiedName
    public var kind: Kind
}

extension Catalog {
    /// Tables that a pattern matches, by name.
    public func tables(matching patterns: [TablePattern]) throws -> [MatchingTable] {
        let tests = patterns.map { pattern -> SQL in
            let like = pattern.like
            return "(n.nspname LIKE \(value: like.schema) AND c.relname LIKE \(value: like.name))"
        }
        guard !tests.isEmpty else { return [] }
        let made = try connection.ledger.tablesMade()
        return try connection.run(
            "catalog.matching",
            """
            SELECT n.nspname, c.relname, c.relkind = 'p', c.oid,
                c.relispartition OR c.relpersistence = 't'
                OR n.nspname IN ('information_schema', 'pgretain')
                OR n.nspname LIKE \(literal: "pg\\_%")
                OR EXISTS (
                    SELECT FROM pg_catalog.pg_depend AS x
                    WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND x.objid = c.oid AND x.deptype = 'e')
                OR EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = c.oid)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND (\(SQL.list(tests, separator: " OR ")))
            ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
            """
        ).rows.map { row in
            let isPartitioned = try row.bool(2)
            let oid = try row.oid(3)
            let isOther = try row.bool(4) || made.contains(oid)
            return MatchingTable(
                name: try row.name(0),
                kind: isOther ? .other : isPartitioned ? .partitioned : .plain)
        }
    }
}

extension Ledger {
    /// Tables that a restore or `park` has made, by OID.
    func tablesMade() throws -> Set<UInt32> {
        guard try state() != .absent else { return [] }
        return Set(
            try connection.run(
                "ledger.tables-made",
                """
                SELECT DISTINCT l.relation_oid FROM pgretain.ledger AS l
                WHERE l.relation_oid IS NOT NULL AND (l.kind = 'parked'
                    OR l.kind = 'restored' AND l.details ->> 'appended' IS DISTINCT FROM 'yes')
                """
            ).rows.map { try $0.oid(0) })
    }
}
