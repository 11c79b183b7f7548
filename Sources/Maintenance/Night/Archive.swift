import Archives
import Postgres
import Retention
import RowCoding

/// A relation whose rows are proven to be in the store, as of one snapshot.
struct Archived: ~Copyable {
    let proof: VerifiedArchive
    /// The rows' versions that the proof speaks of.
    let witness: TableWitness
    let fingerprint: SchemaFingerprint
    /// Of the export; nil where the archive was there, and was proven again.
    let exportSeconds: Double?
    let seconds: Double
}

/// Brings the archive of a relation into the state that its rows are in: exports, verifies and
/// publishes, or finds that what is there already holds them.
struct Archiving {
    let session: TableSession

    /// What is to become of an archive that is there already.
    private enum Course {
        case fresh
        /// It holds exactly the rows that the relation holds.
        case unchanged(Manifest, Verifier.Coverage, TableWitness, SchemaFingerprint)
        /// The relation's rows are new: the old parts stay, and new ones join them.
        case add(to: Manifest)
        /// The relation's rows have changed: parts from `firstOwn` on are written again.
        case renew(Manifest, firstOwn: Int)
    }

    func run(_ subject: Departing) throws -> Archived {
        let stopwatch = Stopwatch()
        try session.connection.setStep("export \(subject.name.name)")
        switch try course(for: subject) {
        case .fresh:
            let export = try Export(session: session).run(subject, generation: 1, adopting: 0)
            return try publish(export, stopwatch) { try $0.publish() }
        case .unchanged(let manifest, let coverage, let witness, let fingerprint):
            let directory = try session.store.directory(of: subject.slice)
            let proof = try session.verifier.verify(
                manifest, in: directory, slice: subject.slice, covering: coverage)
            return Archived(
                proof: proof, witness: witness, fingerprint: fingerprint, exportSeconds: nil,
                seconds: stopwatch.seconds)
        case .add(let old):
            let export = try Export(session: session).run(
                subject, generation: old.generation + 1, adopting: old.parts.count)
            return try publish(export, stopwatch) { try $0.replace() }
        case .renew(let old, let firstOwn):
            let export = try Export(session: session).run(
                subject, generation: old.generation + 1, adopting: firstOwn)
            let missing = try RowSets.missing(
                from: .init(
                    manifest: export.manifest, directory: export.staged.directory,
                    parts: export.manifest.parts[firstOwn...]),
                of: .init(
                    manifest: old, directory: try session.store.directory(of: subject.slice),
                    parts: old.parts[firstOwn...]),
                interruption: session.interruption)
            guard missing == 0 else { return try keepBoth(export, missing, stopwatch) }
            return try publish(export, stopwatch) { try $0.replace() }
        }
    }

    private func course(for subject: Departing) throws -> Course {
        guard let old = try session.store.manifest(of: subject.slice) else { return .fresh }
        let snapshot = try session.snapshot(of: subject)
        let columns = snapshot.definition.columns.map(\.name)
        let sameColumns = columns == old.definition.columns.map(\.name)
        let found = try ContentDigest(
            copy: try snapshot.copyOut(columns: columns), interruption: session.interruption,
            pace: session.pace)
        let witness = try snapshot.witness()
        let fingerprint = snapshot.fingerprint
        try snapshot.end()

        let isSameRelation = old.partition.oid == subject.relation.oid
        if sameColumns, isSameRelation, found == old.ownDigest {
            return .unchanged(old, .own, witness, fingerprint)
        }
        if sameColumns, found == old.digest {
            return .unchanged(old, .whole, witness, fingerprint)
        }
        if isSameRelation { return .renew(old, firstOwn: old.firstOwnPart) }
        let last = try session.connection.ledger.states(of: session.table.name)[subject.bounds]
        if last?.kind == .dropped { return .add(to: old) }
        return .renew(old, firstOwn: 0)
    }

    private func publish(
        _ export: Export.Result, _ stopwatch: Stopwatch, _ publish: (StagedArchive) throws -> Void
    ) throws -> Archived {
        let exportSeconds = stopwatch.seconds
        let proof = try prove(export, publish)
        try record(export)
        return Archived(
            proof: proof, witness: export.witness, fingerprint: export.fingerprint,
            exportSeconds: exportSeconds, seconds: stopwatch.seconds)
    }

    /// What does not verify is not published, and leaves nothing behind.
    private func prove(_ export: Export.Result, _ publish: (StagedArchive) throws -> Void) throws
        -> VerifiedArchive
    {
        do {
            let proof = try session.verifier.verify(
                export.manifest, in: export.staged.directory, slice: export.staged.slice)
            try publish(export.staged)
            return proof
        } catch {
            try export.staged.discard()
            throw error
        }
    }

    /// Rows that the old archive held are gone: the new one takes the place, the old one is kept
    /// beside it, and nothing is dropped until somebody has looked.
    private func keepBoth(_ export: Export.Result, _ missing: UInt64, _ stopwatch: Stopwatch)
        throws -> Archived
    {
        _ = try publish(export, stopwatch) { try $0.supersede() }
        throw Problem(
            "archive.vanished", .data,
            "\(missing) rows that the archive \(export.staged.slice) held are gone from "
                + "\(export.manifest.partition.name). Both generations are kept. Nothing was dropped.",
            hint: "Find out what removed or changed them; pgretain archives list shows both.")
    }

    private func record(_ export: Export.Result) throws {
        let manifest = export.manifest
        try session.connection.ledger.append(
            LedgerEvent(
                .archived, table: session.table.name, relation: manifest.partition.name,
                relationOID: manifest.partition.oid, bounds: manifest.bounds,
                digest: manifest.digest, archive: export.staged.slice.path,
                details: ["generation": String(manifest.generation)]),
            by: session.run)
    }
}

extension ContentDigest {
    /// The digest of all that a COPY sends, without writing any of it.
    init(copy: CopyOut, interruption: Interruption, pace: Pace? = nil) throws {
        self.init()
        let block = CopyBlock()
        let budget = 8 << 20
        let pace = pace.map { pace in { try pace.spend($0) } }
        do {
            while try copy.fill(block, budget: budget, rowOverhead: 0, pace: pace) {
                try interruption.check()
                add(RowDigest.of(block.bytes))
                block.removeAll()
            }
        } catch {
            copy.abandon()
            throw error
        }
    }
}
