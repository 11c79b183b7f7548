import Retention

extension PartitionDDL {
    /// Makes the definition's indexes, and its primary key, unique and exclusion constraints, under
    /// names that the server chooses: the old ones may still be in use.
    func createIndexes(_ definition: TableDefinition, on relation: Relation) throws {
        for index in definition.indexes {
            let unique: SQL = index.isUnique ? "UNIQUE " : ""
            try connection.run(
                "restore.index",
                "CREATE \(unique)INDEX ON \(relation.name) \(printed: index.definition)")
        }
        for constraint in definition.constraints {
            switch constraint.kind {
            case .check, .foreignKey: continue
            case .unique, .primaryKey, .exclusion:
                try connection.run(
                    "restore.constraint",
                    "ALTER TABLE \(relation.name) ADD \(printed: constraint.definition)")
            }
        }
    }
}
