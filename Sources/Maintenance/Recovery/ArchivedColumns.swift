import Retention
import RowCoding

/// The columns of several archives of a table as those of one: the newest's, and behind them what
/// older ones had besides. Of one archive they are its own.
struct ArchivedColumns {
    /// With the newest's indexes and constraints.
    private(set) var definition: TableDefinition
    /// For each archive, which of its fields each column is; nil where it has none.
    let places: [[Int?]]
    /// Whether some archive holds bytes in it that are not UTF-8.
    let isHex: [Bool]
    /// Whether some archive lacks it, or has not what the server makes of it.
    let isPartly: [Bool]
    /// What is not the same in all archives, a sentence each.
    let notes: [String]

    init(_ manifests: [Manifest]) {
        var definition = manifests[manifests.count - 1].definition
        var notes: [String] = []
        for manifest in manifests.dropLast().reversed() {
            for var column in manifest.definition.columns {
                guard let index = definition.columns.firstIndex(where: { $0.name == column.name })
                else {
                    // What its expression names may be gone.
                    column.isGenerated = false
                    column.expression = nil
                    column.identity = nil
                    definition.columns.append(column)
                    continue
                }
                let newer = definition.columns[index]
                definition.columns[index].isNullable = newer.isNullable || column.isNullable
                if newer.type != column.type {
                    notes.append(
                        "\(column.name) is \(column.type) in the archive of \(manifest.bounds) and "
                            + "\(newer.type) in the newest")
                }
            }
        }
        places = manifests.map { manifest in
            definition.columns.map { column in
                manifest.definition.columns.firstIndex { $0.name == column.name }
            }
        }
        isHex = definition.columns.map { column in
            manifests.contains { manifest in
                zip(manifest.definition.columns, manifest.encodings).contains {
                    $0.name == column.name && $1 == ColumnForm.hex.name
                }
            }
        }
        var isPartly: [Bool] = []
        for (index, column) in definition.columns.enumerated() {
            let without = zip(manifests, places).filter { $1[index] == nil }.map(\.0)
            // What the server makes of a redacted value is another one than it was.
            let isRemade = column.isGenerated && manifests.contains { !$0.redacted.isEmpty }
            isPartly.append(!without.isEmpty || isRemade)
            guard !without.isEmpty else { continue }
            definition.columns[index].isNullable = true
            let ranges = without.map { "\($0.bounds)" }.joined(separator: ", ")
            notes.append("\(column.name) is in no row of \(ranges): NULL there")
        }
        self.isPartly = isPartly
        self.definition = definition
        self.notes = notes
    }

    /// The same columns in another shape.
    func shaped(_ definition: TableDefinition) -> ArchivedColumns {
        var result = self
        result.definition = definition
        return result
    }
}
