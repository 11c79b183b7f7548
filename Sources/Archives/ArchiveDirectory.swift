import Retention

/// The directory of one archive, staged or published.
public struct ArchiveDirectory: Hashable, Sendable {
    public let path: String

    func path(of file: String) -> String { "\(path)/\(file)" }

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
                if checkingFiles { try requireFile(entry.name, bytes: bytes) }
            } else if entry.name != other, !filters.contains(entry.name) {
                throw .damaged(
                    path: path, reason: "it holds \(entry.name), which its manifest does not name")
            }
        }
        if let absent = expected.keys.min() {
            throw .damaged(path: path, reason: "\(absent), which its manifest names, is not there")
        }
    }

    private func requireFile(_ file: String, bytes: Int64) throws(ArchiveError) {
        guard let status = try File.status(of: path(of: file)), status.kind == .regular else {
            throw .damaged(path: path(of: file), reason: "it is not a regular file")
        }
        guard status.bytes == bytes else {
            throw .damaged(
                path: path(of: file), reason: "it has \(status.bytes) bytes, not \(bytes)")
        }
    }
}
