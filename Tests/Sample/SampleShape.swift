import Retention

/// What a sample of logs looks like: which months, how many rows, which variant of the table.
public struct SampleShape: Sendable {
    /// How `extra_metadata` is typed; older applications have text.
    public enum Metadata: String, CaseIterable, Sendable { case text, jsonb }

    /// The first day of the first month.
    public var firstMonth: CivilDate
    /// How many months, at least one.
    public var months: Int
    /// How many rows in all, the edge rows among them.
    public var rows = 500_000
    public var seed: UInt64 = 1
    public var metadata = Metadata.jsonb
    /// A plain table, as the application's ORM makes it, instead of one partition a month.
    public var isPlain = false
    /// Whether a partitioned table has a DEFAULT partition.
    public var hasDefaultPartition = false
    /// Whether foreign keys point at `users` and `companies`, as in the older main database.
    public var hasForeignKeys = false
    /// Whether the rows that bite an exporter are among the rows.
    public var hasEdgeRows = true

    public init(firstMonth: CivilDate, months: Int) {
        self.firstMonth = firstMonth
        self.months = months
    }

    /// The first day after the last month.
    var end: CivilDate { firstMonth.adding(months: months) }
}
