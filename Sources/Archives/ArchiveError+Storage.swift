import ObjectStorage
import Retention

extension ArchiveError {
    /// What an object store says, of a path.
    init(_ error: StorageError, at path: String) {
        self =
            switch error {
            case .missing: .missing(path: path)
            case .damaged(_, let reason): .damaged(path: path, reason: reason)
            default: .storage(path: path, error)
            }
    }

    /// Whether it is of an object store, and not of one object: whatever else is asked of it fails
    /// likewise, perhaps after as long a wait.
    public var isOfTheStore: Bool {
        guard case .storage(_, let error) = self else { return false }
        return switch error {
        case .bucketMissing, .unreachable, .elsewhere, .invalid, .denied, .credentials,
            .clockSkewed, .interrupted:
            true
        case .missing, .exists, .cold, .damaged, .refused: false
        }
    }

    static func problem(_ path: String, _ error: StorageError) -> Problem {
        let (id, status) = kind(of: error)
        let what = error.description
        let message = what.contains(path) ? what : "\(path): \(what)"
        return Problem(id, status, "\(message).", hint: error.hint)
    }

    private static func kind(of error: StorageError) -> (id: String, ExitStatus) {
        switch error {
        case .missing: ("archive.missing", .missing)
        case .exists: ("archive.exists", .cannotCreate)
        // It is there, and whole: nothing is wrong with it.
        case .cold: ("archive.cold", .tryLater)
        case .damaged: ("archive.damaged", .data)
        case .bucketMissing: ("store.missing", .cannotCreate)
        case .unreachable: ("store.unreachable", .cannotCreate)
        case .elsewhere, .invalid: ("store.location", .configuration)
        case .denied, .credentials: ("store.permission", .permission)
        case .clockSkewed, .refused: ("store.io", .inputOutput)
        case .interrupted: ("store.interrupted", .tryLater)
        }
    }
}
