import Checksums
import FoundationEssentials
import Postgres
import Retention

/// All that decides which rows a restore loads and what they become: a table that one restore has
/// begun is for another to go on with where these are the same, and for no other.
struct RestoreFingerprint: Encodable {
    private struct Source: Encodable {
        /// With its generation, and with the digest of every part.
        var manifest: Manifest
        var parts: [String]
        var conditions: [[String]]
    }

    private var tool: String
    private var user: String
    private var encoding: String
    private var kind: RestorePlan.Kind
    private var table: QualifiedName
    private var relation: QualifiedName
    private var sources: [Source]
    private var definition: TableDefinition
    private var columns: [ColumnMatch]
    /// The table that it is to be a partition of, as it is now.
    private var parent: String?

    /// - Parameter parent: the table that it is to be a partition of.
    init(
        _ plan: RestorePlan, _ landing: Landing, parent: PartitionedTable?, tool: String,
        on connection: Connection
    ) throws {
        self.tool = tool
        user = connection.facts.user
        encoding = connection.facts.encoding
        kind = plan.kind
        table = plan.table
        relation = plan.relation
        sources = plan.sources.map { source in
            Source(
                manifest: source.manifest, parts: source.parts.map(\.file),
                conditions: source.conditions.map { condition, _ in
                    [condition.subject, condition.comparison.rawValue, condition.operand]
                })
        }
        definition = landing.definition
        columns = plan.columns
        self.parent = try parent.map { parent in
            let fingerprint = try connection.catalog.fingerprint(of: parent.oid)
            return "\(parent.oid) \(fingerprint)"
        }
    }

    /// 64 hexadecimal digits.
    func digits() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(self).withUnsafeBytes { Checksum.sha256(of: $0) }
    }
}
