import Archives
import Postgres
import Retention
import RowCoding
import Synchronization

/// Reads parts on several threads and sends their rows, as COPY text, through several sessions:
/// in no order, since the digest that proves them has none.
struct PartLoader {
    let workers: Int
    let interruption: Interruption
    let progress: ProgressSink?

    /// Which table, and in what transactions.
    enum Place: Sendable {
        /// One COPY of each session.
        case atOnce(Relation)
        /// A hidden table. What a session commits is noted with it, and parts that the table has
        /// already are not read.
        case partByPart(Relation, having: [LoadedPart])
    }

    /// What went through.
    struct Tally: Sendable {
        /// Rows of the parts that were read, each proven against the manifest.
        var read: UInt64 = 0
        /// Those of them that are wanted, as the table is to give them back.
        var wanted = ContentDigest()
        /// What the server took.
        var taken: Int64 = 0
        /// Parts that the table had already; their rows are in the other numbers.
        var partsBefore = 0
    }

    /// Parts with fewer bytes of text than this are committed together, for a commit takes as long as
    /// sending some of them.
    private static let leastBytes = 1 << 18

    private final class Text: @unchecked Sendable {
        // Owned by one thread at a time: the worker that fills it, then a sender.
        var buffer = OutputBuffer()
        var part = LoadedPart(archive: "", file: "", landed: ContentDigest())
    }

    func load(
        _ sources: [RestoreSource], as landing: Landing, into place: Place, by crew: RestoreCrew
    ) throws -> Tally {
        var tasks = sources.enumerated().flatMap { index, source in
            source.parts.map { (source: index, part: $0) }
        }
        var before = Tally()
        if case .partByPart(_, let having) = place {
            let landed = Dictionary(
                having.map { (Self.name($0.archive, $0.file), $0.landed) }
            ) { $1 }
            tasks.removeAll { task in
                let name = Self.name(sources[task.source].slice.path, task.part.file)
                guard let landed = landed[name] else { return false }
                before.count(task.part, landed)
                return true
            }
        }
        let manifest = sources[0].manifest
        let name = sources.count == 1 ? manifest.partition.name : manifest.table.name
        let progress = StepProgress(
            .restore, of: name.name, table: sources[0].slice.table,
            totalRows: tasks.reduce(0) { $0 + $1.part.digest.rows }, sink: progress)
        let interruption = interruption
        let idle = BlockingQueue((0...workers).map { _ in Text() })
        let next = BlockingQueue(tasks)
        next.close()
        let filled = BlockingQueue<Text>()
        let left = Mutex(tasks.count)
        if tasks.isEmpty { filled.close() }
        let failed = Mutex(false)
        let tally = Mutex(before)
        let stop: @Sendable () -> Void = {
            failed.withLock { $0 = true }
            next.abandon()
            idle.abandon()
            filled.abandon()
        }
        try Threads.run(
            min(workers, tasks.count),
            work: {
                var sieve: (source: Int, sieve: PartSieve)?
                while let task = next.pop(), let text = idle.pop() {
                    try interruption.check()
                    if sieve?.source != task.source {
                        let placement = landing.placements[task.source]
                        sieve = (
                            task.source, try PartSieve(sources[task.source], placement)
                        )
                    }
                    guard let sieve else { return }
                    text.buffer.removeAll()
                    let (read, wanted, bytes) = try sieve.sieve.pass(
                        task.part, into: &text.buffer)
                    tally.withLock {
                        $0.read += read
                        $0.wanted.add(wanted)
                    }
                    progress.add(rows: read, bytes: bytes)
                    text.part = LoadedPart(
                        archive: sources[task.source].slice.path, file: task.part.file,
                        landed: wanted)
                    filled.push(text)
                    let isLast = left.withLock { left in
                        left -= 1
                        return left == 0
                    }
                    if isLast { filled.close() }
                }
            },
            stop: stop,
            lead: {
                let sender = Sender(
                    columns: landing.sent, filled: filled, idle: idle, interruption: interruption,
                    hasFailed: { failed.withLock { $0 } })
                try crew.run(
                    stop: stop,
                    work: { connection in
                        let taken =
                            switch place {
                            case .atOnce(let relation):
                                try sender.sendAll(to: relation, on: connection)
                            case .partByPart(let relation, _):
                                try sender.sendByPart(to: relation, on: connection)
                            }
                        tally.withLock { $0.taken += taken }
                    })
            })
        progress.finish()
        return tally.withLock { $0 }
    }

    /// Of a part among those of all archives.
    private static func name(_ archive: String, _ file: String) -> [String] { [archive, file] }

    /// One session's share of the text.
    private struct Sender: Sendable {
        let columns: [String]
        let filled: BlockingQueue<Text>
        let idle: BlockingQueue<Text>
        let interruption: Interruption
        /// Whether somebody gave up: what a session sent is of no use then either.
        let hasFailed: @Sendable () -> Bool

        func sendAll(to relation: Relation, on connection: Connection) throws -> Int64 {
            try connection.load(relation, columns: columns) { copy in
                while let text = filled.pop() { _ = try send(text, through: copy) }
                guard !hasFailed() else { throw Problem.givenUp }
            }
        }

        func sendByPart(to relation: Relation, on connection: Connection) throws -> Int64 {
            var taken: Int64 = 0
            while let first = filled.pop() {
                taken += try connection.loadParts(into: relation, columns: columns) { copy in
                    var next: Text? = first
                    var parts: [LoadedPart] = []
                    var bytes = 0
                    while let text = next {
                        parts.append(text.part)
                        bytes += try send(text, through: copy)
                        next = bytes < PartLoader.leastBytes ? filled.pop() : nil
                    }
                    guard !hasFailed() else { throw Problem.givenUp }
                    return parts
                }
            }
            return taken
        }

        /// How many bytes that were.
        private func send(_ text: Text, through copy: CopyIn) throws -> Int {
            try interruption.check()
            let bytes = text.buffer.bytes
            try copy.send(bytes)
            let count = bytes.count
            idle.push(text)
            return count
        }
    }
}

extension PartLoader.Tally {
    /// Counts a part in that the table had already.
    fileprivate mutating func count(_ part: Manifest.Part, _ landed: ContentDigest) {
        read += part.digest.rows
        wanted.add(landed)
        taken += Int64(landed.rows)
        partsBefore += 1
    }
}

/// Reads parts of one archive, proves each whole, and lets the wanted rows through. One a thread.
private final class PartSieve {
    private let source: RestoreSource
    private let placement: RowPlacement
    private var reader = PartReader()
    private var decoder: RowDecoder
    private var filter: RowFilter?
    private var wanted = OutputBuffer()

    init(_ source: RestoreSource, _ placement: RowPlacement) throws {
        self.source = source
        self.placement = placement
        let manifest = source.manifest
        let key = manifest.definition.columns.firstIndex { $0.name == manifest.key }
        decoder = RowDecoder(columns: source.columns, key: key)
        guard !source.conditions.isEmpty else { return }
        filter = try RowFilter(source.columns, conditions: source.conditions, selection: nil)
    }

    /// Every row of the part is counted and hashed, wanted or not: it is the archive's part, or
    /// nothing of it is used.
    func pass(_ part: Manifest.Part, into text: inout OutputBuffer) throws -> (
        read: UInt64, wanted: ContentDigest, bytes: Int
    ) {
        let lines = try reader.read(part, in: source.directory)
        guard filter != nil else {
            let (archived, landed) = try decoder.decode(lines, into: &text, placing: placement)
            try require(archived.digest, of: part)
            return (archived.digest.rows, landed, lines.count)
        }
        var (digest, landed) = (ContentDigest(), ContentDigest())
        // Piece by piece: what is wanted of a whole part would be held twice.
        for chunk in LineChunks(of: lines) {
            digest.add(try decoder.digest(chunk).digest)
            wanted.removeAll()
            let count = try filter?.filter(chunk, limit: .max, into: &wanted) ?? 0
            let passed = try decoder.decode(wanted.bytes, into: &text, placing: placement).landed
            guard passed.rows == UInt64(count) else { throw mismatch(part) }
            landed.add(passed)
        }
        try require(digest, of: part)
        return (digest.rows, landed, lines.count)
    }

    private func require(_ digest: ContentDigest, of part: Manifest.Part) throws {
        guard digest == part.digest else { throw mismatch(part) }
    }

    private func mismatch(_ part: Manifest.Part) -> Problem {
        Problem(
            "archive.contents", .data,
            "Part \(part.file) of \(source.slice) holds other rows than its manifest claims. "
                + "Nothing was restored.",
            hint: "pgretain archives verify --table \(source.slice.table.description.shellWord)")
    }
}

extension Problem {
    /// Never seen: the error that made us give up came first.
    fileprivate static let givenUp = Problem(
        "restore.given-up", .partial, "Another session failed. Nothing was restored.",
        hint: "Run it again.")
}
