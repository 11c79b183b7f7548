import Retention

extension ManifestDocument {
    /// - Parameter file: in its one form, or nearly: see `JSONReader`.
    static func read(_ file: [UInt8]) throws(JSONReader.Misfit) -> Manifest {
        try JSONReader.document(file) { json throws(JSONReader.Misfit) in
            let format: Int = try json.member("format")
            let tool: String = try json.member("tool")
            let generation: Int = try json.member("generation")
            let table = try json.object("table", relation)
            let partition = try json.object("partition", relation)
            let key = try json.object("key") { key throws(JSONReader.Misfit) in
                (column: try key.member("column") as String, type: try key.oneOf("type") as KeyType)
            }
            let bounds = try json.object("bounds", bounds)
            let digest = try digest(&json)
            let parts = try json.objects("parts", part)
            let firstOwnPart: Int = try json.member("first_own_part")
            let columns = try json.objects("columns", column)
            let definition = TableDefinition(
                columns: columns.map(\.column),
                constraints: try json.objects("constraints", constraint),
                indexes: try json.objects("indexes", index))
            let origin = try json.object("origin", origin)
            let exportedAt = try json.instant("exported_at")
            let warnings = try json.strings("warnings")
            let redacted =
                json.hasNext("redacted") ? try json.objects("redacted", redactedValue) : []
            let erased = json.hasNext("erased") ? try json.objects("erased", erasure) : []
            let _: String = try json.member("checksum")
            return Manifest(
                format: format, tool: tool, generation: generation, table: table,
                partition: partition, key: key.column, keyType: key.type, bounds: bounds,
                digest: digest, parts: parts, definition: definition,
                encodings: columns.map(\.encoding), origin: origin, exportedAt: exportedAt,
                warnings: warnings, firstOwnPart: firstOwnPart, redacted: redacted,
                erased: erased)
        }
    }

    private static func relation(
        _ json: inout JSONReader
    ) throws(JSONReader.Misfit) -> Manifest.Relation {
        Manifest.Relation(
            name: QualifiedName(schema: try json.member("schema"), name: try json.member("name")),
            oid: try json.member("oid"))
    }

    private static func bounds(
        _ json: inout JSONReader
    ) throws(JSONReader.Misfit) -> PartitionBounds {
        let bounds = PartitionBounds(from: try json.instant("from"), to: try json.instant("to"))
        guard let bounds else { throw json.misfit("bounds that hold nothing") }
        return bounds
    }

    private static func digest(
        _ json: inout JSONReader
    ) throws(JSONReader.Misfit) -> ContentDigest {
        let digest = ContentDigest(rows: try json.member("rows"), hex: try json.member("digest"))
        guard let digest else { throw json.misfit("a digest is not 32 hexadecimal digits") }
        return digest
    }

    private static func part(_ json: inout JSONReader) throws(JSONReader.Misfit) -> Manifest.Part {
        Manifest.Part(
            file: try json.member("file"), bytes: try json.member("bytes"),
            sha256: try json.member("sha256"), ndjsonBytes: try json.member("ndjson_bytes"),
            digest: try digest(&json), smallestKey: try json.optionalInstant("smallest_key"),
            largestKey: try json.optionalInstant("largest_key"))
    }

    private static func column(
        _ json: inout JSONReader
    ) throws(JSONReader.Misfit) -> (column: Column, encoding: String) {
        let name: String = try json.member("name")
        let type: String = try json.member("type")
        let baseTypeOID: UInt32 = try json.member("base_type_oid")
        let encoding: String = try json.member("encoding")
        let column = Column(
            name: name, type: type, baseTypeOID: baseTypeOID,
            isNullable: try json.member("nullable"), isGenerated: try json.member("generated"),
            expression: try json.member("expression"), identity: try json.member("identity"),
            collation: try json.member("collation"), isUnreadable: try json.member("unreadable"))
        return (column, encoding)
    }

    private static func constraint(
        _ json: inout JSONReader
    ) throws(JSONReader.Misfit) -> ConstraintDefinition {
        ConstraintDefinition(
            name: try json.member("name"), kind: try json.oneOf("kind"),
            definition: try json.member("definition"))
    }

    private static func index(
        _ json: inout JSONReader
    ) throws(JSONReader.Misfit) -> IndexDefinition {
        IndexDefinition(
            name: try json.member("name"), isUnique: try json.member("unique"),
            definition: try json.member("definition"))
    }

    private static func origin(
        _ json: inout JSONReader
    ) throws(JSONReader.Misfit) -> Manifest.Origin {
        Manifest.Origin(
            serverVersion: try json.member("server_version"),
            encoding: try json.member("encoding"),
            systemIdentifier: try json.member("system_identifier"),
            database: try json.member("database"))
    }

    private static func redactedValue(
        _ json: inout JSONReader
    ) throws(JSONReader.Misfit) -> RedactedValue {
        RedactedValue(
            column: try json.member("column"), path: try json.strings("path"),
            replacement: try json.oneOf("written_as"))
    }

    private static func erasure(
        _ json: inout JSONReader
    ) throws(JSONReader.Misfit) -> Manifest.Erasure {
        Manifest.Erasure(rows: try json.member("rows"), at: try json.instant("at"))
    }
}

extension JSONReader {
    /// A text that stands for one of a type's cases.
    fileprivate mutating func oneOf<Choice: RawRepresentable<String>>(
        _ key: StaticString
    ) throws(Misfit) -> Choice {
        let text: String = try member(key)
        guard let choice = Choice(rawValue: text) else { throw misfit("unknown \(key): \(text)") }
        return choice
    }

    fileprivate mutating func instant(_ key: StaticString) throws(Misfit) -> Instant {
        try instant(from: try member(key))
    }

    fileprivate mutating func optionalInstant(_ key: StaticString) throws(Misfit) -> Instant? {
        let text: String? = try member(key)
        guard let text else { return nil }
        return try instant(from: text)
    }

    private func instant(from text: String) throws(Misfit) -> Instant {
        guard let instant = Instant(iso: text) else { throw misfit("not a time: \(text)") }
        return instant
    }
}
