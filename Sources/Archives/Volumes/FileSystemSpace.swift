import Glibc

/// How large a file system is, and how much of it may still be filled.
public struct FileSystemSpace: Equatable, Sendable {
    public let bytes: Int64
    /// For a process without privileges.
    public let freeBytes: Int64

    public init(at path: String) throws(ArchiveError) {
        freeBytes = try File.freeBytes(at: path)
        var status = statvfs()
        while statvfs(path, &status) != 0 {
            if errno != EINTR { throw File.failure("statvfs", path) }
        }
        let (all, overflow) = UInt64(status.f_blocks)
            .multipliedReportingOverflow(by: UInt64(status.f_frsize))
        bytes = overflow ? .max : Int64(clamping: all)
    }
}
