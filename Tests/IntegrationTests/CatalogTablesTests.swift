import Foundation
import Retention
import RowCoding
import TestSupport
import Testing

/// Every table and view of `pg_catalog` and `information_schema`, whole, through the coder: a
/// line is what `row_to_json` prints, and decodes to the COPY text that it came from.
@Suite struct CatalogTables {
    /// What differs from `row_to_json` by design, and is only read back: arrays and vectors, some
    /// of which stay the server's literal where row_to_json makes a JSON array; records, which it
    /// makes objects; json, which may hold newlines and is a string here; jsonb, whose NULL is a
    /// key left out here; and pseudo-types such as anyarray.
    private static let ownForm = """
        (b.typcategory IN ('A', 'C') OR b.typtype = 'p'
            OR b.oid IN ('json'::regtype, 'jsonb'::regtype))
        """

    private struct Relation {
        let name: String
        let columns: [CodedColumn]
        /// Whether row_to_json writes the column as we do.
        let isScalar: [Bool]
    }

    @Test func everyOneIsWrittenAsRowToJSONDoesAndReadBack() throws {
        let scene = try Scene()
        try Self.fill(scene.database)
        let relations = try Self.relations(of: scene.database)
        #expect(relations.count > 190, "\(relations.count)")
        let directory = TemporaryDirectory()
        try Self.copy(relations, from: scene.database, to: directory)

        var rows = 0
        var compared: Set<ColumnForm> = []
        var filled = 0
        for (index, relation) in relations.enumerated() {
            let url = URL(fileURLWithPath: "\(directory.path)/\(index)")
            let (expected, lines) = try Self.halves(Data(contentsOf: url))
            // All columns: out and back.
            var encoder = RowEncoder(columns: relation.columns, key: nil, checksUTF8: true)
            var json = OutputBuffer()
            let written = try lines.withUnsafeBytes { try encoder.encode($0, into: &json) }
            #expect(written.digest.rows == UInt64(expected.count), "\(relation.name)")
            var decoder = RowDecoder(columns: relation.columns, key: nil)
            var back = OutputBuffer()
            let read = try decoder.decode(json.bytes, into: &back)
            #expect(Array(back.bytes) == lines && read == written, "\(relation.name)")

            // The scalar ones: as the server writes them, line by line.
            let scalar = zip(relation.columns, relation.isScalar).filter(\.1).map(\.0)
            compared.formUnion(scalar.map(\.form))
            let fields = Self.keeping(relation.isScalar, of: lines)
            var narrow = RowEncoder(columns: scalar, key: nil, checksUTF8: true)
            var ours = OutputBuffer()
            _ = try fields.withUnsafeBytes { try narrow.encode($0, into: &ours) }
            let ourLines = Array(ours.bytes).split(separator: UInt8(ascii: "\n"))
            if let place = zip(ourLines, expected).first(where: { Array($0) != $1 }) {
                Issue.record(
                    """
                    \(relation.name)
                    \(String(decoding: place.0, as: UTF8.self))
                    \(String(decoding: place.1, as: UTF8.self))
                    """)
            }
            #expect(ourLines.count == expected.count, "\(relation.name)")
            rows += expected.count
            if !expected.isEmpty { filled += 1 }
        }
        #expect(rows > 20_000 && filled > 120, "\(rows) rows, \(filled) tables with any")
        #expect(compared.isSuperset(of: [.number, .boolean, .text, .timestampWithTimeZone]))
    }

    // MARK: What the server says

    /// Something of each kind, so that few tables are empty.
    private static func fill(_ database: Database) throws {
        try database.superuser(
            """
            CREATE FOREIGN DATA WRAPPER nowhere;
            CREATE SERVER files FOREIGN DATA WRAPPER nowhere;
            CREATE USER MAPPING FOR logs_owner SERVER files;
            CREATE TABLE p (id int PRIMARY KEY, t text DEFAULT E'a\\\\b\\n"q"' COLLATE "C",
                j jsonb, g int GENERATED ALWAYS AS (id * 2) STORED CHECK (g > -9))
                PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1000);
            COMMENT ON TABLE p IS E'é \\u2028 \\t \\\\ "';
            INSERT INTO p (id) SELECT generate_series(0, 999);
            CREATE STATISTICS s (mcv) ON id, t FROM p1;
            CREATE TYPE mood AS ENUM ('a', 'b'); CREATE DOMAIN d AS int CHECK (VALUE > 0);
            CREATE TYPE r AS RANGE (subtype = float8);
            CREATE VIEW v AS SELECT * FROM p; CREATE MATERIALIZED VIEW m AS SELECT * FROM p;
            CREATE RULE nothing AS ON INSERT TO v DO INSTEAD NOTHING;
            CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER tr AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION tf();
            CREATE FUNCTION ef() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
            CREATE PUBLICATION pub FOR TABLE p;
            ALTER TABLE p ENABLE ROW LEVEL SECURITY;
            CREATE POLICY pol ON p USING (id > 1);
            GRANT SELECT (id) ON p TO logs_reader WITH GRANT OPTION;
            ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO logs_reader;
            SELECT lo_from_bytea(0, '\\x00ff0a5c');
            ANALYZE;
            """)
    }

    /// All of them, with their columns, domains followed to the base.
    private static func relations(of database: Database) throws -> [Relation] {
        let text = try database.superuser(
            """
            WITH RECURSIVE based (relid, attnum, type, base) AS (
                SELECT a.attrelid, a.attnum, t.oid, t.typbasetype
                FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
                WHERE a.attnum > 0 AND NOT a.attisdropped
                UNION ALL
                SELECT b.relid, b.attnum, t.oid, t.typbasetype
                FROM based AS b JOIN pg_type AS t ON t.oid = b.base
            )
            SELECT json_agg(x ORDER BY x.name) FROM (
                SELECT n.nspname || '.' || c.relname AS name, json_agg(json_build_object(
                    'name', a.attname, 'type', b.oid::int8, 'scalar', NOT \(ownForm))
                    ORDER BY a.attnum) AS columns
                FROM pg_class AS c
                JOIN pg_namespace AS n ON n.oid = c.relnamespace
                JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                JOIN based AS t ON t.relid = c.oid AND t.attnum = a.attnum AND t.base = 0
                JOIN pg_type AS b ON b.oid = t.type
                WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v')
                    -- Where there is no NUMA, reading these is an error.
                    AND c.relname NOT LIKE '%\\_numa'
                GROUP BY n.nspname, c.relname
            ) AS x
            """)
        return try JSONView(text).list.map { view in
            let columns = view["columns"].list
            return Relation(
                name: try #require(view["name"].text),
                columns: try columns.map {
                    CodedColumn(
                        name: try #require($0["name"].text),
                        form: ColumnForm(typeOID: UInt32(try #require($0["type"].number))))
                },
                isScalar: columns.map { $0["scalar"].flag == true })
        }
    }

    /// One file for each relation: `row_to_json` of its scalar columns, a TAB, and its COPY text.
    /// Both come from one scan, since much of it changes while one looks.
    private static func copy(
        _ relations: [Relation], from database: Database, to directory: TemporaryDirectory
    ) throws {
        let script = relations.enumerated().map { index, relation in
            let all = relation.columns.map { "r.\"\($0.name)\"" }
            let scalar = zip(all, relation.isScalar).filter(\.1).map(\.0)
            return """
                \\o \(directory.path)/\(index)
                COPY (WITH r AS MATERIALIZED (SELECT * FROM \(relation.name))
                    SELECT (SELECT row_to_json(s) FROM (SELECT \(scalar.joined(separator: ", "))) s),
                        \(all.joined(separator: ", ")) FROM r) TO STDOUT;
                """
        }
        try database.superuser(script.joined(separator: "\n"))
    }

    // MARK: Lines

    /// The first field of each line, without COPY's escapes; and the lines without it.
    private static func halves(_ data: Data) throws -> (json: [[UInt8]], lines: [UInt8]) {
        var json: [[UInt8]] = []
        var rest: [UInt8] = []
        for line in [UInt8](data).split(separator: UInt8(ascii: "\n")) {
            let tab = try #require(line.firstIndex(of: UInt8(ascii: "\t")))
            var value: [UInt8] = []
            var bytes = line[..<tab].makeIterator()
            while let byte = bytes.next() {
                guard byte == UInt8(ascii: "\\") else {
                    value.append(byte)
                    continue
                }
                // JSON has no control bytes: the backslash is all that COPY has to escape.
                try #require(bytes.next() == UInt8(ascii: "\\"))
                value.append(byte)
            }
            json.append(value)
            rest += line[(tab + 1)...] + [UInt8(ascii: "\n")]
        }
        return (json, rest)
    }

    private static func keeping(_ kept: [Bool], of lines: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for line in lines.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast()
        {
            let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            let those = zip(fields, kept).filter(\.1).map(\.0)
            result += those.joined(separator: [UInt8(ascii: "\t")]) + [UInt8(ascii: "\n")]
        }
        return result
    }
}
