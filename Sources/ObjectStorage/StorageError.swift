/// Why an object store could not do what it was asked for. Nothing in it quotes a secret.
public enum StorageError: Error, Equatable, Sendable {
    /// There is no such object.
    case missing(key: String)
    /// There is an object already where one was to be written only if there was none.
    case exists(key: String)
    /// The object is there, whole, in a class that has to be thawed before it can be read.
    case cold(key: String, storageClass: String)
    /// What is there is not what was written, or was not when it was read.
    case damaged(key: String, reason: String)
    case bucketMissing(bucket: String)
    /// The bucket is in another region than the one that was named.
    case elsewhere(bucket: String, region: String?)
    /// The store knows who asks, and does not let them; or does not know them.
    case denied(what: String, code: String, message: String)
    /// The store's clock and this host's differ by more than signatures bear.
    case clockSkewed(message: String)
    /// There are no credentials, or none that can be used.
    case credentials(reason: String)
    /// A location, an option or a key that cannot be.
    case invalid(what: String, reason: String)
    /// No answer, or none but failures that pass, for as long as was to be waited.
    case unreachable(store: String, reason: String)
    /// An answer that says no, for good.
    case refused(what: String, status: Int, code: String, message: String)
    /// What was asked was given up, since the run is ending.
    case interrupted
}

extension StorageError: CustomStringConvertible {
    /// One sentence, without a full stop.
    public var description: String {
        switch self {
        case .missing(let key): "there is no object \(key)"
        case .exists(let key): "there is an object \(key) already"
        case .cold(let key, let storageClass):
            "\(key) is in the storage class \(storageClass), and has to be thawed before it can be "
                + "read"
        case .damaged(let key, let reason): "\(key) is damaged: \(reason)"
        case .bucketMissing(let bucket): "there is no bucket \(bucket)"
        case .elsewhere(let bucket, let region):
            "the bucket \(bucket) is in "
                + (region.map { "the region \($0)" } ?? "another region than the one named")
        case .denied(let what, let code, let message):
            "\(what) is not allowed: \(Self.joined(code, message))"
        case .clockSkewed(let message):
            "the clock of this host and the store's differ too much: \(message)"
        case .credentials(let reason): "no credentials for the object store: \(reason)"
        case .invalid(let what, let reason): "\(what) cannot be used: \(reason)"
        case .unreachable(let store, let reason): "\(store) could not be used: \(reason)"
        case .refused(let what, let status, let code, let message):
            "\(what) was refused with status \(status): \(Self.joined(code, message))"
        case .interrupted: "interrupted while the object store was waited for"
        }
    }

    private static func joined(_ code: String, _ message: String) -> String {
        let parts = [code, message].filter { !$0.isEmpty }
        return parts.isEmpty ? "the store says no more" : parts.joined(separator: ": ")
    }

    /// What to do about it, as a sentence.
    public var hint: String {
        switch self {
        case .missing: "List what is there; a lifecycle rule of the bucket may have removed it."
        case .exists: "Look at what is there, and who else writes to this bucket and prefix."
        case .cold:
            "Restore it (`aws s3api restore-object`), wait until it is there, and try again."
        case .damaged: "Look at the object, and at earlier versions of it if the bucket keeps them."
        case .bucketMissing: "Make the bucket, or correct its name; names are case-sensitive."
        case .elsewhere(_, let region): "Set region: \(region ?? "to the bucket's own")."
        case .denied:
            "Compare the permissions of these credentials with those in docs/object-stores.md."
        case .clockSkewed: "Set this host's clock, by NTP for instance."
        case .credentials:
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with AWS_PROFILE, or "
                + "give this host a role."
        case .invalid: "Correct it in the configuration."
        case .unreachable: "Look at the network and the endpoint, then try again."
        case .refused: "Look at what the store's documentation says of this code."
        case .interrupted: "Run it again; it goes on where it stopped."
        }
    }
}
