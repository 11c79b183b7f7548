import Archives
import Retention
import RowCoding

/// An archive that rows come from, and which of its parts and rows.
struct RestoreSource: Sendable {
    let slice: Slice
    let manifest: Manifest
    let directory: ArchiveDirectory
    let columns: [CodedColumn]
    /// Those of its parts that can hold wanted rows.
    let parts: [Manifest.Part]
    /// What a wanted row meets; none where every row is wanted.
    let conditions: [(RowCondition, FieldPath)]

    /// Whether all that it holds is wanted.
    var isWhole: Bool { conditions.isEmpty && parts.count == manifest.parts.count }
    /// Of the parts that are read.
    var rows: UInt64 { parts.reduce(0) { $0 + $1.digest.rows } }
    var ndjsonBytes: Int64 { parts.reduce(0) { $0 + $1.ndjsonBytes } }
}

/// Where the rows of a request are.
struct RestoreSources: Sendable {
    /// In the order of their ranges; those without a part that can hold wanted rows among them.
    let all: [RestoreSource]
    /// The time range that was asked for, or that the archives cover.
    let bounds: PartitionBounds
    /// Which rows are wanted; nil where it is all of one archive.
    let selection: RowSelection?
    /// Ranges of it that no archive covers.
    let gaps: [PartitionBounds]
    /// Archives that may have the same wanted row.
    let overlap: Problem?
    /// All archives of the table that the store has; nil where one was asked for by its name.
    let present: Set<Slice>?
    /// Which of them cannot have a row that meets the conditions, a sentence each.
    let unmet: [String]
    /// Which other generations of these archives there are, a sentence each.
    let otherGenerations: [String]

    /// Whose midnights are meant.
    let zone: Zone

    init(_ request: RestoreRequest, site: Site) throws {
        let store = try site.openStore(.readOnly)
        let policyZone = try site.settingsIfAny(of: request.table)?.policy.zone ?? .utc
        var found: [(Slice, Manifest, ArchiveDirectory)] = []
        let stored: [StoredArchive]
        if let period = request.period {
            let slice = try ArchiveShelf.slice(
                site: site, table: request.table, period: period)
            let generations = try Generations(of: slice, in: store)
            let archive = try generations.archive(
                request.generation, undone: " Nothing was restored.")
            found = [(slice, try archive.manifest.get(), archive.directory)]
            stored = generations.all
        } else {
            stored = try store.archives(of: request.table)
            for archive in stored where archive.superseded == nil {
                guard case .success(let manifest) = archive.manifest else {
                    throw Self.unreadable(archive, request)
                }
                found.append((archive.slice, manifest, archive.directory))
            }
            guard !found.isEmpty else {
                throw Self.missing(
                    "There is no archive of \(request.table) in \(store.root).", request)
            }
        }
        present = request.period == nil ? Set(found.map(\.0)) : nil
        found.sort { $0.1.bounds < $1.1.bounds }
        let newest = found[found.count - 1].1
        zone = newest.keyType.isNaive ? Zone.utc : policyZone
        let (from, to) = (request.from?.instant(in: zone), request.to?.instant(in: zone))
        let selection = RowSelection(
            from: from, to: to, conditions: request.conditions, zone: zone)
        self.selection = selection
        try selection.requireRange(undone: "Nothing was restored.")
        try selection.requireColumns(request, found.map(\.1))
        let admitted = found.filter { selection.admits($0.1.bounds) }
        var notes: [String] = []
        do {
            all = try RowSelection.ready(admitted, slice: \.0, notes: &notes) {
                try selection.source($0.0, $0.1, in: $0.2)
            }
        } catch let fault as ConditionFault {
            throw Problem(
                "restore.condition", .usage,
                "\(fault.condition): \(fault.reason). Nothing was restored.",
                hint: "pgretain search --help has examples of conditions.")
        }
        unmet = notes
        otherGenerations = all.flatMap { source in
            Generations.notes(
                on: stored.filter { $0.slice == source.slice }, but: source.directory)
        }
        overlap = selection.overlap(
            among: all.filter { !$0.parts.isEmpty }.map { ($0.slice, $0.manifest) },
            undone: "Nothing was restored.")
        let covered = admitted.map(\.1.bounds)
        guard let first = covered.map(\.from).min(), let last = covered.map(\.to).max(),
            let bounds = PartitionBounds(from: from ?? first, to: to ?? last)
        else {
            throw Self.missing(
                "No archive of \(request.table) has rows of that time.", request)
        }
        self.bounds = bounds
        gaps = bounds.without(covered)
    }

    /// All of one archive.
    init(_ slice: Slice, _ manifest: Manifest, in directory: ArchiveDirectory) throws {
        zone = .utc
        bounds = manifest.bounds
        selection = nil
        overlap = nil
        gaps = []
        present = nil
        unmet = []
        otherGenerations = []
        all = [
            RestoreSource(
                slice: slice, manifest: manifest, directory: directory,
                columns: try manifest.codedColumns(), parts: manifest.parts, conditions: [])
        ]
    }

    private static func unreadable(_ archive: StoredArchive, _ request: RestoreRequest) -> Problem {
        let table = request.table.description.shellWord
        return Problem(
            "archive.damaged", .data,
            "The manifest of \(archive.slice) cannot be read: whether it holds wanted rows cannot be "
                + "known. Nothing was restored.",
            hint: "pgretain archives verify --table \(table) says more; restore --period brings "
                + "other archives back one by one.")
    }

    private static func missing(_ what: String, _ request: RestoreRequest) -> Problem {
        Problem(
            "archive.missing", .missing, what + " Nothing was restored.",
            hint: "pgretain archives list --table \(request.table.description.shellWord)")
    }
}

extension PartitionBounds {
    /// What is left of it without some ranges.
    func without(_ ranges: [PartitionBounds]) -> [PartitionBounds] {
        var left: [PartitionBounds] = []
        var next = from
        for range in ranges.sorted() {
            if let gap = PartitionBounds(from: next, to: min(range.from, to)) { left.append(gap) }
            next = max(next, range.to)
        }
        if let gap = PartitionBounds(from: next, to: to) { left.append(gap) }
        return left
    }
}

extension RowSelection {
    fileprivate func requireColumns(_ request: RestoreRequest, _ manifests: [Manifest]) throws {
        guard let subject = try unknownSubject(in: manifests) else { return }
        throw Problem(
            "restore.condition", .usage,
            "No archive of \(request.table) has a column \(subject). Nothing was restored.",
            hint: "pgretain archives show lists the columns.")
    }

    fileprivate func source(_ slice: Slice, _ manifest: Manifest, in directory: ArchiveDirectory)
        throws
        -> RestoreSource
    {
        let columns = try manifest.codedColumns()
        let (ready, canBeMet) = try conditions(in: manifest, columns, of: manifest.definition)
        // A condition that is none is said before anything is read.
        _ = try RowFilter(columns, conditions: ready, selection: nil)
        let questions = manifest.questions(ready, columns)
        let wanted = (canBeMet ? parts(of: manifest) : []).filter {
            PartFilter.ask(questions, of: $0, in: directory).mayHold
        }
        return RestoreSource(
            slice: slice, manifest: manifest, directory: directory, columns: columns,
            parts: wanted, conditions: ready)
    }
}
