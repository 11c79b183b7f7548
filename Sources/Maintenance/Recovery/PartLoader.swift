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

    private final class Text: @unchecked Sendable {
        // Owned by one thread at a time: the worker that fills it, then a sender.
        var buffer = OutputBuffer()
    }

    /// The number of rows that the server took.
    func load(
        _ manifest: Manifest, from directory: ArchiveDirectory, as landing: Landing,
        into relation: Relation, by crew: RestoreCrew
    ) throws -> Int64 {
        let columns = try manifest.codedColumns()
        let key = manifest.definition.columns.firstIndex { $0.name == manifest.key }
        let (leavingOut, asBytea) = (landing.leavingOut, landing.asBytea)
        let loaded = landing.definition.columns.filter { !$0.isGenerated }.map(\.name)
        let progress = StepProgress(
            .restore, of: manifest.partition.name.name, table: manifest.table.name,
            totalRows: manifest.digest.rows, sink: progress)
        let interruption = interruption
        let idle = BlockingQueue((0...workers).map { _ in Text() })
        let next = BlockingQueue(manifest.parts)
        next.close()
        let filled = BlockingQueue<Text>()
        let left = Mutex(manifest.parts.count)
        if manifest.parts.isEmpty { filled.close() }
        let failed = Mutex(false)
        let rows = Mutex<Int64>(0)
        let stop: @Sendable () -> Void = {
            failed.withLock { $0 = true }
            next.abandon()
            idle.abandon()
            filled.abandon()
        }
        try Threads.run(
            min(workers, manifest.parts.count),
            work: {
                var reader = PartReader()
                var decoder = RowDecoder(columns: columns, key: key)
                while let part = next.pop(), let text = idle.pop() {
                    try interruption.check()
                    let lines = try reader.read(part, in: directory)
                    text.buffer.removeAll()
                    let summary = try decoder.decode(
                        lines, into: &text.buffer, leavingOut: leavingOut, asBytea: asBytea)
                    guard summary.digest == part.digest else {
                        throw Self.mismatch(part, of: manifest)
                    }
                    progress.add(rows: summary.digest.rows, bytes: lines.count)
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
                try crew.run(
                    stop: stop,
                    work: { connection in
                        let taken = try connection.load(relation, columns: loaded) { copy in
                            while let text = filled.pop() {
                                try interruption.check()
                                try copy.send(text.buffer.bytes)
                                idle.push(text)
                            }
                            // Somebody gave up: what this session sent is of no use either.
                            guard !failed.withLock({ $0 }) else { throw Problem.givenUp }
                        }
                        rows.withLock { $0 += taken }
                    })
            })
        progress.finish()
        return rows.withLock { $0 }
    }

    private static func mismatch(_ part: Manifest.Part, of manifest: Manifest) -> Problem {
        Problem(
            "archive.contents", .data,
            "Part \(part.file) holds other rows than its manifest claims. Nothing was restored.",
            hint: "pgretain archives verify --table \(manifest.table.name.description.shellWord)")
    }
}

extension Problem {
    /// Never seen: the error that made us give up came first.
    fileprivate static let givenUp = Problem(
        "restore.given-up", .partial, "Another session failed. Nothing was restored.",
        hint: "Run it again.")
}
