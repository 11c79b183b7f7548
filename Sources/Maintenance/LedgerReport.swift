import Postgres
import Retention

/// The ledger as evidence: its entries, and whether they are what they were.
public struct LedgerReport: Sendable, Encodable {
    public struct Entry: Sendable, Encodable {
        public var id: Int64
        public var at: Instant
        public var run: String
        public var actor: String
        public var host: String
        public var tool: String
        public var event: LedgerEvent
        /// Nil: it is not linked yet.
        public var link: LedgerLink?
        /// Of what concerns an archive that is to be had: the command that brings it back.
        public var restore: String?

        init(_ linked: LinkedEvent) {
            let recorded = linked.recorded
            (id, at, run) = (recorded.id, recorded.at, recorded.run)
            (actor, host, tool) = (recorded.actor, recorded.host, recorded.tool)
            event = recorded.event
            link = linked.link
            restore = recorded.event.restoreCommand
        }
    }

    public var database: String
    public var audit: LedgerAudit
    /// The latest, oldest first.
    public var entries: [Entry]
    public var problems: [Problem]

    /// - Parameters:
    ///   - tables: whose entries are given; nil for all. All entries are audited either way.
    ///   - last: how many entries are given.
    ///   - kept: links that were seen before.
    public static func look(
        site: Site, tables: [QualifiedName]?, last: Int, expecting kept: [LedgerLink]
    ) throws -> LedgerReport {
        let connection = try site.connect(as: "pgretain: status")
        guard try connection.ledger.state() != .absent else {
            throw Problem(
                "ledger.absent", .missing, "This database has no ledger: nothing was ever done.",
                hint: "Is it the right database? The first run makes one: pgretain run")
        }
        let audit = try connection.ledger.audit(expecting: kept)
        var report = LedgerReport(
            database: connection.facts.database, audit: audit, entries: [],
            problems: problems(audit, kept))
        do {
            report.entries = try connection.ledger.journal(of: tables, last: last).reversed()
                .map(Entry.init)
        } catch {
            // What was changed may not even be read any more; what was found is told all the same.
            guard !connection.isBroken else { throw error }
            report.problems.append(
                Problem(
                    "ledger.unreadable", .data,
                    "The entries cannot be read: \(Problem(explaining: error).message)",
                    hint: "Compare the ledger with a backup of the database."))
        }
        return report
    }

    private static func problems(_ audit: LedgerAudit, _ kept: [LedgerLink]) -> [Problem] {
        if audit.began == nil, !kept.isEmpty || audit.entries > 0 {
            let problem = Problem(
                "ledger.unchained", kept.isEmpty ? .partial : .data,
                "The ledger has no chain: an earlier release made it, and nothing was written since, "
                    + "or the role may make no tables in the schema pgretain.",
                hint: "pgretain run as the schema's owner makes it; it is the end of what "
                    + "`pgretain schema --print` prints.")
            return [problem]
        }
        guard !audit.flaws.isEmpty else { return [] }
        let count = audit.flaws.count
        return [
            Problem(
                "ledger.tampered", .data,
                "The ledger is not what it was: \(count) \(count == 1 ? "flaw" : "flaws").",
                hint: "Compare it with a backup of the database, and with the archives' manifests.")
        ]
    }

    public var exitStatus: ExitStatus { .of(problems.map(\.status)) }
}

extension LedgerEvent {
    /// Where its archive is to be had still, as far as the event knows.
    fileprivate var restoreCommand: String? {
        guard let archive, kind != .expired, kind != .expiring else { return nil }
        return Slice(table: table, path: archive).restoreCommand(bounds: bounds)
    }
}
