import Archives
import FailPoints
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
    /// What was exported of the table; nil as above.
    let tableBytes: Int64?
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
        /// It holds the relation's rows as they were before columns came: the relation, in the
        /// version that the witness saw, holds every value of it.
        case widen(Manifest, firstOwn: Int, TableWitness)
        /// The relation's rows have changed: parts from `firstOwn` on are written again.
        case renew(Manifest, firstOwn: Int)
    }

    /// What it gives is proven in every store.
    func run(_ subject: Departing) throws -> Archived {
        let archived = try archive(subject)
        try session.copies.bring(archived.proof.manifest, of: subject.slice)
        FailPoint.pass("night.copied")
        return archived
    }

    private func archive(_ subject: Departing) throws -> Archived {
        let stopwatch = Stopwatch()
        try session.connection.setStep("export \(subject.name.name)")
        switch try course(for: subject) {
        case .fresh:
            let export = try export(subject, as: .first)
            return try publish(export, subject, stopwatch) { try $0.publish() }
        case .unchanged(let manifest, let coverage, let witness, let fingerprint):
            let directory = try session.store.directory(of: subject.slice)
            let proof = try session.verifier.verify(
                manifest, in: directory, slice: subject.slice, covering: coverage)
            // A run may have died between publishing and making that durable, or saying so.
            try session.store.makeDurable(subject.slice)
            if try !isRecorded(manifest, subject) { try record(manifest, subject) }
            try session.store.removeRanges(of: subject.slice)
            return Archived(
                proof: proof, witness: witness, fingerprint: fingerprint, exportSeconds: nil,
                tableBytes: nil, seconds: stopwatch.seconds)
        case .add(let old):
            let export = try export(
                subject, as: NextGeneration(old: old, adopting: old.parts.count))
            let missing = try missing(
                from: export.manifest.parts[old.parts.count...], of: export, old.parts[...], old,
                subject)
            guard missing == old.digest.rows else {
                if try areThereAgain(export, old, missing, subject) {
                    try export.staged.discard()
                    return try proveAgain(old, export, subject, stopwatch)
                }
                // Somebody brought rows of the archive back by hand: they are not new.
                try export.staged.discard()
                return try renew(old, firstOwn: 0, subject, stopwatch)
            }
            return try publish(export, subject, stopwatch) { try $0.replace() }
        case .widen(let old, let firstOwn, let witness):
            let export = try export(
                subject, as: NextGeneration(old: old, adopting: firstOwn))
            guard export.witness.isSame(as: witness) else {
                try export.staged.discard()
                throw Problem(
                    "partition.changed", .tryLater,
                    "Rows of \(subject.name) changed while it was archived anew. Nothing was "
                        + "dropped; its older archive is as it was.",
                    hint: "Run it again; it goes on where it stopped.")
            }
            return try publish(export, subject, stopwatch) { try $0.replace() }
        case .renew(let old, let firstOwn):
            return try renew(old, firstOwn: firstOwn, subject, stopwatch)
        }
    }

    /// Whether every row of a slice is one that was deleted against its archive: an UPDATE that changed
    /// nothing came in the midst of that. A primary key makes sure that equal rows are the same.
    private func areThereAgain(
        _ export: Export.Result, _ old: Manifest, _ missing: UInt64, _ subject: Departing
    ) throws -> Bool {
        guard subject.rows != nil, old.digest.rows - missing == export.manifest.ownDigest.rows,
            export.manifest.definition.constraints.contains(where: { $0.kind == .primaryKey })
        else { return false }
        return try lastState(of: subject)?.kind == .deleted
    }

    /// The archive stays as it is, and speaks of the rows that were found in it.
    private func proveAgain(
        _ old: Manifest, _ export: Export.Result, _ subject: Departing, _ stopwatch: Stopwatch
    ) throws -> Archived {
        let proof = try session.verifier.verify(
            old, in: try session.store.directory(of: subject.slice), slice: subject.slice,
            covering: .some(export.manifest.ownDigest))
        try session.store.removeRanges(of: subject.slice)
        return Archived(
            proof: proof, witness: export.witness, fingerprint: export.fingerprint,
            exportSeconds: nil, tableBytes: nil, seconds: stopwatch.seconds)
    }

    private func renew(
        _ old: Manifest, firstOwn: Int, _ subject: Departing, _ stopwatch: Stopwatch
    ) throws -> Archived {
        let export = try export(subject, as: NextGeneration(old: old, adopting: firstOwn))
        let missing = try missing(
            from: export.manifest.parts[firstOwn...], of: export, old.parts[firstOwn...], old,
            subject)
        guard missing == 0 else { return try keepBoth(export, old, missing, subject, stopwatch) }
        return try publish(export, subject, stopwatch) { try $0.replace() }
    }

    /// How many rows of these parts of the archive in place are not among those of the export.
    private func missing(
        from newParts: ArraySlice<Manifest.Part>, of export: Export.Result,
        _ oldParts: ArraySlice<Manifest.Part>, _ old: Manifest, _ subject: Departing
    ) throws -> UInt64 {
        try RowSets.missing(
            from: .init(
                manifest: export.manifest, directory: export.staged.directory, parts: newParts),
            of: .init(
                manifest: old, directory: try session.store.directory(of: subject.slice),
                parts: oldParts),
            interruption: session.interruption, keepAlive: session.keepAlive())
    }

    private func course(for subject: Departing) throws -> Course {
        guard let old = try session.store.manifest(of: subject.slice) else {
            try requireNoLostArchive(of: subject)
            return .fresh
        }
        let isSameRelation = old.partition.oid == subject.relation.oid
        if try !hasBegunToDiffer(from: old, subject) {
            let found = try contents(of: subject, like: old)
            let oldColumns = old.definition.columns.map(\.name)
            let sameColumns = found.columns == oldColumns
            let isWider = !sameColumns && Set(oldColumns).isSubset(of: found.columns)
            let (witness, fingerprint) = (found.witness, found.fingerprint)
            if sameColumns, isSameRelation, found.digest == old.ownDigest {
                return .unchanged(old, .own, witness, fingerprint)
            }
            if sameColumns, found.digest == old.digest {
                return .unchanged(old, .whole, witness, fingerprint)
            }
            if isWider, isSameRelation, found.digest == old.ownDigest {
                return .widen(old, firstOwn: old.firstOwnPart, witness)
            }
            if isWider, found.digest == old.digest { return .widen(old, firstOwn: 0, witness) }
        }
        let state = try lastState(of: subject)
        // The archive alone has those rows; what there is now came later, or is no rule's.
        if state?.kind == .deleted || subject.rows != nil && state?.rowsAreGone ?? false {
            return .add(to: old)
        }
        if let rule = subject.rule { try requireItsOwn(state, rule, subject) }
        if isSameRelation { return .renew(old, firstOwn: old.firstOwnPart) }
        // By the relation, not by the range: rows that came out of the archive are not new to it.
        let isRestored = try session.connection.ledger.wasRestored(subject.relation.oid)
        if !isRestored, state?.rowsAreGone ?? false { return .add(to: old) }
        return .renew(old, firstOwn: 0)
    }

    /// Whether an earlier night has seen that the relation's rows are no longer the archive's, and
    /// has begun to export them range by range. Ranges with more columns than the archive say
    /// nothing of its rows.
    private func hasBegunToDiffer(from old: Manifest, _ subject: Departing) throws -> Bool {
        let columns = old.definition.columns.map(\.name)
        return try session.store.ranges(of: subject.slice).contains {
            $0.manifest.generation == old.generation + 1
                && $0.manifest.definition.columns.map(\.name) == columns
        }
    }

    /// An archive of other rows than a rule's, all of which are still there, is not to be replaced by
    /// one of the rule's.
    private func requireItsOwn(_ state: LedgerEvent?, _ rule: RowRule, _ subject: Departing) throws
    {
        guard state?.condition == rule.condition else {
            guard state?.condition == nil else {
                throw Postponed(
                    .waiting(
                        "rows of another rule are archived at \(subject.slice) and leave before "
                            + "those of the rule \(rule)"))
            }
            throw Problem(
                "rule.in-the-way", .brake,
                "The archive \(subject.slice) holds other rows than those of the rule \(rule), and "
                    + "they have not left \(subject.name). Nothing was deleted.",
                hint: "They leave with their partition; what is there: pgretain plan.")
        }
    }

    /// A run may have died before it said that it has published.
    private func isRecorded(_ manifest: Manifest, _ subject: Departing) throws -> Bool {
        guard try session.connection.ledger.knows(subject.slice, digest: manifest.digest) else {
            return false
        }
        // All rows may be those of a rule.
        let state = try lastState(of: subject)
        return state?.kind != .archived || state?.condition == subject.rule?.condition
    }

    private func lastState(of subject: Departing) throws -> LedgerEvent? {
        try session.connection.ledger.states(of: session.table.name)[subject.bounds]
    }

    /// Rows that were dropped are in an archive that the store has, or it is not the store; unless an
    /// operator has said that it is lost.
    private func requireNoLostArchive(of subject: Departing) throws {
        guard try lastState(of: subject)?.rowsAreGone ?? false,
            try !session.connection.ledger.acceptedLosses(of: session.table.name)
                .contains(subject.slice)
        else { return }
        throw Problem(
            "archive.lost", .missing,
            "The rows of \(subject.bounds) of \(session.table.name) were dropped against the archive "
                + "\(subject.slice), and \(session.store.root) does not have it. \(subject.name) was "
                + "left alone.",
            hint: "Is the store mounted? Else bring the archive back from another copy.")
    }

    private func export(_ subject: Departing, as generation: NextGeneration) throws
        -> Export.Result
    {
        let isUnderWay = try !session.store.ranges(of: subject.slice).isEmpty
        if !isUnderWay, !session.goesByRanges(subject) {
            do {
                return try Export(session: session).run(subject, as: generation)
            } catch is SnapshotTooOld {
                // It took longer than was thought.
            }
        }
        var export = RangedExport(session: session, subject: subject, generation: generation)
        return try export.run()
    }

    /// What the relation holds now in the columns that can be compared with its archive, without
    /// writing any of it.
    private func contents(of subject: Departing, like old: Manifest) throws -> TableContents {
        if !session.goesByRanges(subject) {
            do {
                let age = session.snapshotAge()
                let snapshot = try session.snapshot(of: subject)
                let columns = snapshot.definition.columnsToCompare(with: old)
                let digest = try ContentDigest(
                    copy: try snapshot.copyOut(columns: columns),
                    redactor: snapshot.definition.redactor(of: columns, like: old),
                    interruption: session.interruption, pace: session.pace, age: age)
                let witness = try snapshot.witness()
                try snapshot.end()
                return TableContents(
                    digest: digest, columns: snapshot.definition.columns.map(\.name),
                    witness: witness, fingerprint: snapshot.fingerprint)
            } catch is SnapshotTooOld {
                // It took longer than was thought.
            }
        }
        return try RangedReading(session: session, subject: subject, old: old).run()
    }

    private func publish(
        _ export: Export.Result, _ subject: Departing, _ stopwatch: Stopwatch,
        _ publish: (StagedArchive) throws -> Void
    ) throws -> Archived {
        FailPoint.pass("night.exported")
        let proof = try prove(export, publish)
        FailPoint.pass("night.published")
        try record(export.manifest, subject)
        FailPoint.pass("night.recorded")
        try session.store.removeRanges(of: export.staged.slice)
        return Archived(
            proof: proof, witness: export.witness, fingerprint: export.fingerprint,
            exportSeconds: export.seconds, tableBytes: export.tableBytes,
            seconds: stopwatch.seconds)
    }

    /// What does not verify is not published, and leaves nothing behind.
    private func prove(_ export: Export.Result, _ publish: (StagedArchive) throws -> Void) throws
        -> VerifiedArchive
    {
        let proof: VerifiedArchive
        do {
            // A row is seen before it is durable where its writer does not wait: a crash of the
            // server must take none back that an archive holds.
            try session.connection.ledger.flushLog(session.run)
            proof = try session.verifier.verify(
                export.manifest, in: export.staged.directory, slice: export.staged.slice,
                but: export.proven)
        } catch {
            try export.staged.discard()
            if Problem(explaining: error).status == .data {
                try removeDamagedRanges(of: export.staged.slice)
            }
            throw error
        }
        FailPoint.pass("night.verified")
        // What fails halfway and cannot be undone may have either generation under either name:
        // it is left to healing, which looks.
        try publish(export.staged)
        return proof
    }

    /// What a disk has spoilt since it was verified is exported again by the next run.
    private func removeDamagedRanges(of slice: Slice) throws {
        var good: [StoredRange] = []
        for range in try session.store.ranges(of: slice) {
            do {
                _ = try session.verifier.verify(
                    range.manifest, in: range.directory, slice: slice)
                good.append(range)
            } catch  where Problem(explaining: error).status == .data {
                continue
            }
        }
        try session.store.removeRanges(of: slice, but: good)
    }

    /// Rows that the old archive held are gone: the new one takes the place, the old one is kept
    /// beside it, and nothing is dropped until somebody has looked.
    private func keepBoth(
        _ export: Export.Result, _ old: Manifest, _ missing: UInt64, _ subject: Departing,
        _ stopwatch: Stopwatch
    ) throws -> Archived {
        let state = try lastState(of: subject)
        let archived = try publish(export, subject, stopwatch) { try $0.supersede() }
        let accepted = try session.connection.ledger.acceptedArchives(of: session.table.name)
        if accepted[subject.slice]?.contains(old.digest) ?? false { return archived }
        let gone = RowsGone(
            rows: missing, old: old, new: export.manifest, wereDeleted: state?.rowsAreGone ?? false)
        throw gone.problem(subject.slice)
    }

    private func record(_ manifest: Manifest, _ subject: Departing) throws {
        var event = LedgerEvent(
            .archived, table: session.table.name, relation: manifest.partition.name,
            relationOID: manifest.partition.oid, bounds: manifest.bounds,
            digest: manifest.digest, archive: subject.slice.path,
            details: ["generation": String(manifest.generation)])
        event.condition = subject.rule?.condition
        try session.connection.ledger.append(event, by: session.run)
    }
}
