import Postgres
import Retention
import RowCoding

/// How archives' columns become those of a table in the database at hand.
struct Landing: Sendable {
    /// The shape of a table of their own.
    let definition: TableDefinition
    /// The table's columns that rows are compared by, in their order.
    let columns: [String]
    /// For each archive, what each of these columns gets.
    let placements: [RowPlacement]

    /// The table's columns that the server is sent.
    var sent: [String] {
        zip(columns, placements[0].fields).filter(\.1.isSent).map(\.0)
    }
    /// Columns whose text no column of the database but a bytea takes: bytes that are not UTF-8.
    var asBytea: [Bool] { placements[0].fields.map(\.isBytea) }

    /// Into a table of their own.
    init(_ archived: ArchivedColumns, in encoding: String) {
        var definition = archived.definition
        // An SQL_ASCII database takes anything for text.
        let isBytea = archived.isHex.map { $0 && encoding != "SQL_ASCII" }
        for index in definition.columns.indices where isBytea[index] {
            let column = definition.columns[index]
            definition.columns[index] = Column(
                name: column.name, type: "bytea", baseTypeOID: 17, isNullable: column.isNullable,
                isGenerated: false, expression: nil, identity: nil, collation: nil,
                isUnreadable: false)
        }
        self.definition = definition
        (columns, placements) = Self.place(
            archived, isBytea: isBytea,
            targets: definition.columns.map { ($0.name, $0.isGenerated) })
    }

    /// Into a table that has columns of its own.
    ///
    /// - Parameter comparesGenerated: whether rows are compared by what the server makes, too: a row
    ///   that never gets into the table has no such values.
    init(
        _ archived: ArchivedColumns, in encoding: String, table: [Column], matches: [ColumnMatch],
        comparesGenerated: Bool = true
    ) {
        definition = archived.definition
        let generated = Set(table.filter(\.isGenerated).map(\.name))
        (columns, placements) = Self.place(
            archived, isBytea: archived.isHex.map { $0 && encoding != "SQL_ASCII" },
            targets: matches.prefix(archived.definition.columns.count).map { match in
                match.column.map { ($0, generated.contains($0)) }
            }, comparesGenerated: comparesGenerated)
    }

    private static func place(
        _ archived: ArchivedColumns, isBytea: [Bool], targets: [(String, isGenerated: Bool)?],
        comparesGenerated: Bool = true
    ) -> ([String], [RowPlacement]) {
        // What the server makes and some archive has not cannot be compared.
        let kept = targets.indices.filter { index in
            targets[index].map { target in
                !target.isGenerated || comparesGenerated && !archived.isPartly[index]
            } ?? false
        }
        let columns = kept.compactMap { targets[$0]?.0 }
        let placements = archived.places.map { places in
            RowPlacement(
                kept.map { index in
                    RowPlacement.Field(
                        source: places[index], isSent: !(targets[index]?.isGenerated ?? false),
                        isBytea: isBytea[index])
                })
        }
        return (columns, placements)
    }
}
