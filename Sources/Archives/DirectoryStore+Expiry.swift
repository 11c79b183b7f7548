import Retention

extension DirectoryStore {
    /// Removes the archive of a slice, with what it superseded. That it is gone already is no error. A
    /// run that dies in the midst leaves the archive whole, or under a name that healing removes.
    public func remove(_ slice: Slice) throws(ArchiveError) {
        try requireWritable()
        let final = try directory(of: slice)
        let (parent, component) = (final.parent, final.component)
        try requireSettled(final)
        // Healing would bring it back from there.
        let aside = "\(parent)/\(HiddenName.replaced(component))"
        guard try volume.entries(of: aside) == nil else { throw .settling(path: aside) }
        var removed: [String] = []
        // The older ones first: healing would publish one that it finds alone.
        for entry in try volume.entries(of: parent) ?? []
        where SupersededName(entry.name)?.component == component {
            removed.append(
                try volume.hide(
                    "\(parent)/\(entry.name)", as: "\(parent)/\(HiddenName.partial(component))"))
            try volume.syncDirectory(parent)
        }
        if try volume.status(of: final.path) != nil {
            removed.append(
                try volume.hide(final.path, as: "\(parent)/\(HiddenName.partial(component))"))
            try volume.syncDirectory(parent)
        }
        guard !removed.isEmpty else { return }
        for path in removed { try volume.removeTree(path) }
        try volume.syncDirectory(parent)
        try removeEmptyParents(of: slice)
    }

    /// Requires that no run that has lost its lock may be at an archive's place, as far as marks say: at
    /// what was moved aside from it too.
    func requireSettled(_ final: ArchiveDirectory) throws(ArchiveError) {
        let (parent, component) = (final.parent, final.component)
        let kept = (try volume.entries(of: parent) ?? []).map(\.name)
            .filter { SupersededName($0)?.component == component }
        try volume.requireSettled(
            ([component, HiddenName.replaced(component)] + kept).map { "\(parent)/\($0)" })
    }
}
