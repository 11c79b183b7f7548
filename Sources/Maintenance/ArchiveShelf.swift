import Archives
import Postgres
import Retention
import Synchronization

/// The archives of a store, as a person looks at them. No database is needed.
public struct ArchiveShelf {
    public struct Entry: Sendable, Encodable {
        public var slice: Slice
        /// Nil for the published archive, else the number under which an older one is kept.
        public var superseded: Int?
        /// As the manifest has it.
        public var generation: Int?
        public var directory: String
        public var bounds: PartitionBounds?
        public var rows: UInt64?
        public var bytes: Int64?
        public var parts: Int?
        public var exportedAt: Instant?
        /// What its rows had in the table and have not in it.
        public var redacted: [String]?
        public var rowsErased: UInt64?
        /// What is wrong with it.
        public var problem: Problem?
        /// What a reader should know, though no row depends on it.
        public var notes: [String]?
    }

    let store: DirectoryStore
    let stored: [StoredArchive]
    private let strangers: [String]

    public init(site: Site, table: QualifiedName?, _ patience: Site.Patience) throws {
        store = try site.openStore(.readOnly, patience)
        (stored, strangers) = try Self.look(at: table, in: store, workers: site.workers)
    }

    /// Ten thousand manifests are a second's work for one thread: they are read while others are
    /// still being found.
    private static func look(at table: QualifiedName?, in store: DirectoryStore, workers: Int)
        throws
        -> (stored: [StoredArchive], strangers: [String])
    {
        typealias Found = (place: ArchivePlace, archive: StoredArchive)
        let share = 64
        let shares = BlockingQueue<[ArchivePlace]>()
        let found = Mutex<[Found]>([])
        var strangers: [String] = []
        try Threads.run(
            workers,
            work: {
                var reader = ManifestReader()
                while let places = shares.pop() {
                    let looked: [Found] = try places.compactMap { place in
                        try store.look(at: place, with: &reader, checkingFiles: true).map {
                            (place, $0)
                        }
                    }
                    found.withLock { $0 += looked }
                }
            }, stop: { shares.abandon() },
            lead: {
                var places: [ArchivePlace] = []
                strangers = try store.visit(table) { place in
                    places.append(place)
                    guard places.count == share else { return }
                    shares.push(places)
                    places = []
                }
                shares.push(places)
                shares.close()
            })
        let stored = found.withLock { $0 }.sorted { ArchivePlace.isBefore($0.place, $1.place) }
        return (stored.map(\.archive), strangers)
    }

    public var entries: [Entry] { stored.map(Entry.init) }

    /// The archives of one period by its name, as an operator writes it: in the table's own period, or in
    /// one that it had when they were made.
    public static func slice(site: Site, table: QualifiedName, period: String) throws -> Slice {
        let policy = try site.settingsIfAny(of: table)?.policy
        for form in (policy.map { [$0.period] } ?? []) + Period.allCases {
            guard let first = form.firstDay(named: period) else { continue }
            // A path is of the calendar alone: it is the same in every zone.
            let bounds = form.bounds(containing: Zone.utc.instant(first), in: .utc)
            return Slice(table: table, path: form.slicePath(of: bounds, in: .utc))
        }
        if let policy { _ = try policy.firstDay(of: period) }
        throw Problem(
            "period.form", .usage, "`\(period)` does not name a period.",
            hint: "Write it like 2025-01, 2025-w01, 2025-q1, 2025 or 2025-01-05.")
    }

    /// One archive of a slice, and which others there are.
    public struct Shown: Sendable, Encodable {
        public var slice: Slice
        public var manifest: Manifest
        public var otherGenerations: [Entry]

        /// - Parameter generation: nil for the published archive.
        public init(_ slice: Slice, _ generation: Int?, site: Site) throws {
            let all = try Generations(of: slice, in: try site.openStore(.readOnly, .short))
            let archive = try all.archive(generation)
            self.slice = slice
            manifest = try archive.manifest.get()
            otherGenerations = all.all.filter { $0.directory.path != archive.directory.path }
                .map(Entry.init)
        }

        private enum CodingKeys: CodingKey { case otherGenerations }

        /// The manifest's own members, and one more.
        public func encode(to encoder: any Encoder) throws {
            try manifest.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(otherGenerations, forKey: .otherGenerations)
        }
    }

    /// Every published archive of a table, oldest first; a problem when there is none.
    public func manifests(of table: QualifiedName) throws -> [(slice: Slice, manifest: Manifest)] {
        let found = try stored.filter { $0.superseded == nil && $0.slice.table == table }
            .map { (slice: $0.slice, manifest: try $0.manifest.get()) }
            .sorted { $0.manifest.bounds < $1.manifest.bounds }
        guard !found.isEmpty else {
            throw Problem(
                "archive.missing", .missing, "There is no archive of \(table) in \(store.root).",
                hint: "pgretain archives list")
        }
        return found
    }

    /// Where the archives of a table are.
    public func directory(of table: QualifiedName) -> String {
        "\(store.root)/\(DirectoryStore.directoryName(for: table))"
    }

    /// Things in the store that are no archives.
    public var strangerProblems: [Problem] {
        strangers.map {
            Problem(
                "store.stranger", .data, "\(store.root)/\($0) is no archive.",
                hint: "Move it out of the store.")
        }
    }

    /// Archives that the ledger names and the store lacks.
    public struct Lost {
        public var problems: [Problem] = []
        /// Why the ledger was not asked: the store can be looked at without a database, that is what
        /// it is for.
        public var unasked: String?
    }

    public func lost(site: Site, tables: [QualifiedName]) -> Lost {
        do {
            let connection = try site.connect(as: "pgretain: archives")
            let present = Set(stored.filter { $0.superseded == nil }.map(\.slice))
            let more = try site.tablesOfPatterns(knownTo: connection.ledger)
            return Lost(
                problems: try (tables + more).flatMap { table in
                    try connection.ledger.lostArchives(of: table, among: present)
                        .map { $0.problem(in: store) }
                })
        } catch {
            let problem = Problem(explaining: error)
            return problem.status == .unavailable
                ? Lost(unasked: problem.message) : Lost(problems: [problem])
        }
    }
}

extension ArchiveShelf.Entry {
    init(_ archive: StoredArchive) {
        self.init(
            slice: archive.slice, superseded: archive.superseded,
            directory: archive.directory.path)
        switch archive.manifest {
        case .success(let manifest):
            generation = manifest.generation
            bounds = manifest.bounds
            rows = manifest.digest.rows
            bytes = manifest.bytes
            parts = manifest.parts.count
            exportedAt = manifest.exportedAt
            if !manifest.redacted.isEmpty { redacted = manifest.redacted.map(\.description) }
            if !manifest.erased.isEmpty {
                rowsErased = manifest.erased.reduce(0) { $0 + $1.rows }
            }
        case .failure(let error):
            problem = error.problem
        }
    }
}

extension RetentionPolicy {
    /// The first day of a period, by its name.
    func firstDay(of period: String) throws(Problem) -> CivilDate {
        if let first = self.period.firstDay(named: period) { return first }
        throw Problem(
            "period.form", .usage,
            "`\(period)` does not name a \(self.period.rawValue) of \(table).",
            hint: "Write it like \(self.period.example).")
    }
}

extension Period {
    fileprivate var example: String {
        switch self {
        case .day: "2025-01-05"
        case .week: "2025-w01"
        case .month: "2025-01"
        case .quarter: "2025-q1"
        case .year: "2025"
        }
    }
}
