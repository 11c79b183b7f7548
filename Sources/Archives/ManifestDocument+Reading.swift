import Retention

extension ManifestDocument {
    /// Something that JSON can say and a manifest cannot mean.
    struct Misfit: Error, CustomStringConvertible {
        var description: String
    }

    func manifest() throws(Misfit) -> Manifest {
        guard let bounds = PartitionBounds(from: bounds.from, to: bounds.to) else {
            throw Misfit(description: "its bounds hold nothing")
        }
        var parts: [Manifest.Part] = []
        for part in self.parts { parts.append(try part.believed()) }
        return Manifest(
            format: format, tool: tool, generation: generation, table: table.believed,
            partition: partition.believed, key: key.column, keyType: key.type, bounds: bounds,
            digest: try Self.digest(rows: rows, digest), parts: parts,
            definition: TableDefinition(
                columns: columns.map(\.believed), constraints: constraints.map(\.believed),
                indexes: indexes.map(\.believed)),
            encodings: columns.map(\.encoding), origin: origin.believed, exportedAt: exportedAt,
            warnings: warnings, firstOwnPart: firstOwnPart,
            redacted: (redacted ?? []).map {
                RedactedValue(column: $0.column, path: $0.path, replacement: $0.writtenAs)
            },
            erased: (erased ?? []).map { Manifest.Erasure(rows: $0.rows, at: $0.at) })
    }

    fileprivate static func digest(
        rows: UInt64, _ hex: String
    ) throws(Misfit) -> ContentDigest {
        guard let digest = ContentDigest(rows: rows, hex: hex) else {
            throw Misfit(description: "a digest is not 32 hexadecimal digits")
        }
        return digest
    }
}

extension ManifestDocument.Relation {
    fileprivate var believed: Manifest.Relation {
        Manifest.Relation(name: QualifiedName(schema: schema, name: name), oid: oid)
    }
}

extension ManifestDocument.Part {
    fileprivate func believed() throws(ManifestDocument.Misfit) -> Manifest.Part {
        Manifest.Part(
            file: file, bytes: bytes, sha256: sha256, ndjsonBytes: ndjsonBytes,
            digest: try ManifestDocument.digest(rows: rows, digest), smallestKey: smallestKey,
            largestKey: largestKey)
    }
}

extension ManifestDocument.Column {
    fileprivate var believed: Retention.Column {
        Retention.Column(
            name: name, type: type, baseTypeOID: baseTypeOid, isNullable: nullable,
            isGenerated: generated, expression: expression, identity: identity,
            collation: collation, isUnreadable: unreadable)
    }
}

extension ManifestDocument.Constraint {
    fileprivate var believed: ConstraintDefinition {
        ConstraintDefinition(name: name, kind: kind, definition: definition)
    }
}

extension ManifestDocument.Index {
    fileprivate var believed: IndexDefinition {
        IndexDefinition(name: name, isUnique: unique, definition: definition)
    }
}

extension ManifestDocument.Origin {
    fileprivate var believed: Manifest.Origin {
        Manifest.Origin(
            serverVersion: serverVersion, encoding: encoding, systemIdentifier: systemIdentifier,
            database: database)
    }
}
