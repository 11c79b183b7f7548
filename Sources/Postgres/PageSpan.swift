import Retention

/// What a scan of a table is limited to: neighbouring pages `[from, to)`, each end open where it
/// is nil.
public struct PageSpan: Equatable, Sendable {
    let from: Int64?
    let to: Int64?

    static let all = PageSpan(from: nil, to: nil)

    init(from: Int64?, to: Int64?) {
        self.from = from
        self.to = to
    }

    init(_ range: PageRange) { self.init(from: range.from, to: range.to) }

    /// Spans of so many pages that hold every row a table of that size has or will have, and
    /// none twice: the last one has no end.
    static func cut(pages: Int64, every step: Int64) -> [PageSpan] {
        let cuts = Array(stride(from: step, to: max(pages, step), by: Int(step)))
        return zip([nil] + cuts, cuts + [nil]).map { PageSpan(from: $0, to: $1) }
    }

    /// A TID range scan (PostgreSQL 14 and later) reads these pages and no others.
    var test: SQL {
        let ends: [SQL] = [
            from.map { "ctid >= \(literal: "(\($0),0)")" },
            to.map { "ctid < \(literal: "(\($0),0)")" },
        ].compactMap { $0 }
        return ends.isEmpty ? "true" : SQL.list(ends, separator: " AND ")
    }
}

/// What a scan of a table is limited to: keys in `[from, to)`, as literals of the key's type,
/// as the server orders them.
public struct KeySpan: Equatable, Sendable {
    let key: Identifier
    let from: String
    let to: String
    let hasTime: SQL?
    let condition: String?

    /// All rows there.
    public init(_ bounds: PartitionBounds, of table: PartitionedTable) {
        key = Identifier(table.key)
        from = table.keyType.literal(bounds.from)
        to = table.keyType.literal(bounds.to)
        hasTime = nil
        condition = nil
    }

    /// Those that age, of a rule where it is about one: what only lies between two keys stays.
    public init(aging bounds: PartitionBounds, of table: PartitionedTable, rule: RowRule? = nil) {
        key = Identifier(table.key)
        from = table.keyType.literal(bounds.from)
        to = table.keyType.literal(bounds.to)
        hasTime = table.keyType.hasTime(key)
        condition = rule?.condition
    }

    var test: SQL {
        let tests: [SQL?] = [
            "\(key) >= \(literal: from) AND \(key) < \(literal: to)", hasTime,
            condition.map { "\(condition: $0)" },
        ]
        return SQL.list(tests.compactMap(\.self), separator: " AND ")
    }
}

extension Catalog {
    /// A table's pages, cut into spans of 128 MiB or less.
    public func pageSpans(of relation: Relation) throws -> [PageSpan] {
        let row = try connection.run(
            "catalog.pages",
            """
            SELECT pg_catalog.pg_relation_size(\(value: relation.oid)::oid::pg_catalog.regclass)
                / pg_catalog.current_setting('block_size')::bigint,
                (128 << 20) / pg_catalog.current_setting('block_size')::bigint
            """
        ).one()
        return PageSpan.cut(pages: try row.int(0), every: try row.int(1))
    }

    /// Whether a publication sends on whatever any table gets, hidden ones among them.
    public func publishesEveryTable() throws -> Bool {
        try connection.run(
            "catalog.publications",
            """
            SELECT pg_catalog.current_setting('wal_level') = 'logical' AND EXISTS (
                SELECT FROM pg_catalog.pg_publication AS p WHERE p.puballtables AND p.pubinsert)
            """
        ).one().bool(0)
    }
}
