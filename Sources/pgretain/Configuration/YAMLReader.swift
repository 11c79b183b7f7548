import Retention
import Yams

/// Reads a mapping key by key, and remembers every problem with its key and line.
final class YAMLReader {
    /// What was wrong, in the order it was met.
    private(set) var problems: [String] = []
    let file: String

    init(file: String) {
        self.file = file
    }

    func complain(_ what: String, key: String, at node: Node?) {
        let line = node?.mark.map { "line \($0.line): " } ?? ""
        let problem = "\(line)\(key): \(what)"
        // What several databases share is read for each.
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// The mapping's entries by key, after complaining about unknown and repeated keys.
    func entries(_ node: Node, of path: String, known: [String]) -> [String: Node] {
        guard case .mapping(let mapping) = node else {
            complain("must be a mapping of keys to values", key: path, at: node)
            return [:]
        }
        var result: [String: Node] = [:]
        for (key, value) in mapping {
            guard let name = key.string else {
                complain("a key must be text", key: path, at: key)
                continue
            }
            let full = path.isEmpty ? name : "\(path).\(name)"
            if result[name] != nil {
                complain("stands twice", key: full, at: key)
            } else if known.contains(name) {
                result[name] = value
            } else {
                let near = Self.nearest(to: name, among: known)
                let suggestion =
                    near.map { "did you mean \($0)?" }
                    ?? "known keys: \(known.joined(separator: ", "))"
                complain("unknown key; \(suggestion)", key: full, at: key)
            }
        }
        return result
    }

    /// A scalar's text; nil, with a complaint, for anything else.
    func text(_ node: Node, key: String) -> String? {
        guard case .scalar(let scalar) = node else {
            complain("must be a single value", key: key, at: node)
            return nil
        }
        return scalar.string
    }

    func whole(_ node: Node, key: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(node, key: key) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            complain(
                "must be a whole number from \(range.lowerBound) to \(range.upperBound), not "
                    + "`\(text)`", key: key, at: node)
            return nil
        }
        return number
    }

    func span(_ node: Node, key: String) -> Span? {
        guard let text = text(node, key: key) else { return nil }
        guard let span = Span(text) else {
            let bare = Int(text) != nil || text.hasSuffix("m")
            let why = bare ? "a unit is missing or could be two" : "is not a length of time"
            complain(
                "`\(text)`: \(why); write it like `90 days`, `13 months` or `800 ms`", key: key,
                at: node)
            return nil
        }
        return span
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ node: Node, key: String) -> Choice?
    where Choice.RawValue == String {
        guard let text = text(node, key: key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let all = Choice.allCases.map(\.rawValue)
            let near = Self.nearest(to: text, among: all)
            let suggestion = near.map { "; did you mean \($0)?" } ?? ""
            complain(
                "must be one of \(all.joined(separator: ", ")), not `\(text)`\(suggestion)",
                key: key, at: node)
            return nil
        }
        return choice
    }

    /// The candidate within two edits, or a third of the word.
    private static func nearest(to word: String, among candidates: [String]) -> String? {
        let scored = candidates.map { (distance(word, $0), $0) }
        guard let best = scored.min(by: { $0 < $1 }), best.0 <= max(2, word.count / 3) else {
            return nil
        }
        return best.1
    }

    /// Levenshtein's.
    private static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b)
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let substitution = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
