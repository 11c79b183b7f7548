import Retention

// Links are made after the transaction that an entry was written in: a lock that had to be held from
// an entry to its commit would make every host wait for the longest DDL of any (decision 9).
extension Ledger {
    /// How far a session has linked entries.
    enum Linking {
        /// Not yet: what others left is to be linked too.
        case notYet
        /// Its own, for a while; nobody else may come who links what others leave.
        case own(since: ContinuousClock.Instant)
        /// Somebody held the lock for long: nothing, for a while.
        case later(since: ContinuousClock.Instant)
        /// There is no chain, and none can be made by this role.
        case absent
    }

    /// After which time a session looks again for what others left: an entry that a link made much
    /// later than it does not know counts as one that was put in.
    private static let patience = Duration.seconds(600)

    /// How many entries one statement links; it takes a square of it.
    private static let batch = 500

    /// Makes the chain of a ledger that has none; nothing where the role may not.
    func createChain() throws {
        guard try !hasChain() else { return }
        do {
            try connection.inSomeTransaction {
                try lockChain()
                guard try !hasChain() else { return }
                try connection.savepoint {
                    try connection.runScript("ledger.create-chain", Self.createChainSQL)
                    try connection.runScript("ledger.grant-chain", Self.grantChainSQL)
                }
                try linkRest()
            }
        } catch let error as PostgresError where error.isPermission || error.isLockTimeout {
            // Who comes next makes it, or who may.
            connection.linking = error.isPermission ? .absent : .later(since: .now)
        }
    }

    func hasChain() throws -> Bool {
        try connection.catalog.relation(named: .init(schema: "pgretain", name: "chain")) != nil
    }

    /// Links what the transaction has written that was just committed.
    ///
    /// What was done is done, linked or not: an error here fails nothing. The next session of any host
    /// links what was left, and a night that cannot says so at its end.
    func linkCommitted() {
        guard !connection.unlinked.isEmpty else { return }
        let own = connection.unlinked
        connection.unlinked = []
        do {
            switch connection.linking {
            case .absent: break
            case .own(let since) where ContinuousClock.now - since < Self.patience:
                try linkOwn(own)
            case .later(let since) where ContinuousClock.now - since < Self.patience: break
            case .own, .later, .notYet: try linkAll()
            }
        } catch let error as PostgresError where error.isLockTimeout {
            connection.linking = .later(since: .now)
        } catch {
            connection.linking = .notYet
        }
    }

    /// Links all entries that anybody has committed; gives the last link, or nil where there is no
    /// chain, or somebody else is at it for long.
    @discardableResult
    public func linkAll() throws -> LedgerLink? {
        guard try state() != .absent, try hasChain() else {
            connection.linking = .absent
            return nil
        }
        do {
            while try linkMore("ledger.link-rest", "true") > 0 {}
        } catch let error as PostgresError where error.isLockTimeout {
            connection.linking = .later(since: .now)
            return nil
        }
        connection.linking = .own(since: .now)
        return try head()
    }

    /// The last link; nil where there is none, or no chain.
    public func head() throws -> LedgerLink? {
        guard try hasChain() else { return nil }
        return try connection.run(
            "ledger.head",
            """
            SELECT c.number, pg_catalog.encode(c.hash, 'hex') FROM pgretain.chain AS c
            ORDER BY c.number DESC LIMIT 1
            """
        ).first.map { LedgerLink(number: try $0.int(0), hash: try $0.text(1)) }
    }

    /// Whoever holds it sends one message and waits for nothing; one that has stopped, or means harm,
    /// is not waited for.
    private static let lockChainSQL =
        "SET LOCAL lock_timeout = 1000; SELECT pg_catalog.pg_advisory_xact_lock(1885827685, 1)"

    private func lockChain() throws {
        try connection.runScript("ledger.lock-chain", Self.lockChainSQL)
    }

    private func linkRest() throws {
        let linking = Self.linkSQL("true", limit: Self.batch)
        while try connection.runScript("ledger.link-rest", linking).affected > 0 {}
    }

    private func linkOwn(_ ids: [Int64]) throws {
        let list = ids.map(String.init).joined(separator: ", ")
        _ = try linkMore("ledger.link", "l.id IN (\(list))")
    }

    /// One message to the server, which is a transaction: nobody waits for our network with the
    /// lock held. How many were linked. The next run makes good what a server forgets when it
    /// crashes now.
    private func linkMore(_ name: StaticString, _ condition: String) throws -> Int64 {
        try connection.runScript(
            name,
            "SET LOCAL synchronous_commit = off; \(Self.lockChainSQL); "
                + Self.linkSQL(condition, limit: Self.batch)
        ).affected
    }

    // MARK: What is hashed

    /// Adds links, in the order of the entries.
    private static func linkSQL(_ condition: String, limit: Int) -> String {
        """
        WITH RECURSIVE fresh AS MATERIALIZED (
            SELECT pg_catalog.row_number() OVER (ORDER BY l.id) AS place, l.* FROM (
                SELECT l.* FROM pgretain.ledger AS l
                WHERE \(condition)
                    AND NOT EXISTS (SELECT FROM pgretain.chain AS c WHERE c.entry = l.id)
                ORDER BY l.id LIMIT \(limit)
            ) AS l
        ), linked AS (
            SELECT 0::bigint AS place, NULL::bigint AS entry, NULL::bytea AS previous,
                COALESCE(pg_catalog.max(c.number), 0) AS number,
                COALESCE((
                    SELECT d.hash FROM pgretain.chain AS d ORDER BY d.number DESC LIMIT 1
                ), \(beginning)) AS hash
            FROM pgretain.chain AS c
            UNION ALL
            SELECT l.place, l.id, k.hash, k.number + 1, \(
                hash(previous: "k.hash", number: "k.number + 1",
                    linkedAt: "pg_catalog.transaction_timestamp()"))
            FROM linked AS k JOIN fresh AS l ON l.place = k.place + 1
        )
        INSERT INTO pgretain.chain (number, entry, linked_at, previous, hash)
        SELECT k.number, k.entry, pg_catalog.transaction_timestamp(), k.previous, k.hash
        FROM linked AS k WHERE k.place > 0
        """
    }

    /// What the first link holds as the one before: the ledger's own identity.
    static let beginning =
        "(SELECT pg_catalog.sha256(pg_catalog.convert_to(m.ledger::text, 'UTF8')) "
        + "FROM pgretain.meta AS m)"

    /// The hash of a link for the entry `l`: of the hash before, and of each of its own fields with
    /// its length in front, so that none can pass for a part of another.
    static func hash(previous: String, number: String, linkedAt: String) -> String {
        let columns = [
            "id", "at", "run", "actor", "host", "tool", "kind", "table_schema", "table_name",
            "relation_schema", "relation_name", "relation_oid", "bounds_from", "bounds_to",
            "bounds_sql", "drop_after", "rows", "digest", "archive", "details",
        ]
        let fields =
            ["(\(number))::text", "(\(linkedAt))::text"] + columns.map { "l.\($0)::text" }
        return """
            pg_catalog.sha256(\(previous) || (
                SELECT pg_catalog.string_agg(COALESCE(
                    pg_catalog.convert_to(pg_catalog.octet_length(b.bytes) || ':', 'UTF8')
                        || b.bytes, '-'::bytea) || ','::bytea, ''::bytea ORDER BY f.place)
                FROM pg_catalog.unnest(ARRAY[\(fields.joined(separator: ", "))])
                    WITH ORDINALITY AS f (text, place)
                CROSS JOIN LATERAL (
                    SELECT pg_catalog.convert_to(f.text,
                        CASE pg_catalog.getdatabaseencoding()
                            WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
                ) AS b (bytes)))
            """
    }
}
