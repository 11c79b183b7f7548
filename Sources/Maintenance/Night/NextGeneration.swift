import Archives
import Postgres
import Retention
import RowCoding

/// The archive that is to be made: what is in place now, and how much of that it goes on from.
struct NextGeneration {
    /// The archive in place; nil where there is none.
    let old: Manifest?
    /// Its first parts, which are taken over.
    let adopting: Int

    static let first = NextGeneration(old: nil, adopting: 0)

    var number: Int { (old?.generation ?? 0) + 1 }

    /// Columns that the parts taken over have as hex: all parts of an archive are written alike.
    var hexColumns: Set<Int> { adopting > 0 ? old?.hexColumns ?? [] : [] }

    /// Of the parts that are taken over.
    fileprivate var warnings: [String] { adopting > 0 ? old?.warnings ?? [] : [] }

    /// Takes the parts over; they have to be written as ours will be, for columns of the same
    /// types. Where the table has got more columns since, the parts get them too.
    func adopt(
        into staged: StagedArchive, _ columns: [CodedColumn], _ snapshot: TableSnapshot,
        _ subject: Departing, _ session: TableSession
    ) throws -> [Manifest.Part] {
        guard adopting > 0, var old else { return [] }
        let oldColumns = try old.codedColumns()
        // Rows of another unit are in this range by chance.
        let isSameKey = old.keyType == session.table.keyType
        if isSameKey, oldColumns == columns, old.definition.hasTypes(of: snapshot.definition) {
            return try staged.adoptParts(of: subject.slice, first: adopting)
        }
        guard isSameKey, oldColumns == Array(columns.prefix(oldColumns.count)),
            snapshot.definition.isWider(than: old.definition)
        else {
            throw Problem(
                "archive.columns", .data,
                "Rows came to \(subject.name) after its archive was made, or stayed when others "
                    + "left, and its columns have changed since, or hold bytes that are not UTF-8 "
                    + "as they did not: they cannot become one archive. Nothing was dropped.",
                hint: "Move the rows to a table of the old shape, or move the archive "
                    + "\(subject.slice) out of the store after restoring it.")
        }
        old.parts = Array(old.parts.prefix(adopting))
        return try WidenedParts(
            old: old, source: try session.store.directory(of: subject.slice), staged: staged,
            compression: session.settings.compression, columns: columns,
            searched: session.settings.searched(of: snapshot.definition, columns),
            interruption: session.interruption
        ).write()
    }

    /// The columns that hold for all parts.
    fileprivate func shape(of definition: TableDefinition) -> TableDefinition {
        guard adopting > 0, let old else { return definition }
        return definition.allowingNulls(of: old.definition)
    }
}

extension TableSession {
    /// What is claimed of parts that hold what a snapshot has seen; the first ones may have been
    /// taken over.
    func manifest(
        _ generation: NextGeneration, of subject: Departing, seenBy snapshot: TableSnapshot,
        columns: [CodedColumn], redacted: [RedactedValue], parts: [Manifest.Part],
        firstOwnPart: Int, warnings: [String] = []
    ) -> Manifest {
        let facts = connection.facts
        var digest = ContentDigest()
        for part in parts { digest.add(part.digest) }
        let hexWarnings = columns.filter { $0.form == .hex }.map {
            "\($0.name) holds bytes that are not UTF-8; it is written as hexadecimal digits"
        }
        var all = snapshot.definition.warnings + hexWarnings
        for warning in generation.warnings + warnings where !all.contains(warning) {
            all.append(warning)
        }
        return Manifest(
            tool: site.tool, generation: generation.number,
            table: .init(name: table.name, oid: table.oid),
            partition: .init(name: subject.name, oid: subject.relation.oid),
            key: table.key, keyType: table.keyType, bounds: subject.bounds, digest: digest,
            parts: parts, definition: generation.shape(of: snapshot.definition),
            encodings: columns.map(\.form.name),
            origin: .init(
                serverVersion: facts.version, encoding: facts.encoding,
                systemIdentifier: facts.systemIdentifier ?? "", database: facts.database),
            exportedAt: snapshot.takenAt, warnings: all, firstOwnPart: firstOwnPart,
            redacted: redacted, erased: generation.old?.erased ?? [])
    }

    /// What the next archive does not hold. One that has been begun keeps to its redaction, whatever
    /// the configuration says now: its rows would not be the table's any more. Of columns that it has
    /// not, what is configured.
    func redacted(_ definition: TableDefinition, as generation: NextGeneration) throws(Problem)
        -> [RedactedValue]
    {
        guard let old = generation.old else {
            return try definition.redacted(settings.redact, of: table.name, key: table.key)
        }
        let known = Set(old.definition.columns.map(\.name))
        let new = settings.redact.filter {
            $0.column(in: definition).map { !known.contains($0) } ?? false
        }
        return try old.redacted + definition.redacted(new, of: table.name, key: table.key)
    }
}

extension CodedColumn {
    /// How a table's columns are written; those of `hex` are not UTF-8.
    static func of(_ definition: TableDefinition, hex: Set<Int>) -> [CodedColumn] {
        definition.columns.enumerated().map { index, column in
            CodedColumn(
                name: column.name,
                form: hex.contains(index) ? .hex : ColumnForm(typeOID: column.baseTypeOID))
        }
    }
}

extension Manifest {
    /// Columns that are not UTF-8 and were written as hex, by their place.
    var hexColumns: Set<Int> {
        Set(encodings.indices.filter { encodings[$0] == ColumnForm.hex.name })
    }
}
