import Maintenance
import Retention
import Yams

/// What is said of archives, beyond how they are made.
extension ConfigurationResolver {
    mutating func searchColumns(_ node: Node?, _ key: String) -> [String] {
        let usual = TableSettings.usualSearchColumns
        guard let node else {
            _ = note(key, "[\(usual.joined(separator: ", "))]", .default)
            return usual
        }
        guard case .sequence(let sequence) = node, sequence.count <= 8 else {
            reader.complain("must be a list of at most 8 columns", key: key, at: node)
            return usual
        }
        var columns: [String] = []
        for (index, node) in sequence.enumerated() {
            guard let column = reader.text(node, key: "\(key)[\(index)]") else { continue }
            if columns.contains(column) {
                reader.complain("`\(column)` stands twice", key: key, at: node)
            }
            columns.append(column)
        }
        _ = note(key, "[\(columns.joined(separator: ", "))]", source(node))
        return columns
    }
}
