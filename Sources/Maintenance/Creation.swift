import Postgres
import Retention

/// The first user's table, made partitioned from the start, with its first months.
public struct Creation: Sendable, Encodable {
    public var table: QualifiedName
    /// The months that were made.
    public var partitions: [String]

    public typealias Metadata = SystemLogsTable.Metadata

    /// What `create` runs, to be read or put into a migration.
    public static func sql(_ table: QualifiedName, metadata: Metadata) -> String {
        SystemLogsTable.sql(table, metadata: metadata)
    }

    /// Where the table is there already only what it lacks is made.
    public static func create(
        site: Site, table name: QualifiedName, metadata: Metadata, interruption: Interruption
    ) throws -> Creation {
        let connection = try site.connect(as: "pgretain: init")
        let table = try SystemLogsTable.create(name, metadata: metadata, on: connection)
        let policy = RetentionPolicy(
            table: name, key: table.key, period: .month, premake: 3, retain: Span(days: 90),
            then: .keep, grace: Span(days: 7), zone: .utc, maxRetire: 0)
        let settings = TableSettings(policy: policy, compression: .lines, sliceOver: .max)
        let now = try connection.serverClock()
        let seen = TableObservation.observe(settings, on: connection, store: nil, now: now)
        let plan = Planner().plan(Observation(now: now, tables: [seen])).tables[0]
        let made = Premaking(
            connection: connection, ladder: site.ladder(interruption), drainsDefault: false
        ).run(plan, of: table, newestSibling: nil)
        if let problem = (plan.problems + made.problems).first { throw problem }
        return Creation(table: name, partitions: made.done.map(\.partition))
    }
}
