import Maintenance
import Retention
import Yams

/// What is said of archives, beyond how they are made.
extension ConfigurationResolver {
    /// Nil: for ever.
    mutating func keepArchives(_ node: Node?, _ key: String, retain: Span?) -> Span? {
        guard let node, node.string != "forever" else {
            _ = note(key, "forever", node.map(source) ?? .default)
            return nil
        }
        guard let span = reader.span(node, key: key) else { return nil }
        let epoch = Instant(microseconds: 0)
        if let retain, span.before(epoch, in: .utc) >= retain.before(epoch, in: .utc) {
            reader.complain(
                "`\(span)` must be longer than retain, which is \(retain)", key: key, at: node)
        }
        _ = note(key, span.description, source(node))
        return span
    }

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
