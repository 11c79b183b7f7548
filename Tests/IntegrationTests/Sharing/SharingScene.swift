import Foundation
import TestSupport
import Testing

// Several hosts at one table.
extension Scene {
    /// A backlog of months that all go in one night, and a month to be made.
    static func backlog(
        months: Int = 6, rows: Int = 60, in store: ObjectStoreServer? = nil, more: [String] = [],
        extra: String = ""
    ) throws -> Scene {
        let scene = try Scene(in: store)
        try scene.makeLogs(from: "2025-01-01", months: months, rows: rows)
        try scene.configure(Scene.policy(more: ["premake: 1"] + more), extra: extra)
        try scene.approve()
        return scene
    }

    /// A host that shares.
    func host(_ arguments: String..., failing: String? = nil) throws -> Running {
        try Program.start(
            ["run", "--share"] + arguments + ["--config", configuration],
            environment: surroundings(failing.map { ["PGRETAIN_FAIL_AT": $0] } ?? [:]))
    }

    /// Waits until a query gives a text.
    func wait(for expected: String, from query: String) throws {
        for _ in 0..<600 {
            if try database.superuser(query) == expected { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
        #expect(try database.superuser(query) == expected)
    }

    /// All months of 2025, whatever a test has called them, that are partitions still.
    func aged() throws -> [String] { try partitions().filter { $0.hasPrefix("logs_2025") } }

    /// For each relation how often there is an event of each kind.
    func history() throws -> String {
        try database.superuser(
            """
            SELECT relation_name, kind, bounds_from, bounds_to, rows, digest, archive, count(*)
            FROM pgretain.ledger WHERE kind <> 'approved'
            GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY relation_name, kind
            """)
    }

    /// How many runs have published an archive.
    func archivers() throws -> Int {
        Int(
            try database.superuser(
                "SELECT count(DISTINCT run) FROM pgretain.ledger WHERE kind = 'archived'")) ?? -1
    }

    /// What archives hold: each part's bytes.
    func contentsOfArchives() throws -> [String: Data] {
        try archiveFiles().filter { $0.hasSuffix(".gz") }.reduce(into: [:]) { files, file in
            files[file] = try Data(contentsOf: URL(fileURLWithPath: archives + "/" + file))
        }
    }

    /// Each entry has its link, and each link is right.
    func expectLinked() throws {
        let audit = try pgretain("status", "--ledger")
        #expect(audit.status == 0, "\(audit.stdout) \(audit.stderr)")
        let unlinked = try database.superuser(
            """
            SELECT count(*) FROM pgretain.ledger l
            WHERE NOT EXISTS (SELECT FROM pgretain.chain c WHERE c.entry = l.id)
            """)
        #expect(unlinked == "0")
    }
}
