import CLibPQ
import FailPoints
import Retention

/// Rows on their way out of the server, as COPY text lines.
///
/// It has succeeded only when the server said CopyDone, then `COPY n` with the n counted here, and
/// then that it is ready: a stream that merely ends may lack rows.
public final class CopyOut {
    private let connection: Connection
    /// Lines received so far.
    public private(set) var rows: Int64 = 0
    /// All lines came, and the server has confirmed their number.
    public private(set) var isFinished = false
    private var isAbandoned = false
    private static let paceBytes = 1 << 17

    convenience init(
        _ columns: [Identifier], from relation: QualifiedName, where condition: SQL = "true",
        on connection: Connection
    ) throws {
        // Text format and its defaults are spelt by saying nothing.
        try self.init(
            "COPY (SELECT \(columns) FROM ONLY \(relation) WHERE \(condition)) TO STDOUT",
            on: connection)
    }

    /// What a COPY of another query sends.
    init(_ copy: SQL, on connection: Connection) throws {
        self.connection = connection
        try connection.beginCopy("copy.out", copy, expect: PGRES_COPY_OUT)
    }

    deinit { abandon() }

    /// Appends lines until their bytes, and `rowOverhead` for each, reach the budget, or none are
    /// left; at least one line. False once there was none to append. `pace` hears of what came in
    /// portions of `paceBytes`, and may take its time.
    public func fill(
        _ block: CopyBlock, budget: Int, rowOverhead: Int, pace: ((Int) throws -> Void)? = nil
    ) throws -> Bool {
        if isFinished { return false }
        guard !isAbandoned else {
            throw PostgresError.unexpected("the COPY was given up", statement: "copy.out")
        }
        if FailPoint.fails(at: "copy.out") { throw connection.injected("copy.out") }
        var spent = 0
        var received: Int64 = 0
        var unpaced = 0
        var line: UnsafeMutablePointer<CChar>?
        var length: Int32 = 0
        repeat {
            length = PQgetCopyData(connection.handle, &line, 0)
            guard length > 0, let bytes = line else { break }
            block.append(line: bytes, count: Int(length))
            received += 1
            spent += Int(length) + rowOverhead
            unpaced += Int(length)
            let last = bytes[Int(length) - 1]
            PQfreemem(bytes)
            guard last == CChar(bitPattern: UInt8(ascii: "\n")) else {
                abandon()
                throw PostgresError.unexpected("a row without its newline", statement: "copy.out")
            }
            if let pace, unpaced >= Self.paceBytes {
                try pace(unpaced)
                unpaced = 0
            }
        } while spent < budget
        rows += received
        if unpaced > 0 { try pace?(unpaced) }
        if length <= 0 { try finish(length) }
        return received > 0
    }

    private func finish(_ status: Int32) throws {
        guard status == -1 else {
            let error = connection.failure(of: "copy.out")
            abandon()
            throw error
        }
        connection.isOccupied = false
        isAbandoned = true
        guard let last = PQgetResult(connection.handle) else {
            throw connection.failure(of: "copy.out")
        }
        defer { connection.drain() }
        let result = try connection.checked(last, "copy.out")
        guard result.commandTag == "COPY \(rows)" else {
            throw PostgresError.unexpected(
                "\(rows) rows came, and the server said \(result.commandTag)",
                statement: "copy.out")
        }
        // No further result: the server is ready, and has nothing to take back.
        if let more = PQgetResult(connection.handle) {
            _ = try connection.checked(more, "copy.out")
            throw PostgresError.unexpected("a second result", statement: "copy.out")
        }
        guard !connection.isBroken else { throw connection.failure(of: "copy.out") }
        isAbandoned = false
        isFinished = true
    }

    /// Stops the server, and forgets what was on its way. The transaction is of no more use.
    public func abandon() {
        guard !isFinished, !isAbandoned else { return }
        isAbandoned = true
        connection.isOccupied = false
        // Where it cannot be stopped it is read to its end.
        if let cancel = PQgetCancel(connection.handle) { Canceller(cancel).cancel() }
        var line: UnsafeMutablePointer<CChar>?
        while PQgetCopyData(connection.handle, &line, 0) > 0 { PQfreemem(line) }
        connection.drain()
    }
}

extension Connection {
    /// Throws away what is left of a command's results.
    func drain() {
        var rounds = 0
        while let result = PQgetResult(handle) {
            PQclear(result)
            rounds += 1
            // A COPY that will not end gives the same result for ever.
            if rounds > 10 { return markBroken() }
        }
    }
}
