import CLibPQ
import Glibc
import Retention

/// Where to connect, and as whom.
public struct ConnectionSettings: Sendable, Equatable {
    /// Whatever libpq understands: a URI, a keyword string, or nothing for its environment.
    public var conninfo: String
    /// From a password command; nil leaves it to libpq.
    public var password: String?
    /// SET ROLE after connecting.
    public var role: String?
    public var applicationName: String
    /// How long each address may take to let us in, whatever else says so; nil leaves it to that.
    public var connectTimeoutSeconds: Int?

    public init(
        conninfo: String = "", password: String? = nil, role: String? = nil,
        applicationName: String = "pgretain", connectTimeoutSeconds: Int? = nil
    ) {
        self.conninfo = conninfo
        self.password = password
        self.role = role
        self.applicationName = applicationName
        self.connectTimeoutSeconds = connectTimeoutSeconds
    }

    /// Load balancers forget idle sessions after a few minutes; a dead peer shows in 90 s.
    private static let defaults = [
        ("keepalives", "1"), ("keepalives_idle", "60"), ("keepalives_interval", "10"),
        ("tcp_user_timeout", "90000"), ("connect_timeout", "10"),
    ]

    func connect() throws -> OpaquePointer {
        let chosen = try chosenKeywords()
        var keywords = [("fallback_application_name", applicationName)]
        // What a service file says cannot be seen from here, and must not be overridden.
        if !chosen.contains("service") {
            keywords += Self.defaults.filter { !chosen.contains($0.0) }
        }
        keywords.append(("dbname", conninfo))
        // The last of equal keywords wins, also over what `dbname` is expanded to.
        if let password { keywords.append(("password", password)) }
        if let connectTimeoutSeconds {
            keywords.append(("connect_timeout", "\(connectTimeoutSeconds)"))
        }

        let names = keywords.map { strdup($0.0) }
        let values = keywords.map { strdup($0.1) }
        defer { for string in names + values { free(string) } }
        let nameList = names.map { UnsafePointer($0) } + [nil]
        let valueList = values.map { UnsafePointer($0) } + [nil]
        guard let handle = PQconnectdbParams(nameList, valueList, 1) else {
            throw PostgresError(message: "out of memory", statement: "connection.open")
        }
        guard PQstatus(handle) == CONNECTION_OK else {
            defer { PQfinish(handle) }
            throw Self.failure(handle)
        }
        return handle
    }

    /// The keywords that the user's string or libpq's environment has set.
    private func chosenKeywords() throws -> Set<String> {
        var chosen: Set<String> = []
        var message: UnsafeMutablePointer<CChar>?
        // A string without `=` that is no URI is a plain database name to libpq.
        if conninfo.contains("=") || conninfo.contains("://") {
            guard let options = PQconninfoParse(conninfo, &message) else {
                defer { PQfreemem(message) }
                let text = message.map { String(cString: $0) } ?? "it cannot be read"
                throw Problem(
                    "database.conninfo", .configuration,
                    "The connection string is wrong: \(text.filter { $0 != "\n" }). Nothing was touched.",
                    hint: "It is a URI (postgresql://…), `keyword=value` pairs, or a database's "
                        + "name.")
            }
            chosen.formUnion(Self.set(in: options))
        }
        if let options = PQconndefaults() { chosen.formUnion(Self.set(in: options)) }
        return chosen
    }

    private static func set(in options: UnsafeMutablePointer<PQconninfoOption>) -> Set<String> {
        defer { PQconninfoFree(options) }
        var names: Set<String> = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val, value.pointee != 0 {
                names.insert(String(cString: keyword))
            }
            option += 1
        }
        return names
    }

    /// libpq keeps no SQLSTATE of a failed login; its words are all there is.
    private static func failure(_ handle: OpaquePointer) -> PostgresError {
        let text = String(cString: PQerrorMessage(handle))
        let isLogin =
            PQconnectionNeedsPassword(handle) == 1 || PQconnectionUsedPassword(handle) == 1
            || text.contains("authentication failed") || text.contains("pg_hba.conf")
        return PostgresError(
            sqlState: isLogin ? "28000" : nil, message: text, statement: "connection.open",
            isFatal: true)
    }
}
