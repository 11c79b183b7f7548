import Archives
import Retention
import RowCoding

/// Reads parts on several threads and hands their rows, as COPY text, to one receiver in order.
struct PartLoader {
    let workers: Int
    let interruption: Interruption
    let progress: ProgressSink?

    private final class Text: @unchecked Sendable {
        // Owned by one thread at a time: the worker that fills it, then the sender.
        var buffer = OutputBuffer()
    }

    private struct Filled: Sendable {
        let index: Int
        let text: Text
    }

    func load(
        _ manifest: Manifest, from directory: ArchiveDirectory, as landing: Landing,
        into send: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let columns = try manifest.codedColumns()
        let key = manifest.definition.columns.firstIndex { $0.name == manifest.key }
        let (leavingOut, asBytea) = (landing.leavingOut, landing.asBytea)
        let progress = StepProgress(
            .restore, of: manifest.partition.name.name, table: manifest.table.name,
            totalRows: manifest.digest.rows, sink: progress)
        let interruption = interruption
        let parts = manifest.parts
        let idle = BlockingQueue((0...workers).map { _ in Text() })
        let next = BlockingQueue(Array(parts.indices))
        next.close()
        let filled = BlockingQueue<Filled>()
        try Threads.run(
            min(workers, parts.count),
            work: {
                var reader = PartReader()
                var decoder = RowDecoder(columns: columns, key: key)
                // A text first, then a number: the lowest part under way always has one.
                while let text = idle.pop(), let index = next.pop() {
                    try interruption.check()
                    let lines = try reader.read(parts[index], in: directory)
                    text.buffer.removeAll()
                    let summary = try decoder.decode(
                        lines, into: &text.buffer, leavingOut: leavingOut, asBytea: asBytea)
                    guard summary.digest == parts[index].digest else {
                        throw Problem(
                            "archive.contents", .data,
                            "Part \(parts[index].file) holds other rows than its manifest claims. "
                                + "Nothing was restored.",
                            hint: "pgretain archives verify --table \(manifest.table.name)")
                    }
                    progress.add(rows: summary.digest.rows, bytes: lines.count)
                    filled.push(Filled(index: index, text: text))
                }
            },
            stop: {
                next.abandon()
                idle.abandon()
                filled.close()
            },
            lead: {
                defer { idle.close() }
                var early: [Int: Text] = [:]
                for index in parts.indices {
                    while early[index] == nil {
                        guard let one = filled.pop() else { return }
                        early[one.index] = one.text
                    }
                    guard let text = early.removeValue(forKey: index) else { return }
                    try send(text.buffer.bytes)
                    idle.push(text)
                }
            })
        progress.finish()
    }
}
