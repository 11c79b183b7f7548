import Retention

/// A walk through a store that finds every archive, and whatever else is there.
struct InventoryTour {
    let store: DirectoryStore
    /// Hears of each place as it is found.
    private let each: (ArchivePlace) -> Void
    private(set) var strangers: [String] = []

    init(store: DirectoryStore, each: @escaping (ArchivePlace) -> Void) {
        self.store = store
        self.each = each
    }

    mutating func visitRoot() throws(ArchiveError) {
        guard let entries = try store.volume.entries(of: store.root) else {
            throw .storeMissing(root: store.root, reason: "it does not exist")
        }
        for entry in entries where !entry.isHidden && entry.name != StoreBinding.fileName {
            if entry.kind == .directory, let table = TableDirectoryName.table(of: entry.name) {
                try visit(table: table, in: entry.name)
            } else {
                strangers.append(entry.name)
            }
        }
    }

    mutating func visit(table: QualifiedName, in directory: String) throws(ArchiveError) {
        let path = "\(store.root)/\(directory)"
        guard let status = try store.volume.status(of: path) else { return }
        guard status.kind == .directory, let entries = try store.volume.entries(of: path) else {
            strangers.append(directory)
            return
        }
        try visit(entries, at: [], of: table, in: directory)
    }

    /// Looks at what is in a directory that is itself no archive.
    ///
    /// - Parameter steps: how to get there from the table's directory.
    private mutating func visit(
        _ entries: [DirectoryEntry], at steps: [String], of table: QualifiedName,
        in directory: String
    ) throws(ArchiveError) {
        var asides: Set<String> = []
        for entry in entries where entry.kind == .directory {
            guard let component = HiddenName.componentOfReplaced(entry.name),
                try visitReplaced(entry.name, component, at: steps, of: table, in: directory)
            else { continue }
            asides.insert(component)
        }
        for entry in entries where !asides.contains(entry.name) {
            if DirectoryStore.isStep(entry) {
                try visitStep(steps + [entry.name], of: table, in: directory)
            } else if entry.kind == .directory, let kept = SupersededName(entry.name) {
                let path = (steps + [kept.component]).joined(separator: "/")
                let place = ([directory] + steps + [entry.name]).joined(separator: "/")
                add(
                    Slice(table: table, path: path), at: place, in: directory,
                    superseded: kept.number, entries: nil)
            } else if !entry.isHidden {
                strangers.append(
                    ([directory] + steps + [entry.name]).joined(separator: "/"))
            }
        }
    }

    /// Between the two moves of a replacing, the archive of a slice is the one moved aside. Returns whether
    /// it is.
    private mutating func visitReplaced(
        _ name: String, _ component: String, at steps: [String], of table: QualifiedName,
        in directory: String
    ) throws(ArchiveError) -> Bool {
        let above = ([directory] + steps).joined(separator: "/")
        let path = "\(store.root)/\(above)"
        guard
            let entries = try store.standIn(for: "\(path)/\(component)", at: "\(path)/\(name)")
        else { return false }
        add(
            Slice(table: table, path: (steps + [component]).joined(separator: "/")),
            at: "\(above)/\(name)", in: directory, superseded: nil, entries: entries)
        return true
    }

    private mutating func visitStep(
        _ steps: [String], of table: QualifiedName, in directory: String
    ) throws(ArchiveError) {
        let path = steps.joined(separator: "/")
        let place = "\(directory)/\(path)"
        guard let entries = try store.volume.entries(of: "\(store.root)/\(place)") else { return }
        if entries.contains(where: Self.isOfArchive) {
            add(
                Slice(table: table, path: path), at: place, in: directory, superseded: nil,
                entries: entries)
        } else {
            // An empty one waits for an archive under way, or was left by a run that died: healing
            // removes it.
            try visit(entries, at: steps, of: table, in: directory)
        }
    }

    private static func isOfArchive(_ entry: DirectoryEntry) -> Bool {
        entry.name == ManifestFile.name || ManifestRules.isPartFile(entry.name)
    }

    private func add(
        _ slice: Slice, at place: String, in tableDirectory: String, superseded: Int?,
        entries: [DirectoryEntry]?
    ) {
        each(
            ArchivePlace(
                slice: slice, superseded: superseded,
                directory: store.directory(at: "\(store.root)/\(place)"),
                tableDirectory: tableDirectory, entries: entries))
    }
}
