import Foundation
import TestSupport
import Testing

/// A partition too large for one snapshot goes by ranges of its pages, over as many nights as it
/// takes; what it holds in the end is what is archived, whatever happened in between.
@Suite struct Ranges {
    /// A scene whose January is a few dozen ranges, ready to go.
    static func scene(
        rows: Int = 12_000, grace: String = "0 days", sliceOver: String = "1 MB",
        extra: String = ""
    ) throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 1, rows: rows)
        try scene.database.psql(
            "CREATE TABLE logs_2025_02 PARTITION OF logs FOR VALUES FROM ('2025-02-01') TO ('2025-03-01')"
        )
        try scene.configure(
            Scene.policy(grace: grace, more: ["premake: 0", "slice_over: \(sliceOver)"]),
            extra: "part_size: 1 MiB\n\(extra)")
        try scene.approve()
        return scene
    }

    /// A night that is left with some ranges on the shelf.
    private func begin(_ scene: Scene, ranges: Int, signal: Int32 = SIGKILL) throws {
        let night = try scene.start("run", "--only", "retire")
        try scene.waitForRanges(ranges, of: night)
        night.signal(signal)
        let outcome = night.wait()
        #expect(outcome.status != 0, "it was stopped: \(outcome.stderr)")
        #expect(try scene.partitions().contains("logs_2025_01"), "nothing has left")
        #expect(try scene.slices() == [], "nothing is published")
        try scene.waitForNobody()
    }

    /// The last night: January is archived as it is now, and gone.
    private func finish(_ scene: Scene, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let before = try scene.digest(of: "logs_2025_01")
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)", sourceLocation: sourceLocation)
        try expectArchived(before, in: scene, sourceLocation: sourceLocation)
    }

    private func expectArchived(
        _ digest: String, in scene: Scene, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try scene.partitions() == ["logs_2025_02"], sourceLocation: sourceLocation)
        #expect(try scene.quarantined() == 0, sourceLocation: sourceLocation)
        let files = try scene.archiveFiles()
        let hidden = files.filter { $0.contains("/.") }
        #expect(hidden == [], "nothing is left beside the archive", sourceLocation: sourceLocation)
        #expect(try scene.restoredDigest() == digest, sourceLocation: sourceLocation)
    }

    /// How many of the archive's parts are files that were on the shelf.
    private func reused(_ shelf: [String: [FileIdentity]], in scene: Scene) throws -> [String] {
        let parts = Set(
            try scene.parts(below: "\(scene.archives)/public.logs/year=2025/month=01"))
        return shelf.filter { !$0.value.isEmpty && parts.isSuperset(of: $0.value) }.keys.sorted()
    }

    // MARK: Several nights

    @Test(arguments: [SIGKILL, SIGTERM])
    func whatIsVerifiedIsNotExportedAgain(signal: Int32) throws {
        let scene = try Self.scene()
        try begin(scene, ranges: 3, signal: signal)
        let first = try scene.shelf()
        try begin(scene, ranges: first.count + 3, signal: signal)
        let second = try scene.shelf()
        #expect(first.allSatisfy { second[$0.key] == $0.value }, "kept as they were")
        try finish(scene)
        #expect(try reused(second, in: scene) == second.keys.sorted())
    }

    @Test func aDeadlineEndsANightBetweenRanges() throws {
        let scene = try Self.scene()
        let start = Date()
        let night = try scene.start("run", "--only", "retire", "--deadline", "8s", "--json")
        try scene.waitForRanges(2, of: night)
        // However fast the machine is, the time is up.
        night.signal(SIGSTOP)
        Thread.sleep(forTimeInterval: max(0, 8.5 - Date().timeIntervalSince(start)))
        night.signal(SIGCONT)
        let outcome = night.wait()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let notes = try scene.notes(outcome)
        #expect(notes.contains { $0.contains("logs_2025_01 is too large for one night") })
        let done = try JSONView(outcome.stdout)["report"]["tables"][0]["done"].list
        #expect(done.contains { $0["note"].text?.contains("% is in the store") == true })
        #expect(try scene.partitions().contains("logs_2025_01"))
        let shelf = try scene.shelf()
        #expect(shelf.count >= 2)
        try finish(scene)
        #expect(try reused(shelf, in: scene) == shelf.keys.sorted())
    }

    @Test func aHoldKeepsTheRangesToo() throws {
        let scene = try Self.scene()
        try begin(scene, ranges: 3)
        let shelf = try scene.shelf()
        try scene.database.superuser(
            """
            INSERT INTO pgretain.holds (table_schema, table_name, bounds_from, bounds_to, reason)
            VALUES ('public', 'logs', '2025-01-10 00:00+00', '2025-01-11 00:00+00', 'case 7')
            """)
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        #expect(try scene.partitions().contains("logs_2025_01"))
        #expect(try scene.shelf() == shelf)
        try scene.database.superuser("UPDATE pgretain.holds SET released_at = now()")
        try finish(scene)
        #expect(try reused(shelf, in: scene) == shelf.keys.sorted())
    }

    // MARK: Rows that change between two nights

    @Test(arguments: [
        "UPDATE logs_2025_01 SET level = 'LATE' WHERE id = 7;",
        "DELETE FROM logs_2025_01 WHERE id = 7;",
        "DELETE FROM logs_2025_01 WHERE id = 7; VACUUM logs_2025_01;"
            + "INSERT INTO logs_2025_01 (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20');",
    ])
    func onlyTheRangesThatDifferAreExportedAgain(statements: String) throws {
        let scene = try Self.scene()
        try begin(scene, ranges: 5)
        let shelf = try scene.shelf()
        try scene.database.psql(statements)
        try finish(scene)
        let reused = try reused(shelf, in: scene)
        // Row 7 is on the first page.
        #expect(reused == shelf.keys.sorted().filter { !$0.contains("-0-") })
    }

    /// The archive in place has fewer columns, and a night that began a wider one was stopped: its
    /// rows are in the wider one, and none has vanished.
    @Test func aWiderGenerationThatWasBegunIsNoLoss() throws {
        let scene = try Self.scene()
        try scene.configure(
            Scene.policy(then: "keep", more: ["premake: 0", "slice_over: 1 MB"]),
            extra: "part_size: 1 MiB")
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        #expect(try scene.slices().count == 1)
        try scene.database.psql("ALTER TABLE logs ADD COLUMN region text NOT NULL DEFAULT 'eu';")
        try scene.configure(
            Scene.policy(more: ["premake: 0", "slice_over: 1 MB"]), extra: "part_size: 1 MiB")
        let night = try scene.start("run", "--only", "retire")
        try scene.waitForRanges(3, of: night)
        night.signal(SIGKILL)
        #expect(night.wait().status != 0)
        try scene.waitForNobody()
        try finish(scene)
    }

    @Test func aRowThatWasAddedIsArchived() throws {
        let scene = try Self.scene()
        try begin(scene, ranges: 5)
        try scene.database.psql(
            "INSERT INTO logs (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20');")
        try finish(scene)
    }

    @Test(arguments: [
        "VACUUM FULL logs_2025_01;", "CLUSTER logs_2025_01 USING logs_2025_01_pkey;",
        "TRUNCATE logs_2025_01;",
        "TRUNCATE logs_2025_01; INSERT INTO logs (level, created_at) VALUES ('NEW', '2025-01-02');",
        "ALTER TABLE logs ADD COLUMN region text NOT NULL DEFAULT 'eu';",
        "ALTER TABLE logs ALTER COLUMN message TYPE varchar(100);",
        "ALTER TABLE logs RENAME COLUMN message TO words;",
    ])
    func aRewriteOrAnotherShapeBeginsAnew(statements: String) throws {
        let scene = try Self.scene()
        try begin(scene, ranges: 3)
        let shelf = try scene.shelf()
        try scene.database.psql(statements)
        try finish(scene)
        #expect(try reused(shelf, in: scene) == [])
    }

    /// The name, the bounds and the slice are the same: the table is another.
    @Test func anotherTableOfTheSameNameBeginsAnew() throws {
        let scene = try Self.scene()
        try begin(scene, ranges: 3)
        let shelf = try scene.shelf()
        try scene.database.psql(
            """
            CREATE TABLE other (LIKE logs_2025_01 INCLUDING ALL);
            INSERT INTO other SELECT * FROM logs_2025_01 WHERE id % 2 = 0;
            DROP TABLE logs_2025_01;
            ALTER TABLE other RENAME TO logs_2025_01;
            ALTER TABLE logs ATTACH PARTITION logs_2025_01
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            """)
        try finish(scene)
        #expect(try reused(shelf, in: scene) == [])
    }

    @Test func rangesOfATableThatIsGoneAreRemoved() throws {
        let scene = try Self.scene()
        try begin(scene, ranges: 3)
        try scene.database.psql("DROP TABLE logs_2025_01;")
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.archiveFiles().filter { $0.contains("public.logs") } == [])
    }

    /// What the disk has done to a range is noticed before anything is published.
    @Test func aRangeThatRottedIsExportedAgain() throws {
        let scene = try Self.scene()
        try begin(scene, ranges: 3)
        let part = try #require(
            try scene.archiveFiles().first { $0.contains("/.ranges-") && $0.hasSuffix(".gz") })
        let path = "\(scene.archives)/\(part)"
        var bytes = try #require(FileManager.default.contents(atPath: path))
        bytes[bytes.count / 2] ^= 0x10
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: bytes)
        try file.close()
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 65, "\(night.stderr)")
        #expect(try scene.partitions().contains("logs_2025_01") && scene.slices().isEmpty)
        #expect(try scene.shelf().count > 3, "the others stay")
        try finish(scene)
    }

    // MARK: While it runs, and afterwards

    @Test func nothingConfirmedIsLostWhileAWriterGoesOn() throws {
        let scene = try Self.scene()
        let writer = try scene.database.session()
        let night = try scene.start("run", "--only", "retire")
        try scene.waitForRanges(1, of: night)
        for number in 1...300 {
            let verb =
                number % 3 == 0
                ? "UPDATE logs SET level = 'W\(number)' WHERE id = \(number * 7)"
                : "INSERT INTO logs (id, level, created_at) VALUES (-\(number), 'W', '2025-01-20')"
            writer.send("\(verb) RETURNING 'written ' || id || ' ' || level;")
        }
        let written = writer.answer().split(separator: "\n").filter { $0.hasPrefix("written ") }
            .map { String($0.dropFirst(8)) }
        let outcome = night.wait()
        // An update after the last snapshot makes a row vanish: both generations are kept then.
        #expect([0, 65, 75].contains(outcome.status), "\(outcome.stderr)")
        if outcome.status == 0 {
            _ = try scene.restoredDigest()
            let back = try scene.database.superuser("SELECT id || ' ' || level FROM public.back")
            #expect(Set(back.split(separator: "\n").map(String.init)).isSuperset(of: written))
        }
    }

    /// In another night its contents have to be read again, by ranges too.
    @Test(arguments: [false, true])
    func aQuarantinedTableIsComparedByRanges(changes: Bool) throws {
        let scene = try Self.scene(grace: "1 s")
        var digest = try scene.digest(of: "logs_2025_01")
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        #expect(try scene.quarantined() == 1)
        if changes {
            let table = try scene.database.superuser(
                """
                SELECT 'pgretain.' || relname FROM pg_class
                WHERE relname LIKE 'q\\_%' AND relkind = 'r'
                """)
            try scene.database.superuser(
                "INSERT INTO \(table) (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20')")
            digest = try scene.digest(of: table)
        }
        Thread.sleep(forTimeInterval: 1.5)
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        try expectArchived(digest, in: scene)
    }

    /// A machine slower than anybody thought: the snapshot is given up, and ranges are taken.
    @Test func noSnapshotOutlivesItsAge() throws {
        let scene = try Self.scene(sliceOver: "1 GB", extra: "limits:\n  snapshot_age: 4 s")
        try scene.database.psql(
            """
            INSERT INTO logs (level, message, created_at)
            SELECT 'LONG', repeat('x', 100), '2025-01-20' FROM generate_series(1, 100000)
            """)
        let before = try scene.digest(of: "logs_2025_01")
        let night = try scene.start("run", "--only", "retire")
        try scene.waitForFile(of: night) { $0.contains("/.partial-") && $0.contains("/part-") }
        night.signal(SIGSTOP)
        Thread.sleep(forTimeInterval: 4.5)
        night.signal(SIGCONT)
        try scene.waitForRanges(1, of: night)
        let outcome = night.wait()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        try expectArchived(before, in: scene)
    }
}

// MARK: Deadlines

/// What cannot end before the deadline is not begun.
@Suite struct Deadlines {
    @Test func whatCannotEndIsNotBegun() throws {
        let scene = try Ranges.scene(sliceOver: "1 GB", extra: "limits:\n  snapshot_age: 20 h")
        try scene.makeSlow()
        let night = try scene.night(nil, "--only", "retire", "--deadline", "20 min", "--json")
        #expect(night.status == 75, "nothing was done, night after night: \(night.stderr)")
        let problem = try JSONView(night.stdout)["report"]["tables"][0]["problems"][0]
        let message = problem["message"].text ?? ""
        #expect(message.hasPrefix("logs_2025_01 needs about "), "\(message)")
        #expect(message.contains(", the deadline is in 20 min: not begun"), "\(message)")
        #expect(try scene.slices() == [])
        #expect(try scene.partitions().contains("logs_2025_01"))
        let later = try scene.night(nil, "--only", "retire", "--deadline", "20 h")
        #expect(later.status == 0, "\(later.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
    }

    @Test func whatCanBeSlicedDoesAsMuchAsFits() throws {
        let scene = try Ranges.scene()
        try scene.makeSlow()
        let night = try scene.night(nil, "--only", "retire", "--deadline", "10 min", "--json")
        #expect(night.status == 0, "\(night.stderr)")
        let note = try #require(try scene.notes(night).first)
        #expect(note.contains("proving the whole again needs about"), "\(note)")
        #expect(try !scene.shelf().isEmpty)
        #expect(try scene.partitions().contains("logs_2025_01"), "not without a proof")
        let later = try scene.night(nil, "--only", "retire")
        #expect(later.status == 0, "\(later.stderr)")
        #expect(try scene.partitions() == ["logs_2025_02"])
    }
}
