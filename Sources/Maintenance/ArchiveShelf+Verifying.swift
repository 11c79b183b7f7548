import Archives
import Retention

extension ArchiveShelf {
    /// Which archives are read back.
    public enum Choice: Sendable {
        case all
        /// Of one slice: all, or those of one generation.
        case slice(Slice, generation: Int?)
        /// A share of all bytes, above 0, up to 1.
        case sample(Double)
    }

    public struct Verification: Sendable {
        /// What is wrong with the archives, in their order.
        public var problems: [Problem] = []
        /// Of a share.
        public var sample: Sample?
        /// Why what was read could not be written down; nil where it was.
        public var unrecorded: Problem?
    }

    /// Reads archives back, proves each, and writes down which were good: a scrub comes to others
    /// first. A share makes no sense without that; other choices do.
    public func verify(
        _ choice: Choice, site: Site, now: Instant?, workers: Int, interruption: Interruption,
        progress: ProgressSink?, each: (Entry, Double) -> Void
    ) throws -> Verification {
        var notes = try CheckNotes(site, for: choice)
        let archives = try chosen(choice)
        let verifier = Verifier(workers: workers, interruption: interruption, progress: progress)
        var result = Verification()
        do {
            for archive in archives {
                try interruption.check()
                let problem = try verify(
                    archive, by: verifier, interruption: interruption, each: each)
                if let problem { result.problems.append(problem) }
                try notes.note(archive, problem, at: now ?? HostClock.now)
            }
        } catch {
            try notes.save()
            throw error
        }
        try notes.save()
        result.unrecorded = notes.unrecorded
        switch choice {
        case .all: result.problems += strangerProblems
        case .slice: break
        case .sample:
            result.problems += strangerProblems
            result.sample = sample(archives, notes.record)
        }
        return result
    }

    private func chosen(_ choice: Choice) throws -> [StoredArchive] {
        switch choice {
        case .all: return stored
        case .slice(let slice, let generation):
            let all = try Generations(of: slice, in: store)
            let one = try all.archive(generation)
            return generation == nil ? all.all : [one]
        case .sample(let share): return choose(share, by: try store.checkRecord())
        }
    }

    /// What is wrong with an archive.
    private func verify(
        _ archive: StoredArchive, by verifier: Verifier, interruption: Interruption,
        each: (Entry, Double) -> Void
    ) throws -> Problem? {
        let stopwatch = Stopwatch()
        var entry = Entry(archive)
        do {
            let manifest = try archive.manifest.get()
            _ = try verifier.verify(manifest, in: archive.directory, slice: archive.slice)
            let flaws = try manifest.parts.compactMap {
                try PartFilter.flaw(of: $0, in: archive.directory)
            }
            entry.notes = flaws.isEmpty ? nil : flaws.map { "\($0): search reads the part" }
        } catch {
            try interruption.check()
            if let error = error as? ArchiveError, error.isOfTheStore { throw error }
            entry.problem = Problem(explaining: error)
        }
        each(entry, stopwatch.seconds)
        return entry.problem
    }
}
