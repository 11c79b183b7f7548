import Postgres
import Retention

/// What a night knows of itself once it has begun.
struct Tonight {
    let run: RunIdentity
    /// By the server's clock.
    let began: Instant
    /// The clock that decides, which may have been set back.
    let now: Instant
    /// Nil where they cannot be used, or are not needed.
    let stores: Stores?

    /// From when on it counts what other runs have taken: runs that begin within twelve hours of each
    /// other are one night, and each counts all that the others do.
    var sharedSince: Instant { began.advanced(bySeconds: -Self.sharedSeconds) }

    static let sharedSeconds: Int64 = 12 * 3600
}

/// A table that is open and locked.
struct TableWork {
    let settings: TableSettings
    let connection: Connection
    let table: PartitionedTable
    let lock: RunLock
    /// Where other hosts may be at the table too.
    var shared: SharedNight?
}
