import Retention

/// What decides how a table's bytes read: columns, their types followed to the ground, enum
/// labels, and the values that rows older than a column have in it.
///
/// Row versions do not show a change of these: an enum label that is renamed leaves every row's
/// `xmin` as it was, and changes what the rows say.
public struct SchemaFingerprint: Hashable, Sendable {
    /// A line each: columns, types, labels.
    let text: String

    /// Whether everything is as it was then; more may have come.
    func holds(_ earlier: String) -> Bool {
        Set(text.split(separator: "\n")).isSuperset(of: earlier.split(separator: "\n"))
    }
}

extension Catalog {
    public func fingerprint(of oid: UInt32) throws -> SchemaFingerprint {
        let row = try connection.run(
            "catalog.fingerprint",
            """
            WITH RECURSIVE relation AS (SELECT \(value: oid)::oid AS oid),
            \(Self.reachedTypes),
            types AS (SELECT DISTINCT type FROM reached),
            lines (line) AS (
                SELECT pg_catalog.format('column %s %s %L %s %s %s %s %L', a.attnum,
                    a.attisdropped, a.attname, a.atttypid, a.atttypmod, a.attcollation,
                    a.attgenerated, a.attmissingval::text)
                FROM pg_catalog.pg_attribute AS a
                JOIN relation AS r ON r.oid = a.attrelid WHERE a.attnum > 0
                UNION ALL
                SELECT pg_catalog.format('type %s %s %s %s %s %s %s %s', t.oid, t.typtype,
                    t.typbasetype, t.typtypmod, t.typelem, t.typlen, t.typoutput::oid,
                    t.typreceive::oid)
                FROM pg_catalog.pg_type AS t JOIN types AS x ON x.type = t.oid
                UNION ALL
                SELECT pg_catalog.format('label %s %s %s %L', e.enumtypid, e.enumsortorder, e.oid,
                    e.enumlabel)
                FROM pg_catalog.pg_enum AS e JOIN types AS x ON x.type = e.enumtypid
                UNION ALL
                SELECT pg_catalog.format('attribute %s %s %s %L %s %s', t.oid, f.attnum,
                    f.attisdropped, f.attname, f.atttypid, f.atttypmod)
                FROM pg_catalog.pg_type AS t
                JOIN types AS x ON x.type = t.oid
                JOIN pg_catalog.pg_attribute AS f ON f.attrelid = t.typrelid AND f.attnum > 0
                WHERE t.typtype = 'c'
                UNION ALL
                SELECT pg_catalog.format('range %s %s %s', g.rngtypid, g.rngmultitypid,
                    g.rngsubtype)
                FROM pg_catalog.pg_range AS g
                JOIN types AS x ON x.type IN (g.rngtypid, g.rngmultitypid)
            )
            SELECT pg_catalog.string_agg(DISTINCT l.line COLLATE "C", pg_catalog.chr(10)
                ORDER BY l.line COLLATE "C")
            FROM lines AS l
            """
        ).one()
        guard let text = row.optionalText(0) else {
            throw PostgresError.unexpected(
                "the table has no columns", statement: "catalog.fingerprint")
        }
        return SchemaFingerprint(text: text)
    }
}
