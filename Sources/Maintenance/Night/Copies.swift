import Archives
import Retention

/// The other stores that hold each archive. What leaves the database has been read back from all
/// of them.
struct Copies {
    let stores: [DirectoryStore]
    let source: DirectoryStore
    let verifier: Verifier
    let interruption: Interruption
    let keepAlive: () throws -> Void

    /// Copies the published archive of a slice to where it is not, and reads it back everywhere.
    func bring(_ manifest: Manifest, of slice: Slice) throws {
        for store in stores {
            do {
                try bring(manifest, of: slice, to: store)
            } catch {
                throw Self.inCopy(store, error)
            }
        }
    }

    /// Brings an archive to the stores if one lacks it, or has it in another generation; which do.
    func catchUp(_ manifest: Manifest, of slice: Slice) throws -> [DirectoryStore] {
        let lacking = try stores.filter { store in
            do {
                return try store.manifest(of: slice) != manifest
            } catch {
                throw Self.inCopy(store, error)
            }
        }
        if !lacking.isEmpty { try bring(manifest, of: slice) }
        return lacking
    }

    /// The same, as a step of the night; nil where all have it.
    func catchUp(_ archive: StoredArchive) throws -> Report.Entry? {
        let manifest = try archive.manifest.get()
        let stopwatch = Stopwatch()
        let lacking = try catchUp(manifest, of: archive.slice)
        guard !lacking.isEmpty else { return nil }
        return Report.Entry(
            .copy, manifest.partition.name.name, bounds: manifest.bounds,
            rows: manifest.digest.rows, seconds: stopwatch.seconds,
            note: "to " + lacking.map(\.root).joined(separator: ", "))
    }

    private func bring(_ manifest: Manifest, of slice: Slice, to store: DirectoryStore) throws {
        let present = try store.manifest(of: slice)
        if present == manifest {
            _ = try verifier.verify(manifest, in: try store.directory(of: slice), slice: slice)
            return try store.makeDurable(slice)
        }
        let staged = try store.stage(slice)
        do {
            try staged.copyParts(of: manifest, from: try source.directory(of: slice)) {
                try interruption.check()
                try keepAlive()
            }
            try staged.seal(manifest)
            _ = try verifier.verify(manifest, in: staged.directory, slice: slice)
        } catch {
            try staged.discard()
            throw error
        }
        guard let present else {
            try staged.publish()
            return
        }
        // An older generation makes place only if all of its rows are in the new one, but for those
        // that were erased since.
        let missing = try RowSets.missing(
            from: .init(
                manifest: manifest, directory: staged.directory, parts: manifest.parts[...]),
            of: .init(
                manifest: present, directory: try store.directory(of: slice),
                parts: present.parts[...]),
            interruption: interruption, keepAlive: keepAlive)
        let isAllThere = missing == 0 || missing == manifest.rowsErased(since: present)
        if isAllThere { try staged.replace() } else { try staged.supersede() }
    }

    private static func inCopy(_ store: DirectoryStore, _ error: any Error) -> Problem {
        var problem = Problem(explaining: error)
        problem.message = "In the copy at \(store.root): " + problem.message
        if problem.status == .data {
            problem.hint =
                "Look at that store. An archive that is moved away there is copied again by the "
                + "next run."
        }
        return problem
    }
}

extension TableNight {
    /// Archives that a store lacks: one that was added later, or was away.
    mutating func catchUpCopies() {
        guard !session.site.copies.isEmpty else { return }
        var archives: [StoredArchive] = []
        do { archives = try session.store.archives(of: session.table.name) } catch { note(error) }
        for archive in archives where archive.superseded == nil {
            guard halt == nil, session.interruption.status == nil,
                !session.timeBudget.deadline.hasPassed
            else { return }
            // One that cannot be copied stops none of the others.
            do {
                if let copied = try session.copies.catchUp(archive) { report.done.append(copied) }
            } catch {
                note(error)
            }
        }
    }

    /// The retirement may have said it already.
    private mutating func note(_ error: any Error) {
        let problem =
            session.interruption.status == nil ? Problem(explaining: error) : .interrupted
        if !report.problems.contains(problem) { report.problems.append(problem) }
    }
}
