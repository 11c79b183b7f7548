import Glibc

extension File {
    /// Removes a directory and all that is in it, never following a link; that it is gone already
    /// is no error. The directory that held it is not fsynced.
    static func removeTree(_ path: String) throws(ArchiveError) {
        let name = Array(path.utf8CString)
        try removeTree(name, in: AT_FDCWD, path: path)
    }

    /// - Parameter path: what `name` in the directory `parent` is called in an error.
    private static func removeTree(
        _ name: [CChar], in parent: Int32, path: String
    ) throws(ArchiveError) {
        guard let directory = try open(name, in: parent, path: path) else { return }
        var entries: [DirectoryEntry] = []
        var error: ArchiveError?
        let code = collect(from: directory, into: &entries)
        if code != 0 { error = .system(call: "readdir", path: path, errno: code) }
        for entry in entries where error == nil {
            do throws(ArchiveError) {
                try remove(entry, in: dirfd(directory), path: "\(path)/\(entry.name)")
            } catch let failed {
                error = failed
            }
        }
        guard closedir(directory) == 0 else { throw error ?? failure("closedir", path) }
        if let error { throw error }
        try change("rmdir", path) {
            unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT
        }
    }

    private static func remove(
        _ entry: DirectoryEntry, in parent: Int32, path: String
    ) throws(ArchiveError) {
        if entry.kind == .directory {
            try removeTree(entry.bytes, in: parent, path: path)
        } else {
            try change("unlink", path) {
                unlinkat(parent, entry.bytes, 0) == 0 || errno == ENOENT
            }
        }
    }

    /// Nil when there is no such directory.
    private static func open(
        _ name: [CChar], in parent: Int32, path: String
    ) throws(ArchiveError) -> OpaquePointer? {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        var descriptor = openat(parent, name, flags)
        if descriptor < 0 && errno == EACCES {
            // Made under a strange umask by a run that died before it could set the mode.
            guard fchmodat(parent, name, 0o750, 0) == 0 else { throw failure("chmod", path) }
            descriptor = openat(parent, name, flags)
        }
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("open", path)
        }
        guard let directory = fdopendir(descriptor) else {
            let error = failure("fdopendir", path)
            guard Glibc.close(descriptor) == 0 else { throw failure("close", path) }
            throw error
        }
        return directory
    }
}
