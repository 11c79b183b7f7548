import Retention

/// What every format begins with.
struct ManifestFormat: Decodable {
    var format: Int
}

/// The manifest as the file has it: names in snake_case, a column together with its encoding.
/// What the program believes is `Manifest`. (The decoder's own conversion of names would take a
/// third of the time of listing a store.)
struct ManifestDocument: Decodable {
    struct Relation: Decodable {
        var schema: String
        var name: String
        var oid: UInt32
    }

    struct Key: Decodable {
        var column: String
        var type: KeyType
    }

    struct Bounds: Decodable {
        var from: Instant
        var to: Instant
    }

    struct Part: Decodable {
        var file: String
        var bytes: Int64
        var sha256: String
        var ndjsonBytes: Int64
        var rows: UInt64
        var digest: String
        var smallestKey: Instant?
        var largestKey: Instant?

        private enum CodingKeys: String, CodingKey {
            case file, bytes, sha256, rows, digest
            case ndjsonBytes = "ndjson_bytes"
            case smallestKey = "smallest_key"
            case largestKey = "largest_key"
        }
    }

    struct Column: Decodable {
        var name: String
        var type: String
        var baseTypeOid: UInt32
        var encoding: String
        var nullable: Bool
        var generated: Bool
        var expression: String?
        var identity: String?
        var collation: String?
        var unreadable: Bool

        private enum CodingKeys: String, CodingKey {
            case name, type, encoding, nullable, generated, expression, identity, collation
            case unreadable
            case baseTypeOid = "base_type_oid"
        }
    }

    struct Constraint: Decodable {
        var name: String
        var kind: ConstraintDefinition.Kind
        var definition: String
    }

    struct Index: Decodable {
        var name: String
        var unique: Bool
        var definition: String
    }

    struct Origin: Decodable {
        var serverVersion: String
        var encoding: String
        var systemIdentifier: String
        var database: String

        private enum CodingKeys: String, CodingKey {
            case encoding, database
            case serverVersion = "server_version"
            case systemIdentifier = "system_identifier"
        }
    }

    struct Redacted: Decodable {
        var column: String
        var path: [String]
        var writtenAs: RedactedValue.Replacement

        private enum CodingKeys: String, CodingKey {
            case column, path
            case writtenAs = "written_as"
        }
    }

    struct Erasure: Decodable {
        var rows: UInt64
        var at: Instant
    }

    var format: Int
    var tool: String
    var generation: Int
    var table: Relation
    var partition: Relation
    var key: Key
    var bounds: Bounds
    var rows: UInt64
    var digest: String
    var parts: [Part]
    var firstOwnPart: Int
    var columns: [Column]
    var constraints: [Constraint]
    var indexes: [Index]
    var origin: Origin
    var exportedAt: Instant
    var warnings: [String]
    var redacted: [Redacted]?
    var erased: [Erasure]?

    private enum CodingKeys: String, CodingKey {
        case format, tool, generation, table, partition, key, bounds, rows, digest, parts
        case columns, constraints, indexes, origin, warnings, redacted, erased
        case firstOwnPart = "first_own_part"
        case exportedAt = "exported_at"
    }
}
