import Foundation
import TestSupport
import Testing

/// Where the rows of a table are: in the live table, in quarantine, in verified archives.
///
/// The law: at any moment each row that was ever committed is in at least one of them; once a run
/// has healed what went before, each is in the live table or in an archive exactly once, but for
/// those that wait in quarantine and are in an archive too.
struct Conservation {
    private(set) var scene: Scene
    var table = "logs"
    /// Every row that was committed, as `row_to_json` under UTC has it, which is the archives' line.
    private(set) var committed: [String: Int]

    init(_ scene: Scene, table: String = "logs") throws {
        self.scene = scene
        self.table = table
        committed = Self.counted(try Self.rows(of: table, in: scene))
        try #require(!committed.isEmpty)
    }

    /// The same rows, looked for through another server.
    func served(by other: Scene) -> Conservation {
        var moved = self
        moved.scene = other
        return moved
    }

    /// Counts in what was committed later.
    mutating func note(_ rows: [String]) {
        for row in rows { committed[row, default: 0] += 1 }
    }

    private static func rows(of table: String, in scene: Scene) throws -> [String] {
        try scene.database.superuser("SELECT row_to_json(t) FROM \(table) AS t")
            .split(separator: "\n").map(String.init)
    }

    private static func counted(_ rows: [String]) -> [String: Int] {
        rows.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    /// The partitions themselves, so that one whose detach is pending counts too.
    private func live() throws -> [String: Int] {
        let partitions = try scene.database.superuser(
            """
            SELECT i.inhrelid::regclass FROM pg_inherits i
            WHERE i.inhparent = '\(table)'::regclass
            """
        ).split(separator: "\n")
        return Self.counted(try partitions.flatMap { try rowsUnlessGone(of: String($0)) })
    }

    /// A table that left after it was listed is looked for where tables go next.
    private func rowsUnlessGone(of table: String) throws -> [String] {
        do {
            return try Self.rows(of: table, in: scene)
        } catch let error as PsqlError where error.message.contains("does not exist") {
            return []
        }
    }

    private func quarantined() throws -> [String: Int] {
        let tables = try scene.database.superuser(
            """
            SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'pgretain' AND c.relkind = 'r' AND c.relname LIKE 'q\\_%'
            """
        ).split(separator: "\n")
        return Self.counted(try tables.flatMap { try rowsUnlessGone(of: String($0)) })
    }

    /// The lines of the archives, each of which has to verify.
    private func archived() throws -> [String: Int] {
        let verified = try scene.pgretain("archives", "verify")
        #expect(verified.status == 0, "\(verified.stdout) \(verified.stderr)")
        let parts = try scene.archiveFiles().filter {
            $0.hasSuffix(".ndjson.gz") && !$0.contains("/.")
        }
        guard !parts.isEmpty else { return [:] }
        let lines = try Program.run("/bin/zcat", parts.map { scene.archives + "/" + $0 })
        #expect(lines.status == 0, "\(lines.stderr)")
        return Self.counted(lines.stdout.split(separator: "\n").map(String.init))
    }

    /// Nothing is lost, now.
    func expectNothingLost(
        _ what: String, _ place: SourceLocation = #_sourceLocation
    ) throws {
        let places = try [live(), quarantined(), archived()]
        let lost = committed.filter { row, count in
            places.reduce(0) { $0 + ($1[row] ?? 0) } < count
        }
        #expect(lost.count == 0, "\(what): \(lost.count) rows lost", sourceLocation: place)
    }

    /// Each row is in the live table or in an archive, once.
    func expectEachOnce(_ what: String, _ place: SourceLocation = #_sourceLocation) throws {
        var found = try live()
        for (row, count) in try archived() { found[row, default: 0] += count }
        let wrong = Set(found.keys).union(committed.keys).filter { found[$0] != committed[$0] }
        #expect(
            wrong.count == 0, "\(what): \(wrong.count) rows lost or doubled", sourceLocation: place)
    }

    /// A night that ended badly lost nothing, and the next one finishes it and leaves nothing behind.
    func expectHealed(
        _ what: String, by arguments: String..., place: SourceLocation = #_sourceLocation
    ) throws {
        try expectNothingLost(what, place)
        let healed = try scene.pgretain(["run"] + arguments)
        #expect(healed.status == 0, "after \(what): \(healed.stderr)", sourceLocation: place)
        let aged = try scene.partitions().filter { $0.hasPrefix("logs_2025") }
        #expect(aged.isEmpty, "after \(what): \(aged)", sourceLocation: place)
        #expect(try scene.quarantined() == 0, "after \(what)", sourceLocation: place)
        try expectEachOnce("after \(what)", place)
        let left = try scene.unfinished()
        #expect(left.isEmpty, "after \(what): \(left)", sourceLocation: place)
        let twice = try scene.database.superuser(
            """
            SELECT relation_name FROM pgretain.ledger WHERE kind IN ('detached', 'dropped')
            GROUP BY relation_name, kind HAVING count(*) > 1
            """)
        #expect(twice.isEmpty, "after \(what): retired twice: \(twice)", sourceLocation: place)
    }
}
