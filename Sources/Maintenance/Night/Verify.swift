import Archives
@_spi(Verifier) import Retention
import RowCoding
import Synchronization

/// Reads an archive back from the store and proves that it restores to exactly the rows its
/// manifest claims: each part's size, sha256, gzip form, lines, values and digest.
///
/// The only place that makes a `VerifiedArchive`.
struct Verifier {
    let workers: Int
    let interruption: Interruption
    let progress: ProgressSink?
    /// Called now and then while parts are read: keeps an idle session alive.
    var keepAlive: () throws -> Void = {}

    /// Which rows the proof is to speak of.
    enum Coverage {
        /// All that the archive holds.
        case whole
        /// Those of the relation that was exported last.
        case own
        /// These, each of which was found among the archive's.
        case some(ContentDigest)
    }

    /// `proven`: parts that were read back from this directory already, since they were written.
    func verify(
        _ manifest: Manifest, in directory: ArchiveDirectory, slice: Slice,
        covering coverage: Coverage = .own, but proven: Set<Manifest.Part> = []
    ) throws -> VerifiedArchive {
        let columns = try manifest.codedColumns()
        let key = manifest.definition.columns.firstIndex { $0.name == manifest.key }
        let progress = StepProgress(
            .verify, of: manifest.partition.name.name, table: slice.table,
            totalRows: manifest.digest.rows, sink: progress)
        let parts = BlockingQueue(manifest.parts)
        parts.close()
        let finished = BlockingQueue<ContentDigest>()
        let interruption = interruption

        try Threads.run(
            min(workers, manifest.parts.count),
            work: {
                var verifier = PartVerifier(columns: columns, key: key)
                while let part = parts.pop() {
                    try interruption.check()
                    if !proven.contains(part) {
                        try verifier.verify(part, in: directory, slice: slice)
                    }
                    progress.add(rows: part.digest.rows, bytes: Int(part.ndjsonBytes))
                    finished.push(part.digest)
                }
            },
            stop: {
                parts.abandon()
                finished.close()
            },
            lead: {
                var total = ContentDigest()
                for _ in manifest.parts {
                    guard let digest = finished.pop() else { return }
                    total.add(digest)
                    try keepAlive()
                }
                guard total == manifest.digest else {
                    throw Problem(mismatchOf: slice, part: nil, found: total)
                }
            })
        progress.finish()
        let covered =
            switch coverage {
            case .whole: manifest.digest
            case .own: manifest.ownDigest
            case .some(let digest): digest
            }
        return VerifiedArchive(slice: slice, manifest: manifest, digest: covered)
    }
}

/// Reads parts back, one after the other. One per worker: it keeps its buffers.
struct PartVerifier: ~Copyable, Sendable {
    private var reader = PartReader()
    private var decoder: RowDecoder

    init(columns: [CodedColumn], key: Int?) {
        decoder = RowDecoder(columns: columns, key: key)
    }

    /// Returns where the part holds the rows that its manifest claims.
    mutating func verify(_ part: Manifest.Part, in directory: ArchiveDirectory, slice: Slice)
        throws
    {
        let found = try decoder.digest(try reader.read(part, in: directory)).digest
        guard found == part.digest else {
            throw Problem(mismatchOf: slice, part: part, found: found)
        }
    }
}

extension Problem {
    fileprivate init(mismatchOf slice: Slice, part: Manifest.Part?, found: ContentDigest) {
        let what = part.map { "Part \($0.file) of the archive \(slice)" } ?? "The archive \(slice)"
        self.init(
            "archive.contents", .data,
            "\(what) holds other rows than its manifest claims (\(found)). Nothing was dropped.",
            hint: "Look at the store's disk; pgretain archives verify --table "
                + slice.table.description.shellWord)
    }
}

extension Manifest {
    /// How the rows are written; a problem when an encoding is not known to this release.
    func codedColumns() throws(Problem) -> [CodedColumn] {
        var columns: [CodedColumn] = []
        for (column, encoding) in zip(definition.columns, encodings) {
            guard let form = ColumnForm(name: encoding) else {
                throw Problem(
                    "archive.encoding", .data,
                    "The archive of \(partition.name) writes the column \(column.name) in a form "
                        + "this release does not know: \(encoding).",
                    hint: "Use a release at least as new as \(tool).")
            }
            columns.append(CodedColumn(name: column.name, form: form))
        }
        return columns
    }
}
