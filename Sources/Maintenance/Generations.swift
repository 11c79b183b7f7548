import Archives
import Retention

/// All archives of one slice: the published one, and those that were kept when another took their
/// place.
struct Generations {
    private let slice: Slice
    private let root: String
    /// The published one first.
    let all: [StoredArchive]

    init(of slice: Slice, in store: DirectoryStore) throws {
        self.slice = slice
        root = store.root
        all = try store.generations(of: slice)
    }

    /// - Parameters:
    ///   - number: as the manifest has it; nil for the published one.
    ///   - undone: what a refusal says was not done.
    func archive(_ number: Int?, undone: String = "") throws(Problem) -> StoredArchive {
        let found = all.filter {
            number == nil ? $0.superseded == nil : $0.generation == number
        }
        guard let first = found.first else {
            var message = "There is no "
            if let number { message += "generation \(number) of the " }
            message += "archive \(slice) in \(root)"
            if !all.isEmpty { message += "; there is \(all.map(\.name).joined(separator: ", "))" }
            throw Problem(
                "archive.missing", .missing, message + "." + undone,
                hint: "pgretain archives list --table \(slice.table.description.shellWord)")
        }
        guard number == nil || Set(found.map(\.digest)).count == 1 else {
            throw Problem(
                "archive.ambiguous", .data,
                "Archives of different rows have the same generation: "
                    + found.map(\.directory.path).joined(separator: " and ") + "." + undone,
                hint:
                    "Move the directory of one that is superseded out of the store, run it again, "
                    + "and move it back.")
        }
        return first
    }

    /// What somebody should know who has the archive of one directory before him: which others there
    /// are.
    static func notes(on archives: [StoredArchive], but directory: ArchiveDirectory) -> [String] {
        archives.filter { $0.directory.path != directory.path }.map(\.noteBesideAnother)
    }
}

extension StoredArchive {
    /// Nil where the manifest cannot be read.
    var generation: Int? {
        if case .success(let manifest) = manifest { manifest.generation } else { nil }
    }

    fileprivate var digest: ContentDigest? {
        if case .success(let manifest) = manifest { manifest.digest } else { nil }
    }

    /// `generation 1 (superseded, number 1)`
    fileprivate var name: String {
        let which = superseded.map { "superseded, number \($0)" } ?? "published"
        return (generation.map { "generation \($0)" } ?? "one that cannot be read") + " (\(which))"
    }

    /// What somebody should know who has another archive of the slice before him.
    var noteBesideAnother: String {
        guard case .success(let manifest) = manifest else {
            return "another generation of \(slice.path) is there, and its manifest cannot be read: "
                + directory.path
        }
        let (number, rows) = (manifest.generation, manifest.digest.rows)
        let count = "\(rows) \(rows == 1 ? "row" : "rows")"
        guard superseded != nil else {
            return "published of \(slice.path) is generation \(number), with \(count)"
        }
        return "an older generation \(number) of \(slice.path) is kept, with \(count): restore "
            + "with its --period and --generation \(number) brings that back"
    }
}
