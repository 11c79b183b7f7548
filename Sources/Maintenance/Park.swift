import Postgres
import Retention

/// Moves rows that belong to no period to come out of the DEFAULT partition.
public struct Park {
    public struct Result: Sendable, Encodable {
        public var table: QualifiedName
        public var aside: QualifiedName
        public var outliers: Outliers
        /// Rows from here on belong to a period that is kept, up to `to`.
        public var from: Instant
        /// A year ahead.
        public var to: Instant
        /// Zero after a dry run.
        public var moved: Int64
    }

    private let site: Site
    private let interruption: Interruption
    private let host: String
    private let now: Instant?

    public init(site: Site, interruption: Interruption, host: String, now: Instant?) {
        self.site = site
        self.interruption = interruption
        self.host = host
        self.now = now
    }

    public func run(_ table: QualifiedName, aside: QualifiedName, dryRun: Bool) throws -> Result {
        let policy = try site.settings(of: table).policy
        let connection = try site.connect(as: "pgretain: park \(table.name)")
        return try interruption.whileCancelling(try connection.canceller().cancelling) {
            let parent = try connection.catalog.partitionedTable(
                table, key: policy.key, keyType: policy.keyType)
            // They show whether the unit of an epoch is right.
            _ = try connection.catalog.partitions(of: parent, measured: false)
            let calendar = TableCalendar(
                policy: policy, keyType: parent.keyType, now: try now ?? connection.serverClock())
            let to = Span(days: 366).after(calendar.now, in: calendar.zone)
            guard let span = PartitionBounds(from: calendar.cutoff, to: to),
                let parking = try Parking(of: parent, within: span, on: connection)
            else {
                throw Problem(
                    "park.no-default", .missing,
                    "\(table) has no DEFAULT partition. Nothing was moved.",
                    hint: "There is nothing to do.")
            }
            var result = Result(
                table: table, aside: aside, outliers: try parking.outliers(), from: span.from,
                to: span.to, moved: 0)
            guard !dryRun, result.outliers.count > 0 else { return result }
            let run = RunIdentity(newOn: host, tool: site.tool)
            try connection.ledger.prepare()
            try requireNothingInTheWay(parent, policy, connection)
            let lock = try RunLock(on: connection, table: Relation(parent))
            result.moved = try parking.move(into: aside, by: run) { try interruption.check() }
            try lock.release()
            guard result.moved >= result.outliers.count else {
                throw Problem(
                    "park.left", .partial,
                    "\(result.moved) of \(result.outliers.count) rows were moved into \(aside).",
                    hint: "Somebody changed the others meanwhile, or a trigger keeps them: run it "
                        + "again.")
            }
            return result
        }
    }

    private func requireNothingInTheWay(
        _ parent: PartitionedTable, _ policy: RetentionPolicy, _ connection: Connection
    ) throws {
        if let pause = try connection.ledger.standingOrders(of: parent.name).pauses.first {
            throw Problem(
                "park.paused", .brake,
                "Work on \(parent.name) is paused: \(pause.reason). Nothing was moved.",
                hint: "pgretain resume, once that is over.")
        }
        guard parent.incomingForeignKeys.isEmpty else {
            throw Problem(
                "park.foreign-keys", .brake,
                "Other tables point at rows of \(parent.name): "
                    + parent.incomingForeignKeys.joined(separator: ", ") + ". Nothing was moved.",
                hint: "Those rows stay in DEFAULT while foreign keys point at the table.")
        }
        if try connection.catalog.publishesDeletes(of: parent), !policy.replicatesDeletes {
            throw Problem(
                "park.published", .brake,
                "\(parent.name) is published, and its subscribers would lose the rows that are "
                    + "moved. Nothing was moved.",
                hint: "Set replicate_deletes: true where they should.")
        }
    }
}
