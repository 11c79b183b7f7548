import Foundation
import TestSupport

// What the tests of a night ask again and again.
extension Scene {
    func pgretain(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        try Program.run(
            arguments + ["--config", configuration], environment: surroundings(environment))
    }

    /// A run whose clock stands at a time.
    func night(_ now: String?, _ arguments: String...) throws -> Outcome {
        try pgretain(["run"] + arguments + (now.map { ["--now", $0] } ?? []))
    }

    /// The names of a table's partitions, sorted.
    func partitions(of table: String = "logs") throws -> [String] {
        try database.superuser(
            """
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = '\(table)'::regclass ORDER BY c.relname COLLATE "C"
            """
        ).split(separator: "\n").map(String.init)
    }

    /// How many tables wait in quarantine.
    func quarantined() throws -> Int {
        Int(
            try database.superuser(
                """
                SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'pgretain' AND c.relkind = 'r' AND c.relname LIKE 'q\\_%'
                """)) ?? -1
    }

    /// What a run could change: relations and their partitions, rows of a table, and archives. Whose
    /// the store is may be written down by any run.
    func picture(of table: String? = "logs") throws -> String {
        let relations = try database.superuser(
            """
            SELECT c.oid, n.nspname, c.relname, c.relispartition, c.relfilenode
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'pgretain')
            ORDER BY c.oid
            """)
        let rows = try table.map { try digest(of: $0) } ?? ""
        return relations + "\n" + rows + "\n"
            + (try archiveFiles().filter { $0 != "_store.json" }.joined(separator: "\n"))
    }

    /// Count and checksum of a table's rows, in no order.
    func digest(of table: String) throws -> String {
        try database.superuser(
            """
            SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text)))
            FROM \(table) AS t
            """)
    }

    /// All lines of all parts, older generations and copies among them.
    func archivedLines() throws -> [Substring] {
        try Program.run(
            "/bin/sh", ["-c", "find \(archives) -name 'part-*.gz' -exec zcat {} +"]
        ).stdout.split(separator: "\n")
    }

    /// Paths below the archive root of all files, sorted.
    func archiveFiles() throws -> [String] {
        try mirror()
        guard let all = FileManager.default.enumerator(atPath: archives) else { return [] }
        var files: [String] = []
        while let path = all.nextObject() as? String {
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(
                atPath: archives + "/" + path, isDirectory: &isDirectory)
            if !isDirectory.boolValue { files.append(path) }
        }
        return files.sorted()
    }

    /// The archives' slices, such as `public.logs/year=2025/month=01`, sorted.
    func slices() throws -> [String] {
        try archiveFiles().filter { $0.hasSuffix("/_manifest.json") && !$0.contains("/.") }
            .map { String($0.dropLast("/_manifest.json".count)) }
    }

    /// The notes on the first table of a run's report.
    func notes(_ outcome: Outcome) throws -> [String] {
        try JSONView(outcome.stdout)["report"]["tables"][0]["notes"].list.compactMap(\.text)
    }

    /// Waits until a session of pgretain is at a step; throws after a minute.
    func waitForStep(_ name: String) throws {
        for _ in 0..<600 {
            let found = try database.superuser(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = '\(name)'
                """)
            if found != "0" { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
        throw NeverReached(text: "never reached: \(name)")
    }

    /// Says yes, and expects it to be heard.
    func approve() throws {
        let outcome = try pgretain("approve")
        guard outcome.status == 0 else { throw Unapproved(text: outcome.stderr) }
    }
}

struct NeverReached: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

struct Unapproved: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
