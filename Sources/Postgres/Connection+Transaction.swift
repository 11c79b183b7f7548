import CLibPQ

extension Connection {
    /// How a transaction begins; said aloud, since a role or a database may set other defaults.
    enum TransactionMode {
        case readCommitted
        case snapshot
        /// All statements see one snapshot, and what the transaction itself has written.
        case writingSnapshot

        var begin: SQL {
            switch self {
            case .readCommitted: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
            case .snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            case .writingSnapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
            }
        }
    }

    var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

    func begin(_ mode: TransactionMode) throws {
        guard !isInTransaction else {
            throw PostgresError.unexpected(
                "a transaction is open already", statement: "transaction.begin")
        }
        try run("transaction.begin", mode.begin)
    }

    /// A COMMIT of a failed transaction is answered by ROLLBACK; that is an error here.
    func commit() throws {
        let result = try run("transaction.commit", "COMMIT")
        guard result.commandTag == "COMMIT" else {
            throw PostgresError.unexpected(
                "COMMIT was answered by \(result.commandTag)", statement: "transaction.commit")
        }
        ledger.linkCommitted()
    }

    /// Leaves the session outside of any transaction, or marks it broken.
    func rollback() {
        unlinked = []
        guard isInTransaction else { return }
        do { try run("transaction.rollback", "ROLLBACK") } catch { markBroken() }
    }

    /// All of `body` or nothing of it.
    func transaction<Value>(_ mode: TransactionMode, _ body: () throws -> Value) throws -> Value {
        try begin(mode)
        do {
            let value = try body()
            try commit()
            return value
        } catch {
            rollback()
            throw error
        }
    }

    /// All of `body` or nothing of it: for words of operators and their ledger rows.
    public func together<Value>(_ body: () throws -> Value) throws -> Value {
        try transaction(.readCommitted, body)
    }

    /// In the current transaction where there is one, else in one of its own.
    func inSomeTransaction<Value>(_ body: () throws -> Value) throws -> Value {
        isInTransaction ? try body() : try transaction(.readCommitted, body)
    }

    /// All of `body` or nothing of it, within a transaction; locks taken inside go with it.
    func savepoint<Value>(_ body: () throws -> Value) throws -> Value {
        try run("transaction.savepoint", "SAVEPOINT pgretain")
        do {
            let value = try body()
            try run("transaction.release", "RELEASE SAVEPOINT pgretain")
            return value
        } catch {
            do {
                try run("transaction.return", "ROLLBACK TO SAVEPOINT pgretain")
                try run("transaction.release", "RELEASE SAVEPOINT pgretain")
            } catch {
                rollback()
            }
            throw error
        }
    }

    /// Until the transaction ends.
    func setLocal(lockTimeout milliseconds: Int) throws {
        try run("transaction.lock-timeout", "SET LOCAL lock_timeout = \(number: milliseconds)")
    }
}
