import Retention

/// What a splitting makes in the schema `pgretain`, by the OID of the wide partition.
struct SplitNames {
    let oid: UInt32

    /// Holds the new partitions while they are filled, so that one reading fills them all.
    var staging: QualifiedName { QualifiedName(schema: "pgretain", name: "s_\(oid)") }
    /// Keys of rows that were changed; NULLs where the table was truncated.
    var notes: QualifiedName { QualifiedName(schema: "pgretain", name: "c_\(oid)") }
    private var noting: QualifiedName { QualifiedName(schema: "pgretain", name: "note_\(oid)") }

    private static let trigger = Identifier("pgretain_split")
    private static let truncation = Identifier("pgretain_split_truncate")

    func keyColumn(_ number: Int) -> SQL { "\(Identifier("k\(number)"))" }

    /// The table of notes, and the function that writes them for whoever changes a row, whatever
    /// their rights and their search path.
    func notebook(of table: QualifiedName, keys: [KeyColumn]) -> [SQL] {
        let columns = keys.enumerated().map { "\(Identifier($1.name)) AS \(keyColumn($0))" as SQL }
        return [
            "CREATE TABLE \(notes) AS SELECT \(SQL.list(columns)) FROM ONLY \(table) WITH NO DATA",
            notingFunction(keys: keys),
        ]
    }

    /// - Parameter forgetting: whether the copy of a row that changes is removed in the same moment.
    func notingFunction(keys: [KeyColumn], forgetting: Bool = false) -> SQL {
        func note(_ row: SQL) -> SQL {
            let values = keys.map { "\(row).\(Identifier($0.name))" as SQL }
            return "INSERT INTO \(notes) VALUES (\(SQL.list(values)));"
        }
        let nulls = SQL.list(keys.map { _ in "NULL" })
        let tests = keys.map { key -> SQL in
            let name = Identifier(key.name)
            return "s.\(name) \(key.equality) OLD.\(name)"
        }
        let forget: SQL =
            forgetting
            ? "DELETE FROM \(staging) AS s WHERE \(SQL.list(tests, separator: " AND "));" : ""
        let body: SQL = """
            BEGIN
                IF TG_OP = 'TRUNCATE' THEN INSERT INTO \(notes) VALUES (\(nulls)); END IF;
                IF TG_OP IN ('UPDATE', 'DELETE') THEN \(note("OLD")) \(forget) END IF;
                IF TG_OP IN ('UPDATE', 'INSERT') THEN \(note("NEW")) END IF;
                RETURN NULL;
            END
            """
        return """
            CREATE OR REPLACE FUNCTION \(noting)() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
                AS \(literal: body.text)
            """
    }

    /// Fire for replicated changes too.
    func triggers(on table: QualifiedName) -> [SQL] {
        [
            """
            CREATE TRIGGER \(Self.trigger) AFTER INSERT OR UPDATE OR DELETE ON \(table)
                FOR EACH ROW EXECUTE FUNCTION \(noting)()
            """,
            """
            CREATE TRIGGER \(Self.truncation) AFTER TRUNCATE ON \(table)
                FOR EACH STATEMENT EXECUTE FUNCTION \(noting)()
            """,
            "ALTER TABLE \(table) ENABLE ALWAYS TRIGGER \(Self.trigger)",
            "ALTER TABLE \(table) ENABLE ALWAYS TRIGGER \(Self.truncation)",
        ]
    }

    /// Before `removal`, where the table stays.
    func unwatching(_ table: QualifiedName) -> [SQL] {
        [
            "DROP TRIGGER IF EXISTS \(Self.trigger) ON \(table)",
            "DROP TRIGGER IF EXISTS \(Self.truncation) ON \(table)",
        ]
    }

    /// Takes along the partitions that are still in it.
    var removal: [SQL] {
        [
            "DROP FUNCTION IF EXISTS \(noting)() RESTRICT",
            "DROP TABLE IF EXISTS \(notes) RESTRICT",
            "DROP TABLE IF EXISTS \(staging) RESTRICT",
        ]
    }
}
