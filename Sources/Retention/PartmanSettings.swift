/// What pg_partman's `part_config` says of a set of partitions.
public struct PartmanSettings: Equatable, Sendable {
    /// The table that says so.
    public var config: QualifiedName
    public var premake: Int
    /// As it is written there, such as `3 months`; nil when pg_partman takes nothing away.
    public var retention: String?
    /// Whether it only detaches what is older.
    public var keepsTables: Bool

    public init(config: QualifiedName, premake: Int, retention: String?, keepsTables: Bool) {
        self.config = config
        self.premake = premake
        self.retention = retention
        self.keepsTables = keepsTables
    }

    /// Its retention, where it is a length of time that a policy can have.
    public var span: Span? { retention.flatMap { Span($0) } }
}
