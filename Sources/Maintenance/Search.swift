import Archives
import Retention
import RowCoding
import Synchronization

/// Rows out of archives, with no database: only parts that can hold some are read.
public struct Search {
    public struct Query: Sendable {
        public var table: QualifiedName
        public var from: Moment?
        public var to: Moment?
        /// All of them are to be met.
        public var conditions: [RowCondition]
        /// What of a row is given; nil for all, as the archive has it.
        public var selection: [String]?
        /// In which form; in any other than lines of JSON, without a selection all columns are
        /// given that any archive has.
        public var form: RowFilter.Form
        public var limit: Int

        public init(
            table: QualifiedName, from: Moment?, to: Moment?, conditions: [RowCondition],
            selection: [String]?, form: RowFilter.Form, limit: Int
        ) {
            self.table = table
            self.from = from
            self.to = to
            self.conditions = conditions
            self.selection = selection
            self.form = form
            self.limit = limit
        }
    }

    /// What was found, and what had to be read for it.
    public struct Summary: Sendable, Encodable {
        public var rows = 0
        public var archives = 0
        public var archivesRead = 0
        public var parts = 0
        public var partsRead = 0
        public var bytes: Int64 = 0
        public var bytesRead: Int64 = 0
        /// The columns of the archives that were looked at, in their order.
        public var columns: [String] = []
        /// What is given of each row, where it is not the archive's line.
        public var selection: [String]?
        /// Ranges between the archives, or of what was asked for, that no archive covers.
        public var gaps: [PartitionBounds] = []
        /// From the first archive to the end of the last; nil where none can be read.
        public var covered: PartitionBounds?
        /// What else was not searched, a sentence each.
        public var notes: [String] = []
        /// What could not be searched.
        public var problems: [Problem] = []
    }

    private let site: Site
    private let interruption: Interruption

    public init(site: Site, interruption: Interruption) {
        self.site = site
        self.interruption = interruption
    }

    /// One part to be looked through.
    private struct Task: Sendable {
        let number: Int
        let part: Manifest.Part
        let archive: Int
    }

    /// An archive with rows that may meet the query.
    private struct Source: Sendable {
        let slice: Slice
        let manifest: Manifest
        let directory: ArchiveDirectory
        let columns: [CodedColumn]
        let conditions: [(RowCondition, FieldPath)]
        let questions: [PartFilter.Question]
        let parts: [Manifest.Part]
    }

    private final class Found: @unchecked Sendable {
        // Owned by one thread at a time: the worker that fills it, then the one that gives it out.
        var lines = OutputBuffer()
        var rows = 0
    }

    private enum Outcome: Sendable {
        case found(Found)
        case damaged(Problem)
    }

    /// Gives the rows' lines out, in the order of the archives' ranges and of the rows in them;
    /// before them what is known before any part is read.
    public func run(
        _ query: Query, begin: (Summary) -> Void = { _ in },
        give: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Summary {
        var summary = Summary()
        let sources = try sources(query, &summary)
        begin(summary)
        let tasks = sources.enumerated().flatMap { index, source in
            source.parts.map { (part: $0, archive: index) }
        }.enumerated().map { Task(number: $0, part: $1.part, archive: $1.archive) }
        guard !tasks.isEmpty, query.limit > 0 else { return summary }

        let workers = min(site.workersInMemory, tasks.count)
        let waiting = BlockingQueue(tasks)
        waiting.close()
        // Who has none of these may not begin: what is found waits for its turn in memory.
        let tickets = BlockingQueue(Array(repeating: true, count: workers + 1))
        let results = Mutex<[Int: Outcome]>([:])
        let changed = BlockingQueue<Bool>()
        let (interruption, limit, form) = (interruption, query.limit, query.form)
        let selection = summary.selection
        let read = Mutex((parts: 0, bytes: Int64(0), archives: Set<Int>()))
        let stop: @Sendable () -> Void = {
            waiting.abandon()
            tickets.abandon()
            changed.abandon()
        }
        try Threads.run(
            workers,
            work: {
                var reader = PartReader()
                while tickets.pop() != nil, let task = waiting.pop() {
                    try interruption.check()
                    let source = sources[task.archive]
                    let found = Found()
                    let answer = PartFilter.ask(
                        source.questions, of: task.part, in: source.directory)
                    guard answer.mayHold else {
                        read.withLock { $0.bytes += answer.bytesRead }
                        results.withLock { $0[task.number] = .found(found) }
                        changed.push(true)
                        continue
                    }
                    var outcome = Outcome.found(found)
                    do {
                        var filter = try RowFilter(
                            source.columns, conditions: source.conditions, selection: selection,
                            form: form)
                        found.rows = try filter.filter(
                            try reader.read(task.part, in: source.directory), limit: limit,
                            into: &found.lines)
                    } catch {
                        if let error = error as? ArchiveError, error.isOfTheStore { throw error }
                        outcome = .damaged(Problem(explaining: error))
                    }
                    read.withLock {
                        $0.parts += 1
                        $0.bytes += answer.bytesRead + task.part.bytes
                        $0.archives.insert(task.archive)
                    }
                    results.withLock { $0[task.number] = outcome }
                    changed.push(true)
                }
            },
            stop: stop,
            lead: {
                var next = 0
                while next < tasks.count, summary.rows < limit {
                    guard let outcome = results.withLock({ $0.removeValue(forKey: next) }) else {
                        guard changed.pop() != nil else { return }
                        continue
                    }
                    next += 1
                    switch outcome {
                    case .damaged(let problem): summary.problems.append(problem)
                    case .found(let found) where found.rows > 0:
                        let rows = min(found.rows, limit - summary.rows)
                        try give(found.lines.bytes.firstLines(rows, of: found.rows))
                        summary.rows += rows
                    case .found: break
                    }
                    tickets.push(true)
                }
                stop()
            })
        read.withLock {
            summary.partsRead = $0.parts
            summary.bytesRead = $0.bytes
            summary.archivesRead = $0.archives.count
        }
        return summary
    }

    // MARK: Where to look

    private func sources(_ query: Query, _ summary: inout Summary) throws -> [Source] {
        let store = try site.openStore(.readOnly, .short)
        let zone = try site.settingsIfAny(of: query.table)?.policy.zone ?? .utc
        let asked = Set(query.conditions.map(\.subject) + (query.selection ?? []))
        var unknown: Set<String>?
        var found: [(archive: StoredArchive, manifest: Manifest, columns: [CodedColumn])] = []
        let stored = try store.archives(of: query.table)
        for archive in stored where archive.superseded == nil {
            try interruption.check()
            do {
                let manifest = try archive.manifest.get()
                let columns = try manifest.codedColumns()
                summary.archives += 1
                summary.parts += manifest.parts.count
                summary.bytes += manifest.bytes
                for column in columns where !summary.columns.contains(column.name) {
                    summary.columns.append(column.name)
                }
                let missing = asked.filter { FieldPath($0, in: columns) == nil }
                unknown = unknown.map { $0.intersection(missing) } ?? missing
                found.append((archive, manifest, columns))
            } catch {
                summary.problems.append(Problem(explaining: error))
            }
        }
        guard !found.isEmpty || !summary.problems.isEmpty else {
            throw Problem(
                "archive.missing", .missing,
                "There is no archive of \(query.table) in \(store.root). Nothing was searched.",
                hint: "Is the store mounted? pgretain archives list")
        }
        let newest = found.max { $0.manifest.bounds < $1.manifest.bounds }
        let wanted = query.selection(by: newest?.manifest.keyType, zone)
        try wanted.requireRange(undone: "Nothing was searched.")
        (summary.covered, summary.gaps) = wanted.covered(by: found.map(\.manifest.bounds))
        summary.notes += stored.filter { $0.superseded != nil && wanted.admits($0) }.map {
            "not searched: \($0.noteBesideAnother)"
        }
        summary.selection = query.selection ?? (query.form == .json ? nil : summary.columns)
        if let name = unknown?.sorted().first {
            throw Problem(
                "search.column", .usage, "No archive of \(query.table) has a column \(name).",
                hint: "They have: \(summary.columns.joined(separator: ", ")).")
        }
        do {
            found.sort { $0.manifest.bounds < $1.manifest.bounds }
            let admitted = found.filter { wanted.admits($0.archive) }
            // What is nonsense is said where the range has no archive, too.
            let sources = try RowSelection.ready(
                admitted.isEmpty ? found : admitted, slice: \.archive.slice, notes: &summary.notes
            ) {
                try source($0.archive, $0.manifest, $0.columns, query, zone)
            }
            let overlap = wanted.overlap(
                among: sources.map { ($0.slice, $0.manifest) },
                undone: "Each is searched by itself.")
            if let overlap { summary.problems.append(overlap) }
            return sources
        } catch let fault as ConditionFault {
            let condition = fault.condition
            throw Problem(
                "search.condition", .usage,
                "\(condition.subject)\(condition.comparison.rawValue)\(condition.operand): "
                    + "\(fault.reason).",
                hint: "pgretain search --help has examples.")
        }
    }

    /// Nil where no row of the archive can meet the query.
    private func source(
        _ archive: StoredArchive, _ manifest: Manifest, _ columns: [CodedColumn], _ query: Query,
        _ zone: Zone
    ) throws -> Source? {
        let wanted = query.selection(by: manifest.keyType, zone)
        let (conditions, canBeMet) = try wanted.conditions(
            in: manifest, columns, of: manifest.definition)
        guard canBeMet else { return nil }
        // A condition that is none is said before anything is read.
        _ = try RowFilter(columns, conditions: conditions, selection: query.selection)
        let parts = wanted.parts(of: manifest)
        guard !parts.isEmpty else { return nil }
        return Source(
            slice: archive.slice, manifest: manifest, directory: archive.directory,
            columns: columns,
            conditions: conditions, questions: manifest.questions(conditions, columns),
            parts: parts)
    }
}

extension Search.Query {
    /// Where keys have no zone, midnights are UTC's.
    fileprivate func selection(by keyType: KeyType?, _ zone: Zone) -> RowSelection {
        let zone = keyType?.isNaive ?? false ? Zone.utc : zone
        return RowSelection(
            from: from?.instant(in: zone), to: to?.instant(in: zone), conditions: conditions,
            zone: zone)
    }
}

extension RowSelection {
    /// From where to where there are archives, and ranges of that, or of what is wanted, that none
    /// covers.
    fileprivate func covered(by archives: [PartitionBounds]) -> (
        whole: PartitionBounds?, gaps: [PartitionBounds]
    ) {
        guard let first = archives.map(\.from).min(), let last = archives.map(\.to).max() else {
            return (nil, [])
        }
        let asked = PartitionBounds(from: from ?? first, to: to ?? last)
        return (PartitionBounds(from: first, to: last), asked?.without(archives) ?? [])
    }

    /// Whether an archive may have wanted rows; one whose manifest cannot be read may.
    fileprivate func admits(_ archive: StoredArchive) -> Bool {
        guard case .success(let manifest) = archive.manifest else { return true }
        return admits(manifest.bounds)
    }
}

extension UnsafeRawBufferPointer {
    /// The first of so many lines.
    fileprivate func firstLines(_ wanted: Int, of all: Int) -> UnsafeRawBufferPointer {
        guard wanted < all else { return self }
        var left = wanted
        for (index, byte) in enumerated() where byte == UInt8(ascii: "\n") {
            left -= 1
            if left == 0 { return UnsafeRawBufferPointer(rebasing: self[...index]) }
        }
        return self
    }
}
