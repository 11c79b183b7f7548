import CLibPQ
import Retention

/// What a server says of itself at login.
public struct ServerFacts: Sendable, Equatable {
    /// `150020` for 15.20.
    public var versionNumber: Int
    /// `15.20 (Debian 15.20-0+deb12u1)`
    public var version: String
    /// The database's, such as `UTF8`.
    public var encoding: String
    /// From `pg_control_system()`, where that may be called.
    public var systemIdentifier: String?
    public var database: String
    public var databaseOID: UInt32
    /// Whose rights count: after SET ROLE.
    public var user: String
    public var isSuperuser: Bool
    /// By the server's clock.
    public var connectedAt: Instant
    /// `zero_damaged_pages` and `ignore_checksum_failure`, where they are on.
    public var unsafeSettings: [String]

    static let unknown = ServerFacts(
        versionNumber: 0, version: "", encoding: "", systemIdentifier: nil, database: "",
        databaseOID: 0, user: "", isSuperuser: false, connectedAt: Instant(microseconds: 0),
        unsafeSettings: [])

    /// Refuses a server that is too old, and a standby.
    static func read(from connection: Connection) throws -> ServerFacts {
        let row = try connection.run(
            "connection.facts",
            """
            SELECT pg_catalog.current_setting('server_version_num'),
                pg_catalog.current_setting('server_version'),
                pg_catalog.pg_encoding_to_char(d.encoding),
                d.datname, d.oid, pg_catalog.pg_is_in_recovery(),
                pg_catalog.to_char(
                    pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
                pg_catalog.has_function_privilege(
                    'pg_catalog.pg_control_system()', 'EXECUTE'),
                ARRAY(
                    SELECT s.name FROM pg_catalog.pg_settings AS s
                    WHERE s.name IN ('zero_damaged_pages', 'ignore_checksum_failure')
                        AND s.setting = 'on'
                    ORDER BY s.name)::text
            FROM pg_catalog.pg_database AS d
            WHERE d.datname = pg_catalog.current_database()
            """
        ).one()
        let number = Int(try row.int(0))
        let version = try row.text(1)
        let database = try row.text(3)
        guard number >= 140_000 else {
            throw Problem(
                "database.version", .configuration,
                "The server is PostgreSQL \(version); 14 is the oldest that is supported. Nothing "
                    + "was touched.",
                hint: "Upgrade the server.")
        }
        guard try !row.bool(5) else {
            throw StandbyServer(database: database)
        }
        let listed = try row.text(8).filter { $0 != "{" && $0 != "}" }
        return ServerFacts(
            versionNumber: number, version: version, encoding: try row.text(2),
            systemIdentifier: try row.bool(7) ? systemIdentifier(connection) : nil,
            database: database, databaseOID: try row.oid(4), user: "", isSuperuser: false,
            connectedAt: try row.instant(6),
            unsafeSettings: listed.split(separator: ",").map(String.init))
    }

    private static func systemIdentifier(_ connection: Connection) throws -> String {
        try connection.run(
            "connection.system", "SELECT system_identifier FROM pg_catalog.pg_control_system()"
        ).one().text(0)
    }

    /// SET ROLE where that is wanted, and who one is then.
    func acting(as role: String?, on connection: Connection) throws -> ServerFacts {
        if let role {
            do {
                try connection.run("connection.role", "SET ROLE \(Identifier(role))")
            } catch let error as PostgresError
                where error.isPermission || error.sqlState == "22023"
            {
                throw Problem(
                    "database.role", .permission,
                    "SET ROLE \(role) was refused: \(error.message). Nothing was touched.",
                    hint: "GRANT \(Identifier(role).quoted) TO the role that logs in.")
            }
        }
        let row = try connection.run(
            "connection.user",
            "SELECT current_user, rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
        ).one()
        var facts = self
        facts.user = try row.text(0)
        facts.isSuperuser = try row.bool(1)
        return facts
    }
}

/// Where nothing can be done: the server repeats what another does.
public struct StandbyServer: Explainable {
    var database: String

    public var problem: Problem {
        Problem(
            "database.standby", .unavailable,
            "The server of database \(database) is a standby (in recovery): it takes no changes. "
                + "Nothing was touched.",
            hint: "Connect to the primary server, or add target_session_attrs=read-write; "
                + "on_standby: skip where each host has this job.")
    }
}
