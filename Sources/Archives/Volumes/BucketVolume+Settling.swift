import ObjectStorage
import Retention

// Ending what has begun. Who heals holds the table's lock, and is as careful as if another had not
// heard that it does: see `BucketVolume+Moving.swift`.
extension BucketVolume {
    func settle(below path: String) throws(ArchiveError) -> [String] {
        let all = try objects(below: path).map { self.path($0.key) }
        let marked = all.filter { $0.hasSuffix("/\(UnfinishedMark.fileName)") }
            .map { String($0.dropLast(UnfinishedMark.fileName.count + 1)) }
        var done: [String] = []
        // First of all, with a mark or without, what a run that has lost its lock might still be
        // copying from.
        for partial in Set(all.compactMap(Self.partialDirectory)).sorted()
        where isBesideArchives(partial) {
            try removeTree(partial)
            done.append("Removed the unfinished archive \(place(of: partial)).")
        }
        for directory in marked where Self.partialDirectory(of: directory + "/") == nil {
            if let sentence = try settle(directory) { done.append(sentence) }
        }
        let uploads = try removeUnfinishedUploads(below: path)
        if uploads > 0 {
            done.append("Removed \(uploads) uploads that nobody completed for a day.")
        }
        return done
    }

    /// None where the store does not know that, or does not let: then it is its lifecycle's.
    private func removeUnfinishedUploads(below path: String) throws(ArchiveError) -> Int {
        do throws(ArchiveError) {
            return try ask(path) { () throws(StorageError) in
                try bucket.removeUnfinishedUploads(below: key(path + "/"), olderThan: 86_400)
            }
        } catch .storage(_, .denied), .storage(_, .refused), .storage(_, .missing), .missing {
            return 0
        }
    }

    private func settle(_ path: String) throws(ArchiveError) -> String? {
        guard let mark = try mark(on: path) else { return nil }
        let found = BucketDirectory(path, try objects(below: path), in: self)
        guard found.hasManifest else { return try settleRest(found, mark) }
        guard let source = mark.source else {
            try unmark(path)
            return nil
        }
        let from = "\(root)/\(source)"
        let left = BucketDirectory(from, try objects(below: from), in: self)
        guard left.hasManifest else {
            try requireWhole(path)
            if left.isRest, !left.files.isEmpty {
                _ = try takeOver(from, with: UnfinishedMark())
            }
            try unmark(path)
            return left.isRest ? "Ended the move of \(source) to \(place(of: path))." : nil
        }
        // Nothing of either has been removed for the other: what is damaged stays, for all to see.
        guard try isCopy(path, of: from) else {
            try unmark(path)
            return "Left \(source) beside \(place(of: path)): they are not the same archive."
        }
        if try repair(path, movedFrom: from) {
            return "Copied what was not whole at \(place(of: path)) again from \(source)."
        }
        guard try isOld(path) else { return nil }
        try bury(from)
        try unmark(path)
        return "Ended the move of \(source) to \(place(of: path))."
    }

    /// Removes the rest of a move or a removal, and the mark if nobody can be late there.
    private func settleRest(
        _ rest: BucketDirectory, _ mark: UnfinishedMark
    ) throws(ArchiveError) -> String? {
        let path = rest.path
        if rest.files.isEmpty, mark.source == nil, Self.isArchive(path), try !isOld(path) {
            return nil
        }
        guard try takeOver(path, with: UnfinishedMark()) else { return nil }
        let isFree = mark.source.map { !Self.mayBeLate($0) } ?? rest.files.isEmpty
        if isFree || !Self.isArchive(path) { try unmark(path) }
        return "Removed what was left of a move or a removal at \(place(of: path))."
    }

    /// Whether the target of a move from there may have been healed before: healing brings back from
    /// where an archive waits, whoever is late. All other moves begin where nobody is.
    private static func mayBeLate(_ source: String) -> Bool {
        source.contains("/.") && !isPartial(source)
    }

    /// Ranges are proven anew before anything is dropped against what they are copied to.
    static func isArchive(_ path: String) -> Bool {
        !isPartial(path) && !path.contains("/\(HiddenName.ranges(""))")
    }

    /// Whether a mark was set at least an hour ago, by the store's clock.
    private func isOld(_ path: String) throws(ArchiveError) -> Bool {
        let key = key("\(path)/\(UnfinishedMark.fileName)")
        let mark = try ask(path) { () throws(StorageError) in try bucket.status(of: key) }
        guard let mark, let now = mark.answeredAt, mark.modifiedAt > 0 else { return false }
        return now - mark.modifiedAt >= Self.secondsOfAMark
    }

    private static let secondsOfAMark: Int64 = 3600

    /// Requires that an archive's parts are what its manifest says, where nothing else has them. What
    /// was moved aside may be damaged, as it was.
    private func requireWhole(_ path: String) throws(ArchiveError) {
        guard path.split(separator: "/").last.flatMap({ SupersededName(String($0)) }) == nil,
            let manifest = try manifest(at: path)
        else { return }
        try requireKept(manifest, at: path)
    }

    private func manifest(at path: String) throws(ArchiveError) -> Manifest? {
        let path = "\(path)/\(ManifestFile.name)"
        guard let bytes = try contents(of: path, limit: ManifestFile.limit) else { return nil }
        do throws(ArchiveError) {
            return try ManifestFile.decode(bytes, path: path)
        } catch { return nil }
    }

    /// Copies again what a copy lacks, or has otherwise, of a source that is whole, and then its hour
    /// begins anew. Returns whether there was anything.
    func repair(_ path: String, movedFrom from: String) throws(ArchiveError) -> Bool {
        let found = BucketDirectory(path, try objects(below: path), in: self)
        let source = BucketDirectory(from, try objects(below: from), in: self)
        let parts = try manifest(at: from)?.parts ?? []
        var files = Set(source.files.filter { found.files[$0.key] != $0.value }.keys)
        files.remove(ManifestFile.name)
        for part in parts {
            files.remove(part.file)
            if try sha256(ofFile: "\(path)/\(part.file)") != part.sha256,
                try sha256(ofFile: "\(from)/\(part.file)") == part.sha256
            {
                files.insert(part.file)
            }
        }
        if !files.isEmpty {
            try set(UnfinishedMark(source: place(of: from)), on: path)
            try copy(
                files.sorted().map { (from: "\(from)/\($0)", to: "\(path)/\($0)") })
        }
        try requireCopied(parts, from: from, to: path)
        return !files.isEmpty
    }

    /// Whether only the steps of slices lead there from the table's directory.
    private func isBesideArchives(_ path: String) -> Bool {
        place(of: path).split(separator: "/").dropFirst().dropLast()
            .allSatisfy { SlicePath.isComponent(String($0)) }
    }

    /// The unfinished archive that a path leads into.
    private static func partialDirectory(of path: String) -> String? {
        guard let range = path.firstRange(of: "/\(HiddenName.partialPrefix)"),
            let end = path[range.upperBound...].firstIndex(of: "/")
        else { return nil }
        return String(path[..<end])
    }
}
