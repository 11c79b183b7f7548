import Retention

extension DirectoryStore {
    /// All archives of one slice: the published one, where there is one, and those that were kept when
    /// another took their place, by their numbers.
    public func generations(of slice: Slice) throws(ArchiveError) -> [StoredArchive] {
        let directory = try directory(of: slice)
        var all: [StoredArchive] = []
        do throws(ArchiveError) {
            if let (directory, manifest) = try published(slice) {
                all.append(
                    StoredArchive(
                        slice: slice, superseded: nil, directory: directory,
                        manifest: .success(manifest)))
            }
        } catch {
            if error.isOfTheStore { throw error }
            // An older one may be whole.
            all.append(
                StoredArchive(
                    slice: slice, superseded: nil, directory: directory, manifest: .failure(error)))
        }
        return try all + superseded(of: slice, beside: directory)
    }

    private func superseded(of slice: Slice, beside final: ArchiveDirectory)
        throws(ArchiveError) -> [StoredArchive]
    {
        let (parent, component) = (final.parent, final.component)
        let kept = (try volume.entries(of: parent) ?? []).compactMap { entry in
            entry.kind == .directory ? SupersededName(entry.name) : nil
        }
        var reader = ManifestReader()
        var found: [StoredArchive] = []
        for name in kept.filter({ $0.component == component }).sorted(by: { $0.number < $1.number })
        {
            let place = ArchivePlace(
                slice: slice, superseded: name.number,
                directory: self.directory(at: "\(parent)/\(name.text)"),
                tableDirectory: Self.directoryName(for: slice.table), entries: nil)
            guard let archive = try look(at: place, with: &reader, checkingFiles: true) else {
                continue
            }
            found.append(archive)
        }
        return found
    }
}
