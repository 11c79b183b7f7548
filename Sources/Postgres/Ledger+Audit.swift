import Retention

// What the chain says of the ledger. Everything is computed here and now, by the server's own
// functions: nothing that is kept in the database is believed.
extension Ledger {
    /// How much older than a link before its own an entry may say that it is: its transaction was
    /// not committed then.
    private static let longestTransaction = "interval '1 hour'"
    private static let mostFlaws = 100

    /// Reads all entries and all links, in one snapshot.
    ///
    /// - Parameter kept: links that were seen before, and kept elsewhere.
    public func audit(expecting kept: [LedgerLink] = []) throws -> LedgerAudit {
        try connection.transaction(.snapshot) {
            let entries = try connection.run(
                "ledger.count", "SELECT pg_catalog.count(*) FROM pgretain.ledger"
            ).one().int(0)
            var audit = LedgerAudit(entries: entries)
            guard try hasChain() else { return audit }
            audit.head = try head()
            try count(into: &audit)
            audit.flaws = try flawsOfLinks() + inserted() + truncations(kept)
            return audit
        }
    }

    /// The first entry of a new ledger was linked as soon as it was committed: it is not older than the
    /// chain.
    private func count(into audit: inout LedgerAudit) throws {
        let row = try connection.run(
            "ledger.audit-counts",
            """
            SELECT b.began,
                pg_catalog.count(*) FILTER (
                    WHERE c.linked_at <= b.began AND l.at < b.began - interval '1 second'),
                pg_catalog.count(*) FILTER (WHERE c.linked_at > b.began
                    AND c.linked_at > l.at + \(printed: Self.longestTransaction)),
                pg_catalog.count(*) FILTER (WHERE c.number IS NULL)
            FROM (SELECT (
                SELECT f.linked_at FROM pgretain.chain AS f ORDER BY f.number LIMIT 1
            )) AS b (began)
            LEFT JOIN pgretain.ledger AS l ON true
            LEFT JOIN pgretain.chain AS c ON c.entry = l.id
            GROUP BY b.began
            """
        ).one()
        audit.began = try row.optionalInstant(0)
        audit.older = try row.int(1)
        audit.late = try row.int(2)
        audit.unlinked = audit.entries == 0 ? 0 : try row.int(3)
    }

    private func flawsOfLinks() throws -> [LedgerAudit.Flaw] {
        let hash = Self.hash(previous: "k.previous", number: "k.number", linkedAt: "k.linked_at")
        let result = try connection.run(
            "ledger.audit-links",
            """
            SELECT k.number, k.entry, l.at, k.follows, l.id IS NULL,
                k.hash IS DISTINCT FROM \(printed: hash),
                COALESCE(k.earlier > l.at + \(printed: Self.longestTransaction), false)
            FROM (
                SELECT c.*, c.previous = COALESCE(
                        pg_catalog.lag(c.hash) OVER (ORDER BY c.number),
                        \(printed: Self.beginning)) AS follows,
                    pg_catalog.max(c.linked_at) OVER (ORDER BY c.linked_at RANGE BETWEEN
                        UNBOUNDED PRECEDING AND interval '1 microsecond' PRECEDING) AS earlier,
                    pg_catalog.max(c.linked_at) OVER (ORDER BY c.number ROWS BETWEEN
                        UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                FROM pgretain.chain AS c
            ) AS k
            LEFT JOIN pgretain.ledger AS l ON l.id = k.entry
            WHERE l.id IS NULL OR NOT k.follows OR k.hash IS DISTINCT FROM \(printed: hash)
                OR k.earlier > l.at + \(printed: Self.longestTransaction)
                OR k.before > k.linked_at + \(printed: Self.longestTransaction)
            ORDER BY k.number LIMIT \(number: Self.mostFlaws)
            """)
        return try result.rows.map { row in
            let (link, entry) = (try row.int(0), try row.int(1))
            func flaw(_ kind: LedgerAudit.Flaw.Kind, _ message: String) -> LedgerAudit.Flaw {
                LedgerAudit.Flaw(kind, entry: entry, link: link, message)
            }
            if try !row.bool(3) {
                return flaw(
                    .broken,
                    "Link \(link) does not follow the one before it: links between were removed, "
                        + "added or changed.")
            }
            if try row.bool(4) {
                return flaw(.removed, "Entry \(entry), which link \(link) names, is gone.")
            }
            if try row.bool(5) {
                return flaw(
                    .changed,
                    "Entry \(entry) is not what it was when link \(link) was made of it.")
            }
            if try !row.bool(6) {
                return flaw(
                    .inserted,
                    "Link \(link) of entry \(entry) says that it was made more than an hour before "
                        + "links that precede it: somebody put it in, or the server's clock was set "
                        + "back.")
            }
            return flaw(
                .inserted,
                "Entry \(entry) says that it was written \(try row.instant(2).dateText), and links "
                    + "that were made more than an hour later knew nothing of it.")
        }
    }

    private func inserted() throws -> [LedgerAudit.Flaw] {
        try connection.run(
            "ledger.audit-unlinked",
            """
            SELECT l.id, l.at FROM pgretain.ledger AS l
            WHERE NOT EXISTS (SELECT FROM pgretain.chain AS c WHERE c.entry = l.id)
                AND l.at + \(printed: Self.longestTransaction) < (
                    SELECT pg_catalog.max(c.linked_at) FROM pgretain.chain AS c)
            ORDER BY l.id LIMIT \(number: Self.mostFlaws)
            """
        ).rows.map { row in
            let entry = try row.int(0)
            return LedgerAudit.Flaw(
                .inserted, entry: entry,
                "Entry \(entry) says that it was written \(try row.instant(1).dateText), and has no "
                    + "link, though links were made more than an hour later.")
        }
    }

    /// Links that reports of runs name, and those that somebody kept.
    private func truncations(_ kept: [LedgerLink]) throws -> [LedgerAudit.Flaw] {
        let inReports = try connection.run(
            "ledger.audit-reports",
            """
            SELECT r.report #>> '{ledger,number}', r.report #>> '{ledger,hash}', r.finished_at
            FROM pgretain.runs AS r
            LEFT JOIN pgretain.chain AS c ON c.number = (r.report #>> '{ledger,number}')::bigint
            WHERE r.report #>> '{ledger,hash}'
                IS DISTINCT FROM pg_catalog.encode(c.hash, 'hex')
                AND r.report #> '{ledger,number}' IS NOT NULL
            ORDER BY r.started_at LIMIT \(number: Self.mostFlaws)
            """
        ).rows.map { row in
            let link = try row.int(0)
            let time = try row.optionalInstant(2)?.dateText ?? "?"
            return LedgerAudit.Flaw(
                .truncated, link: link,
                "Link \(link) is not what the run that ended \(time) reported of it, or is gone.")
        }
        return try kept.reduce(into: inReports) { flaws, link in
            let found = try connection.run(
                "ledger.audit-kept",
                """
                SELECT FROM pgretain.chain AS c WHERE c.number = \(value: link.number)
                    AND pg_catalog.encode(c.hash, 'hex') = \(value: link.hash)
                """)
            guard found.count == 0 else { return }
            flaws.append(
                LedgerAudit.Flaw(
                    .truncated, link: link.number,
                    "Link \(link.number) is not the one that was expected, or is gone."))
        }
    }

    /// The latest entries, latest first, each with its link where it has one.
    ///
    /// - Parameter tables: nil for those of all.
    public func journal(of tables: [QualifiedName]?, last: Int) throws -> [LinkedEvent] {
        let schemas = tables?.map(\.schema) ?? []
        let names = tables?.map(\.name) ?? []
        let found = try events(
            """
            WHERE \(value: tables == nil ? "t" : "f")::bool OR (l.table_schema, l.table_name) IN (
                SELECT w.schema, w.name FROM ROWS FROM (
                    pg_catalog.unnest(\(values: schemas)::text[]),
                    pg_catalog.unnest(\(values: names)::text[])) AS w (schema, name))
            ORDER BY l.id DESC LIMIT \(number: last)
            """)
        guard try hasChain() else { return found.map { LinkedEvent(recorded: $0, link: nil) } }
        let links = try connection.run(
            "ledger.links",
            """
            SELECT c.entry, c.number, pg_catalog.encode(c.hash, 'hex') FROM pgretain.chain AS c
            WHERE c.entry = ANY (\(values: found.map { "\($0.id)" })::bigint[])
            """
        ).rows.reduce(into: [Int64: LedgerLink]()) { links, row in
            links[try row.int(0)] = LedgerLink(number: try row.int(1), hash: try row.text(2))
        }
        return found.map { LinkedEvent(recorded: $0, link: links[$0.id]) }
    }
}

/// An entry, and its place in the chain.
public struct LinkedEvent: Equatable, Sendable {
    public var recorded: RecordedEvent
    /// Nil: it is not linked yet.
    public var link: LedgerLink?
}
