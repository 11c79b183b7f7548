import Glibc
import Retention

/// A verified range of an archive that takes several nights. It is an archive of its own, with
/// parts and manifest, under a name that says which pages of which heap it holds:
/// `.ranges-month=01/heap-16402-0-131072`. A later night may find that it has to be made anew.
public struct StoredRange: Sendable {
    /// `pg_relation_filenode`: pages mean something only until the table is rewritten.
    public let fileNode: UInt32
    public let pages: PageRange
    public let directory: ArchiveDirectory
    public let manifest: Manifest

    private static let prefix = "heap-"

    static func name(fileNode: UInt32, pages: PageRange) -> String {
        "\(prefix)\(fileNode)-\(pages)"
    }

    /// What a name says; nil when it is none.
    static func meaning(of name: String) -> (fileNode: UInt32, pages: PageRange)? {
        guard name.hasPrefix(prefix) else { return nil }
        let numbers = name.dropFirst(prefix.count).split(separator: "-").map(String.init)
        guard numbers.count == 3, let fileNode = UInt32(numbers[0]), let from = Int64(numbers[1]),
            let to = Int64(numbers[2]), let pages = PageRange(from: from, to: to),
            name == Self.name(fileNode: fileNode, pages: pages)
        else { return nil }
        return (fileNode, pages)
    }
}

extension DirectoryStore {
    /// The ranges of a slice that are whole, in the order of their pages, no two overlapping. What
    /// a run left unfinished among them counts for nothing.
    public func ranges(of slice: Slice) throws(ArchiveError) -> [StoredRange] {
        let shelf = try shelf(of: slice)
        var found: [StoredRange] = []
        for entry in try volume.entries(of: shelf) ?? [] where entry.kind == .directory {
            guard let (fileNode, pages) = StoredRange.meaning(of: entry.name) else { continue }
            let directory = self.directory(at: "\(shelf)/\(entry.name)")
            do throws(ArchiveError) {
                let manifest = try load(
                    directory, of: slice, in: Self.directoryName(for: slice.table),
                    entries: try volume.entries(of: directory.path) ?? [], checkingFiles: true)
                found.append(
                    StoredRange(
                        fileNode: fileNode, pages: pages, directory: directory,
                        manifest: manifest))
            } catch .damaged {
                continue
            }
        }
        found.sort { $0.pages < $1.pages }
        return found.filter { range in
            !found.contains { $0.pages < range.pages && $0.pages.overlaps(range.pages) }
        }
    }

    /// Removes what a slice's shelf holds but the ranges that are to stay; the shelf goes with the
    /// last of them.
    public func removeRanges(
        of slice: Slice, but staying: [StoredRange] = []
    ) throws(ArchiveError) {
        try requireWritable()
        let shelf = try shelf(of: slice)
        guard let entries = try volume.entries(of: shelf) else { return }
        let names = Set(staying.map { StoredRange.name(fileNode: $0.fileNode, pages: $0.pages) })
        for entry in entries where !names.contains(entry.name) {
            let path = "\(shelf)/\(entry.name)"
            if entry.kind == .directory {
                try volume.removeTree(path)
            } else {
                try volume.remove(path)
            }
        }
        if names.isEmpty {
            try volume.removeTree(shelf)
            try removeEmptyParents(of: slice)
        } else {
            try volume.syncDirectory(shelf)
        }
    }

    /// The slices of a table that have ranges.
    public func slicesUnderWay(of table: QualifiedName) throws(ArchiveError) -> [Slice] {
        var slices: [Slice] = []
        try collectShelves(below: [], of: table, into: &slices)
        return slices.sorted()
    }

    private func collectShelves(
        below steps: [String], of table: QualifiedName, into slices: inout [Slice]
    ) throws(ArchiveError) {
        let place = ([path(of: table)] + steps).joined(separator: "/")
        guard let entries = try volume.entries(of: place),
            !entries.contains(where: { $0.name == ManifestFile.name })
        else { return }
        for entry in entries where entry.kind == .directory {
            if let component = HiddenName.componentOfRanges(entry.name) {
                slices.append(
                    Slice(table: table, path: (steps + [component]).joined(separator: "/")))
            } else if Self.isStep(entry) {
                try collectShelves(below: steps + [entry.name], of: table, into: &slices)
            }
        }
    }

    fileprivate func shelf(of slice: Slice) throws(ArchiveError) -> String {
        let final = try directory(of: slice)
        return "\(final.parent)/\(HiddenName.ranges(final.component))"
    }
}

extension StagedArchive {
    /// Puts what was staged, sealed and verified on the slice's shelf, durably: it outlives the
    /// night.
    public func keep(
        _ manifest: Manifest, fileNode: UInt32, pages: PageRange
    ) throws(ArchiveError) -> StoredRange {
        let shelf = try store.shelf(of: slice)
        if try store.volume.status(of: shelf) == nil {
            try store.volume.makeDirectory(shelf)
        }
        let path = "\(shelf)/\(StoredRange.name(fileNode: fileNode, pages: pages))"
        try store.volume.move(directory.path, to: path)
        try store.volume.syncDirectory(shelf)
        try store.volume.syncDirectory(parent)
        return StoredRange(
            fileNode: fileNode, pages: pages, directory: store.directory(at: path),
            manifest: manifest)
    }

    /// Takes the parts of ranges in, in their order and numbered on from `first`: as hard links,
    /// or as copies where the file system knows none. Returns them as the manifest has to.
    public func adoptParts(
        of ranges: [StoredRange], from first: Int
    ) throws(ArchiveError) -> [Manifest.Part] {
        var adopted: [Manifest.Part] = []
        for range in ranges {
            for var part in range.manifest.parts {
                let file = part.file
                part.file = PartWriter.fileName(index: first + adopted.count)
                try take(part, named: file, of: range.directory)
                adopted.append(part)
            }
        }
        return adopted
    }
}
