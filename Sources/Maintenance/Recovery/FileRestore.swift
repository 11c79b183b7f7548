import Archives
import Glibc
import Postgres
import Retention
import RowCoding

/// Adds the rows of files that another program wrote, lines of JSON, to a table that is there.
///
/// Such a file has no manifest and no digest: that all of its lines became rows is all that can be
/// proven.
public struct FileRestore {
    public struct Result: Sendable, Encodable {
        public var relation: QualifiedName
        public var files: [String]
        public var bytes: Int64
        /// Those that were added.
        public var rows: UInt64
        /// Rows that were left out, as was asked for, since their keys were in the table already.
        public var skipped: SkippedRows?
        public var seconds: Double
    }

    /// What the files hold beside what the table takes.
    public struct Plan: Sendable, Encodable {
        public var relation: QualifiedName
        public var files: [String]
        public var bytes: Int64
        public var rows: UInt64
        public var columns: [ColumnMatch]
        public var notes: [String]
        public var obstacles: [Problem]

        var fields: [(key: String, column: Column)]

        private enum CodingKeys: CodingKey {
            case relation, files, bytes, rows, columns, notes, obstacles
        }
    }

    private let site: Site
    private let interruption: Interruption
    private let host: String
    private let files: [String]
    private let name: QualifiedName
    private let form: ForeignLines.Form?
    private let fit: ColumnFit
    private let onConflict: RestoreRequest.OnConflict

    /// `form`: nil where it has to be told from the files.
    public init(
        _ files: [String], form: ForeignLines.Form?, into name: QualifiedName, fit: ColumnFit,
        onConflict: RestoreRequest.OnConflict, site: Site, interruption: Interruption, host: String
    ) {
        self.files = files
        self.name = name
        self.form = form
        self.fit = fit
        self.onConflict = onConflict
        self.site = site
        self.interruption = interruption
        self.host = host
    }

    /// Reads the files to their ends, and changes nothing.
    public func plan() throws -> Plan {
        try refuseArchives()
        let connection = try site.connect(as: "pgretain: restore \(name.name)")
        let target = try target(on: connection)
        let read = try readFiles { _ in }
        return try plan(read, target, connection)
    }

    /// All lines become rows, in one transaction, or none does; but those whose keys the table has,
    /// where that was asked for. `refused` hears of columns that do not fit.
    public func run(refused: (Plan) -> Void) throws -> Result {
        let stopwatch = Stopwatch()
        try refuseArchives()
        let connection = try site.connect(as: "pgretain: restore \(name.name)")
        try connection.ledger.prepare()
        let run = RunIdentity(newOn: host, tool: site.tool)
        let target = try target(on: connection)
        let appending = try Appending(to: target, on: connection)
        let canceller = try connection.canceller()
        let cancel: @Sendable () -> Void = { canceller.cancel() }
        do {
            return try interruption.whileCancelling(cancel) {
                let waiting = try appending.makeRoomForLines()
                var read: Read?
                let taken = try connection.load(waiting, columns: ["line"]) { copy in
                    read = try readFiles { try copy.send($0) }
                }
                guard let read, read.rows == UInt64(taken) else {
                    throw Problem(
                        "restore.rows", .data,
                        "\(taken) lines were loaded of \(read?.rows ?? 0). Nothing was restored.",
                        hint: "Run it again.")
                }
                let plan = try plan(read, target, connection)
                if let obstacle = plan.obstacles.first {
                    refused(plan)
                    throw obstacle
                }
                let (added, skipped) = try add(plan, appending)
                guard added + (skipped?.rows ?? 0) == read.rows else {
                    throw Problem(
                        "restore.rows", .data,
                        "\(added) rows were added of \(read.rows). Nothing was restored.",
                        hint: "A trigger on \(name) swallows rows.")
                }
                var event = LedgerEvent(.restored, table: name, relation: name)
                event.details = [
                    "attached": "no", "appended": "yes", "files": files.joined(separator: ", "),
                    "lines": "\(read.rows)",
                ]
                if let skipped { event.details.merge(skipped.details) { $1 } }
                try appending.append(event, by: run)
                try interruption.check()
                try appending.commit()
                return Result(
                    relation: name, files: files, bytes: read.bytes, rows: added, skipped: skipped,
                    seconds: stopwatch.seconds)
            }
        } catch {
            appending.rollback()
            try interruption.check()
            throw error
        }
    }

    private func add(_ plan: Plan, _ appending: Appending) throws -> (
        added: UInt64, skipped: SkippedRows?
    ) {
        switch onConflict {
        case .refuse:
            let (added, conflict) = try appending.unlessInConflict {
                try ContentDigest(
                    copy: try appending.addLines(plan.fields), interruption: interruption)
            }
            if let added { return (added.rows, nil) }
            throw Problem(
                "restore.conflict", .data,
                "\(conflict?.message ?? "A key is there already"). Nothing was added to \(name).",
                hint: "Were they restored before? --on-conflict skip adds the others.")
        case .skip:
            try appending.readLines(plan.fields)
            let columns = plan.fields.map(\.column.name)
            var skipped = SkippedRows()
            let added = try appending.addSkipping(
                columns, comparing: columns, asBytea: [], &skipped, interruption: interruption)
            return (added.rows, skipped)
        }
    }

    private func target(on connection: Connection) throws -> Relation {
        let managed = site.tables.map(\.policy.table)
        guard try connection.catalog.relation(named: name) != nil else {
            let like = managed.first?.description ?? "…"
            throw Problem(
                "restore.missing", .missing,
                "There is no table \(name), and what files of other programs hold does not say of "
                    + "which types one would have to be. Nothing was restored.",
                hint: "CREATE TABLE \(name) (LIKE \(like) INCLUDING DEFAULTS); then run it again.")
        }
        return try connection.appendTarget(name, refusing: Set(managed)).relation
    }

    // MARK: The files

    /// An archive's own part is read by its manifest alone: some of its strings stand for other
    /// values, such as a json column's, and only the manifest says which.
    private func refuseArchives() throws(Problem) {
        for path in files {
            let steps = path.split(separator: "/", omittingEmptySubsequences: false)
            let directory: String = steps.dropLast().map { $0 + "/" }.joined()
            let file = steps.last ?? ""
            let number = file.dropFirst("part-".count).dropLast(".ndjson.gz".count)
            let isPart = file == "part-\(number).ndjson.gz" && number.allSatisfy(\.isNumber)
            guard isPart || access(directory + "_manifest.json", F_OK) == 0 else { continue }
            throw Problem(
                "restore.part", .usage,
                "\(path) is a part of an archive of pgretain's: by itself it does not say what its "
                    + "values are. Nothing was restored.",
                hint: "pgretain restore --table … --period … --into \(name) --append, with "
                    + "--generation … for an older one, reads it with its manifest.")
        }
    }

    private struct Read {
        var rows: UInt64 = 0
        var bytes: Int64 = 0
        var keys: [String] = []
    }

    private static let chunkBytes = 1 << 20

    /// Gives the lines out as COPY text.
    private func readFiles(_ give: (UnsafeRawBufferPointer) throws -> Void) throws -> Read {
        var read = Read()
        var text = OutputBuffer()
        let chunk = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.chunkBytes, alignment: 16)
        defer { chunk.deallocate() }
        for path in files {
            var lines = ForeignLines(form: form)
            do {
                var file = try ForeignFile(path: path)
                read.bytes += file.bytes
                while case let count = try file.read(into: chunk), count > 0 {
                    try interruption.check()
                    text.removeAll()
                    try lines.append(
                        UnsafeRawBufferPointer(rebasing: chunk[..<count]), into: &text)
                    try give(text.bytes)
                }
                text.removeAll()
                try lines.finish(into: &text)
                try give(text.bytes)
            } catch let error as ArchiveError {
                throw Self.problem(error, path)
            } catch let fault as ForeignLines.Fault {
                throw Problem(
                    "restore.line", .data,
                    "Line \(fault.line) of \(path): \(fault.reason). Nothing was restored.",
                    hint: "One JSON object a line is expected; --form copy if COPY … TO STDOUT has "
                        + "printed them, with every backslash doubled.")
            }
            guard !lines.isAmbiguous else {
                throw Problem(
                    "restore.form", .data,
                    "\(path): every backslash is doubled. That is how COPY … TO STDOUT prints JSON, "
                        + "and it may be JSON that holds such backslashes: the values would differ. "
                        + "Nothing was restored.",
                    hint: "Say which: --form copy, or --form json.")
            }
            read.rows += lines.rows
            for key in lines.keys where !read.keys.contains(key) { read.keys.append(key) }
        }
        return read
    }

    private static func problem(_ error: ArchiveError, _ path: String) -> Problem {
        switch error {
        case .damaged(_, let reason):
            Problem(
                "restore.file", .data, "\(path): \(reason). Nothing was restored.",
                hint: "gzip -t \(path.shellWord); was it copied to its end?")
        case .system(_, _, ENOENT):
            Problem(
                "restore.file", .missing, "There is no file \(path). Nothing was restored.",
                hint: "Name files of one JSON object a line, gzipped or not.")
        default: error.problem
        }
    }

    // MARK: Columns

    private func plan(_ read: Read, _ target: Relation, _ connection: Connection) throws -> Plan {
        let table = try connection.catalog.definition(of: target.oid).columns
        try fit.check(archived: read.keys, table: table.map(\.name), of: name)
        var plan = Plan(
            relation: name, files: files, bytes: read.bytes, rows: read.rows,
            columns: ColumnMatch.matches(keys: read.keys, in: table, fit: fit), notes: [],
            obstacles: [], fields: [])
        for match in plan.columns {
            guard let key = match.archived, let name = match.column,
                let column = table.first(where: { $0.name == name })
            else { continue }
            if column.isGenerated {
                plan.notes.append("\(name) is generated: the server makes it again")
            } else {
                plan.fields.append((key, column))
            }
        }
        if let obstacle = ColumnMatch.obstacle(plan.columns, in: name, of: "files") {
            plan.obstacles.append(obstacle)
        }
        // An identifier is cut at 63 bytes: the server would look for another key.
        if let long = plan.fields.first(where: { $0.key.utf8.count > 63 }) {
            plan.obstacles.append(
                Problem(
                    "restore.key", .data,
                    "The key \(long.key) is too long for the server. Nothing was restored.",
                    hint: "Give it a shorter name in the files."))
        }
        guard read.rows > 0, !plan.fields.isEmpty else {
            plan.obstacles.append(
                Problem(
                    "restore.no-rows", .missing,
                    "The files hold no row with a key that \(name) has a column for. Nothing was "
                        + "restored.",
                    hint: "Look at them: zcat FILE | head"))
            return plan
        }
        return plan
    }
}
