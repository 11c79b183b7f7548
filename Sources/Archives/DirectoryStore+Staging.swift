import Glibc
import Retention

extension DirectoryStore {
    /// Makes a fresh, hidden directory beside the place of a slice's archive.
    public func stage(_ slice: Slice) throws(ArchiveError) -> StagedArchive {
        try requireWritable()
        let final = try directory(of: slice)
        guard SlicePath.claimedBounds(of: slice.path) != nil else {
            throw .invalid(what: "\(slice)", reason: "“\(slice.path)” is no period")
        }
        return try parents.withLock { () throws(ArchiveError) in
            // Another host may make or remove the directories above at the same time.
            for _ in 1..<Self.mostTries {
                do throws(ArchiveError) {
                    return try stage(slice, beside: final)
                } catch .system(_, _, let code) where code == ENOENT || code == EEXIST {
                    continue
                }
            }
            return try stage(slice, beside: final)
        }
    }

    private static let mostTries = 10

    private func stage(
        _ slice: Slice, beside final: ArchiveDirectory
    ) throws(ArchiveError) -> StagedArchive {
        let path = "\(try makeParents(of: slice))/\(HiddenName.partial(final.component))"
        try volume.makeDirectory(path)
        return StagedArchive(
            store: self, slice: slice, directory: self.directory(at: path), final: final)
    }

    /// Makes the names durable that lead to a published archive, whoever gave them.
    public func makeDurable(_ slice: Slice) throws(ArchiveError) {
        var path = path(of: slice.table)
        try volume.syncDirectory(root)
        try volume.syncDirectory(path)
        for step in slice.path.split(separator: "/") {
            path += "/\(step)"
            try volume.syncDirectory(path)
        }
    }

    /// Makes the directories above an archive, durably. Returns the last.
    private func makeParents(of slice: Slice) throws(ArchiveError) -> String {
        let table = Self.directoryName(for: slice.table)
        var path = root
        for step in [table] + slice.path.split(separator: "/").dropLast().map(String.init) {
            let above = path
            path += "/\(step)"
            guard let status = try volume.status(of: path) else {
                try volume.makeDirectory(path)
                try volume.syncDirectory(path)
                try volume.syncDirectory(above)
                continue
            }
            guard status.kind == .directory else {
                throw .exists(path: path, reason: "there is something that is not a directory")
            }
            guard try volume.status(ofFile: "\(path)/\(ManifestFile.name)") == nil else {
                throw .exists(
                    path: path,
                    reason: "an archive of a longer period is there, and “"
                        + "\(slice.path)” would lie in it")
            }
        }
        return path
    }

    /// Removes the directories above a slice that hold nothing any more.
    func removeEmptyParents(of slice: Slice) throws(ArchiveError) {
        try parents.withLock { () throws(ArchiveError) in
            var steps = slice.path.split(separator: "/").dropLast()
            while !steps.isEmpty {
                let path = "\(path(of: slice.table))/\(steps.joined(separator: "/"))"
                guard try volume.removeIfEmpty(path) else { return }
                steps.removeLast()
            }
        }
    }
}
