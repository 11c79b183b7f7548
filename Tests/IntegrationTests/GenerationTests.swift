import Foundation
import TestSupport
import Testing

/// An archive that was kept when another took its place is an archive like any other.
@Suite struct OlderGenerations {
    /// January's archive of 50 rows is generation 1, and superseded; the published one has 49.
    private func scene() throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 50)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        try scene.database.superuser("DELETE FROM logs_2025_01 WHERE id = 7")
        try scene.configure(Scene.policy(grace: "1 day", more: ["premake: 0"]))
        try scene.approve()
        let night = try scene.night(nil, "--only", "retire", "--max-retire", "1")
        #expect(night.status == 65, "\(night.stderr)")
        return scene
    }

    private func january(_ scene: Scene, _ command: [String], _ more: String...) throws -> Outcome {
        try scene.pgretain(command + ["--table", "logs", "--period", "2025-01"] + more)
    }

    private func directory(_ scene: Scene, _ name: String) -> String {
        "\(scene.archives)/public.logs/year=2025/\(name)"
    }

    private func spoil(_ path: String) throws {
        chmod(path, 0o640)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[40] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    @Test func whatIsKeptIsNamedAndComesBack() throws {
        let scene = try scene()
        let list = try scene.pgretain("archives", "list")
        #expect(list.stdout.contains("superseded, number 1, generation 1"), "\(list.stdout)")
        let shown = try january(scene, ["archives", "show"])
        #expect(shown.stdout.contains("generation 1, superseded, number 1: 50 rows"))
        let other = try JSONView(
            try january(scene, ["archives", "show"], "--generation", "1", "--json").stdout)[
                "manifest"]
        #expect(other["generation"].number == 1 && other["digest"]["rows"].number == 50)
        #expect(other["other_generations"].list.first?["rows"].number == 49)

        let newer = try january(scene, ["restore"], "--into", "public.newer")
        #expect(newer.status == 0, "\(newer.stderr)")
        #expect(newer.stderr.contains("an older generation 1 of"), "\(newer.stderr)")
        #expect(newer.stderr.contains("is kept, with 50 rows"), "\(newer.stderr)")
        let range = try scene.pgretain(
            "restore", "--table", "logs", "--from", "2025-01-01", "--to", "2025-02-01", "--dry-run")
        #expect(range.stdout.contains("is kept, with 50 rows"), "\(range.stdout)")
        // The row is in the older one alone: who finds nothing is told of that.
        let search = ["search", "--table", "logs", "--where", "id=7"]
        let found = try scene.pgretain(search)
        #expect(found.status == 0 && found.stdout.isEmpty, "\(found.stdout)")
        #expect(found.stderr.contains("not searched: an older generation 1 of"), "\(found.stderr)")
        #expect(!(try scene.pgretain(search + ["--from", "2025-02-01"]).stderr.contains("older")))
        let none = try scene.pgretain("restore", "--table", "logs", "--where", "id=7")
        #expect(none.status == 66, "\(none.stderr)")
        #expect(none.stderr.contains("is kept, with 50 rows"), "\(none.stderr)")
        let older = try january(scene, ["restore"], "--generation", "1")
        #expect(older.status == 0, "\(older.stderr)")
        #expect(older.stdout.contains("month=01 generation 1 as"), "\(older.stdout)")
        #expect(older.stderr.contains("is generation 2, with 49 rows"), "\(older.stderr)")
        let counts = try scene.database.superuser(
            """
            SELECT (SELECT count(*) FROM newer), count(*), count(*) FILTER (WHERE id = 7)
            FROM logs_restored_2025_01_generation_1
            """)
        #expect(counts == "49|50|1")
    }

    @Test func oneThatIsNotThereIsARefusalAndOneThatIsDamagedToo() throws {
        let scene = try scene()
        for command in [["restore"], ["archives", "show"], ["archives", "verify"]] {
            let missing = try january(scene, command, "--generation", "7")
            #expect(missing.status == 66, "\(missing.stderr)")
            #expect(missing.stderr.contains("generation 2 (published)"), "\(missing.stderr)")
            #expect(missing.stderr.contains("generation 1 (superseded, number 1)"))
        }
        #expect(
            try scene.pgretain("restore", "--table", "logs", "--where", "id=1", "--generation", "1")
                .status == 64)
        #expect(try january(scene, ["restore"], "--generation", "1", "--release").status == 64)

        // What is published does not stand in the way of what was kept.
        try spoil(directory(scene, "month=01/_manifest.json"))
        #expect(try january(scene, ["restore"]).status == 65)
        let older = try january(scene, ["restore"], "--generation", "1", "--into", "public.older")
        #expect(older.status == 0, "\(older.stderr)")
        let verified = try january(scene, ["archives", "verify"], "--generation", "1")
        #expect(verified.status == 0 && verified.stdout.contains("superseded, number 1  50 rows"))

        try spoil(directory(scene, ".superseded-1-month=01/part-00000.ndjson.gz"))
        #expect(try january(scene, ["archives", "verify"], "--generation", "1").status == 65)
        let spoilt = try january(scene, ["restore"], "--generation", "1", "--into", "public.none")
        #expect(spoilt.status == 65, "\(spoilt.stderr)")
        #expect(try scene.database.superuser("SELECT to_regclass('public.none')") == "")
    }

    /// Regression: a damaged older generation of any range ended an `accept` that had recorded half.
    @Test func oneThatIsDamagedStopsTheAcceptOfItsOwnRangeOnly() throws {
        let scene = try scene()
        try scene.database.psql(
            """
            CREATE TABLE logs_2025_03 PARTITION OF logs
                FOR VALUES FROM ('2025-03-01 00:00+00') TO ('2025-04-01 00:00+00')
            """)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        // February is archived now; January's rows have vanished.
        #expect(try scene.night(nil, "--only", "retire").status == 65)
        func accept(_ month: String) throws -> Outcome {
            try scene.pgretain(
                "archives", "accept", "--table", "logs", "--period", "2025-\(month)", "--reason",
                "x")
        }
        try spoil(directory(scene, ".superseded-1-month=01/_manifest.json"))
        for month in ["01", "02"] {
            try FileManager.default.moveItem(
                atPath: directory(scene, "month=\(month)"), toPath: scene.archives + "-\(month)")
        }
        let other = try accept("02")
        #expect(other.status == 0 && other.stdout.contains("month=02, lost"), "\(other)")
        let own = try accept("01")
        #expect(own.status == 65, "\(own)")
        let recorded = try scene.database.superuser(
            "SELECT string_agg(archive, ', ') FROM pgretain.ledger WHERE kind = 'accepted'")
        #expect(recorded == "year=2025/month=02", "nothing was done by halves")
    }
}
