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
    /// Of the relation, with the columns that are read.
    let definition: TableDefinition
    /// What is not archived.
    let redacted: [RedactedValue]

    /// What was made of the rows.
    struct Result {
        /// In order.
        let parts: [Manifest.Part]
        /// Those that have been read back and hold what they should.
        let proven: Set<Manifest.Part>
        /// What a reader should know of them.
        let warnings: [String]
    }

    private struct Block: Sendable {
        let index: Int
        let rows: CopyBlock
    }

    private struct Part: Sendable {
        let index: Int
        let part: Manifest.Part
        let credentials: Set<CredentialSearch.Finding>
    }

    /// Where blocks are cut depends on the rows alone, so that the files are the same whatever the
    /// number of workers.
    ///
    /// - Parameter onceCopied: what else to ask the server, while the last parts are being made.
    func run<Answer>(_ copy: CopyOut, onceCopied: () throws -> Answer) throws -> (Result, Answer) {
        let (columns, staged, redacted, source) = (columns, staged, redacted, definition.columns)
        let searched = session.settings.searched(of: definition, columns)
        let key = (name: session.table.key, type: session.table.keyType)
        let compression = session.settings.compression
        let makePart = { @Sendable in
            PartMaker(
                columns: columns, key: key, searched: searched, compression: compression,
                redactor: RowRedactor(redacted, of: source))
        }
        let rowOverhead = makePart().rowOverhead
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
            PartVerifier(columns: columns, key: columns.firstIndex { $0.name == key.name }),
            in: staged.directory, slice: subject.slice)
        var answer: Answer?
        try Threads.run(
            workers,
            work: {
                var maker = makePart()
                while true {
                    var ready = full.popIfAny()
                    // What is left at the end is read back by all of them, without a snapshot.
                    if ready == nil, full.isOpen, try proofs.proveOne() { continue }
                    if ready == nil { ready = full.pop() }
                    guard let block = ready else { return }
                    var credentials: Set<CredentialSearch.Finding> = []
                    maker.begin()
                    for (number, chunk) in LineChunks(of: block.rows.bytes).enumerated() {
                        try maker.append(chunk)
                        guard number == 0 else { continue }
                        CredentialSearch.look(
                            at: try maker.withoutRedacted(chunk), into: &credentials)
                    }
                    let part = try maker.finish(index: block.index, into: staged)
                    progress.add(rows: part.digest.rows, bytes: Int(part.ndjsonBytes))
                    finished.push(Part(index: block.index, part: part, credentials: credentials))
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
                    guard more else {
                        full.close()
                        answer = try onceCopied()
                        return
                    }
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
        parts.sort { $0.index < $1.index }
        let rows = parts.reduce(0) { $0 + $1.part.digest.rows }
        guard copy.isFinished, rows == UInt64(copy.rows), let answer else {
            throw Problem(
                "export.incomplete", .bug,
                "The server sent \(copy.rows) rows of \(subject.name), and \(rows) were written. "
                    + "Nothing was published or dropped.",
                hint: "Please report it.")
        }
        let result = Result(
            parts: parts.map(\.part), proven: proofs.proven,
            warnings: warnings(of: parts.reduce(into: []) { $0.formUnion($1.credentials) }))
        return (result, answer)
    }

    private func warnings(of credentials: Set<CredentialSearch.Finding>) -> [String] {
        let names = definition.columns.map(\.name)
        return Dictionary(grouping: credentials, by: \.column).sorted { $0.key < $1.key }.map {
            CredentialWarning.text(
                $0.value.map(\.key).sorted(),
                in: names.indices.contains($0.key) ? names[$0.key] : "?")
        }
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
