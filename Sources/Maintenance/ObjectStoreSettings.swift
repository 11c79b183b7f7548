/// How object stores are spoken to, and what is asked of them; the same for all, but for what is said
/// of a bucket by its name. Credentials are none of it: they come from where any tool of the kind finds
/// them.
public struct ObjectStoreSettings: Sendable, Equatable {
    /// Of every bucket that nothing else is said of.
    public var common = Bucket()
    /// By the bucket's name: what differs.
    public var buckets: [String: Bucket] = [:]

    /// In which credentials are looked for, and what the settings leave open.
    public var environment: [String: String] = [:]

    public init() {}

    public struct Bucket: Sendable, Equatable {
        /// Such as `https://minio.example:9000`; nil leaves it to the environment, and then to AWS.
        public var endpoint: String?
        public var region: String?
        /// `https://endpoint/bucket/key`; nil is what fits the endpoint.
        public var usesPathStyle: Bool?
        /// Of what is published, such as STANDARD_IA.
        public var storageClass: String?
        /// Of what is published.
        public var lock: Lock?
        /// Whether the bucket keeps older versions of its objects, as somebody says who has seen to it.
        public var isVersioned: Bool?
        /// A PEM file with the authorities to trust, instead of the system's.
        public var certificateAuthorities: String?

        public init() {}

        /// What is said here, and else what the other says.
        func or(_ other: Bucket) -> Bucket {
            var all = self
            all.endpoint = endpoint ?? other.endpoint
            all.region = region ?? other.region
            all.usesPathStyle = usesPathStyle ?? other.usesPathStyle
            all.storageClass = storageClass ?? other.storageClass
            all.lock = lock ?? other.lock
            all.isVersioned = isVersioned ?? other.isVersioned
            all.certificateAuthorities = certificateAuthorities ?? other.certificateAuthorities
            return all
        }
    }

    /// For how long no version of an object can be removed.
    public struct Lock: Sendable, Equatable {
        public enum Mode: String, Sendable, CaseIterable {
            /// Who has the right for it may lift the lock.
            case governance
            /// Nobody may.
            case compliance
        }

        public var mode: Mode
        public var days: Int

        public init(mode: Mode, days: Int) {
            self.mode = mode
            self.days = days
        }
    }

    func settings(of bucket: String) -> Bucket {
        buckets[bucket].map { $0.or(common) } ?? common
    }
}
