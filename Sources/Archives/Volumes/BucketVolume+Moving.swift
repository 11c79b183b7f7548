import Checksums
import Glibc
import ObjectStorage
import Retention

// A bucket has no renames. A directory is moved by copying its objects on the server, the manifest
// last, and then removing the old ones, their manifest first; an `UnfinishedMark` stands wherever
// there are parts and no manifest. What a run that dies leaves at each step, and what becomes of it,
// is in docs/object-stores.md.
//
// A run that has lost its table's lock, and does not know yet, may send what it had still to remove at
// any time. It removes what it once saw at one place, so healing trusts no place that such a run may
// be at: what it copies there stays where it was as well, and what it removes stays taken by a mark,
// until a later healing finds the mark an hour old.
extension BucketVolume {
    func move(_ from: String, to path: String) throws(ArchiveError) {
        let moved = BucketDirectory(from, try objects(below: from), in: self)
        try copy(moved, to: path, isHealing: false)
        try removeTree(from)
        if moved.hasManifest { try unmark(path) }
    }

    func bring(_ from: String, to path: String) throws(ArchiveError) {
        let moved = BucketDirectory(from, try objects(below: from), in: self)
        // Damage is nothing that two places would save.
        guard moved.hasManifest else { return try move(from, to: path) }
        guard try isCopy(path, of: from) else {
            return try copy(moved, to: path, isHealing: true)
        }
        // Whoever was late has removed the mark too.
        if try mark(on: path)?.source == nil, try mark(on: from)?.source == nil {
            try set(UnfinishedMark(source: place(of: from)), on: path)
            _ = try repair(path, movedFrom: from)
        }
    }

    /// Copies a directory to a place that is free, and leaves a mark there if it has a manifest.
    private func copy(
        _ moved: BucketDirectory, to path: String, isHealing: Bool
    ) throws(ArchiveError) {
        let from = moved.path
        guard !moved.files.isEmpty else {
            throw .system(call: "move", path: from, errno: ENOENT)
        }
        let claim = try claim(of: moved)
        let mark = UnfinishedMark(source: place(of: from))
        try makeRoom(at: path, for: mark, isHealing: isHealing)
        try copy(
            moved.files.keys.sorted().filter { $0 != ManifestFile.name }
                .map { (from: "\(from)/\($0)", to: "\(path)/\($0)") })
        if let claim { try commit(claim.bytes, to: path) }
        try requireMoved(moved, to: path, by: mark)
        if let manifest = claim?.manifest {
            try requireCopied(manifest.parts, from: from, to: path)
        }
        // Without a manifest it is damage, which somebody has to see: no mark may hide it.
        if !moved.hasManifest { try unmark(path) }
    }

    func exchange(_ a: String, with b: String) -> Bool { false }

    /// The manifest is the commit record: without it there is no archive. What is left is healing's.
    func hide(_ path: String, as hidden: String) throws(ArchiveError) -> String {
        try set(UnfinishedMark(), on: path)
        try remove("\(path)/\(ManifestFile.name)")
        return path
    }

    func removeTree(_ path: String) throws(ArchiveError) {
        let found = BucketDirectory(path, try objects(below: path), in: self)
        // What is unfinished by its name needs no mark.
        if Self.isPartial(path) { return try remove(all: found.all) }
        guard !found.all.isEmpty else { return }
        if !found.isRest { try set(UnfinishedMark(), on: path) }
        if found.hasManifest { try remove("\(path)/\(ManifestFile.name)") }
        try remove(
            all: found.files.keys.sorted().filter { $0 != ManifestFile.name }
                .map { "\(path)/\($0)" })
        // What another has put there meanwhile is a rest now, and no damage.
        if try BucketDirectory(path, objects(below: path), in: self).files.isEmpty {
            try unmark(path)
        }
    }

    func bury(_ path: String) throws(ArchiveError) {
        guard Self.isArchive(path) else { return try removeTree(path) }
        try set(UnfinishedMark(), on: path)
        let found = BucketDirectory(path, try objects(below: path), in: self)
        if found.hasManifest { try remove("\(path)/\(ManifestFile.name)") }
        try remove(
            all: found.files.keys.sorted().filter { $0 != ManifestFile.name }
                .map { "\(path)/\($0)" })
    }

    func requireSettled(_ paths: [String]) throws(ArchiveError) {
        for path in paths where try mark(on: path)?.source != nil {
            throw .settling(path: path)
        }
    }

    func isCopy(_ path: String, of source: String) throws(ArchiveError) -> Bool {
        let name = "/\(ManifestFile.name)"
        guard let one = try contents(of: path + name, limit: ManifestFile.limit) else {
            return false
        }
        return try contents(of: source + name, limit: ManifestFile.limit) == one
    }

    // MARK: The steps

    /// The manifest of a directory, all of whose parts are in the list, as bytes and, if it can be
    /// read, as a value; nil where there is none. A list that lacks what is there would lose it.
    private func claim(
        of directory: BucketDirectory
    ) throws(ArchiveError) -> (bytes: [UInt8], manifest: Manifest?)? {
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
            return (bytes, nil)
        }
        for part in manifest.parts where directory.files[part.file] == nil {
            let file = "\(directory.path)/\(part.file)"
            guard try status(ofFile: file) == nil else {
                throw .unlisted(path: file)
            }
        }
        return (bytes, manifest)
    }

    /// Sets the mark, and requires that nothing is there. The rest of a move makes room: only the holder
    /// of the table's lock moves anything. That of a removal does not, since who removes may be late.
    ///
    /// - Parameter isHealing: whether what is moved stays where it was, so that nothing is lost by it.
    private func makeRoom(
        at path: String, for mark: UnfinishedMark, isHealing: Bool
    ) throws(ArchiveError) {
        // A mark would hide damage, which somebody has to see.
        let before = BucketDirectory(path, try objects(below: path), in: self)
        if before.hasManifest, before.hasMark { throw .settling(path: path) }
        guard before.all.isEmpty || before.isRest else {
            throw .system(call: "move", path: path, errno: EEXIST)
        }
        if before.hasMark, !isHealing, try self.mark(on: path)?.source == nil {
            throw .settling(path: path)
        }
        // Under a mark that says so, for as long as there is something to remove.
        if !before.files.isEmpty, try !takeOver(path, with: UnfinishedMark()) {
            throw .system(call: "move", path: path, errno: EEXIST)
        }
        // In this order: who moves something here as well writes the manifest, and then looks at the
        // mark.
        try set(mark, on: path)
        let found = BucketDirectory(path, try objects(below: path), in: self)
        let manifest = try status(ofFile: "\(path)/\(ManifestFile.name)")
        guard found.files.isEmpty, manifest == nil else {
            throw .system(call: "move", path: path, errno: EEXIST)
        }
    }

    private func commit(_ bytes: [UInt8], to path: String) throws(ArchiveError) {
        guard try writeIfAbsent(bytes, to: "\(path)/\(ManifestFile.name)") else {
            throw .system(call: "move", path: path, errno: EEXIST)
        }
    }

    /// Before anything of the old is removed, the new has to be whole, and nobody may have taken it
    /// over: who does sets a mark of his own, and then looks whether there is a manifest.
    private func requireMoved(
        _ moved: BucketDirectory, to path: String, by mark: UnfinishedMark
    ) throws(ArchiveError) {
        guard try self.mark(on: path) == mark else {
            throw .exists(path: path, reason: "another run has taken over what was moved there")
        }
        let found = BucketDirectory(path, try objects(below: path), in: self)
        guard found.files == moved.files else {
            throw .damaged(path: path, reason: "it is not what was moved there")
        }
    }

    /// Requires that each part has the bytes that were proven: what is dropped is dropped against the
    /// copy. What is moved aside may be damaged, but stays what it was.
    func requireCopied(
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
    func sha256(ofFile path: String) throws(ArchiveError) -> String? {
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

    /// Removes all but the mark from a directory that has no manifest. Returns false when it has one
    /// by now, whatever a list says.
    func takeOver(_ path: String, with mark: UnfinishedMark) throws(ArchiveError) -> Bool {
        // In this order: who moves something here writes the manifest, and then looks at the mark.
        try set(mark, on: path)
        let found = BucketDirectory(path, try objects(below: path), in: self)
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

    func set(_ mark: UnfinishedMark, on path: String) throws(ArchiveError) {
        try write(mark.encoded(), to: "\(path)/\(UnfinishedMark.fileName)")
    }

    func unmark(_ path: String) throws(ArchiveError) {
        try remove("\(path)/\(UnfinishedMark.fileName)")
    }

    func mark(on path: String) throws(ArchiveError) -> UnfinishedMark? {
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
}
