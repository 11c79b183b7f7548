/// Where in a store the archive of one range of one table lives.
public struct Slice: Hashable, Sendable, Codable {
    public var table: QualifiedName
    /// Below the table's directory: `year=2025/month=01`.
    public var path: String

    public init(table: QualifiedName, path: String) {
        self.table = table
        self.path = path
    }
}

extension Slice: CustomStringConvertible {
    /// `public.system_logs/year=2025/month=01`
    public var description: String { "\(table)/\(path)" }
}

extension Slice: Comparable {
    public static func < (a: Slice, b: Slice) -> Bool { (a.table, a.path) < (b.table, b.path) }
}
