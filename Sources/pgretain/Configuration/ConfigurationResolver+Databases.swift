import Glibc
import Maintenance
import Retention
import Yams

// Several databases in one file: each has what stands at the top, but for what it says itself.
extension ConfigurationResolver {
    /// What is not to be shared by two of them.
    private static let ownKeys = ["database", "archives", "ping"]

    func databases(_ node: Node, sharing common: [String: Node]) -> [Configuration] {
        guard case .sequence(let list) = node, !list.isEmpty else {
            reader.complain("must be a list of databases", key: "databases", at: node)
            return []
        }
        for key in Self.ownKeys {
            guard let shared = common[key] else { continue }
            reader.complain("belongs into each entry of databases:", key: key, at: shared)
        }
        let chosen = overrides.database ?? environment["PGRETAIN_DATABASE"]
        var all: [Configuration] = []
        for (index, node) in list.enumerated() {
            let path = "databases[\(index)]"
            let own = reader.entries(node, of: path, known: ["name"] + Self.keys)
            guard let name = name(of: own["name"], "\(path).name", at: node) else { continue }
            if all.contains(where: { $0.name == name }) {
                reader.complain("`\(name)` stands twice", key: "\(path).name", at: node)
            }
            var resolver = self
            resolver.overrides.database = nil
            resolver.environment["PGRETAIN_DATABASE"] = nil
            if list.count > 1, chosen != name {
                resolver.overrides.archives = nil
                resolver.environment["PGRETAIN_ARCHIVES"] = nil
            }
            var entries = common.merging(own) { $1 }
            entries["name"] = nil
            if own["archives"] == nil { entries["archives"] = nil }
            var configuration = resolver.configuration(of: entries)
            configuration.name = name
            all.append(configuration)
        }
        complainOfWhatIsShared(all, at: node)
        return all
    }

    /// It stands before each line of what is said about the database.
    private func name(of node: Node?, _ key: String, at parent: Node) -> String? {
        guard let node else {
            reader.complain("is required", key: key, at: parent)
            return nil
        }
        guard let name = reader.text(node, key: key) else { return nil }
        let isPlain = name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_.".utf8.contains($0)
            }
        }
        guard isPlain, !name.isEmpty else {
            reader.complain(
                "`\(name)` must be of letters, digits, `-`, `_` and `.`", key: key, at: node)
            return nil
        }
        return name
    }

    /// A store belongs to one database, and a database has one store. What only they can know, the
    /// store's binding says later.
    private func complainOfWhatIsShared(_ all: [Configuration], at node: Node) {
        func roots(_ one: Configuration) -> [(written: String, path: String)] {
            ([one.site.archives] + one.site.copies).filter { !$0.isEmpty }
                .map { ($0, Self.resolved($0)) }
        }
        for (index, one) in all.enumerated() {
            for other in all[(index + 1)...] {
                if one.site.database == other.site.database {
                    reader.complain(
                        "\(one.name ?? "") and \(other.name ?? "") have the same connection; each "
                            + "needs a database: of its own", key: "databases", at: node)
                }
                for own in roots(one) {
                    for others in roots(other)
                    where own.path.hasPrefix(others.path) || others.path.hasPrefix(own.path) {
                        reader.complain(
                            "\(own.written) of \(one.name ?? "") and \(others.written) of "
                                + "\(other.name ?? "") are one store, or one lies in the other; "
                                + "each database needs its own",
                            key: "databases", at: node)
                    }
                }
            }
        }
    }

    /// Without links, as far as it is there, and with one slash at its end.
    private static func resolved(_ root: String) -> String {
        if let path = realpath(root, nil) {
            defer { free(path) }
            return String(cString: path) + "/"
        }
        guard root.hasPrefix("/") else { return root + "/" }
        var steps: [Substring] = []
        for step in root.split(separator: "/") where step != "." {
            if step == ".." { _ = steps.popLast() } else { steps.append(step) }
        }
        return "/" + steps.map { $0 + "/" }.joined()
    }
}
