import Postgres
import Retention
import RowCoding

/// How an archive's columns become those of a table in the database at hand.
struct Landing: Sendable {
    /// The shape of a table of their own.
    let definition: TableDefinition
    /// Columns that the server makes again.
    let leavingOut: [Bool]
    /// Columns whose text no column of the database but a bytea takes: bytes that are not UTF-8,
    /// unless the database is SQL_ASCII and takes anything.
    let asBytea: [Bool]

    init(_ manifest: Manifest, in encoding: String) {
        var definition = manifest.definition
        asBytea = manifest.encodings.map {
            encoding != "SQL_ASCII" && $0 == ColumnForm.hex.name
        }
        for index in definition.columns.indices where asBytea[index] {
            let column = definition.columns[index]
            definition.columns[index] = Column(
                name: column.name, type: "bytea", baseTypeOID: 17, isNullable: column.isNullable,
                isGenerated: false, expression: nil, identity: nil, collation: nil,
                isUnreadable: false)
        }
        self.definition = definition
        leavingOut = definition.columns.map(\.isGenerated)
    }

    /// A partition has the types that its table has.
    func requireTypesOfItsOwn(_ manifest: Manifest, for parent: QualifiedName) throws(Problem) {
        guard let index = asBytea.firstIndex(of: true) else { return }
        throw Problem(
            "restore.bytes", .data,
            "The archive's column \(manifest.definition.columns[index].name) holds bytes that are "
                + "not UTF-8, and a partition of \(parent) cannot take them. Nothing was restored.",
            hint: "pgretain restore --into a new table, where the column is a bytea.")
    }
}
