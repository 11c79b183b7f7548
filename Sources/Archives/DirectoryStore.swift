import Glibc
import Retention
import Synchronization

/// Archives in a directory tree, or in a bucket: `<root>/<schema>.<table>/year=2025/month=01/`.
///
/// For each slice one process at a time may stage and publish, for each table one may heal, and no other
/// stages meanwhile (the caller holds the locks for that), with as many threads as it likes; anybody may
/// read at any time.
public struct DirectoryStore: Sendable {
    public enum Access: Sendable {
        /// Requires a root that is this process's own (or that root works in), that it may write
        /// to, and that the world may not.
        case write
        /// Requires no more than that it can be read.
        case readOnly
    }

    /// Without a slash at its end.
    public let root: String
    let access: Access
    let volume: any Volume
    /// Held while directories above archives are made or removed: they belong to all the archives
    /// of a year, which threads may stage and discard at once.
    let parents = ParentsLock()

    public init(root: String, access: Access = .write) throws(ArchiveError) {
        let root = Self.withoutSlash(root)
        try self.init(root: root, access: access, volume: FileVolume(root: root))
    }

    /// - Parameter root: the volume's.
    init(root: String, access: Access = .write, volume: any Volume) throws(ArchiveError) {
        self.root = root
        self.access = access
        self.volume = volume
        try volume.require(access)
    }

    private static func withoutSlash(_ root: String) -> String {
        var root = Substring(root)
        while root.utf8.count > 1, root.hasSuffix("/") { root.removeLast() }
        return String(root)
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
        return directory(at: "\(path(of: slice.table))/\(slice.path)")
    }

    func directory(at path: String) -> ArchiveDirectory {
        ArchiveDirectory(path: path, volume: volume)
    }

    // MARK: The volume below

    /// Bytes that may still be written; nil where there is no such limit.
    public func freeBytes() throws(ArchiveError) -> Int64? {
        try volume.freeBytes()
    }

    /// Whether one of two stores is the other, or lies in it, by whatever names.
    public func overlaps(_ other: DirectoryStore) throws(ArchiveError) -> Bool {
        try volume.overlaps(other.volume)
    }

    /// Whether a directory of this host is on the store's file system; nil where there is none, or none
    /// that may be seen.
    public func sharesFileSystem(withDirectory path: String) throws(ArchiveError) -> Bool? {
        let other: FileStatus?
        do { other = try File.statusFollowingLinks(of: path) } catch { return nil }
        guard let other, other.kind == .directory else { return nil }
        return try volume.deviceID() == other.device
    }

    static let probePrefix = ".probe-"

    /// Writes a small file durably, and removes it.
    public func probeWrite() throws(ArchiveError) {
        try requireWritable()
        let path = "\(root)/\(Self.probePrefix)\(Self.randomSuffix())"
        let text = Array("pgretain looks whether it can write here\n".utf8)
        try volume.write(text, to: path)
        try volume.remove(path)
        try volume.syncDirectory(root)
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
