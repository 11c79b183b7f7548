import Postgres
import Retention

/// What the configuration says of all tables that a pattern matches.
public struct PatternSettings: Sendable {
    public let pattern: TablePattern
    private let common: TableSettings

    /// - Parameter settings: of a table of whatever name.
    public init(_ pattern: TablePattern, _ settings: TableSettings) {
        self.pattern = pattern
        common = settings
    }

    /// As though the table was written in the configuration.
    func settings(of table: QualifiedName) -> TableSettings {
        var settings = common
        settings.policy.table = table
        return settings
    }

    /// Nil where the pattern does not stand for such a table.
    fileprivate func settings(of table: MatchingTable) -> TableSettings? {
        guard pattern.matches(table.name) else { return nil }
        var settings = settings(of: table.name)
        switch table.kind {
        case .partitioned: settings.policy.isPlain = false
        case .plain where common.policy.isPlain: break
        case .plain, .other: return nil
        }
        return settings
    }

    fileprivate var isForPartitionedOnly: Bool { !common.policy.isPlain }
}

/// What became of the patterns once the database was asked.
public struct Matching: Sendable {
    public var findings = PatternFindings()
    /// Tables whose names match, and that no pattern stands for.
    var others: Set<QualifiedName> = []
}

extension Site {
    /// The site with every table that its patterns stand for now.
    public func matched() throws -> Site {
        guard !patterns.isEmpty, matching == nil else { return self }
        return try matched(on: try connect(as: "pgretain: tables"))
    }

    /// Once a command: what was matched stays so until it ends.
    func matched(on connection: Connection) throws -> Site {
        guard !patterns.isEmpty, matching == nil else { return self }
        var site = self
        var matching = Matching()
        let named = Set(tables.map(\.policy.table))
        let found = try connection.catalog.tables(matching: patterns.map(\.pattern))
            .filter { !named.contains($0.name) }
        for table in found {
            let settings = patterns.compactMap { $0.settings(of: table) }
            if settings.count > 1 {
                let both = patterns.filter { $0.settings(of: table) != nil }.map(\.pattern)
                matching.findings.ambiguous.append((table.name, both))
            } else {
                site.tables += settings
            }
            if table.kind == .other { matching.others.insert(table.name) }
        }
        let taken = Set(site.tables.map(\.policy.table))
        for entry in patterns {
            if !found.contains(where: { entry.settings(of: $0) != nil }) {
                matching.findings.empty.append(entry.pattern)
            }
            let plain = found.filter {
                $0.kind == .plain && entry.isForPartitionedOnly && entry.pattern.matches($0.name)
                    && !taken.contains($0.name)
            }
            if !plain.isEmpty { matching.findings.plain.append((entry.pattern, plain.map(\.name))) }
        }
        if try connection.ledger.state() != .absent {
            let there = named.union(found.map(\.name))
            matching.findings.abandoned = try connection.ledger.knownTables().filter { table in
                try !there.contains(table) && patterns.contains { $0.pattern.matches(table) }
                    && !connection.ledger.quarantine(of: table).isEmpty
            }
        }
        site.matching = matching
        guard let narrowed = site.narrowing else { return site }
        return try site.narrowed(to: narrowed)
    }

    /// The site with one table alone; a problem when the configuration does not have it.
    public func narrowed(to table: QualifiedName) throws(Problem) -> Site {
        var site = self
        let isNamed = tables.contains { $0.policy.table == table }
        if matching == nil, !isNamed, patterns.contains(where: { $0.pattern.matches(table) }) {
            site.tables = []
            site.narrowing = table
        } else {
            site.tables = [try settings(of: table)]
            site.matching = Matching()
        }
        return site
    }

    /// Whether the configuration names no table at all.
    public var isEmpty: Bool { tables.isEmpty && patterns.isEmpty }

    /// What the site says of a table; a problem when it says nothing.
    ///
    /// A name is enough: that a pattern matches it can be known without a database.
    public func settings(of table: QualifiedName) throws(Problem) -> TableSettings {
        if let found = tables.first(where: { $0.policy.table == table }) { return found }
        let entries = patterns.filter { $0.pattern.matches(table) }
        if entries.count > 1 { throw .ambiguous(table, entries.map(\.pattern)) }
        guard let entry = entries.first else { throw unknown(table) }
        guard !(matching?.others.contains(table) ?? false) else {
            throw Problem(
                "table.unknown", .missing,
                "The configuration says nothing about \(table): match: \(entry.pattern) does not stand "
                    + "for partitions, nor for what extensions, restores and pgretain have made.",
                hint: "Name the table that it is a partition of; or write it under tables:.")
        }
        return entry.settings(of: table)
    }

    /// Nil where it says nothing.
    func settingsIfAny(of table: QualifiedName) throws(Problem) -> TableSettings? {
        do { return try settings(of: table) } catch {
            guard error.id == "table.unknown" else { throw error }
            return nil
        }
    }

    /// Where the database was not asked for tables: what the ledger knows of those that are meant, be
    /// they there or not.
    func tablesOfPatterns(knownTo ledger: Ledger) throws -> [QualifiedName] {
        guard !patterns.isEmpty, matching == nil, try ledger.state() != .absent else { return [] }
        let named = Set(tables.map(\.policy.table))
        return try ledger.knownTables().filter { table in
            narrowing.map { $0 == table }
                ?? (!named.contains(table) && patterns.contains { $0.pattern.matches(table) })
        }
    }

    private func unknown(_ table: QualifiedName) -> Problem {
        let known =
            (tables.map(\.policy.table.description) + patterns.map { "match: \($0.pattern)" })
            .joined(separator: ", ")
        return Problem(
            "table.unknown", .missing, "The configuration says nothing about \(table).",
            hint: known.isEmpty ? "Add it under tables:." : "It has: \(known).")
    }
}
