import Glibc
import Retention

/// A directory tree of this host.
struct FileVolume: Volume {
    private static let directoryMode: mode_t = 0o750
    private static let fileMode: mode_t = 0o440

    let root: String
    /// How names are changed; a test makes it refuse what some file systems refuse.
    var names = NameOperations()

    // MARK: The whole

    func require(_ access: DirectoryStore.Access) throws(ArchiveError) {
        guard let status = try File.statusFollowingLinks(of: root) else {
            throw .storeMissing(root: root, reason: "it does not exist")
        }
        guard status.kind == .directory else {
            throw .storeMissing(root: root, reason: "it is not a directory")
        }
        if access == .write {
            guard status.mode & 0o002 == 0 else {
                throw .storePermission(
                    path: root, reason: "everybody may write to it, and so remove archives")
            }
            let user = geteuid()
            guard status.owner == user || user == 0 else {
                throw .storePermission(
                    path: root, reason: "user \(status.owner) owns it, and this is user \(user)")
            }
        }
        let code = File.access(root, R_OK | X_OK | (access == .write ? W_OK : 0))
        guard code == 0 else {
            throw .storePermission(path: root, reason: String(cString: strerror(code)))
        }
    }

    func freeBytes() throws(ArchiveError) -> Int64? {
        try File.freeBytes(at: root)
    }

    func deviceID() throws(ArchiveError) -> UInt64? {
        guard let status = try File.statusFollowingLinks(of: root) else {
            throw .storeMissing(root: root, reason: "it does not exist")
        }
        return status.device
    }

    func overlaps(_ other: any Volume) throws(ArchiveError) -> Bool {
        guard let other = other as? FileVolume else { return false }
        guard let own = try File.statusFollowingLinks(of: root),
            let others = try File.statusFollowingLinks(of: other.root)
        else { throw .storeMissing(root: root, reason: "it does not exist") }
        if (own.device, own.inode) == (others.device, others.inode) { return true }
        let (one, two) = (try resolvedRoot() + "/", try other.resolvedRoot() + "/")
        return one.hasPrefix(two) || two.hasPrefix(one)
    }

    private func resolvedRoot() throws(ArchiveError) -> String {
        guard let path = realpath(root, nil) else {
            throw .storeMissing(root: root, reason: String(cString: strerror(errno)))
        }
        defer { free(path) }
        return String(cString: path)
    }

    // MARK: Looking

    func status(of path: String) throws(ArchiveError) -> ItemStatus? {
        try File.status(of: path).map { ItemStatus(kind: $0.kind, bytes: $0.bytes) }
    }

    func status(ofFile path: String) throws(ArchiveError) -> ItemStatus? {
        try status(of: path)
    }

    func entries(of path: String) throws(ArchiveError) -> [DirectoryEntry]? {
        try File.entries(of: path)
    }

    func directory(_ path: String) throws(ArchiveError) -> [DirectoryEntry]? {
        guard let status = try File.status(of: path) else { return nil }
        guard status.kind == .directory else {
            throw .damaged(path: path, reason: "it is not a directory")
        }
        return try File.entries(of: path)
    }

    // MARK: Reading

    func contents(of path: String, limit: Int64) throws(ArchiveError) -> [UInt8]? {
        try File.contents(of: path, limit: limit)
    }

    let readings = 1

    func load(_ path: String, bytes: Int64, into buffer: inout ByteBuffer) throws(ArchiveError) {
        guard let file = try File.regular(path) else {
            throw ArchiveError.damaged(path: path, reason: "it is not there")
        }
        let size = try file.status().bytes
        guard size == bytes else {
            throw ArchiveError.damaged(path: path, reason: "it has \(size) bytes, not \(bytes)")
        }
        try file.dropCache()
        buffer.resize(to: Int(bytes))
        guard try file.readAll(into: buffer.mutableBytes) == Int(bytes) else {
            throw ArchiveError.damaged(path: path, reason: "it shrank while it was read")
        }
        try file.close()
    }

    func reading<Result>(
        _ path: String, _ body: (PieceReader) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result? {
        guard let file = try File.regular(path) else { return nil }
        return try body { (count, place) throws(ArchiveError) in
            try file.read(count, at: place)
        }
    }

    // MARK: Writing

    func makeDirectory(_ path: String) throws(ArchiveError) {
        try File.makeDirectory(path, mode: Self.directoryMode)
    }

    func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(ArchiveError) {
        try File.write(bytes, to: path, mode: Self.fileMode)
    }

    func put(
        _ bytes: [UInt8], at path: String, mode: mode_t, replacing: Bool
    ) throws(ArchiveError) -> Bool {
        let temporary = "\(root)/\(HiddenName.temporary())"
        try File.write(bytes, to: temporary, mode: mode)
        if replacing {
            try File.rename(temporary, to: path)
            return true
        }
        do throws(ArchiveError) {
            try names.moveFile(temporary, to: path)
            return true
        } catch .system(_, _, let code) where code == EEXIST || code == ENOENT {
            // Another run was faster, and may have tidied our file away.
            try File.remove(temporary)
            return false
        }
    }

    /// link(2) and renameat2(2) never replace.
    func requireConditions() {}

    func link(_ existing: String, as path: String) throws(ArchiveError) -> Bool {
        try names.link(existing, as: path)
    }

    func seal(_ directory: String) throws(ArchiveError) {
        try File.setMode(of: directory, to: Self.directoryMode)
        try File.syncDirectory(directory)
    }

    func syncDirectory(_ path: String) throws(ArchiveError) {
        try File.syncDirectory(path)
    }

    // MARK: Moving

    func move(_ from: String, to path: String) throws(ArchiveError) {
        try names.move(from, to: path)
    }

    /// A rename is done or not, and nobody is late.
    func bring(_ from: String, to path: String) throws(ArchiveError) {
        try move(from, to: path)
    }

    func isCopy(_ path: String, of source: String) -> Bool { false }

    func requireSettled(_ paths: [String]) {}

    func exchange(_ a: String, with b: String) throws(ArchiveError) -> Bool {
        try names.exchange(a, with: b)
    }

    func hide(_ path: String, as hidden: String) throws(ArchiveError) -> String {
        try names.move(path, to: hidden)
        return hidden
    }

    /// A rename changes no bytes.
    func requireKept(_ manifest: Manifest, at path: String) {}

    // MARK: Removing

    func remove(_ path: String) throws(ArchiveError) {
        try File.remove(path)
    }

    func removeTree(_ path: String) throws(ArchiveError) {
        try File.removeTree(path)
    }

    func bury(_ path: String) throws(ArchiveError) {
        try removeTree(path)
    }

    func removeIfEmpty(_ path: String) throws(ArchiveError) -> Bool {
        try File.removeIfEmpty(path)
    }

    func settle(below path: String) throws(ArchiveError) -> [String] { [] }
}
