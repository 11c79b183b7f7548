import Retention

/// A part of an archive, whose wanted rows a hidden table holds.
public struct LoadedPart: Equatable, Sendable {
    /// The archive's place in the store.
    public var archive: String
    public var file: String
    /// Of its wanted rows, as the table gives them back.
    public var landed: ContentDigest

    public init(archive: String, file: String, landed: ContentDigest) {
        self.archive = archive
        self.file = file
        self.landed = landed
    }
}

/// Which parts a hidden table holds: `pgretain.parts_<oid>`, where each is noted in the transaction
/// that loads it. It is made, and goes, together with the hidden table.
struct LoadedParts {
    let name: QualifiedName

    init(of hidden: UInt32) {
        name = QualifiedName(schema: "pgretain", name: "parts_\(hidden)")
    }

    /// The fingerprint is a comment on it: the ledger, which never forgets, is no place for a hash
    /// of somebody's values.
    func create(fingerprint: String, on connection: Connection) throws {
        try connection.run(
            "restore.parts",
            """
            CREATE TABLE \(name) (
                archive text NOT NULL,
                file text NOT NULL,
                rows bigint NOT NULL,
                digest text NOT NULL,
                loaded_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
                PRIMARY KEY (archive, file))
            """)
        try connection.run(
            "restore.fingerprint", "COMMENT ON TABLE \(name) IS \(literal: fingerprint)")
    }

    /// Whatever else loads the same part waits for us here, and fails: no part is in the table twice.
    func note(_ parts: [LoadedPart], on connection: Connection) throws {
        do {
            try connection.run(
                "load.note",
                """
                INSERT INTO \(name) (archive, file, rows, digest)
                SELECT * FROM ROWS FROM (
                    pg_catalog.unnest(\(values: parts.map(\.archive))::text[]),
                    pg_catalog.unnest(\(values: parts.map(\.file))::text[]),
                    pg_catalog.unnest(\(values: parts.map { "\($0.landed.rows)" })::bigint[]),
                    pg_catalog.unnest(\(values: parts.map(\.landed.hex))::text[]))
                """)
        } catch let error as PostgresError where error.sqlState == "23505" {
            throw Problem(
                "restore.twice", .tryLater,
                "A session of the restore that was killed has loaded a part at the same time. "
                    + "Nothing was restored.", hint: "Run it again.")
        }
    }

    func all(on connection: Connection) throws -> [LoadedPart] {
        try connection.run(
            "restore.loaded", "SELECT p.archive, p.file, p.rows, p.digest FROM \(name) AS p"
        ).rows.map { row in
            let rows = UInt64(clamping: try row.int(2))
            guard let landed = ContentDigest(rows: rows, hex: try row.text(3)) else {
                throw PostgresError.unexpected(
                    "a part's digest has another form", statement: "restore.loaded")
            }
            return LoadedPart(archive: try row.text(0), file: try row.text(1), landed: landed)
        }
    }

    func drop(on connection: Connection) throws {
        try connection.run("restore.parts-drop", "DROP TABLE \(name) RESTRICT")
    }
}

extension Connection {
    /// Fills a hidden table through one COPY in a transaction of its own, which also notes the
    /// parts that `body` gives: those whose rows it has sent.
    public func loadParts(
        into relation: Relation, columns: [String], _ body: (CopyIn) throws -> [LoadedPart]
    ) throws -> Int64 {
        try transaction(.readCommitted) {
            // A crash of the server undoes the rows and the note together, and what publishes the
            // table later flushes both.
            try run("load.unflushed", "SET LOCAL synchronous_commit = off")
            var parts: [LoadedPart] = []
            let rows = try load(relation, columns: columns, freeze: false) { parts = try body($0) }
            try LoadedParts(of: relation.oid).note(parts, on: self)
            return rows
        }
    }
}
