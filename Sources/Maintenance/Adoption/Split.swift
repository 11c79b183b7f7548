import FailPoints
import Glibc
import Postgres
import Retention

/// Splits the wide partition of a table into partitions of a period each, while the application
/// goes on. One that died in the middle begins again.
public struct Split {
    public struct Result: Sendable, Encodable {
        public var table: QualifiedName
        /// The wide partition, which is no more.
        public var partition: QualifiedName
        public var rows: UInt64
        /// What took its place, oldest first.
        public var partitions: [QualifiedName]
        /// For how long nobody else could read or write the table, at the longest.
        public var lockedSeconds: Double
        public var seconds: Double
    }

    /// What it would do, and what is in the way.
    public struct Preview: Sendable, Encodable {
        public var table: QualifiedName
        public var partition: QualifiedName
        /// Needed once more until it is done, beside the server's log of all that is written.
        public var bytes: Int64
        public var pieces: [SplitPiece]
        public var obstacles: [Problem]
    }

    private let site: Site
    private let settings: TableSettings
    private let interruption: Interruption
    private let progress: ProgressSink?
    private let host: String
    private let now: Instant?

    public init(
        site: Site, table: QualifiedName, interruption: Interruption, progress: ProgressSink?,
        host: String, now: Instant?
    ) throws {
        self.site = site
        settings = try site.settings(of: table)
        self.interruption = interruption
        self.progress = progress
        self.host = host
        self.now = now
    }

    private var name: QualifiedName { settings.policy.table }

    // MARK: Looking

    public func preview() throws -> Preview {
        try connected { connection, parent in
            let wide = try wide(of: parent, on: connection)
            return Preview(
                table: name, partition: wide.name, bytes: wide.bytes,
                pieces: try pieces(of: wide, parent, on: connection),
                obstacles: try obstacles(to: wide, parent, on: connection))
        }
    }

    private func wide(of parent: PartitionedTable, on connection: Connection) throws -> Partition {
        let partitions = try connection.catalog.partitions(of: parent)
        guard let wide = partitions.first(where: \.isWide) else {
            throw Problem(
                "split.none", .missing,
                "\(name) has no partition that takes all that is older (from MINVALUE on). Nothing "
                    + "was done.",
                hint: "pgretain status --table \(name.description.shellWord)")
        }
        return wide
    }

    private func pieces(
        of wide: Partition, _ parent: PartitionedTable, on connection: Connection
    ) throws -> [SplitPiece] {
        guard case .open(_, let to?) = wide.extent,
            let oldest = try connection.catalog.oldestKey(of: wide, in: parent, until: to)
        else {
            throw Problem(
                "split.empty", .missing,
                "\(wide.name) holds no row with a time from the year 1 on. Nothing was done.",
                hint: "An empty one is dropped by a night.")
        }
        let calendar = TableCalendar(
            policy: settings.policy, keyType: parent.keyType,
            now: try now ?? connection.serverClock())
        return calendar.splitPieces(
            oldest: oldest, to: to, of: parent,
            named: calendar.namePattern(of: try connection.catalog.partitions(of: parent)))
    }

    private func obstacles(
        to wide: Partition, _ parent: PartitionedTable, on connection: Connection
    ) throws -> [Problem] {
        func brake(_ id: String, _ message: String, hint: String) -> Problem {
            Problem(id, .brake, "\(message). Nothing was changed, writes go on.", hint: hint)
        }
        var problems: [Problem] = []
        do { try connection.ddl.refuseSharedSequences(of: wide) } catch {
            problems.append(Problem(explaining: error))
        }
        let unvalidated = try connection.catalog.unvalidatedChecks(of: parent)
        if !unvalidated.isEmpty {
            problems.append(
                brake(
                    "split.unvalidated",
                    "Rows of \(name) may break " + unvalidated.joined(separator: ", "),
                    hint: "ALTER TABLE … VALIDATE CONSTRAINT, or drop it."))
        }
        if try !connection.catalog.hasPrimaryKey(wide.oid) {
            problems.append(
                brake(
                    "split.key", "\(wide.name) has no primary key to know changed rows by",
                    hint: "Give the table one that holds \(parent.key)."))
        }
        if !parent.incomingForeignKeys.isEmpty {
            problems.append(
                brake(
                    "split.foreign-keys",
                    "Other tables point at its rows: "
                        + parent.incomingForeignKeys.joined(separator: ", "),
                    hint: "Drop those foreign keys, or let nights shrink it slice by slice."))
        }
        if try connection.catalog.isPublished(parent) {
            problems.append(
                brake(
                    "split.published",
                    "\(name) is published, and subscribers would get its rows a second time",
                    hint: "Take it out of the publication first, or let nights shrink it."))
        }
        guard try connection.ledger.state() != .absent else { return problems }
        if let pause = try connection.ledger.standingOrders(of: name).pauses.first {
            problems.append(
                brake(
                    "split.paused", "Work on \(name) is paused: \(pause.reason)",
                    hint: "pgretain resume, once that is over."))
        }
        let isLeaving = try connection.ledger.states(of: name).values.contains {
            $0.kind == .deleting && $0.relationOID == wide.oid
        }
        if isLeaving {
            problems.append(
                brake(
                    "split.deleting", "Archived rows of \(wide.name) are being deleted",
                    hint: "pgretain run finishes that."))
        }
        return problems
    }

    // MARK: Doing

    public func run() throws -> Result {
        let stopwatch = Stopwatch()
        return try connected { connection, parent in
            try connection.ledger.prepare()
            let run = RunIdentity(newOn: host, tool: site.tool)
            let lock = try RunLock(on: connection, table: Relation(parent))
            let ladder = site.ladder(interruption)
            _ = try connection.removeUnfinishedSplits(of: parent, ladder: ladder, by: run)
            let wide = try wide(of: parent, on: connection)
            let obstacles = try obstacles(to: wide, parent, on: connection)
            guard obstacles.isEmpty else { throw Obstructed(problems: obstacles) }
            let splitting = try Splitting(
                wide, of: parent, into: try pieces(of: wide, parent, on: connection),
                on: connection, ladder: ladder)
            var result: Result
            do {
                result = try self.run(splitting, wide, parent, on: connection, by: run)
            } catch {
                removeOwn(of: parent, on: connection, by: run)
                try interruption.check()
                throw error
            }
            let made = Set(splitting.pieces.map(\.name))
            result.partitions = try connection.catalog.partitions(of: parent).map(\.name)
                .filter(made.contains)
            try connection.setStep("analyze \(name.name)")
            try connection.catalog.analyze(parent)
            try lock.release()
            result.seconds = stopwatch.seconds
            return result
        }
    }

    /// How often what changed meanwhile is caught up with before the swap is given up.
    private static let mostAttempts = 20

    /// How many changes may be copied under the lock: few (one takes up to half a millisecond) so
    /// long as there is hope for that, and more where much is written.
    private static func mostUnderLock(attempt: Int) -> Int64 {
        attempt < mostAttempts / 2 ? 100 : 1000
    }

    private func run(
        _ splitting: Splitting, _ wide: Partition, _ parent: PartitionedTable,
        on connection: Connection, by run: RunIdentity
    ) throws -> Result {
        try connection.setStep("split \(wide.name.name)")
        try splitting.stage(by: run)
        FailPoint.pass("split.staged")
        var locked = try splitting.watch()
        FailPoint.pass("split.watched")
        let copying = StepProgress(
            .split, of: wide.name.name, table: name,
            totalRows: wide.estimatedRows.map(UInt64.init(clamping:)), sink: progress)
        var told: Int64 = 0
        _ = try splitting.copy { rows in
            try interruption.check()
            copying.add(rows: UInt64(clamping: rows - told), bytes: 0)
            told = rows
        }
        copying.finish()
        FailPoint.pass("split.copied")
        _ = try again { try splitting.catchUp() }
        try splitting.finish { try interruption.check() }
        FailPoint.pass("split.indexed")
        let proof = try again {
            try splitting.prove { try ContentDigest(copy: $0, interruption: interruption) }
        }
        FailPoint.pass("split.proven")
        try splitting.beginForgetting()
        try waitForOthers(splitting, on: connection)
        _ = try again { try splitting.catchUp() }
        try splitting.bind { try interruption.check() }
        FailPoint.pass("split.bound")
        for attempt in 0..<Self.mostAttempts {
            // As it was hours ago is not enough.
            let obstacles = try obstacles(to: wide, parent, on: connection)
            guard obstacles.isEmpty else { throw Obstructed(problems: obstacles) }
            try splitting.tidyNotes()
            try catchUpClosely(splitting)
            FailPoint.pass("split.caught-up")
            let seconds = try splitting.swap(
                proof: proof, mostUnderLock: Self.mostUnderLock(attempt: attempt), by: run)
            guard let seconds else { continue }
            FailPoint.pass("split.swapped")
            locked = max(locked, seconds)
            return Result(
                table: name, partition: wide.name, rows: proof.rows, partitions: [],
                lockedSeconds: locked, seconds: 0)
        }
        throw Problem(
            "split.busy", .tryLater,
            "\(wide.name) changes faster than its copy can follow. What was copied is thrown away; "
                + "nothing else was changed, writes go on.",
            hint: "Run it again when less is written, or once the partition is in the past.")
    }

    /// Each round takes as long as what was written during the one before it.
    private func catchUpClosely(_ splitting: Splitting) throws {
        for _ in 0..<Self.mostAttempts {
            try interruption.check()
            if try again({ try splitting.catchUp() }) <= 10 { return }
        }
    }

    /// Where there are foreign keys, others change copies too: a transaction that has not ended, or
    /// ended meanwhile, is no reason to throw hours of copying away.
    private func again<Value>(_ body: () throws -> Value) throws -> Value {
        let waiting = Stopwatch()
        while waiting.seconds < 600 {
            do { return try body() } catch let error as PostgresError where error.passesOnRetry {
                try interruption.check()
                usleep(200_000)
            }
        }
        return try body()
    }

    /// Somebody may have begun before the copy, and read the table only after the swap; or changed a
    /// row, and left its copy.
    private func waitForOthers(_ splitting: Splitting, on connection: Connection) throws {
        let waiting = Stopwatch()
        var old = try splitting.othersAtWork()
        try connection.setStep("split, waiting for older transactions")
        while !old.isEmpty {
            guard waiting.seconds < 3600 else {
                throw Problem(
                    "split.old-transactions", .tryLater,
                    "Transactions older than the copy have not ended within an hour ("
                        + old.sorted().joined(separator: "; ") + "). What was copied is thrown "
                        + "away; nothing else was changed, writes go on.",
                    hint: "Run it again once they are done.")
            }
            usleep(200_000)
            try interruption.check()
            old.formIntersection(try splitting.othersAtWork())
        }
    }

    /// What cannot be taken away now is taken away by the next attempt, or by the next night.
    private func removeOwn(
        of parent: PartitionedTable, on connection: Connection, by run: RunIdentity
    ) {
        // Twice: what a signal cancels may be the first attempt.
        for _ in 0..<2 where !connection.isBroken {
            do {
                _ = try connection.removeUnfinishedSplits(
                    of: parent, ladder: site.ladder(Interruption()), by: run)
                return
            } catch { continue }
        }
    }

    private func connected<Value>(_ body: (Connection, PartitionedTable) throws -> Value) throws
        -> Value
    {
        let connection = try site.connect(as: "pgretain: split")
        return try interruption.whileCancelling(try connection.canceller().cancelling) {
            try body(
                connection,
                try connection.catalog.partitionedTable(
                    name, key: settings.policy.key, keyType: settings.policy.keyType))
        }
    }
}
