import Postgres
import Retention

/// The sessions that fill a table and read it back. The first one makes and publishes it.
struct RestoreCrew {
    /// More are hardly ever faster: all write to the one WAL.
    static let mostSessions = 4

    /// A session on its way from one thread to the next, never on two at a time.
    struct Lent: @unchecked Sendable {
        let connection: Connection
    }

    let lead: Connection
    private let others: [Connection]
    private let cancellers: [Canceller]

    /// `wanted` sessions, or as many as the server lets us have: one is enough, only slower.
    init(lead: Connection, wanted: Int, connect: () throws -> Connection) throws {
        self.lead = lead
        var others: [Connection] = []
        while others.count + 1 < min(wanted, Self.mostSessions) {
            do {
                others.append(try connect())
            } catch let error as PostgresError where error.isFatal {
                // No slot left (max_connections, a role's CONNECTION LIMIT): fewer have to do.
                break
            }
        }
        self.others = others
        cancellers = try ([lead] + others).map { try $0.canceller() }
    }

    var count: Int { others.count + 1 }

    /// Ends what any of them runs.
    var cancelling: @Sendable () -> Void {
        { [cancellers] in for canceller in cancellers { canceller.cancel() } }
    }

    /// Every session on a thread of its own.
    func run(
        stop: @escaping @Sendable () -> Void,
        work: @escaping @Sendable (Connection) throws -> Void
    ) throws {
        let lent = BlockingQueue(([lead] + others).map(Lent.init))
        try Threads.run(
            count,
            work: { if let one = lent.pop() { try work(one.connection) } },
            stop: stop, lead: {})
    }
}
