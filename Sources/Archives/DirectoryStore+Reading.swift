import Retention

/// One archive in a store, as far as a look at its manifest tells.
public struct StoredArchive: Sendable {
    /// Where it is. When the table's name is so long that its directory's is cut, and the manifest
    /// cannot be read, the table is what is left of the name.
    public let slice: Slice
    /// Nil for the published archive; otherwise its number among those that were kept when another
    /// took their place.
    public let superseded: Int?
    public let directory: ArchiveDirectory
    public let manifest: Result<Manifest, ArchiveError>
}

/// Where an archive is, whatever it is like.
public struct ArchivePlace: Sendable {
    /// As far as names tell.
    let slice: Slice
    let superseded: Int?
    public let directory: ArchiveDirectory
    let tableDirectory: String
    /// What was in it when it was found; nil where nobody has looked.
    let entries: [DirectoryEntry]?

    /// By slice; the published archive before those it superseded.
    public static func isBefore(_ a: ArchivePlace, _ b: ArchivePlace) -> Bool {
        a.slice == b.slice ? a.superseded ?? 0 < b.superseded ?? 0 : a.slice < b.slice
    }
}

/// All that is in a store, or in a table's directory.
public struct StoreInventory: Sendable {
    /// By slice; the published archive before those it superseded.
    public var archives: [StoredArchive] = []
    /// Paths below the root that are none of ours. Hidden ones are not looked at.
    public var strangers: [String] = []
}

extension DirectoryStore {
    /// What the published archive of a slice claims; nil when there is none. Its directory holds
    /// the files that the manifest names, each of the size that it claims, and nothing else.
    public func manifest(of slice: Slice) throws(ArchiveError) -> Manifest? {
        let directory = try directory(of: slice)
        guard let entries = try volume.directory(directory.path) else { return nil }
        if Self.isBetween(entries) { return nil }
        return try load(
            directory, of: slice, in: Self.directoryName(for: slice.table), entries: entries,
            checkingFiles: true)
    }

    /// The same, and where it is to be read: between the two moves of a replacing, and until what died
    /// between them is healed, the last generation is read where it was moved aside.
    public func published(
        _ slice: Slice
    ) throws(ArchiveError) -> (directory: ArchiveDirectory, manifest: Manifest)? {
        let final = try directory(of: slice)
        let aside = directory(at: "\(final.parent)/\(HiddenName.replaced(final.component))")
        if let entries = try standIn(for: final.path, at: aside.path) {
            let manifest = try load(
                aside, of: slice, in: Self.directoryName(for: slice.table), entries: entries,
                checkingFiles: true)
            return (aside, manifest)
        }
        return try manifest(of: slice).map { (final, $0) }
    }

    /// What is in a directory that was moved aside, where that is to be read instead of its place: that
    /// is empty, has no manifest, or is not all there of the same archive.
    func standIn(
        for final: String, at aside: String
    ) throws(ArchiveError) -> [DirectoryEntry]? {
        guard let entries = try volume.entries(of: aside),
            entries.contains(where: { $0.name == ManifestFile.name })
        else { return nil }
        guard let there = try volume.entries(of: final) else { return entries }
        guard there.contains(where: { $0.name == ManifestFile.name }) else {
            return Self.isBetween(there) ? nil : entries
        }
        let sizes = Dictionary(there.map { ($0.name, $0.size) }) { first, _ in first }
        if entries.allSatisfy({ sizes[$0.name] == .some($0.size) }) { return nil }
        return try volume.isCopy(final, of: aside) ? entries : nil
    }

    /// All archives, the superseded ones among them.
    ///
    /// - Parameters:
    ///   - table: nil for every table.
    ///   - checkingFiles: whether the size of every part is looked at, too.
    public func archives(
        of table: QualifiedName? = nil, checkingFiles: Bool = false
    ) throws(ArchiveError) -> [StoredArchive] {
        try inventory(of: table, checkingFiles: checkingFiles).archives
    }

    /// All archives, and what else is in the tree.
    public func inventory(
        of table: QualifiedName? = nil, checkingFiles: Bool = false
    ) throws(ArchiveError) -> StoreInventory {
        var places: [ArchivePlace] = []
        let strangers = try visit(table) { places.append($0) }
        var reader = ManifestReader()
        var inventory = StoreInventory(strangers: strangers)
        for place in places.sorted(by: ArchivePlace.isBefore) {
            if let archive = try look(at: place, with: &reader, checkingFiles: checkingFiles) {
                inventory.archives.append(archive)
            }
        }
        return inventory
    }

    /// Tells where archives are, in no order, without a look at any; gives what else is in the tree.
    public func visit(
        _ table: QualifiedName? = nil, each: @escaping (ArchivePlace) -> Void
    ) throws(ArchiveError) -> [String] {
        var tour = InventoryTour(store: self, each: each)
        if let table {
            try tour.visit(table: table, in: Self.directoryName(for: table))
        } else {
            try tour.visitRoot()
        }
        return tour.strangers.sorted()
    }

    /// What is at a place now; nil when it has gone since. Throws where the whole store is not to be read.
    public func look(
        at place: ArchivePlace, with reader: inout ManifestReader, checkingFiles: Bool
    ) throws(ArchiveError) -> StoredArchive? {
        var slice = place.slice
        let manifest: Result<Manifest, ArchiveError>
        do throws(ArchiveError) {
            guard
                let read = try load(place, checkingFiles: checkingFiles, with: &reader)
            else { return nil }
            slice.table = read.table.name
            manifest = .success(read)
        } catch {
            if error.isOfTheStore { throw error }
            manifest = .failure(error)
        }
        return StoredArchive(
            slice: slice, superseded: place.superseded, directory: place.directory,
            manifest: manifest)
    }

    /// Nil when it has gone.
    private func load(
        _ place: ArchivePlace, checkingFiles: Bool, with reader: inout ManifestReader
    ) throws(ArchiveError) -> Manifest? {
        if let entries = place.entries {
            do throws(ArchiveError) {
                return try load(
                    place.directory, of: place.slice, in: place.tableDirectory, entries: entries,
                    checkingFiles: checkingFiles, with: &reader)
            } catch {
                // Another generation may have been swapped in since: looked at once more.
            }
        }
        guard let entries = try volume.entries(of: place.directory.path) else { return nil }
        return try load(
            place.directory, of: place.slice, in: place.tableDirectory, entries: entries,
            checkingFiles: checkingFiles, with: &reader)
    }

    /// Whether a directory is none of an archive, but a step on the way to archives of shorter
    /// periods: it holds directories of slices, and else only what is hidden.
    static func isBetween(_ entries: [DirectoryEntry]) -> Bool {
        entries.contains { isStep($0) } && entries.allSatisfy { isStep($0) || $0.isHidden }
    }

    static func isStep(_ entry: DirectoryEntry) -> Bool {
        entry.kind == .directory && SlicePath.isComponent(entry.name)
    }

    /// Reads an archive's manifest and requires that it belongs where it is.
    ///
    /// - Parameters:
    ///   - tableDirectory: the name of the table's directory.
    ///   - entries: what is in the archive's directory.
    func load(
        _ directory: ArchiveDirectory, of slice: Slice, in tableDirectory: String,
        entries: [DirectoryEntry], checkingFiles: Bool
    ) throws(ArchiveError) -> Manifest {
        var reader = ManifestReader()
        return try load(
            directory, of: slice, in: tableDirectory, entries: entries,
            checkingFiles: checkingFiles, with: &reader)
    }

    private func load(
        _ directory: ArchiveDirectory, of slice: Slice, in tableDirectory: String,
        entries: [DirectoryEntry], checkingFiles: Bool, with reader: inout ManifestReader
    ) throws(ArchiveError) -> Manifest {
        let path = directory.path(of: ManifestFile.name)
        guard let bytes = try volume.contents(of: path, limit: ManifestFile.limit) else {
            throw .damaged(
                path: directory.path,
                reason: entries.isEmpty
                    ? "it is empty" : "it has no manifest (\(ManifestFile.name))")
        }
        let manifest = try reader.decode(bytes, path: path)
        if let reason = Self.misplacement(of: manifest, in: tableDirectory, at: slice.path) {
            throw .damaged(path: path, reason: reason)
        }
        try directory.require(
            entries, toBe: manifest, and: ManifestFile.name, checkingFiles: checkingFiles)
        return manifest
    }

    /// Why a manifest does not belong at a place; nil when it does. Names are compared byte for
    /// byte, as the server does: to Swift two spellings of an accent are equal.
    static func misplacement(
        of manifest: Manifest, in tableDirectory: String, at path: String
    ) -> String? {
        guard directoryName(for: manifest.table.name) == tableDirectory else {
            return "it is of the table \(manifest.table.name), in the directory \(tableDirectory)"
        }
        guard SlicePath.admits(manifest.bounds, at: path) else {
            return "it is of \(manifest.bounds), which does not belong at \(path)"
        }
        return nil
    }
}
