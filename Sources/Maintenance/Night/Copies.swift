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

    /// Whether a store lacks the archive, or has another generation of it.
    func isMissing(_ manifest: Manifest, of slice: Slice) throws -> Bool {
        try stores.contains { try $0.manifest(of: slice) != manifest }
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
        // An older generation makes place only if all of its rows are in the new one.
        let missing = try RowSets.missing(
            from: .init(
                manifest: manifest, directory: staged.directory, parts: manifest.parts[...]),
            of: .init(
                manifest: present, directory: try store.directory(of: slice),
                parts: present.parts[...]),
            interruption: interruption, keepAlive: keepAlive)
        if missing == 0 { try staged.replace() } else { try staged.supersede() }
    }

    private static func inCopy(_ store: DirectoryStore, _ error: any Error) -> Problem {
        var problem = Problem(explaining: error)
        problem.message = "In the copy at \(store.root): " + problem.message
        if problem.status == .data {
            problem.hint =
                "Look at that disk. An archive that is moved away there is copied again by the "
                + "next run."
        }
        return problem
    }
}

extension TableNight {
    /// Archives that a store lacks: one that was added later, or was away.
    mutating func catchUpCopies() {
        guard !session.site.copies.isEmpty else { return }
        do {
            let copies = try session.copies()
            for archive in try session.store.archives(of: session.table.name)
            where archive.superseded == nil {
                guard halt == nil, session.interruption.status == nil,
                    !session.timeBudget.deadline.hasPassed
                else { return }
                let manifest = try archive.manifest.get()
                guard try copies.isMissing(manifest, of: archive.slice) else { continue }
                let stopwatch = Stopwatch()
                try copies.bring(manifest, of: archive.slice)
                report.done.append(
                    Report.Entry(
                        .copy, manifest.partition.name.name, bounds: manifest.bounds,
                        rows: manifest.digest.rows, seconds: stopwatch.seconds,
                        note: "to " + session.site.copies.joined(separator: ", ")))
            }
        } catch {
            report.problems.append(
                session.interruption.status == nil ? Problem(explaining: error) : .interrupted)
        }
    }
}
