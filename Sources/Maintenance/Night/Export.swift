import Archives
import Postgres
import Retention
import RowCoding
import Synchronization

/// Copies a relation, as one snapshot sees it, into a staged archive.
struct Export {
    let session: TableSession

    struct Result {
        let staged: StagedArchive
        let manifest: Manifest
        /// The rows' versions at the moment of the snapshot.
        let witness: TableWitness
        let fingerprint: SchemaFingerprint
    }

    /// `old` is the archive in place, where there is one; its first `adopting` parts are taken over
    /// by the new generation.
    func run(_ subject: Departing, after old: Manifest?, adopting: Int = 0) throws -> Result {
        try session.connection.requireTrustworthyPages()
        // Parts that are taken over and ours are written alike.
        let encodings = adopting > 0 ? old?.encodings ?? [] : []
        var hexColumns = Set(
            encodings.enumerated().filter { $1 == ColumnForm.hex.name }.map(\.offset))
        while true {
            let staged = try session.store.stage(subject.slice)
            do {
                return try export(
                    subject, to: staged, after: old, adopting: adopting, hexColumns: hexColumns)
            } catch {
                try staged.discard()
                // A SQL_ASCII database may hold anything, and others what a cast let in: such a
                // column is written as hex.
                guard case CodingFault.Reason.invalidUTF8? = (error as? CodingFault)?.reason,
                    let column = (error as? CodingFault)?.column,
                    hexColumns.insert(column).inserted
                else { throw error }
            }
        }
    }

    private func export(
        _ subject: Departing, to staged: StagedArchive, after old: Manifest?, adopting: Int,
        hexColumns: Set<Int>
    ) throws -> Result {
        try session.requireSpace(for: subject)
        let snapshot = try session.snapshot(of: subject)
        let definition = snapshot.definition
        let columns = definition.columns.enumerated().map { index, column in
            CodedColumn(
                name: column.name,
                form: hexColumns.contains(index) ? .hex : ColumnForm(typeOID: column.baseTypeOID))
        }
        var shape = definition
        var adopted: [Manifest.Part] = []
        if adopting > 0, let old {
            try requireAlike(old, columns, definition, subject)
            shape = definition.allowingNulls(of: old.definition)
            adopted = try staged.adoptParts(of: subject.slice, first: adopting)
        }
        let pipeline = PartPipeline(
            session: session, subject: subject, columns: columns, staged: staged,
            firstIndex: adopted.count)
        let own = try pipeline.run(
            try snapshot.copyOut(columns: definition.columns.map(\.name)))
        let witness = try snapshot.witness()
        try snapshot.end()

        let hexWarnings = columns.filter { $0.form == .hex }.map {
            "\($0.name) holds bytes that are not UTF-8; it is written as hexadecimal digits"
        }
        let facts = session.connection.facts
        var digest = ContentDigest()
        for part in adopted + own { digest.add(part.digest) }
        let manifest = Manifest(
            tool: session.site.tool, generation: (old?.generation ?? 0) + 1,
            table: .init(name: session.table.name, oid: session.table.oid),
            partition: .init(name: subject.name, oid: subject.relation.oid),
            key: session.table.key, keyType: session.table.keyType, bounds: subject.bounds,
            digest: digest, parts: adopted + own, definition: shape,
            encodings: columns.map(\.form.name),
            origin: .init(
                serverVersion: facts.version, encoding: facts.encoding,
                systemIdentifier: facts.systemIdentifier ?? "", database: facts.database),
            exportedAt: snapshot.takenAt, warnings: definition.warnings + hexWarnings,
            firstOwnPart: adopted.count)
        try staged.seal(manifest)
        return Result(
            staged: staged, manifest: manifest, witness: witness,
            fingerprint: snapshot.fingerprint)
    }

    /// Parts that are taken over have to be written as ours will be, for columns of the same types.
    private func requireAlike(
        _ old: Manifest, _ columns: [CodedColumn], _ definition: TableDefinition,
        _ subject: Departing
    ) throws {
        guard try old.codedColumns() == columns, old.definition.hasTypes(of: definition) else {
            throw Problem(
                "archive.columns", .data,
                "Rows came to \(subject.name) after its archive was made, and its columns have "
                    + "changed since, or hold bytes that are not UTF-8 as they did not: they "
                    + "cannot become one archive. Nothing was dropped.",
                hint: "Move the rows to a table of the old shape, or move the archive "
                    + "\(subject.slice) out of the store after restoring it.")
        }
    }
}

extension TableSession {
    /// Text compresses to less than half of its table, always; more is not asked for.
    func requireSpace(for subject: Departing) throws {
        let needed = subject.bytes / 2
        let free = try store.freeBytes()
        guard free >= needed else {
            throw Problem(
                "store.full", .inputOutput,
                "The store \(store.root) has \(free) bytes free, and \(subject.name) may need "
                    + "\(needed). Nothing was exported or dropped.",
                hint: "Make room in \(store.root), or move archives: to a larger disk.")
        }
    }
}
