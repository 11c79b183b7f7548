import Foundation

/// A throw-away PostgreSQL cluster for this test process, gone when the process is.
///
/// `PGRETAIN_TEST_AS=member` lets everything be done by a login role without superuser rights
/// that is a member of the tables' owner.
public final class Cluster: Sendable {
    /// Started at first use.
    public static let shared = Cluster(settings: [])

    public let socketDirectory: String
    public let port: String
    private let script: SupportScript

    /// Whether the program connects as a member of the owner role.
    public static let asMember = ProcessInfo.processInfo.environment["PGRETAIN_TEST_AS"] == "member"

    public static var repository: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    /// A cluster of its own for tests that change what is the whole server's: with settings that
    /// need a start, such as `archive_mode=on`.
    public convenience init(settings: [String]) {
        self.init(arguments: settings.flatMap { ["-c", $0] })
        makeRoles()
    }

    /// A streaming replica of another cluster.
    public convenience init(standbyOf primary: Cluster, settings: [String]) {
        self.init(
            arguments: ["--standby-of", primary.socketDirectory, primary.port]
                + settings.flatMap { ["-c", $0] })
    }

    private init(arguments: [String]) {
        do {
            script = try SupportScript("throwaway-cluster.sh", ["--tcp"] + arguments)
        } catch { fatalError("no cluster: \(error)") }
        socketDirectory = script.place
        port = script.port
    }

    private func makeRoles() {
        do {
            try psql(
                "postgres",
                """
                CREATE ROLE logs_owner NOLOGIN;
                CREATE ROLE logs_member LOGIN IN ROLE logs_owner;
                CREATE ROLE logs_reader LOGIN;
                CREATE ROLE pgretain_password LOGIN PASSWORD 'correct';
                """)
        } catch { fatalError("no roles: \(error)") }
    }

    /// Whether its programs came with an extension.
    public static func brings(_ name: String) -> Bool { extensions.contains(name) }

    private static let extensions: Set<String> = {
        do {
            let names = try shared.psql("postgres", "SELECT name FROM pg_available_extensions")
            return Set(names.split(separator: "\n").map(String.init))
        } catch { fatalError("\(error)") }
    }()

    /// Of its major version: 15.
    public static let version: Int = {
        do {
            let number = try shared.psql("postgres", "SHOW server_version_num")
            return (Int(number) ?? 0) / 10_000
        } catch { fatalError("\(error)") }
    }()

    // MARK: The server's life

    /// As `pg_ctl stop -m immediate`: what was not flushed is lost.
    public func crash() throws { try script.tell("crash") }

    /// After a crash; recovers.
    public func start() throws { try script.tell("start") }

    /// Makes a standby the primary, with what has reached it.
    public func promote() throws { try script.tell("promote") }

    /// Stops it for good, and removes it.
    public func end() { script.end() }

    // MARK: Databases

    /// A fresh database, owned by `logs_owner`; the role under test may create a schema in it.
    /// `encoding`: another one than UTF8.
    public func createDatabase(encoding: String? = nil) throws -> Database {
        let name = "t_\(UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased())"
        let form = encoding.map { " ENCODING '\($0)' LOCALE 'C' TEMPLATE template0" } ?? ""
        try psql("postgres", "CREATE DATABASE \(name) OWNER logs_owner\(form)")
        try psql(
            name,
            """
            GRANT CREATE ON DATABASE \(name) TO logs_member;
            ALTER SCHEMA public OWNER TO logs_owner;
            """)
        return Database(cluster: self, name: name)
    }

    /// The newest of Debian's: what is in PATH there is a script that looks for it each time, and
    /// tests run it by the thousand.
    static let psqlProgram: String = {
        let versions = (9...99).map { "/usr/lib/postgresql/\($0)/bin/psql" }
        return versions.last(where: FileManager.default.isExecutableFile) ?? "/usr/bin/psql"
    }()

    /// Runs the real psql; throws what it says.
    @discardableResult
    public func psql(
        _ database: String, _ sql: String, user: String = "postgres", input: Data? = nil
    ) throws -> String {
        let arguments =
            ["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", socketDirectory, "-p", port, "-U", user]
            + ["-d", database] + (input == nil ? ["-f", "-"] : ["-c", sql])
        let outcome = try Program.run(
            Self.psqlProgram, arguments, environment: ["PGOPTIONS": "-c timezone=UTC"],
            input: input ?? Data(sql.utf8))
        guard outcome.status == 0 else { throw PsqlError(message: outcome.stderr) }
        return outcome.stdout.hasSuffix("\n") ? String(outcome.stdout.dropLast()) : outcome.stdout
    }
}

public struct PsqlError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}

/// One database of the cluster.
public struct Database: Sendable {
    public let cluster: Cluster
    public let name: String

    /// The role that the program connects as.
    public var user: String { Cluster.asMember ? "logs_member" : "postgres" }

    /// For the program: a libpq keyword string.
    public var conninfo: String { conninfo(user: user) }

    public func conninfo(user: String) -> String {
        "host=\(cluster.socketDirectory) port=\(cluster.port) dbname=\(name) user=\(user)"
    }

    /// As the superuser, but what it makes belongs to the owner of the logs.
    @discardableResult
    public func psql(_ sql: String) throws -> String {
        try cluster.psql(name, "SET ROLE logs_owner;\n" + sql)
    }

    /// As the superuser.
    @discardableResult
    public func superuser(_ sql: String) throws -> String {
        try cluster.psql(name, sql)
    }

    /// Loads COPY text.
    public func copyIn(_ table: String, _ text: [UInt8]) throws {
        try cluster.psql(name, "COPY \(table) FROM STDIN", input: Data(text))
    }

    /// A psql session that stays open, to stand in for an application.
    public func session() throws -> PsqlSession { try PsqlSession(self) }
}
