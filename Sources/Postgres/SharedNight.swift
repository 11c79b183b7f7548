import Retention

/// How hosts that share a table's night agree: advisory locks of the session that has the table's lock,
/// which end with it ([decision 11](docs/decisions/0011-sharing-a-night.md)).
public final class SharedNight {
    /// What a host may do, and beside whom.
    public enum Turn: Sendable {
        /// All that a night does: no other host is at it.
        case alone
        /// What can be done with slices that were claimed.
        case together
    }

    /// "pgrt" in ASCII.
    private static let turnClassID: Int32 = 0x7067_7274
    /// "pgrc" in ASCII.
    private static let claimClassID: Int32 = 0x7067_7263

    private let connection: Connection
    private let table: Relation
    private var turn: Turn?
    /// The number of each slice that is claimed.
    private var claims: [Slice: Int64] = [:]

    /// Asks the server to notice within two minutes that the session's host is gone.
    public init(on connection: Connection, table: Relation) throws {
        self.connection = connection
        self.table = table
        try connection.run(
            "share.keepalives",
            """
            SELECT pg_catalog.set_config('tcp_keepalives_idle', '60', false),
                pg_catalog.set_config('tcp_keepalives_interval', '10', false),
                pg_catalog.set_config('tcp_keepalives_count', '6', false)
            """)
    }

    /// Takes a turn if it is to be had now. One at a time.
    public func begin(_ turn: Turn) throws -> Bool {
        let isFree = try connection.run(
            "share.begin",
            """
            SELECT pg_catalog.\(turn.taking)(
                \(value: Self.turnClassID)::int, \(value: object)::int)
            """
        ).one().bool(0)
        if isFree { self.turn = turn }
        return isFree
    }

    /// Ends the turn, and gives up what is still claimed.
    public func end() throws {
        guard let turn, !connection.isBroken else { return }
        self.turn = nil
        let claimed = claims.values.sorted()
        claims = [:]
        try connection.run(
            "share.end",
            """
            SELECT pg_catalog.pg_advisory_unlock(\(value: Self.claimClassID)::int, c.key)
            FROM pg_catalog.unnest(\(values: claimed.map(String.init))::int[]) AS c (key)
            UNION ALL
            SELECT pg_catalog.\(turn.ending)(
                \(value: Self.turnClassID)::int, \(value: object)::int)
            """)
    }

    /// Whether the slice is this host's from now on, until its turn ends. Two slices whose numbers are
    /// the same by chance wait for the turn alone.
    public func claim(_ slice: Slice) throws -> Bool {
        let row = try connection.run(
            "share.claim",
            """
            SELECT k.key, pg_catalog.pg_try_advisory_lock(
                \(value: Self.claimClassID)::int, k.key)
            FROM (
                SELECT pg_catalog.hashtext(
                    \(value: "\(table.oid)/\(slice.path)")::text COLLATE "C")
            ) AS k (key)
            """
        ).one()
        guard try row.bool(1) else { return false }
        claims[slice] = try row.int(0)
        return true
    }

    /// Gives a claim up: claims take room in the server's table of locks.
    public func letGo(of slice: Slice) throws {
        guard let key = claims.removeValue(forKey: slice), !connection.isBroken else { return }
        try connection.run(
            "share.let-go",
            """
            SELECT pg_catalog.pg_advisory_unlock(
                \(value: Self.claimClassID)::int, \(value: key)::int)
            """)
    }

    /// Who has the turn: one of them.
    public func holder() throws -> String? {
        try AdvisoryHolder.first(classID: Self.turnClassID, object: table.oid, on: connection)?
            .name
    }

    /// One host at a time brings an archive back, for as long as the session lives.
    public static func isFirstToDrill(on connection: Connection) throws -> Bool {
        try connection.run(
            "share.drill",
            """
            SELECT pg_catalog.pg_try_advisory_lock(\(value: turnClassID)::int, 0)
            """
        ).one().bool(0)
    }

    private var object: Int32 { Int32(bitPattern: table.oid) }
}

extension SharedNight.Turn {
    fileprivate var taking: SQL {
        self == .alone ? "pg_try_advisory_lock" : "pg_try_advisory_lock_shared"
    }

    fileprivate var ending: SQL {
        self == .alone ? "pg_advisory_unlock" : "pg_advisory_unlock_shared"
    }
}
