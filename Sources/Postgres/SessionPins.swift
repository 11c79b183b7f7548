import CLibPQ
import Retention

/// Settings that change what a session prints, sees or does: set where they differ, and read back.
enum SessionPins {
    private static let pins = [
        ("TimeZone", "UTC"), ("DateStyle", "ISO, MDY"), ("IntervalStyle", "postgres"),
        ("extra_float_digits", "3"), ("bytea_output", "hex"), ("lc_monetary", "C"),
        ("xmloption", "content"), ("array_nulls", "on"), ("search_path", ""),
        ("row_security", "off"), ("synchronize_seqscans", "off"),
        ("standard_conforming_strings", "on"), ("quote_all_identifiers", "off"),
        ("session_replication_role", "origin"),
        ("default_transaction_isolation", "read committed"),
        ("default_transaction_read_only", "off"), ("default_transaction_deferrable", "off"),
        ("statement_timeout", "0"), ("lock_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"), ("idle_session_timeout", "0"),
        ("transaction_timeout", "0"),
        // Ours is on the server's disk once it is committed, and a commit waits for no standby:
        // one that is absent would hold its locks, and whoever waits for them, for ever.
        ("synchronous_commit", "local"),
        // Compiling a statement over many partitions takes a tenth of a second and more, under
        // locks too, where running it takes a hundredth.
        ("jit", "off"),
    ]

    /// The process that the protocol greets us from must be the one that runs our statements: a
    /// pooler would hand locks and settings to strangers.
    static func refusePooler(_ connection: Connection) throws {
        let row = try connection.run("connection.pid", "SELECT pg_catalog.pg_backend_pid()").one()
        guard try row.int(0) == Int64(PQbackendPID(connection.handle)) else {
            throw Problem(
                "database.pooler", .configuration,
                "The connection goes through a pooler: the server process is not the one that "
                    + "greeted us, so locks and settings would not hold. Nothing was touched.",
                hint: "Use the direct port of the server, not the pooler's.")
        }
    }

    /// Before any statement with an operator or a type in it: a schema that stands before
    /// pg_catalog in the path may have its own (CVE-2018-1058). And before any that takes long: a
    /// role or a database may have timeouts of its own.
    static func beginSafely(on connection: Connection) throws {
        try connection.run("session.timeout", "SET statement_timeout = 0")
        try connection.run(
            "session.path", "SELECT pg_catalog.set_config('search_path', '', false)")
    }

    static func apply(to connection: Connection, encoding: String) throws {
        // Bytes of a SQL_ASCII database are sent as they are; nothing can be converted.
        let all = pins + [("client_encoding", encoding == "SQL_ASCII" ? "SQL_ASCII" : "UTF8")]
        let names = all.map(\.0)
        let values = all.map(\.1)
        do {
            try connection.run(
                "session.pin",
                """
                SELECT pg_catalog.set_config(w.name, w.value, false)
                FROM ROWS FROM (
                    pg_catalog.unnest(\(values: names)::text[]),
                    pg_catalog.unnest(\(values: values)::text[]))
                    AS w (name, value)
                JOIN pg_catalog.pg_settings AS s ON s.name = w.name
                WHERE s.setting <> w.value
                """)
        } catch let error as PostgresError where error.isPermission {
            throw refusal(error.message)
        }
        let left = try connection.run(
            "session.pinned",
            """
            SELECT w.name, s.setting, w.value
            FROM ROWS FROM (
                pg_catalog.unnest(\(values: names)::text[]),
                pg_catalog.unnest(\(values: values)::text[]))
                AS w (name, value)
            JOIN pg_catalog.pg_settings AS s ON s.name = w.name
            WHERE s.setting <> w.value AND (w.name, s.setting) <> ('search_path', '""')
            ORDER BY w.name
            """)
        let wrong = try left.rows.map {
            "\(try $0.text(0)) is '\(try $0.text(1))' and not '\(try $0.text(2))'"
        }
        guard wrong.isEmpty else { throw refusal(wrong.joined(separator: "; ")) }
    }

    private static func refusal(_ reason: String) -> Problem {
        Problem(
            "database.setting", .configuration,
            "A setting that archives depend on could not be set: \(reason). Nothing was touched.",
            hint: "Remove it from the role, the database or the pooler (ALTER ROLE … RESET …), or "
                + "let a superuser grant SET on it.")
    }
}
