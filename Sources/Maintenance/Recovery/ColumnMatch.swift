import Retention

/// A column of an archive beside the one of a table that its values go to.
public struct ColumnMatch: Sendable, Encodable {
    public enum Verdict: String, Sendable, Encodable {
        case same
        /// Under another name, as the operator said.
        case renamed
        /// What is read back shows whether that changes a value.
        case otherType
        /// The table has none: nothing is restored until somebody says what is to become of it.
        case missing
        /// The table has none, and the operator said to leave the values behind.
        case left
        /// The archive has none: its default, where it has one.
        case new
    }

    /// Nil for a column that is new.
    public var archived: String?
    public var archivedType: String?
    /// Nil for a column that the table has not.
    public var column: String?
    public var type: String?
    public var verdict: Verdict
    /// A new one that has to be given, and is not: the server will refuse the rows.
    public var isRequired = false

    /// The archive's columns in their order, then what the table has besides.
    static func matches(_ archived: [Column], in table: [Column], fit: ColumnFit) -> [ColumnMatch] {
        var taken: Set<String> = []
        var matches: [ColumnMatch] = archived.map { column in
            let name = fit.renamed[column.name] ?? column.name
            guard let found = table.first(where: { $0.name == name }) else {
                return ColumnMatch(
                    archived: column.name, archivedType: column.type, column: nil, type: nil,
                    verdict: fit.left.contains(column.name) ? .left : .missing)
            }
            taken.insert(name)
            let verdict: Verdict =
                found.type != column.type
                ? .otherType : name == column.name ? .same : .renamed
            return ColumnMatch(
                archived: column.name, archivedType: column.type, column: name, type: found.type,
                verdict: verdict)
        }
        for column in table where !taken.contains(column.name) {
            matches.append(
                ColumnMatch(
                    archived: nil, archivedType: nil, column: column.name, type: column.type,
                    verdict: .new,
                    isRequired: !column.isNullable && !column.isGenerated
                        && column.expression == nil && column.identity == nil))
        }
        return matches
    }
}

extension ColumnMatch {
    /// Keys that have names and no types.
    static func matches(keys: [String], in table: [Column], fit: ColumnFit) -> [ColumnMatch] {
        let named = keys.map { key in
            let type = table.first { $0.name == fit.renamed[key] ?? key }?.type
            return Column(
                name: key, type: type ?? "", baseTypeOID: 0, isNullable: true, isGenerated: false,
                expression: nil, identity: nil, collation: nil, isUnreadable: false)
        }
        return matches(named, in: table, fit: fit).map { match in
            var match = match
            match.archivedType = nil
            return match
        }
    }

    /// What is said of columns that the table has not.
    static func obstacle(
        _ matches: [ColumnMatch], in table: QualifiedName, of source: String, leaving: Bool = true
    ) -> Problem? {
        let missing = matches.filter { $0.verdict == .missing }.compactMap(\.archived)
        guard let first = missing.first else { return nil }
        let word = first.shellWord
        let more = missing.count > 1 ? ", nor \(missing.count - 1) more of its columns" : ""
        let names = missing.joined(separator: ",").shellWord
        let left = missing.count > 1 ? "their values" : "its values"
        return Problem(
            "restore.columns", .data,
            "The \(source) \(source == "files" ? "have" : "has") the column \(first), and "
                + "\(table) has not\(more). Nothing was restored.",
            hint: "--map \(word)=NAME where it has another name now"
                + (leaving ? "; --allow-missing \(names) leaves \(left) behind" : "")
                + (source == "files"
                    ? "." : "; --into a new table has the archive's own shape."))
    }
}

extension ColumnFit {
    /// What the operator said of columns that are not there, or there twice, is a slip of the pen.
    func check(archived: [String], table: [String], of name: QualifiedName) throws(Problem) {
        func refuse(_ what: String) -> Problem {
            Problem(
                "restore.map", .usage, "\(what) Nothing was restored.",
                hint: "pgretain restore … --dry-run lists the columns on either side.")
        }
        for old in (Array(renamed.keys) + left).sorted() where !archived.contains(old) {
            throw refuse("The archive has no column \(old).")
        }
        for (old, new) in renamed.sorted(by: { $0.key < $1.key }) {
            guard table.contains(new) else { throw refuse("\(name) has no column \(new).") }
            let others = archived.filter { $0 != old && (renamed[$0] ?? $0) == new }
            if let other = others.first(where: { !left.contains($0) }) {
                throw refuse("The archive's columns \(old) and \(other) would both go to \(new).")
            }
        }
        for old in left.sorted() where table.contains(old) && renamed[old] == nil {
            throw refuse("\(name) has the column \(old): its values need not be left behind.")
        }
    }
}
