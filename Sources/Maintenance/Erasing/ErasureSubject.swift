import Archives
import Retention
import RowCoding
import Synchronization

/// An archive that may hold rows which are to be erased.
struct ErasureSubject: Sendable {
    let slice: Slice
    let directory: ArchiveDirectory
    let manifest: Manifest
    let columns: [CodedColumn]
    let conditions: [(RowCondition, FieldPath)]
    /// How many of them each part has, by its place; nothing for a part without any.
    var found: [Int: UInt64] = [:]

    var rows: UInt64 { found.values.reduce(0, +) }

    /// Nil where no row of the archive can be meant; a `ConditionFault` where a condition is none.
    init?(_ archive: StoredArchive, _ manifest: Manifest, _ selection: RowSelection) throws {
        let columns = try manifest.codedColumns()
        let (conditions, canBeMet) = try selection.conditions(
            in: manifest, columns, of: manifest.definition)
        // A condition that is none is said before anything is read.
        _ = try RowFilter(columns, conditions: conditions, selection: [])
        guard canBeMet else { return nil }
        slice = archive.slice
        directory = archive.directory
        self.manifest = manifest
        self.columns = columns
        self.conditions = conditions
    }

    /// Reads the parts that may hold such rows, and counts them.
    static func count(
        _ subjects: inout [ErasureSubject], in selection: RowSelection, workers: Int,
        interruption: Interruption, progress: ProgressSink?
    ) throws {
        struct Task: Sendable {
            let subject: Int
            let part: Int
        }
        let all = subjects
        let tasks = all.enumerated().flatMap { index, subject in
            let files = Set(selection.parts(of: subject.manifest).map(\.file))
            return subject.manifest.parts.indices
                .filter { files.contains(subject.manifest.parts[$0].file) }
                .map { Task(subject: index, part: $0) }
        }
        guard let table = all.first?.slice.table else { return }
        let progress = StepProgress(
            .search, of: table.name, table: table,
            totalRows: tasks.reduce(0) {
                $0 + all[$1.subject].manifest.parts[$1.part].digest.rows
            }, sink: progress)
        let waiting = BlockingQueue(tasks)
        waiting.close()
        let found = Mutex<[Int: [Int: UInt64]]>([:])
        try Threads.run(
            min(workers, tasks.count),
            work: {
                var reader = PartReader()
                var nothing = OutputBuffer()
                while let task = waiting.pop() {
                    try interruption.check()
                    let subject = all[task.subject]
                    let part = subject.manifest.parts[task.part]
                    let questions = subject.manifest.questions(subject.conditions, subject.columns)
                    guard PartFilter.ask(questions, of: part, in: subject.directory).mayHold else {
                        progress.add(rows: part.digest.rows, bytes: 0)
                        continue
                    }
                    var filter = try RowFilter(
                        subject.columns, conditions: subject.conditions, selection: [])
                    let rows = try filter.filter(
                        try reader.read(part, in: subject.directory), limit: .max, into: &nothing)
                    progress.add(rows: part.digest.rows, bytes: Int(part.ndjsonBytes))
                    guard rows > 0 else { continue }
                    found.withLock { $0[task.subject, default: [:]][task.part] = UInt64(rows) }
                }
            },
            stop: { waiting.abandon() }, lead: {})
        progress.finish()
        for (index, parts) in found.withLock({ $0 }) { subjects[index].found = parts }
    }
}
