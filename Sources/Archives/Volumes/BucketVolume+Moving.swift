import Checksums
import Glibc
import ObjectStorage
import Retention

// A bucket has no renames. A directory is moved by copying its objects on the server, the manifest
// last, and then removing the old ones, their manifest first; an `UnfinishedMark` stands wherever
// there are parts and no manifest. What a run that dies leaves at each step, and what becomes of it,
// is in docs/object-stores.md.
extension BucketVolume {
    func move(_ from: String, to path: String) throws(ArchiveError) {
        let moved = Directory(from, try objects(below: from), in: self)
        guard !moved.files.isEmpty else {
            throw .system(call: "move", path: from, errno: ENOENT)
        }
        let manifest = try claim(of: moved)
        let mark = UnfinishedMark(source: place(of: from))
        try makeRoom(at: path, for: mark)
        try copy(
            moved.files.keys.sorted().filter { $0 != ManifestFile.name }
                .map { (from: "\(from)/\($0)", to: "\(path)/\($0)") })
        if moved.hasManifest { try commit(from, to: path) }
        try requireMoved(moved, to: path, by: mark)
        if let manifest { try requireCopied(manifest.parts, from: from, to: path) }
        // Without a manifest it is damage, which somebody has to see: no mark may hide it.
        if !moved.hasManifest { try unmark(path) }
        try removeTree(from)
        if moved.hasManifest { try unmark(path) }
    }

    func exchange(_ a: String, with b: String) -> Bool { false }

    /// The manifest is the commit record: without it there is no archive. What is left is healing's.
    func hide(_ path: String, as hidden: String) throws(ArchiveError) -> String {
        try set(UnfinishedMark(), on: path)
        try remove("\(path)/\(ManifestFile.name)")
        return path
    }

    func removeTree(_ path: String) throws(ArchiveError) {
        let found = Directory(path, try objects(below: path), in: self)
        // What is unfinished by its name needs no mark.
        if Self.isPartial(path) { return try remove(all: found.all) }
        guard !found.all.isEmpty else { return }
        if !found.isRest { try set(UnfinishedMark(), on: path) }
        if found.hasManifest { try remove("\(path)/\(ManifestFile.name)") }
        try remove(
            all: found.files.keys.sorted().filter { $0 != ManifestFile.name }
                .map { "\(path)/\($0)" })
        try unmark(path)
    }

    // MARK: The steps

    /// What the manifest of a directory says, all of whose parts are in the list; nil where there is
    /// none that can be read. A list that lacks what is there would lose it.
    private func claim(of directory: Directory) throws(ArchiveError) -> Manifest? {
        let path = "\(directory.path)/\(ManifestFile.name)"
        guard directory.hasManifest else {
            if try status(ofFile: path) != nil { throw .unlisted(path: path) }
            return nil
        }
        guard let bytes = try contents(of: path, limit: ManifestFile.limit) else {
            throw .missing(path: path)
        }
        var reader = ManifestReader()
        let manifest: Manifest
        // What is damaged may still be moved aside, as it is.
        do throws(ArchiveError) { manifest = try reader.decode(bytes, path: path) } catch {
            return nil
        }
        for part in manifest.parts where directory.files[part.file] == nil {
            let file = "\(directory.path)/\(part.file)"
            guard try status(ofFile: file) == nil else {
                throw .unlisted(path: file)
            }
        }
        return manifest
    }

    /// Sets the mark, and requires that nothing is there. The rest of a move or a removal makes room:
    /// only the holder of the table's lock moves anything, so nobody else is at it any more.
    private func makeRoom(at path: String, for mark: UnfinishedMark) throws(ArchiveError) {
        // A mark would hide damage, which somebody has to see.
        let before = Directory(path, try objects(below: path), in: self)
        guard before.all.isEmpty || before.isRest else {
            throw .system(call: "move", path: path, errno: EEXIST)
        }
        // In this order: who moves something here as well writes the manifest, and then looks at the
        // mark.
        guard try takeOver(path, with: mark) else {
            throw .system(call: "move", path: path, errno: EEXIST)
        }
    }

    private func commit(_ from: String, to path: String) throws(ArchiveError) {
        let old = "\(from)/\(ManifestFile.name)"
        guard let bytes = try contents(of: old, limit: ManifestFile.limit) else {
            throw .missing(path: old)
        }
        guard try writeIfAbsent(bytes, to: "\(path)/\(ManifestFile.name)") else {
            throw .system(call: "move", path: path, errno: EEXIST)
        }
    }

    /// Before anything of the old is removed, the new has to be whole, and nobody may have taken it
    /// over: who does sets a mark of his own, and then looks whether there is a manifest.
    private func requireMoved(
        _ moved: Directory, to path: String, by mark: UnfinishedMark
    ) throws(ArchiveError) {
        guard try self.mark(on: path) == mark else {
            throw .exists(path: path, reason: "another run has taken over what was moved there")
        }
        let found = Directory(path, try objects(below: path), in: self)
        guard found.files == moved.files else {
            throw .damaged(path: path, reason: "it is not what was moved there")
        }
    }

    /// Requires that each part has the bytes that were proven: what is dropped is dropped against the
    /// copy. What is moved aside may be damaged, but stays what it was.
    private func requireCopied(
        _ parts: [Manifest.Part], from: String, to path: String
    ) throws(ArchiveError) {
        let isAside = path.split(separator: "/").last.map { SupersededName(String($0)) } ?? nil
        for part in parts {
            let copy = "\(path)/\(part.file)"
            guard let found = try sha256(ofFile: copy) else {
                if isAside != nil { continue }
                throw .damaged(path: copy, reason: "it is not there")
            }
            if found == part.sha256 { continue }
            if isAside != nil, try found == sha256(ofFile: "\(from)/\(part.file)") { continue }
            throw .damaged(path: copy, reason: "it has another SHA-256 than its manifest says")
        }
    }

    func requireKept(_ manifest: Manifest, at path: String) throws(ArchiveError) {
        for part in manifest.parts {
            let file = "\(path)/\(part.file)"
            guard try sha256(ofFile: file) == part.sha256 else {
                throw .damaged(path: file, reason: "it has another SHA-256 than its manifest says")
            }
        }
    }

    /// As the store knows it, or else by reading; nil where there is no such object.
    private func sha256(ofFile path: String) throws(ArchiveError) -> String? {
        let key = key(path)
        let object = try ask(path) { () throws(StorageError) in try bucket.status(of: key) }
        guard let object else { return nil }
        if let known = object.sha256 { return known }
        var checksum = Checksum()
        var buffer = ByteBuffer()
        var place: Int64 = 0
        while place < object.bytes {
            buffer.resize(to: Int(min(Self.readingBytes, object.bytes - place)))
            let (room, start) = (buffer.mutableBytes, place)
            try ask(path) { () throws(StorageError) in
                try bucket.read(key, from: start, into: room)
            }
            checksum.update(UnsafeRawBufferPointer(room))
            place += Int64(room.count)
        }
        return checksum.finish()
    }

    private static let readingBytes: Int64 = 8 << 20

    /// Removes a directory that has a mark and no manifest. Returns false when it has one by now.
    private func removeRest(_ path: String) throws(ArchiveError) -> Bool {
        guard try takeOver(path, with: UnfinishedMark()) else { return false }
        try unmark(path)
        return true
    }

    /// Removes all but the mark from a directory that has no manifest. Returns false when it has one
    /// by now, whatever a list says.
    private func takeOver(_ path: String, with mark: UnfinishedMark) throws(ArchiveError) -> Bool {
        // In this order: who moves something here writes the manifest, and then looks at the mark.
        try set(mark, on: path)
        let found = Directory(path, try objects(below: path), in: self)
        if found.hasManifest { return false }
        if try status(ofFile: "\(path)/\(ManifestFile.name)") != nil { return false }
        if let other = found.files.keys.filter({ $0.contains("/") }).min() {
            throw .damaged(
                path: path,
                reason: "it is marked as unfinished, and holds \(other), which is no part of it")
        }
        try remove(all: found.files.keys.sorted().map { "\(path)/\($0)" })
        return true
    }

    // MARK: Marks

    private func set(_ mark: UnfinishedMark, on path: String) throws(ArchiveError) {
        try write(mark.encoded(), to: "\(path)/\(UnfinishedMark.fileName)")
    }

    private func unmark(_ path: String) throws(ArchiveError) {
        try remove("\(path)/\(UnfinishedMark.fileName)")
    }

    private func mark(on path: String) throws(ArchiveError) -> UnfinishedMark? {
        let path = "\(path)/\(UnfinishedMark.fileName)"
        guard let bytes = try contents(of: path, limit: UnfinishedMark.limit) else { return nil }
        guard let mark = UnfinishedMark(decoding: bytes) else {
            throw .damaged(path: path, reason: "it is no mark of this program")
        }
        return mark
    }

    static func isPartial(_ path: String) -> Bool {
        path.split(separator: "/").last?.hasPrefix(HiddenName.partialPrefix) ?? false
    }

    // MARK: Ending what has begun

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
        return done
    }

    private func settle(_ path: String) throws(ArchiveError) -> String? {
        guard let mark = try mark(on: path) else { return nil }
        if !Directory(path, try objects(below: path), in: self).hasManifest {
            guard try removeRest(path) else { return nil }
            return "Removed what was left of a move or a removal at \(place(of: path))."
        }
        var sentence: String?
        if let source = mark.source {
            let from = "\(root)/\(source)"
            try prove(path, movedFrom: from)
            let found = Directory(path, try objects(below: path), in: self)
            let left = Directory(from, try objects(below: from), in: self)
            let isDone = try left.hasManifest ? isCopy(found, of: left) : left.isRest
            if isDone {
                try removeTree(from)
                sentence = "Ended the move of \(source) to \(place(of: path))."
            }
        }
        try unmark(path)
        return sentence
    }

    /// Proves a copy where the run died before it could look. Of a source that is whole, parts that do
    /// not agree are copied again.
    private func prove(_ path: String, movedFrom from: String) throws(ArchiveError) {
        let name = "/\(ManifestFile.name)"
        guard let bytes = try contents(of: path + name, limit: ManifestFile.limit) else { return }
        let manifest: Manifest
        // What is damaged may have been moved aside, as it was.
        do throws(ArchiveError) {
            manifest = try ManifestFile.decode(bytes, path: path + name)
        } catch { return }
        if try contents(of: from + name, limit: ManifestFile.limit) == bytes {
            for part in manifest.parts
            where try sha256(ofFile: "\(from)/\(part.file)") == part.sha256 {
                let copy = "\(path)/\(part.file)"
                if try sha256(ofFile: copy) == part.sha256 { continue }
                try self.copy([(from: "\(from)/\(part.file)", to: copy)])
            }
            try requireCopied(manifest.parts, from: from, to: path)
        } else if path.split(separator: "/").last.flatMap({ SupersededName(String($0)) }) == nil {
            try requireKept(manifest, at: path)
        }
    }

    private func isCopy(_ a: Directory, of b: Directory) throws(ArchiveError) -> Bool {
        guard a.files == b.files else { return false }
        let one = try contents(of: "\(a.path)/\(ManifestFile.name)", limit: ManifestFile.limit)
        let two = try contents(of: "\(b.path)/\(ManifestFile.name)", limit: ManifestFile.limit)
        return one == two
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

    /// A directory as it was listed.
    private struct Directory {
        let path: String
        /// Sizes of what is below it, by the rest of the path, without the mark.
        let files: [String: Int64]
        let hasMark: Bool

        init(_ path: String, _ objects: [StoredObject], in volume: BucketVolume) {
            self.path = path
            let prefix = volume.key(path + "/")
            var files: [String: Int64] = [:]
            for object in objects {
                files[object.key.after(prefix)] = object.bytes
            }
            // What a console makes of "new folder".
            files[""] = nil
            hasMark = files.removeValue(forKey: UnfinishedMark.fileName) != nil
            self.files = files
        }

        var hasManifest: Bool { files[ManifestFile.name] != nil }
        var isRest: Bool { hasMark && !hasManifest }
        var all: [String] {
            (files.keys.sorted() + (hasMark ? [UnfinishedMark.fileName] : []))
                .map { "\(path)/\($0)" }
        }
    }
}
