import FoundationEssentials
import Glibc
import Postgres
import Retention

/// The host's own clock and process, read at the edge of a run.
enum HostClock {
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    static var processID: Int32 { getpid() }
}

extension RunIdentity {
    /// A run that begins now: a version 4 UUID (RFC 9562).
    init(newOn host: String, tool: String) {
        self.init(id: UUID().uuidString.lowercased(), host: host, tool: tool)
    }
}

/// A night must know what time it is: host and server agree, time does not run backwards, and
/// nobody makes the future.
struct ClockGuard {
    /// The server's clock.
    let server: Instant
    /// The clock of the run.
    let now: Instant

    private static let tolerance: Int64 = 5 * 60

    init(_ connection: Connection, explicit: Instant?) throws {
        // The last run before the clock: another run may begin between the two.
        let last = try connection.ledger.lastRun()
        server = try connection.serverClock()
        let host = HostClock.now
        let apart = (server.microseconds - host.microseconds) / Instant.microsecondsPerSecond
        guard abs(apart) <= Self.tolerance else {
            throw Problem(
                "clock.apart", .brake,
                "The clocks differ: here it is \(host), on the server \(server). Nothing was done.",
                hint: "Set both clocks by NTP.")
        }
        if let explicit {
            guard explicit <= server.advanced(bySeconds: Self.tolerance) else {
                throw Problem(
                    "clock.future", .usage,
                    "--now \(explicit) is ahead of the server's clock, \(server). "
                        + "Nothing was done.",
                    hint: "A run may be set back, never ahead; plan --now shows the future.")
            }
        } else if let last {
            let then = last.finishedAt ?? last.startedAt
            guard then <= server else {
                throw Problem(
                    "clock.backwards", .brake,
                    "The server's clock says \(server), and the last run was at \(then). "
                        + "Nothing was done.",
                    hint: "Set the server's clock; then run again.")
            }
        }
        now = explicit ?? server
    }
}
