import Retention

/// The manifest as JSON: names in snake_case, a column together with its encoding.
enum ManifestDocument {
    /// The file, in its one form.
    static func write(_ manifest: Manifest, checksum: String) -> [UInt8] {
        JSONWriter.document { json in
            json.member("format", manifest.format)
            json.member("tool", manifest.tool)
            json.member("generation", manifest.generation)
            json.object("table") { write(manifest.table, into: &$0) }
            json.object("partition") { write(manifest.partition, into: &$0) }
            json.object("key") {
                $0.member("column", manifest.key)
                $0.member("type", manifest.keyType.rawValue)
            }
            json.object("bounds") {
                $0.member("from", manifest.bounds.from.description)
                $0.member("to", manifest.bounds.to.description)
            }
            json.member("rows", manifest.digest.rows)
            json.member("digest", manifest.digest.hex)
            json.objects("parts", manifest.parts) { write($1, into: &$0) }
            json.member("first_own_part", manifest.firstOwnPart)
            write(manifest.definition, encodings: manifest.encodings, into: &json)
            json.object("origin") { write(manifest.origin, into: &$0) }
            json.member("exported_at", manifest.exportedAt.description)
            json.strings("warnings", manifest.warnings)
            // Only where there are some: most archives have neither.
            if !manifest.redacted.isEmpty {
                json.objects("redacted", manifest.redacted) { write($1, into: &$0) }
            }
            if !manifest.erased.isEmpty {
                json.objects("erased", manifest.erased) { json, erasure in
                    json.member("rows", erasure.rows)
                    json.member("at", erasure.at.description)
                }
            }
            json.member("checksum", checksum)
        }
    }

    private static func write(_ relation: Manifest.Relation, into json: inout JSONWriter) {
        json.member("schema", relation.name.schema)
        json.member("name", relation.name.name)
        json.member("oid", relation.oid)
    }

    private static func write(_ value: RedactedValue, into json: inout JSONWriter) {
        json.member("column", value.column)
        json.strings("path", value.path)
        json.member("written_as", value.replacement.rawValue)
    }

    private static func write(_ part: Manifest.Part, into json: inout JSONWriter) {
        json.member("file", part.file)
        json.member("bytes", part.bytes)
        json.member("sha256", part.sha256)
        json.member("ndjson_bytes", part.ndjsonBytes)
        json.member("rows", part.digest.rows)
        json.member("digest", part.digest.hex)
        json.member("smallest_key", part.smallestKey?.description)
        json.member("largest_key", part.largestKey?.description)
    }

    private static func write(
        _ definition: TableDefinition, encodings: [String], into json: inout JSONWriter
    ) {
        json.objects("columns", zip(definition.columns, encodings)) { json, pair in
            write(pair.0, encoding: pair.1, into: &json)
        }
        json.objects("constraints", definition.constraints) { json, constraint in
            json.member("name", constraint.name)
            json.member("kind", constraint.kind.rawValue)
            json.member("definition", constraint.definition)
        }
        json.objects("indexes", definition.indexes) { json, index in
            json.member("name", index.name)
            json.member("unique", index.isUnique)
            json.member("definition", index.definition)
        }
    }

    private static func write(
        _ column: Retention.Column, encoding: String, into json: inout JSONWriter
    ) {
        json.member("name", column.name)
        json.member("type", column.type)
        json.member("base_type_oid", column.baseTypeOID)
        json.member("encoding", encoding)
        json.member("nullable", column.isNullable)
        json.member("generated", column.isGenerated)
        json.member("expression", column.expression)
        json.member("identity", column.identity)
        json.member("collation", column.collation)
        json.member("unreadable", column.isUnreadable)
    }

    private static func write(_ origin: Manifest.Origin, into json: inout JSONWriter) {
        json.member("server_version", origin.serverVersion)
        json.member("encoding", origin.encoding)
        json.member("system_identifier", origin.systemIdentifier)
        json.member("database", origin.database)
    }
}
