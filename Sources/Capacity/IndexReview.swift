import Retention

/// What is amiss with a table's indexes.
public enum IndexReview {
    /// A sentence for each finding, in the order of the indexes.
    ///
    /// - Parameter key: the time column, by which partitions are found, rows of slices, and most of
    ///   what an application asks of its log.
    public static func findings(_ indexes: [TableIndex], key: String) -> [String] {
        var findings: [String] = []
        let leads = indexes.contains {
            $0.method == "btree" && $0.isValid && $0.predicate == nil && $0.keys.first?.text == key
        }
        if !leads {
            findings.append(
                "no index begins with \(key): whoever asks for a time reads whole partitions")
        }
        for index in indexes {
            if !index.missingFrom.isEmpty {
                let few = index.missingFrom.prefix(3).joined(separator: ", ")
                let more = index.missingFrom.count - 3
                findings.append(
                    "the index \(index.name) is missing on \(few)"
                        + (more > 0 ? " and \(more) more" : ""))
            } else if !index.isValid {
                findings.append("the index \(index.name) is invalid: it was never built to its end")
            }
        }
        for (place, index) in indexes.enumerated() {
            let others = indexes.enumerated().filter { $0.offset != place && $0.element.isValid }
            // Of two that are the same, the later one is the duplicate, unless it is a constraint.
            let twin = others.first { other in
                index.isCovered(by: other.element)
                    && (!other.element.isCovered(by: index) || other.element.isConstraint
                        || other.offset < place)
            }?.element
            guard let twin else { continue }
            let verb =
                twin.isCovered(by: index, ignoringConstraints: true)
                ? "duplicates" : "is the beginning of"
            findings.append(
                "the index \(index.name) (\(ByteCount(index.bytes))) \(verb) \(twin.name)")
        }
        return findings
    }

    /// Those that take room and were never read; what enforces something is needed all the same.
    public static func unused(_ indexes: [TableIndex]) -> [TableIndex] {
        indexes.filter { $0.scans == 0 && $0.bytes > 0 && !$0.isConstraint }
    }
}

extension TableIndex {
    /// Whether whatever this one is good for, another is too.
    fileprivate func isCovered(by other: TableIndex, ignoringConstraints: Bool = false) -> Bool {
        guard method == other.method, predicate == other.predicate,
            ignoringConstraints || !isConstraint, keys.count <= other.keys.count,
            keys.count == other.keys.count || method == "btree"
        else { return false }
        let pairs = zip(keys, other.keys)
        guard
            pairs.allSatisfy({
                $0.text == $1.text && $0.operatorClass == $1.operatorClass
                    && $0.collation == $1.collation
            })
        else { return false }
        // Read backwards, an index is one in the other direction.
        let isSameWay = pairs.allSatisfy { $0.option == $1.option }
        let isBackwards = method == "btree" && pairs.allSatisfy { $0.option == $1.option ^ 3 }
        let others = Set(other.included + other.keys.map(\.text))
        return (isSameWay || isBackwards) && others.isSuperset(of: included)
    }
}
