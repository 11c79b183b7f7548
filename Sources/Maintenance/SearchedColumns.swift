import Archives
import Retention
import RowCoding

extension TableSettings {
    /// The columns, by their place, whose values get filters: those that are named, are there, and
    /// whose values are equal where their bytes are.
    func searched(of definition: TableDefinition, _ columns: [CodedColumn]) -> [Int] {
        columns.indices.filter { index in
            searchColumns.contains(columns[index].name)
                && FieldHash.isTelling(
                    of: columns[index].form, typeOID: definition.columns[index].baseTypeOID)
        }
    }

    /// Search columns that somebody has named, and that get no filters: they are not there, or their
    /// values can be equal without being written alike.
    func unsearchable(in definition: TableDefinition) -> [String] {
        guard searchColumns != Self.usualSearchColumns else { return [] }
        let columns = CodedColumn.of(definition, hex: [])
        let good = searched(of: definition, columns).map { columns[$0].name }
        return searchColumns.filter { !good.contains($0) }
    }
}

extension Manifest {
    /// What a row that meets the conditions has to have, as filters know it.
    func questions(
        _ conditions: [(RowCondition, FieldPath)], _ columns: [CodedColumn]
    ) -> [PartFilter.Question] {
        conditions.compactMap { condition, path in
            guard condition.comparison == .equal, path.keys.isEmpty,
                let hash = FieldHash.of(
                    operand: condition.operand, form: columns[path.column].form,
                    typeOID: definition.columns[path.column].baseTypeOID)
            else { return nil }
            return PartFilter.Question(column: columns[path.column].name, hash: hash)
        }
    }
}
