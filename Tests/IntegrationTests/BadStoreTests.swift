import Foundation
import TestSupport
import Testing

/// A store that cannot be used, and archives that are not what they were.
@Suite struct BadStores {
    private func scene(then: String = "drop") throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 50)
        try scene.configure(Scene.policy(then: then))
        try scene.approve()
        return scene
    }

    /// Partitions may be made ahead, whatever the store is; nothing leaves.
    private func expectRefusal(_ scene: Scene, status: Int32, _ words: String) throws {
        let before = try scene.digest(of: "logs")
        let outcome = try scene.pgretain("run")
        #expect(outcome.status == status, "\(outcome.stderr)")
        #expect(outcome.stderr.contains(words), "\(outcome.stderr)")
        #expect(outcome.stderr.contains("next: "))
        #expect(try scene.digest(of: "logs") == before)
        #expect(try scene.partitions().contains("logs_2025_01"))
        #expect(try scene.partitions().contains("logs_2026_12"), "premake goes on")
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains(words), "plan says it too: \(plan.stdout)")
    }

    @Test func aRootThatIsMissing() throws {
        let scene = try scene()
        try FileManager.default.removeItem(atPath: scene.archives)
        try expectRefusal(scene, status: 73, "store.missing")
    }

    @Test func aRootThatIsAFile() throws {
        let scene = try scene()
        try FileManager.default.removeItem(atPath: scene.archives)
        try Data().write(to: URL(fileURLWithPath: scene.archives))
        try expectRefusal(scene, status: 73, "not a directory")
    }

    @Test func aRootThatEverybodyMayWrite() throws {
        let scene = try scene()
        #expect(chmod(scene.archives, 0o777) == 0)
        try expectRefusal(scene, status: 77, "everybody may write")
    }

    @Test func aRootThatWeMayNotWrite() throws {
        guard geteuid() != 0 else {
            print("not tried: root may write everywhere (aRootThatWeMayNotWrite)")
            return
        }
        let scene = try scene()
        #expect(chmod(scene.archives, 0o550) == 0)
        try expectRefusal(scene, status: 77, "store.permission")
    }

    /// A really full file system, where one may be mounted.
    @Test func aRootThatIsFull() throws {
        let scene = try scene()
        let mounted = try Program.run(
            "/bin/mount", ["-t", "tmpfs", "-o", "size=16k,mode=0750", "tmpfs", scene.archives])
        guard mounted.status == 0 else {
            print("not tried: no file system can be mounted here (aRootThatIsFull)")
            return
        }
        defer {
            do { _ = try Program.run("/bin/umount", [scene.archives]) } catch { print("\(error)") }
        }
        try expectRefusal(scene, status: 74, "store.full")
        #expect(try scene.archiveFiles().filter { $0.contains("part-") } == [])
    }

    @Test func aRootOfAnotherDatabase() throws {
        let first = try scene()
        #expect(try first.night(nil).status == 0)
        let second = try scene()
        try FileManager.default.removeItem(atPath: second.archives)
        try FileManager.default.copyItem(atPath: first.archives, toPath: second.archives)
        try expectRefusal(second, status: 69, "store.bound")
        #expect(try first.night(nil).status == 0, "its own goes on")
        let wrong = try second.pgretain("rebind")
        #expect(wrong.status == 64, "not without a reason: \(wrong.stderr)")
        let rebound = try second.pgretain("rebind", "--reason", "it's moved")
        #expect(rebound.status == 0, "\(rebound.stderr)")
        #expect(rebound.stdout.contains(second.database.name), "\(rebound.stdout)")
        #expect(try second.night(nil).status == 0)
        let reason = try second.database.superuser(
            """
            SELECT details ->> 'reason', details ->> 'from database' FROM pgretain.ledger
            WHERE kind = 'rebound'
            """)
        #expect(reason == "it's moved|\(first.database.name)")
        let again = try second.pgretain("rebind", "--reason", "twice")
        #expect(again.stdout.contains("nothing to do"), "\(again.stdout)")
    }

    /// Typed by hand, a path is seen from where one stands; cron stands nowhere in particular.
    @Test func aRelativeRoot() throws {
        let scene = try scene()
        #expect(try scene.night(nil).status == 0)
        let directory = URL(fileURLWithPath: scene.archives)
        let parent = directory.deletingLastPathComponent().path
        let list = try Program.run(
            "/bin/sh",
            ["-c", "cd \"$0\" && exec \"$@\"", parent, Program.pgretain, "archives", "list"]
                + ["--config", scene.configuration, "--archives", directory.lastPathComponent])
        #expect(list.status == 0 && list.stdout.contains("2025"), "\(list.stderr)")
        let set = try scene.pgretain("archives", "list", environment: ["PGRETAIN_ARCHIVES": "here"])
        #expect(set.status == 78 && set.stderr.contains("absolute"), "\(set.stderr)")
    }

    // MARK: Damage

    private func damaged(_ scene: Scene, _ what: String) throws {
        let verify = try scene.pgretain("archives", "verify")
        #expect(verify.status == 65, "\(what): \(verify.stderr)")
        let restore = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--into", "public.back")
        #expect(restore.status == 65, "\(what): \(restore.stderr)")
        let there = try scene.database.superuser("SELECT to_regclass('public.back') IS NOT NULL")
        #expect(there == "f", "\(what): nothing is restored")
        let night = try scene.night(nil)
        #expect(night.status == 65, "\(what): \(night.stderr)")
        #expect(try scene.partitions().contains("logs_2025_01"), "\(what): nothing is dropped")
    }

    @Test func aPartThatIsTruncatedCorruptedOrMissing() throws {
        let scene = try scene(then: "keep")
        #expect(try scene.night(nil).status == 0)
        try scene.configure(Scene.policy())
        try scene.approve()
        let part = scene.archives + "/public.logs/year=2025/month=01/part-00000.ndjson.gz"
        let good = try Data(contentsOf: URL(fileURLWithPath: part))
        func put(_ data: Data?) throws {
            try FileManager.default.removeItem(atPath: part)
            if let data { try data.write(to: URL(fileURLWithPath: part)) }
        }
        var flipped = good
        flipped[good.count / 2] ^= 1
        let variants: [(String, Data?)] = [
            ("truncated", good.dropLast(7)), ("a bit flipped", flipped), ("longer", good + [0]),
            ("empty", Data()), ("missing", nil),
        ]
        for (what, data) in variants {
            try put(data)
            try damaged(scene, what)
            if data == nil { try good.write(to: URL(fileURLWithPath: part)) } else { try put(good) }
        }
        #expect(try scene.pgretain("archives", "verify").status == 0, "good again")
    }

    /// Every number and word of a manifest, changed with its checksum left as it is, and with one
    /// that fits.
    @Test func aManifestThatLies() throws {
        let scene = try scene(then: "keep")
        #expect(try scene.night(nil).status == 0)
        try scene.configure(Scene.policy())
        try scene.approve()
        let path = scene.archives + "/public.logs/year=2025/month=01/_manifest.json"
        let good = try String(contentsOfFile: path, encoding: .utf8)
        let lies = [
            ("\"rows\": 50", "\"rows\": 49"), ("\"month\"", "\"mouth\""),
            ("year", "yeah"), ("\"format\": 1", "\"format\": 2"),
            ("\"generation\": 1", "\"generation\": 01"),
            ("\"part-00000.ndjson.gz\"", "\"../part-00000.ndjson.gz\""),
            ("\"created_at\"", "\"createt_at\""), ("2025-01-01T00:00:00", "2025-01-02T00:00:00"),
            ("\"nullable\": false", "\"nullable\": true"),
        ].filter { good.contains($0.0) }
        try #require(lies.count >= 6)
        for (truth, lie) in lies {
            let told = good.replacingOccurrences(of: truth, with: lie)
            try FileManager.default.removeItem(atPath: path)
            try told.write(toFile: path, atomically: false, encoding: .utf8)
            try damaged(scene, lie)
        }
    }

    @Test func anArchiveThatIsNotThere() throws {
        let scene = try scene()
        let missing = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2024-01", "--into", "public.back")
        #expect(missing.status == 66)
        #expect(missing.stderr.contains("archives list"))
        let shown = try scene.pgretain("archives", "show", "--table", "logs", "--period", "2024-01")
        #expect(shown.status == 66)
        #expect(try scene.night(nil).status == 0)
        try FileManager.default.removeItem(
            atPath: scene.archives + "/public.logs/year=2025/month=01")
        let list = try scene.pgretain("archives", "list")
        #expect(list.status == 66, "\(list.stderr)")
        #expect(list.stderr.contains("month=01"))
    }

    /// Regression: what `check` called critical, a night passed over in silence.
    @Test func aNightSaysThatAnArchiveIsLostAndDoesItsOtherWork() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 4, rows: 20)
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        try scene.approve()
        #expect(try scene.night(nil, "--max-retire", "1").status == 0)
        let archive = scene.archives + "/public.logs/year=2025/month=01"
        try FileManager.default.moveItem(atPath: archive, toPath: scene.archives + "-away")
        #expect(try scene.pgretain("plan").stdout.contains("warning: The ledger names the archive"))
        let night = try scene.night(nil, "--max-retire", "1")
        #expect(night.status == 66, "\(night.stderr)")
        #expect(night.stderr.contains("[archive.lost]"), "\(night.stderr)")
        #expect(try scene.slices() == ["public.logs/year=2025/month=02"])
        #expect(try !scene.partitions().contains("logs_2025_02"))
        try FileManager.default.moveItem(atPath: scene.archives + "-away", toPath: archive)
        #expect(try scene.night(nil, "--max-retire", "1").status == 0)
    }

    @Test func aLossThatIsAcceptedIsNoAlarmAnyMore() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3, rows: 20)
        let policy = Scene.policy(more: ["premake: 0"])
        try scene.configure(policy)
        try scene.approve()
        #expect(try scene.night(nil).status == 0)
        let accept = [
            "archives", "accept", "--table", "logs", "--period", "2025-01", "--reason", "a fire",
        ]
        #expect(try scene.pgretain(accept).status == 66, "it is there")

        // A disk that is not mounted is no loss, nor is what a copy has.
        let (files, store, away) = (FileManager.default, scene.archives, scene.archives + "-away")
        try files.moveItem(atPath: store, toPath: away)
        try files.createDirectory(atPath: store, withIntermediateDirectories: false)
        #expect(try scene.pgretain(accept).status == 69)
        try files.removeItem(atPath: store)
        try files.copyItem(atPath: away, toPath: store)
        let months = ["01", "02"].map { store + "/public.logs/year=2025/month=\($0)" }
        for month in months { try files.removeItem(atPath: month) }
        try scene.configure(policy, extra: "copies: [\(away)]")
        let refused = try scene.pgretain(accept)
        #expect(refused.status == 76 && refused.stderr.contains("accept.copy"), "\(refused.stderr)")

        try scene.configure(policy)
        let accepted = try scene.pgretain(accept)
        #expect(accepted.stdout.contains("month=01, lost: "), "\(accepted.stdout)")
        #expect(try scene.pgretain(accept).status == 66, "once is enough")
        let night = try scene.night(nil)
        #expect(night.status == 66, "another is lost still")
        #expect(!night.stderr.contains("month=01"), "\(night.stderr)")
        #expect(night.stderr.contains("month=02"), "\(night.stderr)")
        let list = try scene.pgretain("archives", "list")
        #expect(list.status == 66 && list.stderr.contains("month=01"), "\(list.stderr)")
        // What comes late into such a range is archived as any row.
        try files.copyItem(atPath: away + "/public.logs/year=2025/month=02", toPath: months[1])
        try scene.database.psql(
            """
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
            INSERT INTO logs (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20')
            """)
        let next = try scene.night(nil)
        #expect(next.status == 0, "\(next.stderr)")
        #expect(try scene.slices().contains("public.logs/year=2025/month=01"))
        try files.removeItem(atPath: months[0])
        #expect(try scene.night(nil).status == 66, "that one is another")
    }

    /// Its rows are there still: it is made anew, and was lost to nobody.
    @Test func anArchiveThatTheNightMakesAnewIsNotLost() throws {
        let scene = try scene(then: "keep")
        #expect(try scene.night(nil).status == 0)
        try FileManager.default.removeItem(
            atPath: scene.archives + "/public.logs/year=2025/month=01")
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.slices().contains("public.logs/year=2025/month=01"))
    }

    @Test func aTableThatIsThereIsNotOverwritten() throws {
        let scene = try scene()
        #expect(try scene.night(nil).status == 0)
        try scene.database.psql("CREATE TABLE back (precious int); INSERT INTO back VALUES (1)")
        let outcome = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--into", "public.back")
        #expect(outcome.status == 1, "\(outcome.stderr)")
        #expect(outcome.stderr.contains("restore.exists"))
        #expect(try scene.database.psql("SELECT count(*) FROM back") == "1")
    }
}
