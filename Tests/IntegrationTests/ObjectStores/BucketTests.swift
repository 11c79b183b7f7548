import Foundation
import TestSupport
import Testing

/// Archives in a bucket are made, proven, copied, brought back and removed as those in a directory
/// are.
///
/// `PGRETAIN_S3_FAULTS=N` makes N requests fail, instead of a few.
@Suite struct Buckets {
    private func scene(
        from first: String = "2025-01-01", months: Int = 2, more: [String] = ["premake: 1"],
        extra: String = "", in store: ObjectStoreServer = .shared
    ) throws -> Scene {
        let scene = try Scene(in: store)
        try scene.makeLogs(from: first, months: months, rows: 40)
        try scene.configure(Scene.policy(more: more), extra: extra)
        try scene.approve()
        return scene
    }

    private func second(_ scene: Scene) throws -> String {
        let path = scene.archives + "-second"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750])
        return path
    }

    /// The bucket holds what the directory does, byte for byte.
    private func expectTwins(_ scene: Scene, _ second: String) throws {
        try scene.mirror()
        let different = try Program.run(
            "/usr/bin/diff", ["-r", "-x", ".checks", scene.archives, second])
        #expect(different.status == 0, "\(different.stdout)")
    }

    private func expectSuccess(_ scene: Scene, _ arguments: String...) throws -> Outcome {
        let outcome = try scene.pgretain(arguments)
        #expect(outcome.status == 0, "\(arguments): \(outcome.stdout) \(outcome.stderr)")
        return outcome
    }

    @Test func anArchivesWholeLife() throws {
        let scene = try Scene(in: .shared)
        let second = try second(scene)
        try scene.makeLogs(from: "2018-01-01", months: 3, rows: 40)
        try scene.configure(
            Scene.policy(more: ["premake: 0", "keep_archives: 7 years"]),
            extra: "copies: [\(second)]")
        try scene.approve()
        let rows = try Conservation(scene)
        let night = try scene.night("2018-12-01T00:00:00Z", "--max-retire", "9")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.slices().count == 3)
        try rows.expectEachOnce("in a bucket")
        try expectTwins(scene, second)

        let list = try expectSuccess(scene, "archives", "list", "--json")
        #expect(list.stdout.contains("\(scene.root)/public.logs/year=2018/month=01"))
        let found = try expectSuccess(
            scene, "search", "--table", "logs", "--where", "id=41", "--from",
            "2018-01-01T00:00:00Z", "--to", "2019-01-01T00:00:00Z", "--count")
        #expect(found.stdout == "1\n", "\(found.stdout)")
        _ = try expectSuccess(
            scene, "restore", "--table", "logs", "--period", "2018-03", "--into", "back")
        #expect(try scene.database.superuser("SELECT count(*) FROM back") == "40")
        try scene.database.superuser("DROP TABLE back")
        let ddl = try expectSuccess(
            scene, "archives", "export-ddl", "--engine", "duckdb", "--table", "logs")
        #expect(ddl.stdout.contains("'\(scene.root)/public.logs/year=*/month=*/part-*.ndjson.gz'"))

        _ = try expectSuccess(
            scene, "archives", "erase", "--table", "logs", "--where", "id=41", "--reason", "asked",
            "--yes")
        _ = try expectSuccess(scene, "archives", "verify")
        try expectTwins(scene, second)
        _ = try expectSuccess(
            scene, "archives", "expire", "--yes", "--now", "2025-02-02T00:00:00Z")
        #expect(try scene.slices().map { $0.suffix(8) } == ["month=02", "month=03"])
        try expectTwins(scene, second)
        #expect(try scene.unfinished().isEmpty)
        let check = try scene.pgretain("check", "--json")
        #expect(!check.stdout.contains("\"store."), "\(check.stdout)")
    }

    /// A directory is lost; its copy in a bucket has all there was.
    @Test func aCopyInABucket() throws {
        let store = ObjectStoreServer.shared
        let scene = try Scene()
        let copy = "s3://logs/\(scene.database.name)-copy"
        try scene.makeLogs(months: 2, rows: 40)
        try scene.configure(
            Scene.policy(more: ["premake: 1"]),
            extra: "copies: \(copy)\ns3: { endpoint: '\(store.endpoint)' }")
        try scene.approve()
        let night = try scene.pgretain(["run"], environment: ObjectStoreServer.environment)
        #expect(night.status == 0, "\(night.stderr)")
        try FileManager.default.removeItem(atPath: scene.archives)
        let back = try scene.pgretain(
            [
                "restore", "--table", "logs", "--period", "2025-01", "--into", "back",
                "--archives", copy,
            ], environment: ObjectStoreServer.environment)
        #expect(back.status == 0, "\(back.stderr)")
        #expect(try scene.database.superuser("SELECT count(*) FROM back") == "40")
    }

    /// What the store's owner got wrong is said, and nothing leaves the database.
    @Test func whatIsAwayOrForbidden() throws {
        let scene = try scene()
        let forbidden = try scene.pgretain(
            ["run"], environment: ["AWS_SECRET_ACCESS_KEY": "another"])
        #expect(forbidden.status == 77, "\(forbidden.stderr)")
        #expect(forbidden.stderr.contains("[store.permission]"), "\(forbidden.stderr)")
        try scene.configure(Scene.policy(), endpoint: "http://127.0.0.1:9")
        let away = try scene.pgretain("check", "--json")
        #expect(away.status == 2 && away.stdout.contains("store.unreachable"), "\(away.stdout)")
        try scene.configure(Scene.policy(), endpoint: "x", storing: "storage_class: DEEP_ARCHIVE")
        let wrong = try scene.pgretain("plan")
        #expect(wrong.status == 78 && wrong.stderr.contains("2 problems"), "\(wrong.stderr)")
        try scene.configure(Scene.policy(), storing: "versioned: false")
        let unversioned = try scene.pgretain("run")
        #expect(unversioned.status == 78, "\(unversioned.stderr)")
        #expect(unversioned.stderr.contains("[store.unversioned]"), "\(unversioned.stderr)")
        #expect(try scene.partitions().filter { $0.hasPrefix("logs_2025") }.count == 2)
    }

    /// A store that is not to be read any more is asked once, and not once an archive.
    @Test func whatGoesAwayMidwayIsSaidOnce() throws {
        let store = ObjectStoreServer()
        let scene = try scene(months: 3, in: store)
        _ = try expectSuccess(scene, "run", "--max-retire", "9")
        try store.tell("faults 1 1 parts")
        for arguments in [
            ["archives", "verify"],
            ["search", "--table", "logs", "--where", "level=INFO"],
        ] {
            let outcome = try scene.pgretain(arguments)
            #expect(outcome.status == 77, "\(arguments): \(outcome.stderr)")
            #expect(
                outcome.stderr.components(separatedBy: "[store.permission]").count == 2,
                "\(arguments): \(outcome.stderr)")
        }
        try store.tell("faults 0 1")
        #expect(try scene.pgretain("archives", "verify").status == 0)
    }

    /// What was being replaced is read, and is not changed until nobody can be late any more.
    @Test func aKilledErasureIsHealedInSteps() throws {
        let store = ObjectStoreServer()
        let scene = try scene(in: store)
        _ = try expectSuccess(scene, "run", "--max-retire", "9")
        let erase = [
            "archives", "erase", "--table", "logs", "--where", "id=3", "--reason", "asked", "--yes",
        ]
        // The third removes the parts from their place: the first is of the look at conditions, and the
        // second of the manifest.
        let killed = try scene.pgretain(
            erase, environment: ["PGRETAIN_FAIL_AT": "bucket.delete.before#3=crash"])
        #expect(killed.status == 128 + 9, "\(killed.stderr)")
        func rows() throws -> String {
            try expectSuccess(
                scene, "search", "--table", "logs", "--from", "2025-01-01T00:00:00Z", "--to",
                "2025-02-01T00:00:00Z", "--count"
            ).stdout
        }
        #expect(try rows() == "40\n")
        _ = try scene.pgretain("run")
        #expect(try rows() == "40\n")
        let again = try scene.pgretain(erase)
        #expect(again.status == 75, "\(again.stderr)")
        #expect(again.stderr.contains("[store.settling]"), "\(again.stderr)")
        for hours in 1...2 {
            try store.tell("later \(hours * 4000)")
            _ = try scene.pgretain("run")
        }
        _ = try scene.pgretain(erase)
        #expect(try rows() == "39\n")
        _ = try expectSuccess(scene, "archives", "verify")
        #expect(try scene.unfinished().isEmpty)
    }

    /// What is published is locked and has its class; all else can be removed.
    @Test func archivesAreLocked() throws {
        let scene = try Scene(in: .shared, bucket: "locked")
        try scene.makeLogs(from: "2018-01-01", months: 3, rows: 40)
        try scene.configure(
            Scene.policy(more: ["premake: 0", "keep_archives: 7 years"]),
            storing:
                "versioned: true, storage_class: STANDARD_IA, object_lock: { mode: compliance, days: 3 }"
        )
        try scene.approve()
        for time in ["2018-11-01T00:00:00Z", "2025-02-02T00:00:00Z"] {
            let night = try scene.night(time, "--max-retire", "9")
            #expect(night.status == 0, "\(night.stderr)")
        }
        let list = try expectSuccess(scene, "archives", "list")
        #expect(list.stdout.contains("month=02") && !list.stdout.contains("month=01"))
    }

    /// As in a directory, under one snapshot and page by page.
    @Test(arguments: [false, true])
    func aNightThatDiesAtAnyRequestIsFinishedByTheNext(isLarge: Bool) throws {
        func prepared() throws -> Scene {
            let scene = try scene(extra: "limits: { snapshot_age: 1 s }")
            if isLarge { try scene.makeSlow() }
            return scene
        }
        let all = try prepared().placesOfANight().filter { $0.name.hasPrefix("bucket.") }
        #expect(all.count > 20)
        for place in Faults.chosen(all, costing: 5, of: { $0.name }) {
            let scene = try prepared()
            let rows = try Conservation(scene)
            let night = try scene.pgretain(
                ["run"], environment: ["PGRETAIN_FAIL_AT": "\(place)=crash"])
            #expect(night.status == 128 + 9, "\(place): \(night.status) \(night.stderr)")
            try rows.expectHealed("\(place)")
        }
    }

    /// No fault of the network or of the store makes an archive that is not what it should be, and none
    /// makes a night say that it is done when it is not.
    @Test func nightsUnderFaults() throws {
        let store = ObjectStoreServer()
        let wanted =
            ProcessInfo.processInfo.environment["PGRETAIN_S3_FAULTS"].flatMap(Int.init) ?? 20
        let isLong = wanted > 100
        var nights = 0
        while try store.faults() < wanted {
            nights += 1
            let scene = try scene(months: isLong ? 12 : 2, in: store)
            let rows = try Conservation(scene)
            try store.tell("faults \(isLong ? 0.3 : 0.15) \(Faults.seed &+ UInt64(nights))")
            let night = try scene.pgretain("run", "--max-retire", "99")
            let verified = try scene.pgretain("archives", "verify")
            try store.tell("faults 0 1")
            if night.status == 0 {
                #expect(verified.status == 0, "\(nights): \(verified.stdout) \(verified.stderr)")
                try rows.expectEachOnce("night \(nights)")
            }
            try rows.expectHealed(
                "night \(nights), which ended in \(night.status)", by: "--max-retire", "99")
        }
        print("\(try store.faults()) requests failed in \(nights) nights")
    }
}
