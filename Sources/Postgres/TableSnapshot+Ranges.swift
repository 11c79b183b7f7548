import Retention

/// Where a table's rows are.
public struct Heap: Equatable, Sendable {
    /// `pg_relation_filenode`; a rewrite changes it, and moves every row.
    public let fileNode: UInt32
    /// At this instant; whoever inserts may add to them.
    public let pages: Int64

    public init(fileNode: UInt32, pages: Int64) {
        self.fileNode = fileNode
        self.pages = pages
    }
}

/// Every row version of some pages in two numbers. As with `TableWitness`, equal ones of one
/// unbroken session mean equal contents, while the heap and the schema are the same.
public struct RangeWitness: Sendable {
    public let rows: Int64
    fileprivate let versions: Int128
    fileprivate let takenAt: ContinuousClock.Instant

    /// Whether all but the time is the same.
    public func isSame(as other: RangeWitness) -> Bool {
        rows == other.rows && versions == other.versions
    }
}

extension TableWitness {
    /// That of a whole table, from those of disjoint ranges that hold all of its rows. Each speaks
    /// of the moment when it was taken: together they are as old as the oldest.
    /// `snapshot` is the last, which saw all of them.
    public init?(
        sumOf ranges: [RangeWitness], fileNode: UInt32, seenBy snapshot: TableSnapshot
    ) {
        guard let oldest = ranges.map(\.takenAt).min() else { return nil }
        self.init(
            relation: snapshot.relation.oid, rows: ranges.reduce(0) { $0 + $1.rows },
            versions: String(ranges.reduce(Int128(0)) { $0 + $1.versions }), fileNode: fileNode,
            fingerprint: snapshot.fingerprint, horizon: snapshot.horizon, takenAt: oldest)
    }
}

extension TableSnapshot {
    public func heap() throws -> Heap {
        let row = try connection.run(
            "table.heap",
            """
            SELECT pg_catalog.pg_relation_filenode(c.oid::pg_catalog.regclass),
                pg_catalog.pg_relation_size(c.oid::pg_catalog.regclass, 'main')
                    / pg_catalog.current_setting('block_size')::bigint
            FROM pg_catalog.pg_class AS c WHERE c.oid = \(value: relation.oid)::oid
            """
        ).one()
        return Heap(fileNode: try row.oid(0), pages: try row.int(1))
    }

    /// The rows of some pages of the table itself.
    public func copyOut(columns: [String], pages: PageRange) throws -> CopyOut {
        try CopyOut(
            columns.map(Identifier.init), from: relation.name, where: condition(PageSpan(pages)),
            on: connection)
    }

    /// Not while a COPY is under way.
    public func witness(pages: PageRange) throws -> RangeWitness {
        try witness(PageSpan(pages))
    }

    /// Of all pages from one on, those that come only now among them.
    public func witness(from page: Int64) throws -> RangeWitness {
        try witness(PageSpan(from: page, to: nil))
    }

    private func witness(_ pages: PageSpan) throws -> RangeWitness {
        let takenAt = ContinuousClock.now
        let row = try connection.run(
            "table.range-witness",
            """
            SELECT pg_catalog.count(*),
                COALESCE(pg_catalog.sum(
                    pg_catalog.hash_record_extended(ROW(ctid, xmin), 0)), 0)::text
            FROM ONLY \(relation.name) WHERE \(condition(pages))
            """
        ).one()
        guard let versions = Int128(try row.text(1)) else {
            throw PostgresError.unexpected("a sum that is none", statement: "table.range-witness")
        }
        return RangeWitness(rows: try row.int(0), versions: versions, takenAt: takenAt)
    }
}
