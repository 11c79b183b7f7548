import Glibc
import ObjectStorage
import Retention

/// Why an archive or a store could not be read or written.
public enum ArchiveError: Error, Equatable, Sendable {
    /// The archive is not what was written, or never was one.
    case damaged(path: String, reason: String)
    /// The manifest was written by a later version of this program.
    case newerFormat(path: String, format: Int)
    /// An archive that was named is not in the store.
    case missing(path: String)
    /// There is something at the place where an archive was to go.
    case exists(path: String, reason: String)
    /// A slice or a manifest that must never be written.
    case invalid(what: String, reason: String)
    /// The store's root is not there.
    case storeMissing(root: String, reason: String)
    /// The store may not be used by this process, or should not be by anybody.
    case storePermission(path: String, reason: String)
    /// The store already belongs to another database.
    case storeBound(root: String, to: StoreBinding, not: StoreBinding)
    /// An object store could not do what it was asked for, or what is there cannot be read now.
    case storage(path: String, StorageError)
    /// An object is there, and the object store's list does not show it.
    case unlisted(path: String)
    /// An archive is at two places, or its place is taken, since a run that died was healed.
    case settling(path: String)
    /// A system call failed.
    case system(call: String, path: String, errno: Int32)
}

extension ArchiveError: Explainable {
    public var problem: Problem {
        switch self {
        case .damaged(let path, let reason):
            Problem(
                "archive.damaged", .data,
                "\(path) is damaged: \(reason). Nothing was dropped, and nothing was repaired.",
                hint:
                    "Bring it back from another copy of the store. Only while its rows are still in "
                    + "the database: move it out of the store, and the next run exports it again. "
                    + "`pgretain archives verify` shows what else is damaged.")
        case .newerFormat(let path, let format):
            Problem(
                "archive.format", .data,
                "\(path) has format \(format), and this program reads formats up to "
                    + "\(Manifest.currentFormat). Nothing was changed.",
                hint: "Use the version of pgretain that wrote it, or a later one.")
        case .missing(let path):
            Problem(
                "archive.missing", .missing, "There is no archive at \(path). Nothing was dropped.",
                hint: "`pgretain archives list` shows the archives that there are.")
        case .exists(let path, let reason):
            Problem(
                "archive.exists", .cannotCreate,
                "\(path) was not published: \(reason). What was there is unchanged, and nothing "
                    + "was dropped.",
                hint: "Look at what is there with `\(Self.listing(of: path))`, and move it away if "
                    + "it is not an archive.")
        case .invalid(let what, let reason):
            Problem(
                "archive.invalid", .bug,
                "\(what) cannot be archived: \(reason). Nothing was written, nothing was dropped.",
                hint: "Please report it with the output of the same command and -v.")
        case .storeMissing(let root, let reason):
            Problem(
                "store.missing", .cannotCreate,
                "The archive store \(root) cannot be used: \(reason). Nothing was archived, and "
                    + "nothing was dropped.",
                hint: "Mount it or make it: `install -d -m 0750 \(root)`.")
        case .storePermission(let path, let reason):
            Problem(
                "store.permission", .permission,
                "\(path) cannot be used: \(reason). Nothing was archived, and nothing was dropped.",
                hint: "Look at it with `ls -ld \(path)`; a store belongs to the user that runs "
                    + "pgretain, and others may not write to it (`chmod o-w \(path)`).")
        case .storeBound(let root, let owner, let other):
            Problem(
                "store.bound", .unavailable,
                "The archive store \(root) belongs to the database \(owner.database) of system "
                    + "\(owner.systemIdentifier), not to \(other.database) of system "
                    + "\(other.systemIdentifier). Nothing was archived, and nothing was dropped.",
                hint: "Give this database a store of its own; after pg_upgrade or a move, "
                    + "`pgretain rebind --reason …`.")
        case .storage(let path, let error): Self.problem(path, error)
        case .unlisted(let path):
            Problem(
                "store.unlisted", .tryLater,
                "\(path) is there, and the object store's list does not show it yet. What was "
                    + "under way was not finished, and nothing was dropped.",
                hint: "Run it again later. Where it stays so, use a store whose lists show what "
                    + "was written before.")
        case .settling(let path):
            Problem(
                "store.settling", .tryLater,
                "What a run left unfinished at \(path) was healed a short time ago, and such a run "
                    + "may still be at it without its session. What is archived can be read, and "
                    + "is not changed for now.",
                hint: "Run it again after a night, or a run, that begins in an hour or later.")
        case .system(let call, let path, let code):
            Self.problem(call: call, path: path, code: code)
        }
    }

    /// The command that shows what is at a path.
    private static func listing(of path: String) -> String {
        DirectoryStore.bucketName(of: path) == nil ? "ls -la \(path)" : "aws s3 ls \(path)/"
    }

    private static func problem(call: String, path: String, code: Int32) -> Problem {
        let reason = String(cString: strerror(code))
        let message =
            "\(call) of \(path) failed: \(reason). What was under way was not finished, and "
            + "nothing was dropped."
        return switch code {
        case ENOSPC, EDQUOT:
            Problem(
                "store.full", .inputOutput, message,
                hint: "Make room (`df -h \(path)`, `pgretain archives list`) and run it again.")
        case EACCES, EPERM, EROFS:
            Problem(
                "store.permission", .permission, message,
                hint: "Look at it with `ls -ld \(path)`: it has to be readable and writable for "
                    + "the user that runs pgretain.")
        default:
            Problem(
                "store.io", .inputOutput, message,
                hint: "Look at the kernel's log and the disk's health, then run it again.")
        }
    }
}
