import Foundation
import TestSupport
import Testing

/// Rows that are taken out of archives are gone from all of them, and no others.
@Suite struct Erasures {
    private static let now = "2025-12-01T00:00:00Z"
    private static let rows = 240

    private func copy(of scene: Scene) -> String { scene.archives + "-second" }

    /// Three months of 80 rows, the first two of which have rows of EVE.
    private func scene(then: String = "drop") throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(months: 3, rows: 80)
        try scene.database.psql(
            "UPDATE logs SET level = 'EVE' WHERE created_at < '2025-03-01' AND message LIKE '%7%'")
        try FileManager.default.createDirectory(
            atPath: copy(of: scene), withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750])
        try scene.configure(
            Scene.policy(then: then, more: ["premake: 0", "search_columns: [level]"]),
            extra: "copies: [\(copy(of: scene))]\nlimits: {max_retire: 9}")
        try scene.approve()
        let night = try scene.night(Self.now)
        #expect(night.status == 0, "\(night.stderr)")
        return scene
    }

    private static let arguments = [
        "archives", "erase", "--table", "logs", "--where", "level=EVE",
    ]

    private func erase(_ scene: Scene, _ more: String...) throws -> Outcome {
        try scene.pgretain(Self.arguments + more + ["--reason", "request 88", "--yes"])
    }

    private func count(_ scene: Scene, _ more: String...) throws -> Int? {
        let found = try scene.pgretain(["search", "--table", "logs", "--count"] + more)
        #expect(found.status == 0, "\(found.stderr)")
        return Int(found.stdout.dropLast())
    }

    /// Lines of all files below a root that can be unzipped, hidden ones among them.
    private func linesOfEve(below root: String) throws -> String {
        try Program.run(
            "/bin/sh", ["-c", "find \(root) -name '*.gz' -exec zcat {} + | grep -c EVE"]
        ).stdout
    }

    /// As it is to be once it is done: in both stores, and for whoever comes after.
    private func expectErased(_ scene: Scene, _ what: String) throws {
        #expect(try count(scene) == Self.rows - 17 * 2, "\(what)")
        for root in [scene.archives, copy(of: scene)] {
            #expect(try linesOfEve(below: root) == "0\n", "\(what): \(root)")
            let verified = try scene.pgretain("archives", "verify", "--archives", root)
            #expect(verified.status == 0, "\(what): \(verified.stderr)")
        }
        let twins = try Program.run(
            "/usr/bin/diff", ["-r", "-x", ".checks", scene.archives, copy(of: scene)])
        #expect(twins.status == 0, "\(what): \(twins.stdout)")
        let events = try scene.database.superuser(
            """
            SELECT string_agg(kind || ' ' || archive || ' ' || (details ->> 'erased'), ', ' ORDER BY id)
            FROM pgretain.ledger WHERE kind = 'erased'
            """)
        #expect(events == "erased year=2025/month=01 17, erased year=2025/month=02 17", "\(what)")
        #expect(
            try scene.database.superuser(
                "SELECT count(*) FROM pgretain.ledger AS l WHERE l::text LIKE '%EVE%'") == "0")
        let night = try scene.night(Self.now)
        #expect(night.status == 0, "\(what): \(night.stderr)")
    }

    /// It may have such rows too: whoever asked must not believe that they are gone.
    @Test func anArchiveThatIsLostIsSaid() throws {
        let scene = try scene()
        let lost = scene.archives + "/public.logs/year=2025/month=02"
        try FileManager.default.moveItem(atPath: lost, toPath: scene.archives + "-lost")
        let arguments = ["--table", "logs", "--from", "2025-01-10", "--to", "2025-02-10"]
        let restored = try scene.pgretain(["restore"] + arguments)
        #expect(restored.status == 66, "\(restored.stderr)")
        #expect(restored.stderr.contains("[archive.lost]"), "\(restored.stderr)")
        let shown = try scene.pgretain(Self.arguments)
        #expect(shown.status == 66 && shown.stderr.contains("[archive.lost]"), "\(shown.stderr)")
        let erased = try erase(scene)
        #expect(erased.status == 66 && erased.stderr.contains("[archive.lost]"), "\(erased.stderr)")
        try FileManager.default.moveItem(atPath: scene.archives + "-lost", toPath: lost)
        #expect(try erase(scene).status == 0)
        try expectErased(scene, "what was lost")
    }

    @Test func rowsAreGoneFromBothStoresAndAllElseIsThere() throws {
        let scene = try scene()
        let before = try scene.archiveFiles()
        let shown = try scene.pgretain(Self.arguments)
        #expect(shown.status == 0 && shown.stderr.contains("Nothing was erased"), "\(shown.stderr)")
        #expect(shown.stdout.contains("17 rows  of 80  in 1 of 1 part"), "\(shown.stdout)")
        #expect(try scene.archiveFiles() == before && count(scene) == Self.rows)

        try scene.pgretain(
            "hold", "add", "--table", "logs", "--period", "2025-02", "--reason", "case")
        let held = try erase(scene)
        #expect(held.status == 76 && held.stderr.contains("[erase.held]"), "\(held.stderr)")
        #expect(try count(scene, "--where", "level=EVE") == 34)
        try scene.pgretain("hold", "release", "1", "--reason", "closed")

        let restored = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--into", "with_eve")
        #expect(restored.status == 0, "\(restored.stderr)")
        let erased = try erase(scene)
        #expect(erased.status == 0, "\(erased.stderr)")
        #expect(erased.stdout.contains("public.with_eve, restored and pinned"), "\(erased.stdout)")
        try expectErased(scene, "once")
        let again = try erase(scene)
        #expect(
            again.status == 0 && again.stdout.contains("no archive of public.logs has such a row"))

        // What comes back is less than left, and says so; it leaves against the archive as it is now.
        let list = try scene.pgretain("archives", "list")
        #expect(list.status == 0 && list.stdout.contains("17 rows erased"), "\(list.stdout)")
        let back = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-02", "--attach")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(back.stderr.contains("17 rows were erased"), "\(back.stderr)")
        #expect(try scene.database.superuser("SELECT count(*) FROM logs_2025_02") == "63")
        try scene.database.superuser("UPDATE pgretain.pins SET released_at = now()")
        let night = try scene.night(Self.now)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try !scene.partitions().contains("logs_2025_02"))
        #expect(try count(scene) == Self.rows - 34)
        let check = try scene.pgretain("check", "--json")
        #expect(!check.stdout.contains("\"archive."), "\(check.stdout)")

        for wrong in [
            ["--where", "nobody=1", "--yes", "--reason", "x"], ["--yes", "--reason", "x"],
            ["--where", "level=EVE", "--yes"],
            ["--where", "level=EVE", "--from", "2025-03-01", "--to", "2025-02-01"],
        ] {
            let outcome = try scene.pgretain(["archives", "erase", "--table", "logs"] + wrong)
            #expect(outcome.status == 64, "\(wrong): \(outcome.stderr)")
        }
    }

    /// Rows that the table still has would be archived again.
    @Test func rowsThatAreStillInTheTableAreErasedThereFirst() throws {
        let scene = try scene(then: "keep")
        let refused = try erase(scene, "--to", "2025-02-01")
        #expect(refused.status == 76, "\(refused.stderr)")
        #expect(
            refused.stderr.contains("17 rows that are meant are still in public.logs_2025_01"),
            "\(refused.stderr)")
        #expect(try count(scene) == Self.rows)
        try scene.database.psql(
            "DELETE FROM logs WHERE level = 'EVE' AND created_at < '2025-02-01'")
        let erased = try erase(scene, "--to", "2025-02-01")
        #expect(erased.status == 0, "\(erased.stderr)")
        #expect(try count(scene, "--where", "level=EVE") == 17)
        let night = try scene.night(Self.now)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try count(scene, "--where", "level=EVE") == 17)
        #expect(try count(scene) == Self.rows - 17)
    }

    /// It would take the rows of its older generation for ones that the new one lacks, and keep both.
    @Test func aCopyThatIsBehindKeepsNoneOfThem() throws {
        let scene = try scene()
        let slice = copy(of: scene) + "/public.logs/year=2025/month=01"
        _ = try Program.run("/bin/cp", ["-a", slice, scene.archives + "-old"])
        let back = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--attach")
        #expect(back.status == 0, "\(back.stderr)")
        try scene.database.psql(
            "INSERT INTO logs (created_at, level, message) VALUES ('2025-01-09', 'EVE', 'late')")
        try scene.database.superuser("UPDATE pgretain.pins SET released_at = now()")
        let night = try scene.night(Self.now)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try count(scene) == Self.rows + 1)
        _ = try Program.run(
            "/bin/sh", ["-c", "rm -r \(slice) && mv \(scene.archives)-old \(slice)"])
        let erased = try erase(scene)
        #expect(erased.status == 0, "\(erased.stderr)")
        #expect(try linesOfEve(below: copy(of: scene)) == "0\n")
        let twins = try Program.run(
            "/usr/bin/diff", ["-r", "-x", ".checks", scene.archives, copy(of: scene)])
        #expect(twins.status == 0, "\(twins.stdout)")
    }

    /// Archives stay for years, and columns do not: a number there is a name here.
    @Test func aColumnThatHasAnotherTypeNowIsAskedWhereItCanBe() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 3, rows: 20)
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        try scene.approve()
        #expect(try scene.night(nil, "--only", "retire", "--max-retire", "1").status == 0)
        try scene.database.psql(
            """
            ALTER TABLE logs ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id TYPE text;
            UPDATE logs SET id = 'eve' WHERE id = '30';
            """)
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        let note = "no row of year=2025/month=01 can meet id=eve: "
        let eve = ["--table", "logs", "--where", "id=eve"]
        let found = try scene.pgretain(["search", "--count"] + eve)
        #expect(found.status == 0 && found.stdout == "1\n", "\(found.stderr)")
        #expect(found.stderr.contains(note), "\(found.stderr)")
        let later = try scene.pgretain(["search", "--count", "--from", "2025-02-01"] + eve)
        #expect(later.stdout == "1\n" && !later.stderr.contains("can meet"), "\(later.stderr)")
        let back = try scene.pgretain(["restore", "--into", "public.back"] + eve)
        #expect(back.status == 0 && back.stderr.contains(note), "\(back.stderr)")
        for command in [["search"], ["restore"], ["archives", "erase"]] {
            let none = try scene.pgretain(command + ["--to", "2025-02-01"] + eve)
            #expect(none.status == 64 && none.stderr.contains("is no number"), "\(none.stderr)")
        }
        let erased = try scene.pgretain(
            ["archives", "erase", "--yes", "--reason", "request 88"] + eve)
        #expect(erased.status == 0 && erased.stdout.contains(note), "\(erased.stderr)")
        #expect(try scene.pgretain(["search", "--count"] + eve).stdout == "0\n")
        #expect(try count(scene) == 39)
    }

    /// Its archives stay, and so may tables that wait in quarantine.
    @Test func rowsOfATableThatIsGoneAreErased() throws {
        let scene = try scene(then: "detach")
        try scene.database.psql("ALTER SEQUENCE logs_id_seq OWNED BY NONE; DROP TABLE logs")
        let refused = try erase(scene)
        #expect(refused.status == 76, "\(refused.stderr)")
        #expect(refused.stderr.contains("still in pgretain.q_"), "\(refused.stderr)")
        try scene.database.superuser(
            """
            DO $$ DECLARE t regclass; BEGIN
                FOR t IN SELECT oid FROM pg_class WHERE relname LIKE 'q\\_%' AND relkind = 'r' LOOP
                    EXECUTE format('DELETE FROM %s WHERE level = %L', t, 'EVE');
                END LOOP;
            END $$
            """)
        let erased = try erase(scene)
        #expect(erased.status == 0, "\(erased.stderr)")
        #expect(try count(scene) == Self.rows - 34)
        for root in [scene.archives, copy(of: scene)] {
            #expect(try linesOfEve(below: root) == "0\n", "\(root)")
        }
    }

    /// As a night leaves it that ended before it brought what is new to the copy.
    @Test func aCopyThatStillHasThemIsBroughtUp() throws {
        let scene = try scene()
        let slice = copy(of: scene) + "/public.logs/year=2025/month=01"
        _ = try Program.run("/bin/cp", ["-a", slice, scene.archives + "-old"])
        #expect(try erase(scene).status == 0)
        _ = try Program.run(
            "/bin/sh", ["-c", "rm -rf \(slice) && mv \(scene.archives)-old \(slice)"])
        #expect(try linesOfEve(below: copy(of: scene)) == "17\n")
        let shown = try scene.pgretain(Self.arguments)
        #expect(shown.stdout.contains("\(slice), which is not the archive"), "\(shown.stdout)")
        let again = try erase(scene)
        #expect(again.status == 0, "\(again.stderr)")
        #expect(try linesOfEve(below: copy(of: scene)) == "0\n")
    }

    /// The next night would find them there, and archive them once more.
    @Test func whatWaitsBehindAPartitionOfTheSameRangeIsSeen() throws {
        let scene = try scene(then: "detach")
        try scene.database.psql(
            """
            CREATE TABLE logs_late PARTITION OF logs
            FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00')
            """)
        let refused = try erase(scene)
        #expect(refused.status == 76, "\(refused.stderr)")
        #expect(
            refused.stderr.contains("17 rows that are meant are still in pgretain.q_"),
            "\(refused.stderr)")
        #expect(try count(scene) == Self.rows)
    }

    @Test(arguments: [
        "erase.verified#1", "erase.announced#2", "file.exchange.after#1", "file.unlink.after#2",
        "erase.published#1", "erase.copied#1", "erase.recorded#1",
    ])
    func whatIsKilledIsEndedByTheNext(place: String) throws {
        let scene = try scene()
        let killed = try scene.pgretain(
            Self.arguments + ["--reason", "request 88", "--yes"],
            environment: ["PGRETAIN_FAIL_AT": "\(place)=crash"])
        #expect(killed.status == 128 + 9, "\(place): \(killed.status) \(killed.stderr)")
        // Each archive is whole, with all of such rows or with none.
        #expect(try scene.pgretain("archives", "verify").status == 0, "\(place)")
        let left = try count(scene, "--where", "level=EVE")
        #expect([0, 17, 34].contains(left), "\(place): \(String(describing: left))")
        #expect(try count(scene, "--where", "level=INFO") == Self.rows - 34, "\(place)")
        // A night may come first: it brings nothing back.
        if place != "erase.announced#2" {
            let night = try scene.night(Self.now)
            #expect(night.status == 0, "\(place): \(night.stderr)")
        }
        let again = try erase(scene)
        #expect(again.status == 0, "\(place): \(again.stderr)")
        try expectErased(scene, place)
    }
}
