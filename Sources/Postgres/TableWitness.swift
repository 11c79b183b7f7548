import Retention

/// Every row version of a table in two numbers, and what decides how their bytes read.
///
/// Equal witnesses of one unbroken session mean equal contents. After a crash they do not: the
/// server hands out transaction ids and places in pages a second time.
public struct TableWitness: Sendable {
    public let relation: UInt32
    public let rows: Int64
    /// The sum of `hash_record_extended(ROW(ctid, xmin), 0)`.
    public let versions: String
    /// `pg_relation_filenode`: a rewrite may move rows and leave their versions.
    public let fileNode: UInt32
    public let fingerprint: SchemaFingerprint
    /// Whatever transactions before this one wrote and did not take back was seen (an `xid8`).
    public let horizon: UInt64
    /// By this process's clock.
    let takenAt: ContinuousClock.Instant

    /// Whether all but the time is the same.
    public func isSame(as other: TableWitness) -> Bool {
        relation == other.relation && rows == other.rows && versions == other.versions
            && fileNode == other.fileNode && fingerprint == other.fingerprint
    }
}

extension Connection {
    /// Reads the whole table once; to be called in a transaction that has locked it.
    func witness(
        of relation: Relation, fingerprint: SchemaFingerprint, horizon: UInt64,
        where condition: SQL = "true"
    ) throws -> TableWitness {
        let takenAt = ContinuousClock.now
        let row = try run(
            "table.witness",
            """
            SELECT pg_catalog.count(*),
                COALESCE(pg_catalog.sum(
                    pg_catalog.hash_record_extended(ROW(t.ctid, t.xmin), 0)), 0)::text,
                pg_catalog.pg_relation_filenode(\(value: relation.oid)::oid::pg_catalog.regclass)
            FROM ONLY \(relation.name) AS t WHERE \(condition)
            """
        ).one()
        return TableWitness(
            relation: relation.oid, rows: try row.int(0), versions: try row.text(1),
            fileNode: try row.oid(2), fingerprint: fingerprint, horizon: horizon,
            takenAt: takenAt)
    }

    /// Whether the table is a partition of none, be it that somebody has attached it again; to be
    /// called under its lock.
    func requireStandAlone(_ relation: Relation) throws {
        let row = try run(
            "table.stand-alone",
            """
            SELECT c.relispartition FROM pg_catalog.pg_class AS c
            WHERE c.oid = \(value: relation.oid)::oid
            """
        ).one()
        guard try !row.bool(0) else {
            throw Problem(
                "partition.changed", .tryLater,
                "\(relation.name) is a partition again. It was left alone.",
                hint: "Run it again; the plan is made anew.")
        }
    }

    /// Whether the name still means the table that was planned for, and the partition still has
    /// its bounds where some are given; to be called under its lock.
    func requireSame(_ relation: Relation, boundsSQL: String? = nil) throws {
        let result = try run(
            "table.identity",
            """
            SELECT c.oid, c.relkind, pg_catalog.pg_get_expr(c.relpartbound, c.oid)
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = \(value: relation.name.schema)
                AND c.relname = \(value: relation.name.name)
            """)
        guard let row = result.first, try row.oid(0) == relation.oid, try row.text(1) == "r",
            boundsSQL == nil || row.optionalText(2) == boundsSQL
        else {
            throw Problem(
                "partition.changed", .tryLater,
                "\(relation.name) is not what was planned for any more: the plain table with OID "
                    + "\(relation.oid)\(boundsSQL.map { " " + $0 } ?? ""). It was left alone.",
                hint: "Run it again; the plan is made anew.")
        }
    }
}
