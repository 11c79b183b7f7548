import Retention

/// A column by whose values one asks what a table is filled with, recognised by its name.
public struct DriverColumn: Equatable, Sendable {
    public var name: String
    /// Whether numbers and identifiers in its values are folded to `{id}`.
    public var isFolded: Bool

    public init(name: String, isFolded: Bool) {
        self.name = name
        self.isFolded = isFolded
    }

    private static let known: [(names: [String], isFolded: Bool)] = [
        (["level", "severity", "log_level"], false),
        (["component", "logger", "service", "module"], true),
        (["action", "event", "event_type", "operation"], true),
        (["http_path", "path", "route", "url", "endpoint", "request_path"], true),
        (["deployment_version", "version", "app_version", "release"], false),
        (["user_id", "account_id", "actor_id"], false),
        (["company_id", "tenant_id", "organization_id", "org_id"], false),
    ]

    /// At most one of each kind, in this order: level, component, action, path, version, user,
    /// company.
    public static func among(_ columns: [Column]) -> [DriverColumn] {
        known.compactMap { kind in
            kind.names.first { name in columns.contains { $0.name == name } }
                .map { DriverColumn(name: $0, isFolded: kind.isFolded) }
        }
    }
}
