import Retention

/// The directory of one archive, staged or published.
public struct ArchiveDirectory: Sendable {
    public let path: String
    let volume: any Volume

    func path(of file: String) -> String { "\(path)/\(file)" }

    /// The path of the directory that holds it.
    var parent: String { String(path[..<lastSlash]) }

    /// The last component of its path.
    var component: String { String(path[path.index(after: lastSlash)...]) }

    private var lastSlash: String.Index {
        path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
    }

    /// Requires that the directory holds the files that a manifest names, and nothing else but the
    /// filters of its parts, of which nothing is required.
    ///
    /// - Parameters:
    ///   - entries: what is in the directory.
    ///   - other: a further name that is allowed.
    ///   - checkingFiles: whether each has to be a regular file of the size that is claimed, too.
    func require(
        _ entries: [DirectoryEntry], toBe manifest: Manifest, and other: String?,
        checkingFiles: Bool
    ) throws(ArchiveError) {
        var expected: [String: Int64] = [:]
        var filters: Set<String> = []
        for part in manifest.parts {
            expected[part.file] = part.bytes
            filters.insert(PartFilter.fileName(of: part.file))
        }
        for entry in entries {
            if let bytes = expected.removeValue(forKey: entry.name) {
                if checkingFiles { try requireFile(entry, bytes: bytes) }
            } else if entry.name != other, !filters.contains(entry.name) {
                throw .damaged(
                    path: path, reason: "it holds \(entry.name), which its manifest does not name")
            }
        }
        if let absent = expected.keys.min() {
            throw .damaged(path: path, reason: "\(absent), which its manifest names, is not there")
        }
    }

    private func requireFile(_ entry: DirectoryEntry, bytes: Int64) throws(ArchiveError) {
        let path = path(of: entry.name)
        guard let size = try size(of: entry) else {
            throw .damaged(path: path, reason: "it is not a regular file")
        }
        guard size == bytes else {
            throw .damaged(path: path, reason: "it has \(size) bytes, not \(bytes)")
        }
    }

    /// Nil for anything but a regular file.
    private func size(of entry: DirectoryEntry) throws(ArchiveError) -> Int64? {
        if let size = entry.size { return size }
        guard let status = try volume.status(ofFile: path(of: entry.name)), status.kind == .regular
        else {
            return nil
        }
        return status.bytes
    }
}

extension ArchiveDirectory: Hashable {
    /// A path begins with its volume's root.
    public static func == (a: ArchiveDirectory, b: ArchiveDirectory) -> Bool { a.path == b.path }

    public func hash(into hasher: inout Hasher) { hasher.combine(path) }
}
