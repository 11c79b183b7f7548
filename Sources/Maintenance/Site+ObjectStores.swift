import Archives
import Glibc
import ObjectStorage
import Retention

extension Site {
    /// How long a store is waited for that does not answer.
    public enum Patience: Sendable {
        /// A night's: it may pass.
        case long
        /// That of somebody who looks.
        case short

        fileprivate var policy: RetryPolicy {
            var policy = RetryPolicy()
            if self == .short {
                policy.attempts = 3
                policy.longestSeconds = 5
                policy.connectSeconds = 5
                policy.stallSeconds = 10
            }
            return policy
        }
    }

    /// Opens a store by its root: a directory, or `s3://bucket/prefix`.
    func openStore(
        at root: String, _ access: DirectoryStore.Access = .write, _ patience: Patience = .long
    ) throws -> DirectoryStore {
        guard let name = DirectoryStore.bucketName(of: root) else {
            return try DirectoryStore(root: root, access: access)
        }
        let settings = objectStores.settings(of: name)
        let bucket: Bucket
        do throws(StorageError) {
            let environment = try AmazonEnvironment(objectStores.environment)
            let location = BucketLocation(
                bucket: name, region: settings.region ?? environment.region ?? "us-east-1",
                endpoint: settings.endpoint ?? environment.endpoint,
                usesPathStyle: settings.usesPathStyle,
                certificateAuthorities: settings.certificateAuthorities)
            bucket = try Bucket(
                location, credentials: try CredentialChain(environment),
                policy: patience.policy, isInterrupted: isInterrupted)
        } catch {
            throw ArchiveError.storage(path: root, error)
        }
        return try DirectoryStore(
            root: root, in: bucket, asking: settings.writingOptions, access: access)
    }
}

extension Site {
    /// Rows leave a database against archives in a bucket only where somebody says that it keeps
    /// versions: a run that lost its lock long ago may still remove there what another has written anew.
    func requireVersions() throws {
        let removes = tables.contains { $0.policy.then == .drop || !$0.policy.rules.isEmpty }
        guard removes, let name = DirectoryStore.bucketName(of: archives),
            objectStores.settings(of: name).isVersioned != true
        else { return }
        throw Problem(
            "store.unversioned", .configuration,
            "Rows would leave the database against archives in \(archives), and nothing says that the "
                + "bucket keeps versions. Nothing was archived or dropped.",
            hint: "Let it keep older versions, and say s3.versioned: true; or then: keep, or "
                + "detach.")
    }
}

extension ObjectStoreSettings.Bucket {
    /// A lock is counted from now on: a run does not last for days.
    fileprivate var writingOptions: WritingOptions {
        WritingOptions(
            storageClass: storageClass,
            objectLock: lock.map { lock in
                .init(
                    mode: lock.mode == .compliance ? .compliance : .governance,
                    until: Int64(time(nil)) + Int64(lock.days) * 86_400)
            })
    }
}
