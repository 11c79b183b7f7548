import Archives
import Retention

/// What a verification finds, on its way into the record of its store.
struct CheckNotes {
    /// Nil where it cannot be written to.
    private var store: DirectoryStore?
    private let isRequired: Bool
    /// Archives that there are; nil where nobody has looked at all of the store.
    private var places: Set<String>?
    private var found: [String: CheckRecord.Check] = [:]
    private var saved = Stopwatch()

    /// As it was written last.
    private(set) var record = CheckRecord()
    /// Why it could not be written; nil where it was.
    private(set) var unrecorded: Problem?

    init(_ site: Site, for choice: ArchiveShelf.Choice) throws {
        if case .sample = choice { isRequired = true } else { isRequired = false }
        try attempt { notes in
            let store = try site.openStore(.write)
            notes.store = store
            if case .slice = choice { return }
            var places: Set<String> = []
            _ = try store.visit { places.insert(store.place(of: $0.directory)) }
            notes.places = places
        }
    }

    /// Only what was read, and found to be other than its manifest says, is bad: what cannot be read
    /// now is neither that nor good.
    mutating func note(_ archive: StoredArchive, _ problem: Problem?, at instant: Instant) throws {
        guard let store, problem == nil || problem?.status == .data else { return }
        found[store.place(of: archive.directory)] = .init(
            generation: archive.generation ?? 0, at: instant, isGood: problem == nil)
        if saved.seconds > 30 { try save() }
    }

    /// Others may have written in the meantime: what they found stays.
    mutating func save() throws {
        try attempt { notes in
            guard let store = notes.store else { return }
            let before = try store.checkRecord()
            var record = before
            if let places = notes.places {
                record.checks = record.checks.filter { places.contains($0.key) }
            }
            record.checks.merge(notes.found) { $1 }
            if record != before { try store.write(record) }
            notes.record = record
            notes.saved = Stopwatch()
        }
    }

    private mutating func attempt(_ body: (inout CheckNotes) throws -> Void) throws {
        do { try body(&self) } catch {
            guard !isRequired else { throw error }
            store = nil
            unrecorded = Problem(explaining: error)
        }
    }
}
