import Archives
import Postgres
import Retention
import RowCoding

/// Copies a relation, as one snapshot sees it, into a staged archive.
struct Export {
    let session: TableSession

    struct Result {
        let staged: StagedArchive
        let manifest: Manifest
        /// Parts of it that have been read back already.
        let proven: Set<Manifest.Part>
        /// The rows' versions at the moment of the snapshot.
        let witness: TableWitness
        let fingerprint: SchemaFingerprint
        /// How much of the table, with its indexes and TOAST, this run has exported.
        let tableBytes: Int64
        let seconds: Double
    }

    func run(_ subject: Departing, as generation: NextGeneration) throws -> Result {
        try session.connection.requireTrustworthyPages()
        var hexColumns = generation.hexColumns
        while true {
            let staged = try session.store.stage(subject.slice)
            do {
                return try export(subject, to: staged, as: generation, hexColumns: hexColumns)
            } catch {
                try staged.discard()
                guard let column = CodingFault.columnToWriteAsHex(error),
                    hexColumns.insert(column).inserted
                else { throw error }
            }
        }
    }

    private func export(
        _ subject: Departing, to staged: StagedArchive, as generation: NextGeneration,
        hexColumns: Set<Int>
    ) throws -> Result {
        try session.requireSpace(for: subject)
        let stopwatch = Stopwatch()
        let age = session.snapshotAge()
        let snapshot = try session.snapshot(of: subject)
        let columns = CodedColumn.of(snapshot.definition, hex: hexColumns)
        let redacted = try session.redacted(snapshot.definition, as: generation)
        let adopted = try generation.adopt(
            into: staged, columns, snapshot, subject, session)
        let pipeline = PartPipeline(
            session: session, subject: subject, columns: columns, staged: staged,
            firstIndex: adopted.count, age: age, definition: snapshot.definition,
            redacted: redacted)
        let copy = try snapshot.copyOut(columns: snapshot.definition.columns.map(\.name))
        let (own, witness) = try pipeline.run(copy) {
            let witness = try snapshot.witness()
            try snapshot.end()
            return witness
        }

        let manifest = session.manifest(
            generation, of: subject, seenBy: snapshot, columns: columns, redacted: redacted,
            parts: adopted + own.parts, firstOwnPart: adopted.count, warnings: own.warnings)
        try staged.seal(manifest)
        session.timeBudget.noteExport(of: subject.bytes, seconds: stopwatch.seconds)
        return Result(
            staged: staged, manifest: manifest, proven: own.proven, witness: witness,
            fingerprint: snapshot.fingerprint, tableBytes: subject.bytes,
            seconds: stopwatch.seconds)
    }
}

extension CodingFault {
    /// A SQL_ASCII database may hold anything, and others what a cast let in: the column that has
    /// to be written as hex because of that; nil where something else went wrong.
    static func columnToWriteAsHex(_ error: any Error) -> Int? {
        let fault = error as? CodingFault
        guard case .invalidUTF8? = fault?.reason else { return nil }
        return fault?.column
    }
}

extension TableSession {
    /// Text compresses to less than half of its table, always; more is not asked for.
    /// `already`: bytes of it that are in the store.
    func requireSpace(for subject: Departing, already: Int64 = 0) throws {
        let needed = max(0, subject.bytes / 2 - already)
        if let free = try store.freeBytes(), free < needed {
            throw Problem(
                "store.full", .inputOutput,
                "The store \(store.root) has \(ByteCount(free)) free, and \(subject.name) may need "
                    + "\(ByteCount(needed)). Nothing was exported or dropped.",
                hint: "Make room in \(store.root), or move archives: to a larger disk.")
        }
    }
}
