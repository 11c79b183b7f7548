import Foundation
import TestSupport

/// A file under whatever name: an inode may be given to another file, but not with that time.
struct FileIdentity: Hashable {
    let inode: UInt64
    let seconds: Int
    let nanoseconds: Int
}

// What the tests of large partitions look at.
extension Scene {
    /// As if earlier runs had exported a thousand bytes a second.
    func makeSlow() throws {
        try database.superuser(
            """
            INSERT INTO pgretain.runs (id, started_at, finished_at, host, tool, pid, status, report)
            VALUES (gen_random_uuid(), now() - interval '1 day', now() - interval '1 day', 'h', 't',
                1, 0, '{"tables": [{"done": [{"action": "archive", "table_bytes": 100000000,
                    "export_seconds": 100000}]}]}')
            """)
    }

    /// The ranges on January's shelf, each with its parts.
    func shelf() throws -> [String: [FileIdentity]] {
        let path = "\(archives)/public.logs/year=2025/.ranges-month=01"
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        var ranges: [String: [FileIdentity]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            ranges[name] = try parts(below: "\(path)/\(name)")
        }
        return ranges
    }

    /// A directory's parts.
    func parts(below path: String) throws -> [FileIdentity] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".gz") }
            .sorted().map { name in
                var status = stat()
                guard stat("\(path)/\(name)", &status) == 0 else {
                    throw NeverReached(text: "stat \(path)/\(name): \(errno)")
                }
                return FileIdentity(
                    inode: UInt64(status.st_ino), seconds: status.st_mtim.tv_sec,
                    nanoseconds: status.st_mtim.tv_nsec)
            }
    }

    /// Waits until a night that runs has put ranges on the shelf.
    func waitForRanges(_ count: Int, of night: Running) throws {
        let path = "\(archives)/public.logs/year=2025/.ranges-month=01"
        try wait(for: "\(count) ranges", of: night) {
            guard FileManager.default.fileExists(atPath: path) else { return false }
            return try FileManager.default.contentsOfDirectory(atPath: path).count >= count
        }
    }

    /// Waits until a night that runs has made a file.
    func waitForFile(of night: Running, _ isWanted: (String) -> Bool) throws {
        try wait(for: "a file", of: night) { try archiveFiles().contains(where: isWanted) }
    }

    private func wait(for what: String, of night: Running, _ isThere: () throws -> Bool) throws {
        while true {
            if try isThere() { return }
            guard night.isRunning else {
                throw NeverReached(text: "never reached: \(what); \(night.wait().stderr)")
            }
            Thread.sleep(forTimeInterval: 0.002)
        }
    }

    /// Waits until the server has noticed that a night is gone: it held the table's lock.
    func waitForNobody() throws {
        for _ in 0..<600 {
            let sessions = try database.superuser(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'pgretain%'
                """)
            if sessions == "0" { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
        throw NeverReached(text: "a session of pgretain stays")
    }

    /// January's archive, restored, as `digest(of:)` has it.
    func restoredDigest() throws -> String {
        try database.superuser("DROP TABLE IF EXISTS public.back")
        let outcome = try pgretain(
            ["restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back"])
        guard outcome.status == 0 else { throw NeverReached(text: outcome.stderr) }
        return try digest(of: "public.back")
    }
}
