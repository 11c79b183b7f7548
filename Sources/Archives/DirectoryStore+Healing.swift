import Retention

extension DirectoryStore {
    /// Finishes or removes what an earlier run left of a table's archives. The caller holds the
    /// table's lock. Returns sentences of what was done.
    public func heal(table: QualifiedName) throws(ArchiveError) -> [String] {
        try requireWritable()
        var healing = Healing(store: self, tableDirectory: Self.directoryName(for: table))
        try healing.healRoot()
        let path = path(of: table)
        if let status = try volume.status(of: path), status.kind == .directory {
            healing.done += try volume.settle(below: path)
            try healing.heal([], of: table)
        }
        return healing.done
    }
}

/// A walk through one table's directory. It removes nothing but unfinished archives, last
/// generations whose successor is complete, and empty directories.
private struct Healing {
    let store: DirectoryStore
    let tableDirectory: String
    var done: [String] = []

    init(store: DirectoryStore, tableDirectory: String) {
        self.store = store
        self.tableDirectory = tableDirectory
    }

    mutating func healRoot() throws(ArchiveError) {
        for entry in try store.volume.entries(of: store.root) ?? [] where entry.kind == .regular {
            guard
                entry.name.hasPrefix(DirectoryStore.probePrefix)
                    || entry.name.hasPrefix(HiddenName.temporaryPrefix)
            else { continue }
            try store.volume.remove("\(store.root)/\(entry.name)")
            done.append("Removed the leftover file \(entry.name).")
        }
    }

    /// - Parameter steps: how to get to the directory from the table's.
    mutating func heal(_ steps: [String], of table: QualifiedName) throws(ArchiveError) {
        let path = ([store.root, tableDirectory] + steps).joined(separator: "/")
        guard let entries = try store.volume.entries(of: path) else { return }
        if entries.contains(where: { $0.name == ManifestFile.name }) { return }
        let before = done.count
        for entry in entries where entry.name.hasPrefix(HiddenName.replacedPrefix) {
            let component = String(entry.name.dropFirst(HiddenName.replacedPrefix.count))
            let slice = Slice(table: table, path: (steps + [component]).joined(separator: "/"))
            if SlicePath.isPath(slice.path) {
                try finishReplacing(slice, component, in: path)
            }
        }
        try finishSuperseding(entries, steps, of: table, in: path)
        for entry in entries where entry.name.hasPrefix(HiddenName.partialPrefix) {
            try remove(entry, in: path)
        }
        if done.count > before { try store.volume.syncDirectory(path) }
        for entry in entries where DirectoryStore.isStep(entry) {
            try heal(steps + [entry.name], of: table)
        }
        if !steps.isEmpty, try store.volume.entries(of: path)?.isEmpty == true,
            try store.volume.removeIfEmpty(path)
        {
            done.append("Removed the empty directory \(shown(path)).")
        }
    }

    private mutating func remove(_ entry: DirectoryEntry, in path: String) throws(ArchiveError) {
        let place = "\(path)/\(entry.name)"
        if entry.kind == .directory {
            try store.volume.removeTree(place)
        } else {
            try store.volume.remove(place)
        }
        done.append("Removed the unfinished archive \(shown(place)).")
    }

    /// A run died between moving the last generation aside and removing it.
    private mutating func finishReplacing(
        _ slice: Slice, _ component: String, in path: String
    ) throws(ArchiveError) {
        let aside = "\(path)/\(HiddenName.replaced(component))"
        let final = "\(path)/\(component)"
        // What was removed from there a moment ago keeps its name taken.
        guard try store.volume.entries(of: aside) != nil else { return }
        if try store.volume.isCopy(final, of: aside) {
            return try store.volume.bring(aside, to: final)
        }
        if let successor = try published(slice) {
            let replaced = try good(aside, slice)
            if let replaced, replaced.generation >= successor.generation {
                let kept = try SupersededName.next(for: component, in: path, of: store.volume)
                try store.volume.move(aside, to: "\(path)/\(kept.text)")
                done.append(
                    "Kept the archive \(shown(aside)) as \(kept.text): what is published is not "
                        + "its successor.")
                return
            }
            try store.volume.bury(aside)
            done.append("Removed the replaced archive \(shown(aside)): its successor is complete.")
            return
        }
        if try store.volume.status(of: final) != nil {
            let kept = try SupersededName.next(
                for: component, in: path, of: store.volume)
            try store.volume.move(final, to: "\(path)/\(kept.text)")
            done.append("Moved the damaged archive \(shown(final)) aside as \(kept.text).")
        }
        try store.volume.bring(aside, to: final)
        done.append("Put the archive \(shown(final)) back: its successor was not published.")
    }

    /// The published archive that is whole.
    private func published(_ slice: Slice) throws(ArchiveError) -> Manifest? {
        do throws(ArchiveError) {
            guard let manifest = try store.manifest(of: slice) else { return nil }
            try store.volume.requireKept(manifest, at: try store.directory(of: slice).path)
            return manifest
        } catch .damaged {
            return nil
        }
    }

    /// A run died between moving the published archive aside and moving the new one in.
    private mutating func finishSuperseding(
        _ entries: [DirectoryEntry], _ steps: [String], of table: QualifiedName, in path: String
    ) throws(ArchiveError) {
        let kept = entries.compactMap { SupersededName($0.name) }
        for component in Set(kept.map(\.component)).sorted() {
            let final = "\(path)/\(component)"
            guard try store.volume.status(of: final) == nil else {
                for name in kept where name.component == component {
                    let copy = "\(path)/\(name.text)"
                    if try store.volume.isCopy(final, of: copy) {
                        try store.volume.bring(copy, to: final)
                    }
                }
                continue
            }
            let slice = Slice(table: table, path: (steps + [component]).joined(separator: "/"))
            var newest: (name: SupersededName, manifest: Manifest)?
            for name in kept where name.component == component {
                guard let manifest = try good("\(path)/\(name.text)", slice) else { continue }
                if let best = newest?.manifest,
                    (best.generation, best.exportedAt) >= (manifest.generation, manifest.exportedAt)
                {
                    continue
                }
                newest = (name, manifest)
            }
            guard let newest else { continue }
            try store.volume.bring("\(path)/\(newest.name.text)", to: final)
            done.append("Published \(newest.name.text) as \(shown(final)), as was under way.")
        }
    }

    private func good(_ path: String, _ slice: Slice) throws(ArchiveError) -> Manifest? {
        let directory = store.directory(at: path)
        do throws(ArchiveError) {
            return try store.load(
                directory, of: slice, in: tableDirectory,
                entries: try store.volume.entries(of: directory.path) ?? [], checkingFiles: true)
        } catch .damaged {
            return nil
        }
    }

    /// A path below the root.
    private func shown(_ path: String) -> String {
        String(path.dropFirst(store.root.count + 1))
    }
}
