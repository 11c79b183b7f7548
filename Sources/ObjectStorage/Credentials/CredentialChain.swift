import Glibc
import Synchronization

/// Where credentials come from, in the usual order: the environment, the shared files, a
/// container's role, the instance's role. Temporary ones are renewed before they expire.
///
/// Any number of threads may ask at once.
public final class CredentialChain: Sendable {
    private enum Source {
        case fixed(Credentials)
        case container(CredentialEndpoint)
        case instance(InstanceMetadata)
    }

    private let source: Source
    private let clock: @Sendable () -> Int64
    private let latest = Mutex<Credentials?>(nil)

    /// These, and nothing else.
    public init(_ credentials: Credentials) {
        source = .fixed(credentials)
        clock = Self.systemClock
    }

    /// What the environment leads to. It asks nobody before the first request does.
    public convenience init(_ environment: AmazonEnvironment) throws(StorageError) {
        try self.init(environment, clock: Self.systemClock)
    }

    /// - Parameter clock: seconds since 1970.
    init(_ environment: AmazonEnvironment, clock: @escaping @Sendable () -> Int64)
        throws(StorageError)
    {
        self.clock = clock
        if let found = try Self.inVariables(environment.variables) {
            source = .fixed(found)
        } else if let found = try Self.inProfile(environment) {
            source = .fixed(found)
        } else if environment.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] != nil {
            throw .credentials(
                reason: "AWS_WEB_IDENTITY_TOKEN_FILE is set, and web identity is not read")
        } else if let endpoint = try CredentialEndpoint(environment.variables) {
            source = .container(endpoint)
        } else if let metadata = try InstanceMetadata(environment.variables) {
            source = .instance(metadata)
        } else {
            throw .credentials(
                reason:
                    "neither the environment nor the profile \(environment.profileName) has any, "
                    + "and AWS_EC2_METADATA_DISABLED is set")
        }
    }

    /// Those to sign with now.
    func current() throws(StorageError) -> Credentials {
        try latest.withLock { (latest: inout Credentials?) throws(StorageError) in
            guard let held = latest else {
                let fetched = try fetch()
                latest = fetched
                return fetched
            }
            guard let end = held.expiresAt else { return held }
            let left = end - clock()
            guard left < Self.renewedSecondsBefore else { return held }
            do throws(StorageError) {
                let fetched = try fetch()
                latest = fetched
                return fetched
            } catch {
                // Whoever gives them out is away for a moment: these still do.
                if left > 0 { return held }
                throw error
            }
        }
    }

    /// After a store has refused these; whether there are others now.
    func renew(_ refused: Credentials) throws(StorageError) -> Bool {
        try latest.withLock { (latest: inout Credentials?) throws(StorageError) in
            // Another thread was here first.
            guard latest == refused else { return true }
            guard refused.sessionToken != nil else { return false }
            let fetched = try fetch()
            latest = fetched
            return fetched != refused
        }
    }

    private static let renewedSecondsBefore: Int64 = 300

    private static let systemClock: @Sendable () -> Int64 = { Int64(time(nil)) }

    private func fetch() throws(StorageError) -> Credentials {
        let credentials: Credentials
        switch source {
        case .fixed(let found): credentials = found
        case .container(let endpoint): credentials = try endpoint.fetch()
        case .instance(let metadata): credentials = try metadata.fetch()
        }
        guard credentials.isWellFormed else {
            throw .credentials(
                reason: "those that were found are empty, or have characters that keys never have")
        }
        return credentials
    }

    private static func inVariables(
        _ variables: [String: String]
    ) throws(StorageError) -> Credentials? {
        switch (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]) {
        case (nil, nil): return nil
        case (let access?, let secret?):
            return Credentials(
                accessKey: access, secretKey: secret, sessionToken: variables["AWS_SESSION_TOKEN"])
        default:
            throw .credentials(
                reason: "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set")
        }
    }

    private static func inProfile(
        _ environment: AmazonEnvironment
    ) throws(StorageError) -> Credentials? {
        let profile = environment.profile
        switch (profile["aws_access_key_id"], profile["aws_secret_access_key"]) {
        case (let access?, let secret?):
            return Credentials(
                accessKey: access, secretKey: secret, sessionToken: profile["aws_session_token"])
        case (nil, nil):
            let others = ["credential_process", "role_arn", "sso_session", "sso_start_url"]
            if let other = others.first(where: { profile[$0] != nil }) {
                throw .credentials(
                    reason: "the profile \(environment.profileName) has \(other), and only access "
                        + "keys are read from profiles")
            }
            return nil
        default:
            throw .credentials(
                reason:
                    "the profile \(environment.profileName) has only one of aws_access_key_id and "
                    + "aws_secret_access_key")
        }
    }
}
