import CSystem
import FailPoints
import Glibc

/// What is done to names rather than to contents.
extension File {
    /// Never follows a link; nil when there is nothing of that name.
    static func status(of path: String) throws(ArchiveError) -> FileStatus? {
        var status = stat()
        if lstat(path, &status) == 0 { return FileStatus(status) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw failure("lstat", path)
    }

    /// Follows links; nil when there is nothing of that name.
    static func statusFollowingLinks(of path: String) throws(ArchiveError) -> FileStatus? {
        var status = stat()
        if stat(path, &status) == 0 { return FileStatus(status) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw failure("stat", path)
    }

    /// Whether this process, under its effective user, may do all of `mode` (`R_OK`, `W_OK`,
    /// `X_OK`): 0, or the errno that says why not.
    static func access(_ path: String, _ mode: Int32) -> Int32 {
        faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 ? 0 : errno
    }

    /// Bytes that a process without privileges may still write.
    static func freeBytes(at path: String) throws(ArchiveError) -> Int64 {
        var status = statvfs()
        while statvfs(path, &status) != 0 {
            if errno != EINTR { throw failure("statvfs", path) }
        }
        let (bytes, overflow) = UInt64(status.f_bavail)
            .multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: bytes)
    }

    /// Makes a directory with these permissions, whatever the umask.
    static func makeDirectory(_ path: String, mode: mode_t) throws(ArchiveError) {
        try change("mkdir", path) { mkdir(path, mode) == 0 }
        try setMode(of: path, to: mode)
    }

    static func setMode(of path: String, to mode: mode_t) throws(ArchiveError) {
        try change("chmod", path) { chmod(path, mode) == 0 }
    }

    static func link(_ existing: String, as path: String) throws(ArchiveError) {
        try change("link", path) { Glibc.link(existing, path) == 0 }
    }

    static func rename(_ from: String, to path: String) throws(ArchiveError) {
        try change("rename", path) { Glibc.rename(from, path) == 0 }
    }

    static func renameWithoutReplacing(_ from: String, to path: String) throws(ArchiveError) {
        try change("renameat2", path) { csystem_rename_noreplace(from, path) == 0 }
    }

    static func exchange(_ a: String, with b: String) throws(ArchiveError) {
        try change("exchange", b) { csystem_rename_exchange(a, b) == 0 }
    }

    /// Removes a file; that it is gone already is no error.
    static func remove(_ path: String) throws(ArchiveError) {
        try change("unlink", path) { unlink(path) == 0 || errno == ENOENT }
    }

    /// Removes a directory if it is empty. Returns whether it is gone.
    static func removeIfEmpty(_ path: String) throws(ArchiveError) -> Bool {
        if rmdir(path) == 0 || errno == ENOENT { return true }
        if errno == ENOTEMPTY || errno == EEXIST { return false }
        throw failure("rmdir", path)
    }

    /// What is in a directory, sorted by name, without `.` and `..`; nil when there is none.
    static func entries(of path: String) throws(ArchiveError) -> [DirectoryEntry]? {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return nil }
            throw failure("opendir", path)
        }
        var entries: [DirectoryEntry] = []
        let code = collect(from: directory, into: &entries)
        guard closedir(directory) == 0 else { throw failure("closedir", path) }
        guard code == 0 else { throw ArchiveError.system(call: "readdir", path: path, errno: code) }
        return entries.sorted { $0.name < $1.name }
    }

    /// Returns 0 or an errno.
    static func collect(
        from directory: OpaquePointer, into entries: inout [DirectoryEntry]
    ) -> Int32 {
        let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name)!
        while true {
            errno = 0
            guard let entry = readdir(directory) else { return errno }
            // The record is shorter than `dirent`: only its name is touched, never a copy of it.
            let start = UnsafeRawPointer(entry).advanced(by: nameOffset)
                .assumingMemoryBound(to: CChar.self)
            let name = String(cString: start)
            if name == "." || name == ".." { continue }
            var kind = FileKind.other
            switch Int(entry.pointee.d_type) {
            case Int(DT_REG): kind = .regular
            case Int(DT_DIR): kind = .directory
            case Int(DT_LNK): kind = .symbolicLink
            case Int(DT_UNKNOWN):
                var status = stat()
                guard fstatat(dirfd(directory), start, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                    return errno
                }
                kind = FileStatus(status).kind
            default: break
            }
            let bytes = Array(UnsafeBufferPointer(start: start, count: strlen(start) + 1))
            entries.append(DirectoryEntry(bytes: bytes, name: name, kind: kind))
        }
    }

    /// Makes a call that changes something. A test may make it fail, or die before or after it.
    static func change(
        _ call: String, _ path: String, _ body: () -> Bool
    ) throws(ArchiveError) {
        if FailPoint.fails(at: "file.\(call).before") {
            throw .system(call: call, path: path, errno: EIO)
        }
        guard body() else { throw failure(call, path) }
        if FailPoint.fails(at: "file.\(call).after") {
            throw .system(call: call, path: path, errno: EIO)
        }
    }

    static func failure(_ call: String, _ path: String) -> ArchiveError {
        .system(call: call, path: path, errno: errno)
    }
}
