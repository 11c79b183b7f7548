import Archives
import Retention
import RowCoding
import Synchronization

/// Writes an archive again without some rows: the parts that have none of them are taken as they are.
struct PartErasing {
    let subject: ErasureSubject
    let staged: StagedArchive
    let settings: TableSettings
    let workers: Int
    let interruption: Interruption
    let progress: ProgressSink?

    /// The archive's parts without the rows, in their order, and the digest of these rows.
    func run() throws -> (parts: [Manifest.Part], erased: ContentDigest) {
        let waiting = BlockingQueue(subject.found.keys.sorted())
        waiting.close()
        let progress = StepProgress(
            .erase, of: subject.manifest.partition.name.name, table: subject.slice.table,
            totalRows: subject.found.keys.reduce(0) {
                $0 + subject.manifest.parts[$1].digest.rows
            }, sink: progress)
        let done = Mutex((parts: subject.manifest.parts, erased: ContentDigest()))
        try Threads.run(
            min(workers, subject.found.count),
            work: {
                var reader = PartReader()
                while let index = waiting.pop() {
                    let (part, erased) = try erase(index, &reader)
                    let old = subject.manifest.parts[index]
                    progress.add(rows: old.digest.rows, bytes: Int(old.ndjsonBytes))
                    done.withLock {
                        $0.parts[index] = part
                        $0.erased.add(erased)
                    }
                }
            },
            stop: { waiting.abandon() },
            lead: {
                for (index, part) in subject.manifest.parts.enumerated()
                where subject.found[index] == nil {
                    try staged.adopt(part, of: subject.directory)
                }
            })
        progress.finish()
        return done.withLock { $0 }
    }

    private func erase(
        _ index: Int, _ reader: inout PartReader
    ) throws -> (Manifest.Part, ContentDigest) {
        let manifest = subject.manifest
        let part = manifest.parts[index]
        var filter = try RowFilter(subject.columns, conditions: subject.conditions, selection: nil)
        var decoder = RowDecoder(columns: subject.columns, key: nil)
        var maker = PartMaker(
            columns: subject.columns, key: (manifest.key, manifest.keyType),
            searched: settings.searched(of: manifest.definition, subject.columns),
            compression: settings.compression)
        var met = OutputBuffer()
        var others = OutputBuffer()
        var kept = OutputBuffer()
        var (erased, all) = (ContentDigest(), ContentDigest())
        maker.begin()
        for chunk in LineChunks(of: try reader.read(part, in: subject.directory)) {
            try interruption.check()
            met.removeAll()
            others.removeAll()
            kept.removeAll()
            try filter.split(chunk, met: &met, others: &others)
            erased.add(try decoder.digest(met.bytes).digest)
            all.add(try decoder.decode(others.bytes, into: &kept).digest)
            try maker.append(kept.bytes)
        }
        all.add(erased)
        let written = try maker.finish(index: index, into: staged)
        guard all == part.digest, erased.rows == subject.found[index],
            written.digest == part.digest.without(erased)
        else {
            throw Problem(
                "archive.contents", .data,
                "Part \(part.file) of the archive \(subject.slice) did not come through being "
                    + "written again with fewer rows. The archive is as it was.",
                hint: "Look at the store's disk; pgretain archives verify.")
        }
        return (written, erased)
    }
}
