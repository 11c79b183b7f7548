import Archives
import FailPoints
import Postgres
import Retention
import RowCoding

/// Exports a relation that is too large for one snapshot, or for one night: range by range of its
/// pages, each under a snapshot of its own, each verified and put on the slice's shelf at once.
///
/// What earlier nights have left there counts once it is proven again: its rows are read from the
/// table, and its digest has to be theirs. In the end one last snapshot has to see exactly the row
/// versions that were exported or proven in this session; ranges that differ are made anew.
struct RangedExport {
    let session: TableSession
    let subject: Departing
    let generation: NextGeneration

    private struct Kept {
        let range: StoredRange
        /// Nil until this session knows that the table's rows are the range's.
        var witness: RangeWitness?
    }

    private var kept: [Kept] = []
    private var heap = Heap(fileNode: 0, pages: 0)
    private var fingerprint: SchemaFingerprint?
    private var hexColumns: Set<Int> = []
    private var redacted: [RedactedValue] = []
    private var limit = Int64.max
    private var exportedBytes: Int64 = 0
    private var exportSeconds = 0.0

    init(session: TableSession, subject: Departing, generation: NextGeneration) {
        self.session = session
        self.subject = subject
        self.generation = generation
    }

    mutating func run() throws -> Export.Result {
        try session.connection.requireTrustworthyPages()
        kept = try session.store.ranges(of: subject.slice).map { Kept(range: $0, witness: nil) }
        hexColumns = kept.first?.range.manifest.hexColumns ?? generation.hexColumns
        try session.store.removeRanges(of: subject.slice, but: kept.map(\.range))
        try session.requireSpace(
            for: subject, already: kept.reduce(0) { $0 + $1.range.manifest.bytes })
        let snapshot = try look().snapshot
        try snapshot.end()
        do {
            for _ in 0..<RangeRounds.most {
                while let hole = nextHole() {
                    try waitForTheServer()
                    try fill(hole)
                }
                try waitForTheServer()
                try requireTimeToProve()
                while let index = kept.firstIndex(where: { $0.witness == nil }) {
                    try prove(index)
                }
                guard nextHole() == nil else { continue }
                if let result = try finish() { return result }
            }
        } catch var postponed as Postponed {
            postponed.reached = reached
            throw postponed
        }
        throw RangeRounds.tooBusy(subject)
    }

    /// What this night has added, where it did not come to an end.
    private var reached: Report.Entry? {
        guard exportedBytes > 0 else { return nil }
        return Report.Entry(
            .archive, subject.name.name, bounds: subject.bounds, seconds: exportSeconds,
            exportSeconds: exportSeconds, tableBytes: exportedBytes,
            note: "\(percentKept) % is in the store")
    }

    private var percentKept: Int64 {
        let pages = kept.reduce(0) { $0 + $1.range.pages.count }
        return pages * 100 / max(1, heap.pages, pages)
    }

    private var bytesPerPage: Int64 { subject.bytesPerPage(of: heap.pages) }

    private func waitForTheServer() throws {
        switch try session.pressure.pass(keepingAlive: session.connection) {
        case .free: break
        case .pressed(let pressure, let patience):
            throw Postponed(.pressure(pressure, patience: patience))
        }
    }

    // MARK: Looking at the table

    /// Opens a snapshot, and forgets what the table's rows have ceased to be.
    private mutating func look() throws -> (snapshot: TableSnapshot, age: SnapshotAge) {
        try session.interruption.check()
        let age = session.snapshotAge()
        let snapshot = try session.snapshot(of: subject)
        let now = try snapshot.heap()
        if now.fileNode != heap.fileNode || snapshot.fingerprint != fingerprint {
            for index in kept.indices { kept[index].witness = nil }
        }
        heap = now
        fingerprint = snapshot.fingerprint
        // What was begun is gone on with as it was begun.
        let begun = kept.first {
            $0.range.manifest.generation == generation.number
                && $0.range.manifest.definition.columns == snapshot.definition.columns
        }
        redacted =
            try begun?.range.manifest.redacted
            ?? session.redacted(snapshot.definition, as: generation)
        let wanted = manifest(of: [], seenBy: snapshot)
        try keepOnly { $0.fileNode == now.fileNode && $0.manifest.isOfOneArchive(with: wanted) }
        return (snapshot, age)
    }

    /// Of a range: it takes nothing over.
    private func manifest(
        of parts: [Manifest.Part], seenBy snapshot: TableSnapshot, warnings: [String] = []
    ) -> Manifest {
        session.manifest(
            generation, of: subject, seenBy: snapshot, columns: codedColumns(snapshot),
            redacted: redacted, parts: parts, firstOwnPart: 0, warnings: warnings)
    }

    private func codedColumns(_ snapshot: TableSnapshot) -> [CodedColumn] {
        CodedColumn.of(snapshot.definition, hex: hexColumns)
    }

    private mutating func keepOnly(_ isGood: (StoredRange) -> Bool) throws {
        let staying = kept.filter { isGood($0.range) }
        guard staying.count < kept.count else { return }
        kept = staying
        try session.store.removeRanges(of: subject.slice, but: kept.map(\.range))
    }

    // MARK: Ranges

    private func nextHole() -> PageRange? {
        let count = min(limit, session.pagesPerRange(of: subject, pages: heap.pages))
        return PageRange.firstHole(
            in: heap.pages, between: kept.map(\.range.pages), atMost: count)
    }

    /// Exports, verifies and keeps a range, or as much of it as there is time for.
    private mutating func fill(_ hole: PageRange) throws {
        let pages = try shortened(hole)
        let stopwatch = Stopwatch()
        let (snapshot, age) = try look()
        guard !kept.contains(where: { $0.range.pages.overlaps(pages) }), pages.to <= heap.pages
        else { return try snapshot.end() }
        let staged = try session.store.stage(subject.slice)
        do {
            let columns = codedColumns(snapshot)
            let pipeline = PartPipeline(
                session: session, subject: subject, columns: columns, staged: staged,
                firstIndex: 0, age: age, definition: snapshot.definition, redacted: redacted)
            let copy = try snapshot.copyOut(
                columns: snapshot.definition.columns.map(\.name), pages: pages)
            let (exported, witness) = try pipeline.run(copy) {
                let witness = try snapshot.witness(pages: pages)
                try snapshot.end()
                return witness
            }
            let manifest = manifest(
                of: exported.parts, seenBy: snapshot, warnings: exported.warnings)
            try staged.seal(manifest)
            _ = try session.verifier.verify(
                manifest, in: staged.directory, slice: subject.slice, but: exported.proven)
            FailPoint.pass("night.range-verified")
            let range = try staged.keep(manifest, fileNode: heap.fileNode, pages: pages)
            FailPoint.pass("night.range-kept")
            kept.append(Kept(range: range, witness: witness))
            kept.sort { $0.range.pages < $1.range.pages }
        } catch {
            try staged.discard()
            switch error {
            case is SnapshotTooOld:
                limit = try RangeRounds.smaller(than: pages)
                return
            default:
                // All parts of an archive are written alike: what is kept is not, now.
                guard let column = CodingFault.columnToWriteAsHex(error),
                    hexColumns.insert(column).inserted
                else { throw error }
                return
            }
        }
        note(pages, seconds: stopwatch.seconds)
    }

    private mutating func note(_ pages: PageRange, seconds: Double) {
        let bytes = pages.count * bytesPerPage
        exportedBytes += bytes
        exportSeconds += seconds
        session.timeBudget.noteExport(of: bytes, seconds: seconds)
    }

    /// What the deadline leaves time for; not less than an eighth of it.
    private func shortened(_ hole: PageRange) throws -> PageRange {
        let budget = session.timeBudget
        guard let remaining = budget.deadline.remainingSeconds,
            !budget.fits(budget.secondsToExport(hole.count * bytesPerPage))
        else { return hole }
        let pages = budget.exporting.bytesDone(in: remaining) / bytesPerPage
        guard pages > hole.count / 8,
            let shorter = PageRange(from: hole.from, to: hole.from + pages)
        else {
            let pages = kept.reduce(heap.pages) { $0 - $1.range.pages.count }
            let needed = budget.secondsToExport(pages * bytesPerPage)
            throw Postponed(
                .deadline(
                    "\(subject.name.name) is too large for one night: \(percentKept) % is in the "
                        + "store; the rest needs about \(Throughput.text(seconds: needed)), the "
                        + "deadline is in \(Throughput.text(seconds: remaining)). The next run goes "
                        + "on with it"))
        }
        return shorter
    }

    // MARK: Proving again

    /// The proof speaks of one unbroken session: it is begun only where it can come to its end.
    private func requireTimeToProve() throws {
        let unproven = kept.filter { $0.witness == nil }.reduce(0) { $0 + $1.range.pages.count }
        let budget = session.timeBudget
        try budget.require(
            budget.secondsToRead(unproven * bytesPerPage) + budget.secondsToRead(subject.bytes),
            to: "\(subject.name.name) is in the store; proving the whole again")
    }

    /// Reads a range of an earlier night again. Where it differs it is taken off the shelf.
    private mutating func prove(_ index: Int) throws {
        let stopwatch = Stopwatch()
        let range = kept[index].range
        let (snapshot, age) = try look()
        guard let index = kept.firstIndex(where: { $0.range.pages == range.pages }) else {
            return try snapshot.end()
        }
        do {
            let digest = try ContentDigest(
                copy: try snapshot.copyOut(
                    columns: snapshot.definition.columns.map(\.name), pages: range.pages),
                redactor: RowRedactor(redacted, of: snapshot.definition.columns),
                interruption: session.interruption, pace: session.pace, age: age)
            let witness = try snapshot.witness(pages: range.pages)
            try snapshot.end()
            if digest == range.manifest.digest {
                FailPoint.pass("night.range-proven")
                kept[index].witness = witness
                session.timeBudget.noteReading(
                    of: range.pages.count * bytesPerPage, seconds: stopwatch.seconds)
                return
            }
        } catch is SnapshotTooOld {
            limit = try RangeRounds.smaller(than: range.pages)
        }
        try keepOnly { $0.pages != range.pages }
    }

    // MARK: The whole

    /// Nil when rows have come or gone since their range was exported or proven.
    private mutating func finish() throws -> Export.Result? {
        let (snapshot, age) = try look()
        let end = kept.last?.range.pages.to ?? 0
        guard
            PageRange.firstHole(in: end, between: kept.map(\.range.pages), atMost: end) == nil
        else {
            try snapshot.end()
            return nil
        }
        for index in kept.indices {
            try session.interruption.check()
            try age.check()
            let now = try snapshot.witness(pages: kept[index].range.pages)
            if kept[index].witness?.isSame(as: now) != true { kept[index].witness = nil }
        }
        let tail = try snapshot.witness(from: end)
        try snapshot.end()
        let witnesses = kept.compactMap(\.witness)
        guard tail.rows == 0, witnesses.count == kept.count,
            let witness = TableWitness(
                sumOf: witnesses + [tail], fileNode: heap.fileNode, seenBy: snapshot)
        else { return nil }
        return try assemble(snapshot, witness)
    }

    /// Every part of every range, linked into one archive.
    private func assemble(_ snapshot: TableSnapshot, _ witness: TableWitness) throws
        -> Export.Result
    {
        let columns = codedColumns(snapshot)
        let staged = try session.store.stage(subject.slice)
        do {
            let adopted = try generation.adopt(
                into: staged, columns, snapshot, subject, session)
            let own = try staged.adoptParts(of: kept.map(\.range), from: adopted.count)
            let manifest = session.manifest(
                generation, of: subject, seenBy: snapshot, columns: columns, redacted: redacted,
                parts: adopted + own, firstOwnPart: adopted.count,
                warnings: kept.flatMap(\.range.manifest.warnings))
            try staged.seal(manifest)
            return Export.Result(
                staged: staged, manifest: manifest, proven: [], witness: witness,
                fingerprint: snapshot.fingerprint, tableBytes: exportedBytes,
                seconds: exportSeconds)
        } catch {
            try staged.discard()
            throw error
        }
    }
}

extension Manifest {
    /// Whether its parts can be parts of one archive with those of another range.
    fileprivate func isOfOneArchive(with other: Manifest) -> Bool {
        generation == other.generation && partition.oid == other.partition.oid
            && bounds == other.bounds && definition.columns == other.definition.columns
            && encodings == other.encodings && redacted == other.redacted
            && origin.database == other.origin.database
            && origin.systemIdentifier == other.origin.systemIdentifier
    }
}
