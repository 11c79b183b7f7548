import Maintenance
import Retention
import Yams

/// What is said of archives.
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

    /// Columns, and paths inside the JSON of columns.
    mutating func redact(_ node: Node?, _ key: String) -> [RedactionTarget] {
        guard let node else {
            _ = note(key, "[]", .default)
            return []
        }
        guard case .sequence(let sequence) = node else {
            reader.complain(
                "must be a list of columns, and of paths such as "
                    + "extra_metadata.headers.authorization", key: key, at: node)
            return []
        }
        var targets: [RedactionTarget] = []
        for (index, node) in sequence.enumerated() {
            guard let text = reader.text(node, key: "\(key)[\(index)]") else { continue }
            guard let target = RedactionTarget(text) else {
                reader.complain(
                    "`\(text)` is neither a column nor a path such as "
                        + "extra_metadata.headers.authorization", key: "\(key)[\(index)]", at: node)
                continue
            }
            if targets.contains(target) {
                reader.complain("`\(text)` stands twice", key: key, at: node)
            }
            targets.append(target)
        }
        _ = note(key, "[\(targets.map(\.text).joined(separator: ", "))]", source(node))
        return targets
    }

    mutating func compression(_ node: Node?, _ key: String) -> Compression {
        if let node, node.string != "lines" {
            return .level(number(node, key, 1...12, default: 6))
        }
        _ = note(key, "lines", node.map(source) ?? .default)
        return .lines
    }

    mutating func sliceOver(_ node: Node?, _ key: String) -> Int64 {
        guard let node else {
            let size = ByteCount(50_000_000_000)
            _ = note(key, size.description, .default)
            return size.bytes
        }
        let bytes = size(node, key)?.bytes ?? .max
        if bytes < 1_000_000 { reader.complain("must be at least 1 MB", key: key, at: node) }
        return bytes
    }
}
