import Retention

/// The schema `pgretain`: what was done, and what an operator said.
///
/// An event's row is written in the transaction that does the thing; no row is ever changed. Right
/// after that it is linked to those before it (`chain`), so that a change would show.
public struct Ledger {
    /// Of the schema; a newer one belongs to a newer program.
    public static let version = 1

    public enum State: Equatable, Sendable {
        case absent
        case version(Int)
    }

    let connection: Connection

    /// Whether there is a ledger; refuses one that a newer program made.
    public func state() throws -> State {
        guard try connection.catalog.relation(named: .init(schema: "pgretain", name: "meta")) != nil
        else { return .absent }
        let row: QueryResult.Row
        do {
            row = try connection.run("ledger.version", "SELECT version FROM pgretain.meta").one()
        } catch let error as PostgresError where error.isPermission {
            let user = Identifier(connection.facts.user).quoted
            throw Problem(
                "ledger.permission", .permission,
                "The role \(connection.facts.user) may not read the ledger: \(error.message). "
                    + "Nothing was done.",
                hint: "GRANT USAGE ON SCHEMA pgretain TO \(user); GRANT SELECT, INSERT, UPDATE ON "
                    + "ALL TABLES IN SCHEMA pgretain TO \(user);")
        }
        let version = Int(try row.int(0))
        guard version <= Self.version else {
            throw Problem(
                "ledger.newer", .configuration,
                "The ledger in this database has version \(version); this pgretain knows "
                    + "\(Self.version). Nothing was done.",
                hint: "Install the newer pgretain on this host too.")
        }
        return .version(version)
    }

    /// Makes the schema and its tables where they are absent, and what an earlier release did not
    /// make.
    public func prepare() throws {
        if try state() == .absent { try create() } else { try createChain() }
    }

    /// What `prepare` would run, for those whose DBAs apply DDL themselves; nil where all is there.
    public func missingSQL() throws -> String? {
        if try state() == .absent { return Self.schemaSQL }
        return try hasChain() ? nil : Self.createChainSQL + "\n" + Self.grantChainSQL + ";\n"
    }

    /// If nobody else has meanwhile.
    private func create() throws {
        do {
            try connection.transaction(.readCommitted) {
                // Two hosts may begin at once.
                try connection.run(
                    "ledger.lock", "SELECT pg_catalog.pg_advisory_xact_lock(1885827685, 0)")
                guard try state() == .absent else { return }
                let schema = try connection.run(
                    "ledger.schema",
                    "SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'pgretain'")
                if schema.count == 0 {
                    try connection.runScript("ledger.create-schema", Self.createSchemaSQL)
                }
                try connection.runScript("ledger.create", Self.createTablesSQL)
                try createChain()
            }
        } catch let error as PostgresError where error.isPermission {
            let user = Identifier(connection.facts.user).quoted
            let database = Identifier(connection.facts.database).quoted
            throw Problem(
                "ledger.create", .permission,
                "The ledger cannot be made: \(error.message). Nothing was done.",
                hint: "GRANT CREATE ON DATABASE \(database) TO \(user); or, as somebody who may: "
                    + "CREATE SCHEMA pgretain AUTHORIZATION \(user);")
        }
    }

    /// What a store is bound to; nil without a ledger.
    public func uuid() throws -> String? {
        guard try state() != .absent else { return nil }
        return try connection.run("ledger.uuid", "SELECT ledger FROM pgretain.meta").one().text(0)
    }
}
