import Archives
import Postgres
import Retention
import RowCoding
import Synchronization

/// The border between the control plane and the data plane: one thread reads COPY into blocks,
/// workers turn each block into a part of their own, and read parts back while there is no block
/// for them. Nothing here is done per row.
struct PartPipeline {
    let session: TableSession
    let subject: Departing
    let columns: [CodedColumn]
    let staged: StagedArchive
    /// The number of the first part.
    let firstIndex: Int
    /// Of the snapshot that is read.
    let age: SnapshotAge
    /// Columns whose values get a filter.
    let searched: [Int]

    private struct Block: Sendable {
        let index: Int
        let rows: CopyBlock
    }

    private struct Part: Sendable {
        let index: Int
        let part: Manifest.Part
    }

    struct Result {
        /// In order.
        var parts: [Manifest.Part]
        /// Those that have been read back and hold what they should.
        var proven: Set<Manifest.Part>
    }

    /// Where blocks are cut depends on the rows alone, so that the files are the same whatever the
    /// number of workers.
    func run(_ copy: CopyOut) throws -> Result {
        let key = columns.firstIndex { $0.name == session.table.key }
        // Whatever the database promises: a cast without a function puts any bytes into a text,
        // and a part that is not UTF-8 is no JSON, nor could a restore hand it to a server.
        let encoder = RowEncoder(columns: columns, key: key, checksUTF8: true)
        let rowOverhead = encoder.rowOverhead
        let (columns, staged, searched) = (columns, staged, searched)
        let compression = session.settings.compression
        let interruption = session.interruption
        let budget = session.site.partBytes
        let workers = session.site.workersInMemory
        let pace = session.pace.map { pace in { try pace.spend($0) } }
        let progress = StepProgress(
            .export, of: subject.name.name, table: session.table.name,
            totalRows: subject.estimatedRows, sink: session.progress)

        let idle = BlockingQueue((0...workers).map { _ in CopyBlock() })
        let full = BlockingQueue<Block>()
        let finished = BlockingQueue<Part>()
        let proofs = EarlyProofs(
            PartVerifier(columns: columns, key: key), in: staged.directory, slice: subject.slice)
        try Threads.run(
            workers,
            work: {
                var encoder = RowEncoder(
                    columns: columns, key: key, checksUTF8: true, searched: searched)
                var writer = PartWriter(compression: compression)
                var lines = OutputBuffer()
                while true {
                    var ready = full.popIfAny()
                    if ready == nil, try proofs.proveOne() { continue }
                    if ready == nil { ready = full.pop() }
                    guard let block = ready else { return }
                    var summary = RowsSummary()
                    writer.begin()
                    for chunk in LineChunks(of: block.rows.bytes) {
                        lines.removeAll()
                        summary.add(try encoder.encode(chunk, into: &lines))
                        writer.append(lines.bytes)
                    }
                    let written = try writer.finish(index: block.index, into: staged)
                    try PartFilter.write(
                        encoder.takeValues(columns, searched), of: written, into: staged)
                    progress.add(rows: summary.digest.rows, bytes: Int(written.ndjsonBytes))
                    let part = Manifest.Part(written, summary)
                    finished.push(Part(index: block.index, part: part))
                    proofs.add(part)
                    block.rows.removeAll()
                    idle.push(block.rows)
                }
            },
            stop: {
                full.abandon()
                idle.abandon()
            },
            lead: {
                defer { full.close() }
                var index = firstIndex
                while let block = idle.pop() {
                    do {
                        try interruption.check()
                        try age.check()
                    } catch {
                        copy.abandon()
                        throw error
                    }
                    let more = try copy.fill(
                        block, budget: budget, rowOverhead: rowOverhead, pace: pace)
                    guard more else { return }
                    full.push(Block(index: index, rows: block))
                    index += 1
                }
                // A worker gave up: its error is the one that counts.
                copy.abandon()
            })
        progress.finish()
        finished.close()
        var parts: [Part] = []
        while let part = finished.pop() { parts.append(part) }
        let ordered = parts.sorted { $0.index < $1.index }.map(\.part)
        let rows = ordered.reduce(0) { $0 + $1.digest.rows }
        guard copy.isFinished, rows == UInt64(copy.rows) else {
            throw Problem(
                "export.incomplete", .bug,
                "The server sent \(copy.rows) rows of \(subject.name), and \(rows) were written. "
                    + "Nothing was published or dropped.",
                hint: "Please report it.")
        }
        return Result(parts: ordered, proven: proofs.proven)
    }
}

/// Parts that are read back while others are still being written. One at a time: it takes half as
/// long as the server takes to send their rows.
private final class EarlyProofs: Sendable {
    private let directory: ArchiveDirectory
    private let slice: Slice
    private let verifier: Mutex<PartVerifier>
    private let waiting = BlockingQueue<Manifest.Part>()
    private let done = Mutex<Set<Manifest.Part>>([])

    init(_ verifier: consuming PartVerifier, in directory: ArchiveDirectory, slice: Slice) {
        self.verifier = Mutex(verifier)
        self.directory = directory
        self.slice = slice
    }

    var proven: Set<Manifest.Part> { done.withLock { $0 } }

    func add(_ part: Manifest.Part) { waiting.push(part) }

    /// Whether there was one, and nobody else at it.
    func proveOne() throws -> Bool {
        try verifier.withLockIfAvailable { verifier in
            guard let part = waiting.popIfAny() else { return false }
            try verifier.verify(part, in: directory, slice: slice)
            done.withLock { _ = $0.insert(part) }
            return true
        } ?? false
    }
}

extension RowEncoder {
    /// What a part's filter is made of.
    mutating func takeValues(_ columns: [CodedColumn], _ searched: [Int]) -> [PartFilter.Values] {
        var values: [PartFilter.Values] = []
        for column in searched {
            guard let hashes = takeHashes(of: column) else { continue }
            values.append(PartFilter.Values(column: columns[column].name, hashes: hashes))
        }
        return values
    }
}

extension Manifest.Part {
    init(_ written: WrittenPart, _ summary: RowsSummary) {
        // Infinities say nothing about where a key may be found.
        let keys = [summary.keys?.smallest, summary.keys?.largest].compactMap { $0 }
            .filter { $0 != .max && $0 != .min }.map(Instant.init(microseconds:))
        self.init(
            file: written.file, bytes: written.bytes, sha256: written.sha256,
            ndjsonBytes: written.ndjsonBytes, digest: summary.digest,
            smallestKey: keys.count == 2 ? keys[0] : nil,
            largestKey: keys.count == 2 ? keys[1] : nil)
    }
}
