import Glibc

/// Renames and links as the file system lets us. NFS and SMB refuse the two flags of renameat2(2)
/// that make a step atomic, and some know no hard links.
struct NameOperations: Sendable {
    /// Whether to act as on a file system that refuses the flags.
    var refusesFlags = false
    /// Whether to act as on a file system without hard links.
    var refusesLinks = false

    /// Moves a directory to a name that must be free (EEXIST).
    func move(_ from: String, to path: String) throws(ArchiveError) {
        do throws(ArchiveError) {
            try allowFlags(path)
            try File.renameWithoutReplacing(from, to: path)
        } catch .system(_, _, let code) where Self.isRefusal(code) {
            guard try File.status(of: path) == nil else {
                throw .system(call: "rename", path: path, errno: EEXIST)
            }
            // Between the look and the rename nothing can be lost: rename(2) replaces an empty
            // directory only.
            try File.rename(from, to: path)
        }
    }

    /// Moves a file to a name that must be free (EEXIST).
    func moveFile(_ from: String, to path: String) throws(ArchiveError) {
        do throws(ArchiveError) {
            try allowFlags(path)
            try File.renameWithoutReplacing(from, to: path)
        } catch .system(_, _, let code) where Self.isRefusal(code) {
            // link(2) never replaces.
            try File.link(from, as: path)
            try File.remove(from)
        }
    }

    /// Swaps two directories. Returns false when the file system cannot.
    func exchange(_ a: String, with b: String) throws(ArchiveError) -> Bool {
        do throws(ArchiveError) {
            try allowFlags(b)
            try File.exchange(a, with: b)
            return true
        } catch .system(_, _, let code) where Self.isRefusal(code) {
            return false
        }
    }

    /// Gives a file a second name. Returns false when the file system cannot.
    func link(_ existing: String, as path: String) throws(ArchiveError) -> Bool {
        if refusesLinks { return false }
        do throws(ArchiveError) {
            try File.link(existing, as: path)
            return true
        } catch .system(_, _, let code) where Self.isRefusal(code) || Self.isLinkRefusal(code) {
            return false
        }
    }

    /// EPERM is also what `fs.protected_hardlinks` answers for somebody else's file.
    private static func isLinkRefusal(_ code: Int32) -> Bool {
        code == EPERM || code == EXDEV || code == EMLINK
    }

    private func allowFlags(_ path: String) throws(ArchiveError) {
        if refusesFlags { throw .system(call: "renameat2", path: path, errno: EINVAL) }
    }

    private static func isRefusal(_ code: Int32) -> Bool {
        code == EINVAL || code == ENOSYS || code == ENOTSUP
    }
}
