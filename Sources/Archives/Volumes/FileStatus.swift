import Glibc

/// What a name stands for.
enum FileKind: Equatable, Sendable {
    case regular, directory, symbolicLink, other
}

/// What stat(2) knows about a file.
struct FileStatus: Equatable, Sendable {
    let kind: FileKind
    let bytes: Int64
    /// Permission bits.
    let mode: mode_t
    let owner: uid_t
    let device: UInt64
    let inode: UInt64

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        bytes = Int64(status.st_size)
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}

/// A name in a directory. A name that is not UTF-8 cannot be ours; its bytes are kept so that it
/// can be removed.
struct DirectoryEntry {
    let bytes: [CChar]
    let name: String
    let kind: FileKind
    /// Of a file, where the listing tells.
    var size: Int64?

    var isHidden: Bool { name.hasPrefix(".") }
}
