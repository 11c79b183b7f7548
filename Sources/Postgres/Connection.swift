import CLibPQ
import FailPoints
import Retention

/// A session of one server process, from login to `deinit`; it is never reconnected.
///
/// Whoever holds it uses it from one thread at a time. Only the `Canceller` may be used beside.
public final class Connection {
    let handle: OpaquePointer
    private let notices = NoticeList()
    private var applicationName: String
    private var step: String?
    private var hasFailed = false
    /// A COPY or a transaction that nobody else may run statements in.
    var isOccupied = false
    /// Entries of the ledger that were written since the last commit, in their order.
    var unlinked: [Int64] = []
    var linking = Ledger.Linking.notYet
    /// For a lock that only a look at sizes wants.
    var longestWaitMilliseconds = 3000

    public private(set) var facts: ServerFacts

    /// Connects, and refuses what cannot be worked with: a pooler, a standby, settings that do
    /// not take.
    public init(_ settings: ConnectionSettings) throws {
        handle = try settings.connect()
        applicationName = settings.applicationName
        // From here on deinit owns the handle.
        facts = .unknown
        PQsetNoticeReceiver(
            handle,
            { context, result in
                guard let context, let result else { return }
                Unmanaged<NoticeList>.fromOpaque(context).takeUnretainedValue().add(result)
            }, Unmanaged.passUnretained(notices).toOpaque())
        try SessionPins.refusePooler(self)
        try SessionPins.beginSafely(on: self)
        let facts = try ServerFacts.read(from: self)
        try SessionPins.apply(to: self, encoding: facts.encoding)
        self.facts = try facts.acting(as: settings.role, on: self)
    }

    deinit { PQfinish(handle) }

    /// Whether the session is lost; what it was doing is rolled back by the server.
    public var isBroken: Bool { hasFailed || PQstatus(handle) != CONNECTION_OK }

    func markBroken() { hasFailed = true }

    /// What the server remarked since the last call.
    public func takeNotices() -> [Notice] { notices.take() }

    /// Something that another thread can end the running statement with.
    public func canceller() throws -> Canceller {
        guard let cancel = PQgetCancel(handle) else { throw failure(of: "connection.canceller") }
        return Canceller(cancel)
    }

    /// Crosses the wire and back: keeps an idle session alive, and shows that it is.
    public func ping() throws { try run("connection.ping", "SELECT") }

    /// The server's clock, now.
    public func serverClock() throws -> Instant {
        try run("connection.clock", "SELECT clock_timestamp()").one().instant(0)
    }

    /// Says in `pg_stat_activity` what the session is at: `pgretain: export system_logs_2025_01`,
    /// cut to the 63 bytes the server keeps.
    public func setStep(_ step: String?) throws {
        self.step = step
        var name = step.map { "\(applicationName): \($0)" } ?? applicationName
        while name.utf8.count > 63 { name.removeLast() }
        try run(
            "connection.step", "SELECT set_config('application_name', \(value: name), false)")
    }

    /// What `pg_stat_activity` calls the session from here on.
    public func rename(to application: String) throws {
        applicationName = application
        try setStep(nil)
    }

    /// Refuses to archive from a server that was told to invent pages.
    public func requireTrustworthyPages() throws {
        guard !facts.unsafeSettings.isEmpty else { return }
        let names = facts.unsafeSettings.joined(separator: " and ")
        throw Problem(
            "database.damage-hidden", .brake,
            "The server runs with \(names) on: it returns zeros or damaged rows as though they "
                + "were data. Nothing was archived, nothing was dropped.",
            hint: "Turn \(names) off for this role and database.")
    }

    public var catalog: Catalog { Catalog(connection: self) }
    public var ledger: Ledger { Ledger(connection: self) }
    public var ddl: PartitionDDL { PartitionDDL(connection: self) }
}

// MARK: Statements

extension Connection {
    /// Runs one statement under its name.
    @discardableResult
    func run(_ name: StaticString, _ sql: SQL) throws -> QueryResult {
        try requireFree(name)
        if FailPoint.fails(at: "sql.\(name).before") { throw injected(name) }
        let parameters = CStrings(sql.parameters)
        guard
            let result = PQexecParams(
                handle, sql.text, parameters.count, nil, parameters.pointers, nil, nil, 0)
        else { throw failure(of: name) }
        let answer = try checked(result, name)
        if FailPoint.fails(at: "sql.\(name).after") { throw injected(name) }
        return answer
    }

    /// Runs several statements without parameters, in one implicit transaction where there is none;
    /// gives the answer to the last.
    @discardableResult
    func runScript(_ name: StaticString, _ text: String) throws -> QueryResult {
        try requireFree(name)
        if FailPoint.fails(at: "sql.\(name).before") { throw injected(name) }
        guard let result = PQexec(handle, text) else { throw failure(of: name) }
        let answer = try checked(result, name)
        if FailPoint.fails(at: "sql.\(name).after") { throw injected(name) }
        return answer
    }

    /// Begins a COPY; the result is its status.
    func beginCopy(_ name: StaticString, _ sql: SQL, expect: ExecStatusType) throws {
        try requireFree(name)
        guard let result = PQexec(handle, sql.text) else { throw failure(of: name) }
        guard PQresultStatus(result) == expect else {
            _ = try checked(result, name)
            throw PostgresError.unexpected("COPY did not begin", statement: name.description)
        }
        PQclear(result)
        isOccupied = true
    }

    /// As though the connection had been cut.
    func injected(_ name: StaticString) -> PostgresError {
        markBroken()
        return lost(name)
    }

    private func requireFree(_ name: StaticString) throws {
        guard !isOccupied else {
            throw PostgresError.unexpected("a COPY is under way", statement: name.description)
        }
        guard !isBroken else { throw lost(name) }
    }

    private func lost(_ name: StaticString) -> PostgresError {
        PostgresError(
            sqlState: "08006", message: "the connection to the server is lost",
            statement: name.description, step: step, isFatal: true)
    }

    func checked(_ result: OpaquePointer, _ name: StaticString) throws -> QueryResult {
        let owned = QueryResult(result, statement: name.description)
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK: return owned
        default:
            guard let state = PQresultErrorField(result, PGDiagnostic.sqlState) else {
                throw failure(of: name)
            }
            let message = PQresultErrorField(result, PGDiagnostic.primary)
            throw PostgresError(
                sqlState: String(cString: state),
                message: message.map { String(cString: $0) } ?? "no message",
                statement: name.description, step: step, isFatal: isBroken)
        }
    }

    /// What libpq itself says went wrong, without an answer of the server: the session is of no more
    /// use. libpq does not always say so at once: after a write that failed its status is still good.
    func failure(of name: StaticString) -> PostgresError {
        markBroken()
        let message = String(cString: PQerrorMessage(handle))
        return PostgresError(
            sqlState: "08006", message: message.isEmpty ? "the connection is lost" : message,
            statement: name.description, step: step, isFatal: true)
    }
}

/// Field codes of `postgres_ext.h`, which are character constants there.
enum PGDiagnostic {
    static let severity = Int32(UInt8(ascii: "V"))
    static let sqlState = Int32(UInt8(ascii: "C"))
    static let primary = Int32(UInt8(ascii: "M"))
}

/// Parameters as libpq takes them, for as long as this lives.
private final class CStrings {
    let pointers: [UnsafePointer<CChar>?]
    private let owned: [UnsafeMutablePointer<CChar>?]

    var count: Int32 { Int32(pointers.count) }

    init(_ values: [String?]) {
        owned = values.map { value in
            value.map { value in
                value.withCString { source in
                    let bytes = value.utf8.count + 1
                    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes)
                    copy.update(from: source, count: bytes)
                    return copy
                }
            }
        }
        pointers = owned.map { UnsafePointer($0) }
    }

    deinit { for pointer in owned { pointer?.deallocate() } }
}
