import Postgres
import Retention

/// A table that `init` may put into a configuration.
public struct Discovery: Sendable {
    public var table: QualifiedName
    public var key: String
    /// Nil: the column's type says it.
    public var keyType: KeyType?
    public var period: Period
    public var isPartitioned: Bool
    /// It has children by inheritance, which nothing here can manage.
    public var hasHeirs: Bool
    public var partitions: Int
    public var bytes: Int64
    public var estimatedRows: Int64?
    /// Other columns that might be the key.
    public var otherKeys: [String]
    public var otherOwners: [String]
    /// What pg_partman has been told about it.
    public var partman: PartmanSettings?

    /// The tables of a database that grow with time, partitioned ones first, then the largest.
    public static func look(site: Site) throws -> (database: String, tables: [Discovery]) {
        let connection = try site.connect(as: "pgretain: init")
        var found: [Discovery] = []
        for candidate in try connection.catalog.candidateTables() {
            found.append(
                Discovery(
                    table: candidate.name, key: candidate.key, keyType: candidate.keyType.encoded,
                    period: period(of: candidate.bounds), isPartitioned: candidate.isPartitioned,
                    hasHeirs: candidate.hasHeirs, partitions: candidate.partitions,
                    bytes: candidate.bytes,
                    estimatedRows: candidate.estimatedRows,
                    otherKeys: candidate.otherTimeColumns,
                    otherOwners: try connection.catalog.otherOwners(of: candidate.name),
                    partman: try connection.catalog.partmanSettings(of: candidate.name)))
        }
        found.sort {
            ($0.isPartitioned ? 0 : 1, -$0.bytes, $0.table)
                < ($1.isPartitioned ? 0 : 1, -$1.bytes, $1.table)
        }
        return (connection.facts.database, found)
    }

    /// The period nearest to the partitions' usual length; months where there are none.
    private static func period(of bounds: [PartitionBounds]) -> Period {
        let lengths = bounds.map { $0.to.microseconds - $0.from.microseconds }.sorted()
        guard !lengths.isEmpty else { return .month }
        let days = lengths[lengths.count / 2] / Instant.microsecondsPerDay
        return switch days {
        case ..<4: .day
        case ..<20: .week
        case ..<60: .month
        case ..<200: .quarter
        default: .year
        }
    }
}

/// The ledger's schema, for those whose DBAs apply DDL themselves.
public enum LedgerSchema {
    public static var sql: String { Ledger.schemaSQL }

    /// What this program needs and the database has not, as SQL; nil where nothing is missing.
    public static func missing(site: Site) throws -> String? {
        try site.connect(as: "pgretain: schema").ledger.missingSQL()
    }

    /// Makes it. A problem where the role may not.
    public static func upgrade(site: Site) throws {
        let ledger = try site.connect(as: "pgretain: schema").ledger
        try ledger.prepare()
        guard try ledger.missingSQL() == nil else {
            throw Problem(
                "schema.permission", .permission,
                "The role may make no tables in the schema pgretain. Nothing was changed.",
                hint: "pgretain schema upgrade --print | psql … as the schema's owner.")
        }
    }
}
