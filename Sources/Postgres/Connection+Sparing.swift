import CLibPQ

// For sessions that only look, beside an application and monitoring's clock.
extension Connection {
    /// From here on no statement waits or runs for long: it fails instead.
    public func boundStatements(lockMilliseconds: Int, statementMilliseconds: Int) throws {
        try run("session.lock-bound", "SET lock_timeout = \(number: lockMilliseconds)")
        try run(
            "session.statement-bound", "SET statement_timeout = \(number: statementMilliseconds)")
    }

    /// Where the server keeps its data, as a path of this host; nil where that cannot be known: over
    /// the network, and for roles that may not see it.
    public func localDataDirectory() throws -> String? {
        guard let host = PQhost(handle), host.pointee == CChar(UInt8(ascii: "/")) else {
            return nil
        }
        return try run(
            "connection.data-directory",
            """
            SELECT s.setting FROM pg_catalog.pg_settings AS s WHERE s.name = 'data_directory'
            """
        ).first?.text(0)
    }
}
