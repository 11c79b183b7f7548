import CLibPQ
import FailPoints
import Retention

/// Rows on their way into the server, as COPY text lines.
public final class CopyIn {
    /// What libpq is handed at once: it copies that, and the server waits for all of it.
    private static let chunkBytes = 1 << 18

    private let connection: Connection
    private var isOver = false

    init(
        _ columns: [Identifier], into relation: QualifiedName, freeze: Bool,
        on connection: Connection
    ) throws {
        self.connection = connection
        let options: SQL = freeze ? " WITH (FREEZE)" : ""
        try connection.beginCopy(
            "copy.in", "COPY \(relation) (\(columns)) FROM STDIN\(options)", expect: PGRES_COPY_IN)
    }

    deinit { cancel() }

    /// Hands on bytes of COPY text; they need not end with a line.
    public func send(_ bytes: UnsafeRawBufferPointer) throws {
        guard !isOver else {
            throw PostgresError.unexpected("the COPY is over", statement: "copy.in")
        }
        if FailPoint.fails(at: "copy.in") { throw connection.injected("copy.in") }
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(Self.chunkBytes)
            let sent = UnsafeRawBufferPointer(rebasing: chunk).withMemoryRebound(to: CChar.self) {
                PQputCopyData(connection.handle, $0.baseAddress, Int32($0.count))
            }
            guard sent == 1 else {
                let error = connection.failure(of: "copy.in")
                cancel()
                throw error
            }
            rest = rest.dropFirst(chunk.count)
        }
    }

    /// Ends the stream; gives the number of rows that the server took.
    public func finish() throws -> Int64 {
        guard !isOver else {
            throw PostgresError.unexpected("the COPY is over", statement: "copy.in")
        }
        isOver = true
        connection.isOccupied = false
        guard PQputCopyEnd(connection.handle, nil) == 1,
            let last = PQgetResult(connection.handle)
        else { throw connection.failure(of: "copy.in") }
        defer { connection.drain() }
        let result = try connection.checked(last, "copy.in")
        guard result.commandTag.hasPrefix("COPY "),
            let rows = Int64(result.commandTag.dropFirst(5))
        else {
            throw PostgresError.unexpected(
                "the server said \(result.commandTag)", statement: "copy.in")
        }
        return rows
    }

    /// Takes it all back. The transaction is of no more use.
    public func cancel() {
        guard !isOver else { return }
        isOver = true
        connection.isOccupied = false
        _ = PQputCopyEnd(connection.handle, "cancelled by pgretain")
        connection.drain()
    }
}
