import Glibc
import Retention
import Synchronization

/// Archives in a directory tree: `<root>/<schema>.<table>/year=2025/month=01/`.
///
/// For each table one process at a time may stage, publish and heal (the caller holds the table's
/// lock), with as many threads as it likes; anybody may read at any time.
public struct DirectoryStore: Sendable {
    public enum Access: Sendable {
        /// Requires a root that is this process's own (or that root works in), that it may write
        /// to, and that the world may not.
        case write
        /// Requires no more than that it can be read.
        case readOnly
    }

    static let directoryMode: mode_t = 0o750

    /// Without a slash at its end.
    public let root: String
    let access: Access
    /// How names are changed; a test makes it refuse what some file systems refuse.
    var names = NameOperations()
    /// Held while directories above archives are made or removed: they belong to all the archives
    /// of a year, which threads may stage and discard at once.
    let parents = ParentsLock()

    public init(root: String, access: Access = .write) throws(ArchiveError) {
        var root = Substring(root)
        while root.utf8.count > 1, root.hasSuffix("/") { root.removeLast() }
        self.root = String(root)
        self.access = access
        try checkRoot()
    }

    private func checkRoot() throws(ArchiveError) {
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

    /// Refuses to write to what was opened for reading only.
    func requireWritable() throws(ArchiveError) {
        guard access == .write else {
            throw .storePermission(path: root, reason: "it was opened for reading only")
        }
    }

    // MARK: Names

    /// The name of a table's directory below the root: schema and table with a dot between them,
    /// bytes other than ASCII letters, digits, `_` and `-` as `%` and two hexadecimal digits. Over
    /// 200 bytes it is cut, and gets `~` and the first 16 hexadecimal digits of the SHA-256 of the
    /// uncut, encoded name.
    public static func directoryName(for table: QualifiedName) -> String {
        TableDirectoryName.of(table)
    }

    func path(of table: QualifiedName) -> String {
        "\(root)/\(Self.directoryName(for: table))"
    }

    /// Where the archive of a slice is, or would be.
    public func directory(of slice: Slice) throws(ArchiveError) -> ArchiveDirectory {
        guard SlicePath.isPath(slice.path) else {
            throw .invalid(what: "\(slice)", reason: "“\(slice.path)” is no path of a slice")
        }
        return ArchiveDirectory(path: "\(path(of: slice.table))/\(slice.path)")
    }

    // MARK: The file system below

    /// Bytes that may still be written.
    public func freeBytes() throws(ArchiveError) -> Int64 {
        try File.freeBytes(at: root)
    }

    /// Tells whether two stores, or a store and a database, share a file system.
    public func deviceID() throws(ArchiveError) -> UInt64 {
        guard let status = try File.statusFollowingLinks(of: root) else {
            throw .storeMissing(root: root, reason: "it does not exist")
        }
        return status.device
    }

    /// Whether one of two stores is the other, or lies in it, by whatever names.
    public func overlaps(_ other: DirectoryStore) throws(ArchiveError) -> Bool {
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

    /// Whether a directory of this host is on the store's file system; nil where there is none, or none
    /// that may be seen.
    public func sharesFileSystem(withDirectory path: String) throws(ArchiveError) -> Bool? {
        let other: FileStatus?
        do { other = try File.statusFollowingLinks(of: path) } catch { return nil }
        guard let other, other.kind == .directory else { return nil }
        return try deviceID() == other.device
    }

    static let probePrefix = ".probe-"

    /// Writes a small file durably, and removes it.
    public func probeWrite() throws(ArchiveError) {
        try requireWritable()
        let path = "\(root)/\(Self.probePrefix)\(Self.randomSuffix())"
        let text = Array("pgretain looks whether it can write here\n".utf8)
        try File.write(text, to: path, mode: StagedArchive.fileMode)
        try File.remove(path)
        try File.syncDirectory(root)
    }

    static func randomSuffix() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

/// One lock for all copies of a store.
final class ParentsLock: Sendable {
    private let mutex = Mutex(())

    func withLock<Result>(
        _ body: () throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        try mutex.withLock { _ throws(ArchiveError) in try body() }
    }
}
