import Foundation
import TestSupport

// Where rows are, by their ids: nothing is lost, and nothing is there twice.
extension Scene {
    /// The ids that a query gives.
    func ids(_ query: String) throws -> [Int] {
        try database.superuser(query).split(separator: "\n").compactMap { Int($0) }
    }

    func ids(of table: String = "logs") throws -> [Int] {
        try ids("SELECT id FROM \(table) ORDER BY id")
    }

    /// Ids in tables: live, and detached ones that wait.
    func idsInTables() throws -> [Int] {
        let query = try database.superuser(
            """
            SELECT string_agg(
                format('SELECT id FROM ONLY %I.%I', n.nspname, c.relname), ' UNION ALL ')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND (n.nspname = 'public' AND c.relname LIKE 'logs%'
                OR n.nspname = 'pgretain' AND c.relname LIKE 'q\\_%')
            """)
        return query.isEmpty ? [] : try ids(query)
    }

    /// Ids in published archives, read with zcat alone.
    func idsInArchives() throws -> [Int] {
        let read = """
            cd "$0" && find . -name '.?*' -prune -o -name 'part-*.gz' -print0 |
                xargs -0 -r zcat | sed 's/^{"id":\\([-0-9]*\\),.*/\\1/'
            """
        let outcome = try Program.run("/bin/sh", ["-c", read, archives])
        guard outcome.status == 0 else { throw Unreadable(text: outcome.stderr) }
        return outcome.stdout.split(separator: "\n").compactMap { Int($0) }
    }

    /// Names below the root that only something unfinished has.
    func unfinished() throws -> [String] {
        try mirror()
        guard let all = FileManager.default.enumerator(atPath: archives) else { return [] }
        return all.compactMap { $0 as? String }
            .filter { ($0 as NSString).lastPathComponent.hasPrefix(".") && !$0.hasSuffix(".bloom") }
            // When what was verified: it belongs there.
            .filter { $0 != ".checks" }
    }

    /// Runs until no other run is in the way: a server process may outlive its killed client a
    /// little, and holds the table's lock as long.
    func nightOnceFree(_ arguments: String...) throws -> Outcome {
        for _ in 0..<150 {
            let outcome = try pgretain(["run"] + arguments)
            guard outcome.status == 75, outcome.stderr.contains("run.locked") else {
                return outcome
            }
            Thread.sleep(forTimeInterval: 0.2)
        }
        throw NeverReached(text: "the lock of a killed run was never free")
    }

    /// Waits until a query gives `t`; throws after a minute.
    func waitUntil(_ query: String) throws {
        try database.cluster.wait(until: query, in: database.name)
    }

    /// Waits until a session of pgretain runs a statement that matches a LIKE pattern.
    func waitForStatement(_ pattern: String) throws {
        try waitUntil(
            """
            EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                AND application_name LIKE 'pgretain%' AND state = 'active'
                AND query LIKE '\(pattern)')
            """)
    }

    /// The ledger's events about a relation, in order.
    func events(of relation: String) throws -> [String] {
        try database.superuser(
            "SELECT kind FROM pgretain.ledger WHERE relation_name = '\(relation)' ORDER BY id"
        ).split(separator: "\n").map(String.init)
    }
}

extension Cluster {
    /// Waits until an expression or a query gives true; throws after a minute.
    func wait(until condition: String, in database: String = "postgres") throws {
        for _ in 0..<600 {
            if try psql(database, "SELECT COALESCE((\(condition)), false)") == "t" { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
        throw NeverReached(text: "never true: \(condition)")
    }
}

struct Unreadable: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
