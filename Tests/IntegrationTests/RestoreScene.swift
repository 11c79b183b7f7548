import Foundation
import TestSupport

/// A scene with a January in the store, in several parts, and gone from the database.
///
/// Its rows have a column whose type's CHECK passes a gate: a session that holds the gate's lock
/// stops whoever loads such rows, for as long as it likes.
struct RestoreScene {
    let scene: Scene
    /// Count and checksum of January's rows, as they were.
    let before: String

    init(workers: Int = 3, isGated: Bool = true) throws {
        scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2)
        try scene.database.psql(
            """
            CREATE FUNCTION gate(text) RETURNS boolean LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM pg_catalog.pg_advisory_xact_lock_shared(4711);
                    RETURN true;
                END $$;
            INSERT INTO logs (level, message, created_at)
                SELECT 'INFO', repeat(md5(n::text), 8), '2025-01-02'::date + n * interval '1 minute'
                FROM generate_series(1, 20000) AS n;
            CREATE DOMAIN gated AS text CHECK (public.gate(VALUE));
            """)
        if isGated { try scene.database.psql("ALTER TABLE logs ALTER COLUMN message TYPE gated") }
        before = try scene.digest(of: "logs_2025_01")
        try configure(workers: workers)
        try scene.approve()
        let night = try scene.night(nil, "--only", "retire")
        guard night.status == 0, try scene.partitions() == ["logs_2025_02"] else {
            throw Unapproved(text: night.stderr)
        }
    }

    func configure(workers: Int) throws {
        try scene.configure(
            Scene.policy(more: ["premake: 0"]), extra: "workers: \(workers)\npart_size: 1 MiB")
    }

    var parts: Int {
        get throws { try scene.archiveFiles().filter { $0.hasSuffix(".gz") }.count }
    }

    // MARK: Restoring

    func restore(_ ending: String...) throws -> Outcome { try restore(ending) }

    func restore(_ ending: [String]) throws -> Outcome {
        try scene.pgretain(Self.command + ending)
    }

    func start(_ ending: String...) throws -> Running { try start(ending) }

    func start(_ ending: [String]) throws -> Running {
        try Program.start(Self.command + ending + ["--config", scene.configuration])
    }

    private static let command = ["restore", "--table", "public.logs", "--period", "2025-01"]

    // MARK: The gate

    /// A session that nobody who loads gets past.
    func closedGate() throws -> PsqlSession {
        let gate = try scene.database.session()
        gate.ask("SELECT pg_advisory_lock(4711);")
        return gate
    }

    func open(_ gate: PsqlSession) { gate.ask("SELECT pg_advisory_unlock(4711);") }

    /// A restore of which each session has loaded a part, and stands at the gate with the next one.
    func halfway(_ ending: [String]) throws -> (running: Running, table: String, gate: PsqlSession)
    {
        let first = try closedGate()
        let running = try start(ending)
        let table = try hiddenAtGate(sessions: 3)
        // Whoever passes the first gate keeps it open until the end of the transaction; behind those
        // who wait there now, this one is next.
        let second = try scene.database.session()
        second.send("SELECT pg_advisory_lock(4711);")
        _ = try hiddenAtGate(sessions: 4)
        open(first)
        _ = second.answer()
        _ = try hiddenAtGate(sessions: 3)
        return (running, table, second)
    }

    /// The same, killed; all of its sessions are gone.
    func killedHalfway(_ ending: String...) throws -> String {
        let (running, table, gate) = try halfway(ending)
        running.signal(SIGKILL)
        _ = running.wait()
        open(gate)
        try waitForEnd()
        return table
    }

    /// The files of the parts that a hidden table has.
    func partsLoaded(into table: String) throws -> [String] {
        let parts = table.replacingOccurrences(of: ".r_", with: ".parts_")
        return try scene.database.superuser("SELECT file FROM \(parts) ORDER BY file").split(
            separator: "\n"
        ).map(String.init)
    }

    /// As though it had been left so long ago.
    func age(_ table: String, by interval: String) throws {
        let parts = table.replacingOccurrences(of: ".r_", with: ".parts_")
        try scene.database.superuser(
            """
            BEGIN; SET LOCAL session_replication_role = replica;
            UPDATE pgretain.ledger SET at = at - interval '\(interval)' WHERE kind = 'restoring';
            UPDATE \(parts) SET loaded_at = loaded_at - interval '\(interval)';
            COMMIT
            """)
    }

    // MARK: Looking

    /// The hidden tables, with their schema; no list of parts is ever without its table.
    func hidden() throws -> [String] {
        let found = try ["r", "parts"].map { kind in
            try scene.database.superuser(
                """
                SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'pgretain' AND c.relkind = 'r' AND c.relname ~ '^\(kind)_[0-9]+$'
                ORDER BY 1
                """
            ).split(separator: "\n").map { "pgretain.r_" + $0.drop { $0 != "_" }.dropFirst() }
        }
        guard Set(found[1]).isSubset(of: found[0]) else { throw NeverReached(text: "\(found)") }
        return found[0]
    }

    func exists(_ table: String) throws -> Bool {
        try scene.database.superuser("SELECT to_regclass('\(table)') IS NOT NULL") == "t"
    }

    /// The hidden table of a restore whose loading sessions all stand at the gate.
    func hiddenAtGate(sessions: Int) throws -> String {
        try wait("\(sessions) at the gate") {
            try scene.database.superuser(
                """
                SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND NOT granted AND objid = 4711
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """) == "\(sessions)"
        }
        guard let table = try hidden().first else { throw NeverReached(text: "no hidden table") }
        return table
    }

    /// Waits until somebody waits for a lock on a table.
    ///
    /// Who loads waits for an exclusive lock too, for a moment, where others make the table larger:
    /// that is of the locktype `extend`.
    func waitForWaiter(_ mode: String, on table: String) throws {
        try wait("a waiter for \(mode) on \(table)") {
            try scene.database.superuser(
                """
                SELECT count(*) FROM pg_locks WHERE relation = to_regclass('\(table)')
                    AND locktype = 'relation' AND mode = '\(mode)' AND NOT granted
                """) == "1"
        }
    }

    /// Waits until a statement that began after `moment` waits for the table.
    func waitForWaiter(on table: String, since moment: String) throws {
        try wait("a new waiter on \(table)") {
            try scene.database.superuser(
                """
                SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                WHERE relation = to_regclass('\(table)') AND locktype = 'relation'
                    AND NOT granted AND query_start > '\(moment)'
                """) == "1"
        }
    }

    /// Waits until a restore waits for the end of somebody's transaction.
    func waitForTransaction() throws {
        try wait("a waiter for a transaction") {
            try scene.database.superuser(
                """
                SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                WHERE locktype = 'transactionid' AND NOT granted
                    AND application_name LIKE 'pgretain: restore%'
                    AND datname = current_database()
                """) == "1"
        }
    }

    /// Waits until no session of a restore is left.
    func waitForEnd() throws {
        try wait("the end of all sessions") {
            try scene.database.superuser(
                """
                SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND application_name LIKE 'pgretain: restore%'
                """) == "0"
        }
    }

    private func wait(_ what: String, until isSo: () throws -> Bool) throws {
        for _ in 0..<600 {
            if try isSo() { return }
            Thread.sleep(forTimeInterval: 0.05)
        }
        throw NeverReached(text: "never reached: \(what)")
    }
}
