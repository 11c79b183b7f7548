import Retention

/// What the server or libpq refused, with the statement's name and never with a row's contents.
public struct PostgresError: Error, Equatable, Sendable {
    /// The five characters of Appendix A of the manual; nil when libpq itself failed.
    public var sqlState: String?
    /// The server's primary message. DETAIL and CONTEXT are left out: they may quote rows.
    public var message: String
    /// The statement's name, such as `catalog.partitions`.
    public var statement: String
    /// What the connection was about: `export system_logs_2025_01`.
    public var step: String?
    /// Whether the connection is of no more use.
    public var isFatal: Bool

    init(
        sqlState: String? = nil, message: String, statement: String, step: String? = nil,
        isFatal: Bool = false
    ) {
        self.sqlState = sqlState
        // Class 23 names columns and constraints only; the row is in its DETAIL.
        let kind = sqlState?.prefix(2)
        let mayQuote = kind != "23" && (statement == "copy.in" || kind == "22" || kind == "P0")
        self.message = Self.oneLine(message, withoutValues: mayQuote)
        self.statement = statement
        self.step = step
        self.isFatal = isFatal
    }

    /// Data exceptions, messages of triggers and whatever a COPY stumbles over quote values; what
    /// is quoted is cut out.
    private static func oneLine(_ message: String, withoutValues: Bool) -> String {
        let line = message.split { $0.isWhitespace }.joined(separator: " ")
        guard withoutValues, let first = line.firstIndex(of: "\""),
            let last = line.lastIndex(of: "\""), first < last
        else { return line }
        return line[...first] + "…" + line[last...]
    }

    /// Nothing is wrong with the database: a lock, a limit of time, or a right that is missing.
    public var isPassing: Bool { isLockTimeout || isPermission || sqlState == "57014" }
    public var isLockTimeout: Bool { sqlState == "55P03" }
    var isDeadlock: Bool { sqlState == "40P01" }
    /// Others were in the way: their locks, or what they committed meanwhile.
    public var passesOnRetry: Bool { isLockTimeout || isDeadlock || sqlState == "40001" }
    var isPermission: Bool { sqlState == "42501" }

    /// An answer that this program does not understand.
    static func unexpected(_ what: String, statement: String) -> PostgresError {
        PostgresError(sqlState: "XX000", message: what, statement: statement)
    }
}

extension PostgresError: Explainable {
    public var problem: Problem {
        let kind = Kind(self)
        let during = step.map { " during \($0)" } ?? ""
        let state = sqlState.map { " [\($0)]" } ?? ""
        let left =
            statement.hasPrefix("connection.")
            ? "Nothing was touched."
            : isFatal && statement == "transaction.commit"
                ? "Whether it was committed, the next run sees in the catalogue."
                : "The transaction was rolled back; nothing was dropped."
        return Problem(
            kind.id, kind.status,
            "\(statement)\(during): \(message)\(state). \(left)",
            hint: kind.hint)
    }

    private struct Kind {
        let id: String
        let status: ExitStatus
        let hint: String

        init(_ id: String, _ status: ExitStatus, _ hint: String) {
            self.id = id
            self.status = status
            self.hint = hint
        }

        init(_ error: PostgresError) {
            let state = error.sqlState ?? ""
            switch (state, state.prefix(2)) {
            case ("42501", _) where error.message.contains("row-level security"):
                self.init(
                    "database.row-security", .permission,
                    "An archive must hold every row: ALTER ROLE … BYPASSRLS, or ALTER TABLE … NO "
                        + "FORCE ROW LEVEL SECURITY for the owner.")
            case ("42501", _):
                self.init(
                    "database.permission", .permission,
                    "Detaching and dropping need ownership: GRANT the table's owner role to the "
                        + "role that runs pgretain; reading needs GRANT SELECT.")
            case ("28P01", _), ("28000", _):
                self.init(
                    "database.login", .unavailable,
                    "Check the password (.pgpass, PGPASSWORD, password_command) and pg_hba.conf.")
            case ("55P03", _), ("40P01", _), ("40001", _), ("55006", _):
                self.init("lock.busy", .tryLater, "Run it again; nobody was left waiting.")
            case ("57014", _):
                self.init(
                    "database.cancelled", .tryLater,
                    "Somebody cancelled the statement, or a timeout did. Run it again.")
            case ("53100", _):
                self.init(
                    "database.full", .inputOutput, "Make room on the database server's disk.")
            case ("53200", _), ("53300", _), (_, "53"):
                self.init(
                    "database.resources", .unavailable,
                    "The server is short of connections or memory. Run it again later.")
            case ("57P01", _), ("57P02", _), ("57P03", _), ("57P05", _), (_, "08"):
                self.init(
                    "database.unavailable", .unavailable,
                    "The server went away or is starting. Run it again.")
            case ("3D000", _):
                self.init("database.missing", .unavailable, "Check the database's name.")
            case ("25006", _):
                self.init("database.standby", .unavailable, "Connect to the primary server.")
            case (_, "42") where error.statement == "copy.in":
                self.init(
                    "database.value", .data,
                    "A value names something that is not in this database, or not once (regclass "
                        + "and kin). `restore --into` a new table makes such columns text.")
            case ("42P01", _), ("3F000", _), ("42704", _):
                self.init("relation.missing", .missing, "Run `pgretain plan` to see what is there.")
            case ("42P07", _), ("42710", _):
                self.init("relation.exists", .partial, "Rename or remove it, and run it again.")
            case ("55000", _), ("2BP01", _), ("0A000", _):
                self.init(
                    "database.state", .partial,
                    "The table is not in a state that allows it; `pgretain plan` shows it.")
            case ("54000", _), (_, "54"):
                self.init(
                    "database.limit", .data,
                    "The server cannot send such a row (1 GB of COPY text at most). It stays.")
            case (_, "22"):
                self.init(
                    "database.value", .data, "A value does not fit its column's type as it is now.")
            case (_, "23"):
                self.init(
                    "database.constraint", .data, "Rows violate a constraint of the table.")
            case (_, "58"), ("XX001", _), ("XX002", _):
                self.init(
                    "database.damaged", .inputOutput, "Look at the database server's log at once.")
            case ("", _):
                self.init(
                    "database.unreachable", .unavailable,
                    "Check that the server runs and that `database:` names it; `psql` with the "
                        + "same settings must work.")
            case (_, "P0"):
                self.init("database.raised", .partial, "A trigger or function refused.")
            default:
                self.init(
                    "database.refused", .bug,
                    "Please report it with the output of the same command and -v.")
            }
        }
    }
}
