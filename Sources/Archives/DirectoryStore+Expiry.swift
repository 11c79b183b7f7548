import Retention

extension DirectoryStore {
    /// Removes the archive of a slice, with what it superseded. That it is gone already is no error. A
    /// run that dies in the midst leaves the archive whole, or under a name that healing removes.
    public func remove(_ slice: Slice) throws(ArchiveError) {
        try requireWritable()
        let final = try directory(of: slice).path
        let slash = final.utf8.lastIndex(of: UInt8(ascii: "/")) ?? final.startIndex
        let parent = String(final[..<slash])
        let component = String(final[final.index(after: slash)...])
        var removed: [String] = []
        // The older ones first: healing would publish one that it finds alone.
        for entry in try File.entries(of: parent) ?? []
        where SupersededName(entry.name)?.component == component {
            removed.append("\(parent)/\(HiddenName.partial(component))")
            try names.move("\(parent)/\(entry.name)", to: removed[removed.count - 1])
            try File.syncDirectory(parent)
        }
        if try File.status(of: final) != nil {
            removed.append("\(parent)/\(HiddenName.partial(component))")
            try names.move(final, to: removed[removed.count - 1])
            try File.syncDirectory(parent)
        }
        guard !removed.isEmpty else { return }
        for path in removed { try File.removeTree(path) }
        try File.syncDirectory(parent)
        try removeEmptyParents(of: slice)
    }
}
