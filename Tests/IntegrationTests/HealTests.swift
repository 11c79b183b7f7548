import Foundation
import TestSupport
import Testing

/// A night that is killed, wherever it is, is finished by the next, and nothing is lost.
@Suite struct Heal {
    /// Three months ready to go; `users` is what a foreign key of the table names.
    private func scene(months: Int = 3, rows: Int = 200, more: [String] = [], extra: String = "")
        throws -> Scene
    {
        let scene = try Scene()
        try scene.makeLogs(months: months, rows: rows)
        try scene.database.psql(
            """
            CREATE TABLE users (id int PRIMARY KEY);
            ALTER TABLE logs ADD COLUMN user_id int REFERENCES users;
            """)
        try scene.configure(
            Scene.policy(more: ["premake: 1"] + more),
            extra: "\(extra)\nlimits: { max_retire: 20, lock_timeout: 100ms, lock_attempts: 100 }")
        try scene.approve()
        return scene
    }

    private func expectFinished(_ scene: Scene, _ all: [Int]) throws {
        let after = try scene.nightOnceFree()
        #expect(after.status == 0, "\(after.stderr)")
        #expect(try scene.unfinished() == [])
        #expect(try scene.quarantined() == 0)
        let old = try scene.partitions().filter { $0.hasPrefix("logs_2025") }
        #expect(old == [], "all of it went")
        #expect(try (scene.ids() + scene.idsInArchives()).sorted() == all, "each row once")
        let verified = try scene.pgretain("archives", "verify")
        #expect(verified.status == 0, "\(verified.stderr)")
        let twice = try scene.database.superuser(
            """
            SELECT count(*) FROM (SELECT FROM pgretain.ledger WHERE kind IN ('detached', 'dropped')
                GROUP BY kind, relation_oid HAVING count(*) > 1) AS x
            """)
        #expect(twice == "0")
    }

    /// An archive may stand under another name then: what is exported anew might lack its rows.
    @Test func nothingLeavesWhereTheStoreIsNotHealed() throws {
        let scene = try scene()
        let place = "\(scene.archives)/public.logs/year=2025"
        for name in ["month=01", ".replaced-month=01"] {
            try FileManager.default.createDirectory(
                atPath: "\(place)/\(name)", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o750])
        }
        // Of a later version: nobody here can tell what it is the successor of.
        let later = """
            {
              "format": 99,
              "checksum": "cf1399c777ccf0a36f6865f29d8774205e527c9ec5a684562f0bc3c87e180d63"
            }

            """
        try later.write(
            toFile: "\(place)/month=01/_manifest.json", atomically: true, encoding: .utf8)
        let before = try scene.partitions()
        let night = try scene.pgretain("run")
        #expect(night.status == 65, "\(night.stderr)")
        #expect(night.stderr.contains("[archive.format]"), "\(night.stderr)")
        #expect(try Set(before).isSubset(of: scene.partitions()), "nothing went")
        #expect(try scene.partitions().count > before.count, "premaking went on")
        #expect(try scene.quarantined() == 0)
    }

    @Test func killedBeforeADrop() throws {
        let scene = try scene()
        let all = try scene.ids()
        let night = try scene.pgretain(
            "run", environment: ["PGRETAIN_FAIL_AT": "sql.table.drop.before#1=crash"])
        #expect(night.status == 128 + SIGKILL)
        #expect(try Set(scene.idsInTables() + scene.idsInArchives()) == Set(all))
        #expect(try scene.quarantined() == 1)
        try expectFinished(scene, all)
    }

    @Test func killedBeforeADetach() throws {
        let scene = try scene()
        let all = try scene.ids()
        let holder = try scene.database.session()
        holder.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
        let night = try scene.start("run")
        try scene.waitForStep("pgretain: detach logs_2025_01")
        night.signal(SIGKILL)
        #expect(night.wait().status == 128 + SIGKILL)
        holder.ask("COMMIT;")
        let found = try Set(scene.idsInTables() + scene.idsInArchives())
        #expect(found == Set(all))
        #expect(try scene.quarantined() == 0)
        try expectFinished(scene, all)
    }

    @Test func killedInTheCopyOfAnExport() throws {
        let scene = try scene(rows: 20_000, more: ["compression: 12"], extra: "part_size: 1 MiB")
        try scene.database.psql("UPDATE logs SET message = repeat(md5(id::text), 40)")
        let all = try scene.ids()
        let night = try scene.start("run")
        try scene.waitForStatement("COPY%")
        night.signal(SIGKILL)
        #expect(night.wait().status == 128 + SIGKILL)
        #expect(try scene.slices() == [])
        #expect(try scene.ids() == all)
        try expectFinished(scene, all)
    }

    /// Regression: one partition under an exclusive lock stopped the whole table, premake too.
    @Test func aPartitionThatIsHeldExclusivelyStopsNoOther() throws {
        let scene = try hurried()
        let all = try scene.ids()
        let holder = try scene.database.session()
        holder.ask("BEGIN; LOCK TABLE logs_2025_02 IN ACCESS EXCLUSIVE MODE;")
        let night = try scene.night(nil)
        #expect(night.status == 75 && night.stderr.contains("logs_2025_02"), "\(night.stderr)")
        let left = try scene.partitions()
        #expect(left.filter { $0.hasPrefix("logs_2025") } == ["logs_2025_02"], "\(night.stderr)")
        #expect(left.count == 3, "this month and the next were made")
        holder.ask("COMMIT;")
        try expectFinished(scene, all)
    }

    /// Between the manifest and the detach there is no lock to wait for: it is caught by its files.
    @Test(arguments: [".*/_manifest.json", "year=2025/month=01/_manifest.json"])
    func killedAroundThePublication(file: String) throws {
        let scene = try scene(months: 2, rows: 20_000)
        let all = try scene.ids()
        let night = try scene.start("run")
        while night.isRunning {
            let sealed = try Program.run(
                "/bin/sh",
                [
                    "-c", "ls \"$0\"/public.logs/\(file) \"$0\"/public.logs/*/\(file)",
                    scene.archives,
                ])
            if !sealed.stdout.isEmpty { break }
        }
        night.signal(SIGKILL)
        _ = night.wait()
        let found = try Set(scene.idsInTables() + scene.idsInArchives())
        #expect(found == Set(all))
        try expectFinished(scene, all)
    }

    @Test func killedFifteenTimesAtRandom() throws {
        let scene = try scene(months: 14, rows: 600, more: ["compression: 9"])
        let all = try scene.ids()
        var killed = 0
        for _ in 0..<15 {
            // By a program of its own: on a busy machine this one may wake up too late.
            let night = try Program.run(
                "/usr/bin/timeout",
                [
                    "-s", "KILL", "\(Double.random(in: 0.05...0.6))", Program.pgretain, "run",
                    "--config", scene.configuration,
                ])
            if night.status == 128 + SIGKILL { killed += 1 }
            // Tables first: what is gone from there was published before.
            let tables = try scene.idsInTables()
            let archives = try scene.idsInArchives()
            #expect(Set(tables).union(archives) == Set(all), "after kill \(killed)")
            #expect(tables.count == Set(tables).count && archives.count == Set(archives).count)
        }
        #expect(killed > 0)
        try expectFinished(scene, all)
    }

    // MARK: DETACH CONCURRENTLY

    /// A scene where nobody is waited for long.
    private func hurried() throws -> Scene {
        let scene = try scene()
        try scene.configure(
            Scene.policy(more: ["premake: 1"]),
            extra: "limits: { max_retire: 20, lock_timeout: 50ms, lock_attempts: 2 }")
        return scene
    }

    @Test func aParentThatIsNeverIdleIsLeftTheSlowWay() throws {
        let scene = try hurried()
        let all = try scene.ids()
        let reader = try scene.database.session()
        reader.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
        let night = try scene.start("run", "--max-retire", "1")
        try scene.waitForStatement("%DETACH PARTITION%logs_2025_01%CONCURRENTLY%")
        #expect(reader.ask("SELECT 'not frozen' FROM logs LIMIT 1;") == "not frozen")
        reader.ask("COMMIT;")
        let outcome = night.wait()
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let events = try scene.events(of: "logs_2025_01")
        #expect(events == ["archived", "detaching", "detached", "dropped"])
        try expectFinished(scene, all)
    }

    @Test func killedInAConcurrentDetach() throws {
        let scene = try hurried()
        let all = try scene.ids()
        let reader = try scene.database.session()
        reader.ask("BEGIN; LOCK TABLE ONLY logs IN ACCESS SHARE MODE;")
        let night = try scene.start("run")
        try scene.waitForStatement("%DETACH PARTITION%logs_2025_01%CONCURRENTLY%")
        night.signal(SIGKILL)
        _ = night.wait()
        try scene.waitUntil(
            "NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY' "
                + "AND state = 'active' AND datname = current_database())")
        let pending = try scene.database.superuser(
            "SELECT inhrelid::regclass FROM pg_inherits WHERE inhdetachpending")
        #expect(pending == "logs_2025_01")
        #expect(try Set(scene.idsInTables()) == Set(all))
        reader.ask("COMMIT;")
        try expectFinished(scene, all)
        let events = try scene.events(of: "logs_2025_01")
        #expect(events == ["archived", "detaching", "detached", "dropped"])
    }

    /// Regression: a detach that could not be finished stopped months from being made ahead.
    @Test func aPendingDetachThatCannotEndStopsNothingElse() throws {
        let scene = try hurried()
        let all = try scene.ids()
        // An old snapshot: FINALIZE waits for it, and so does DETACH CONCURRENTLY.
        let reader = try scene.database.session()
        reader.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM logs;")
        let first = try scene.night(nil, "--only", "retire", "--max-retire", "1")
        #expect(first.status == 75, "\(first.stderr)")
        let pending = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"
        #expect(try scene.database.superuser(pending) == "1")
        #expect(try scene.partitions().count == 3)

        let second = try scene.night(nil, "--max-retire", "1", "--json")
        #expect(second.status == 75, "\(second.stderr)")
        #expect(try scene.partitions().count == 5, "this month and the next were made")
        #expect(try scene.database.superuser(pending) == "1")
        #expect(!second.stderr.contains("database.refused"), "\(second.stderr)")
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("its detach has begun"), "\(plan.stdout)")

        reader.ask("COMMIT;")
        try expectFinished(scene, all)
    }

    /// Regression: what was announced and never began ended every following night in 70.
    @Test func aDetachThatNeverBeganIsBegunAgain() throws {
        let scene = try hurried()
        let all = try scene.ids()
        let holder = try scene.database.session()
        holder.ask("BEGIN; LOCK TABLE ONLY logs IN SHARE UPDATE EXCLUSIVE MODE;")
        let first = try scene.night(nil, "--only", "retire", "--max-retire", "1")
        #expect(first.status == 75, "\(first.stderr)")
        #expect(try scene.events(of: "logs_2025_01") == ["archived", "detaching"])
        #expect(
            try scene.database.superuser("SELECT bool_or(inhdetachpending) FROM pg_inherits") == "f"
        )
        holder.ask("COMMIT;")
        try expectFinished(scene, all)
    }

    @Test func anotherOnesPendingDetachIsNeverTouched() throws {
        let scene = try hurried()
        let reader = try scene.database.session()
        reader.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM logs;")
        let other = try scene.database.session()
        other.ask("SET lock_timeout = 500;")
        #expect(
            other.ask("ALTER TABLE logs DETACH PARTITION logs_2025_01 CONCURRENTLY;")
                .contains("lock timeout"))
        reader.ask("COMMIT;")
        let rows = try scene.digest(of: "logs_2025_01")
        for _ in 0..<2 {
            let night = try scene.night(nil)
            #expect(night.status == 0, "\(night.stderr)")
        }
        #expect(try scene.pgretain("plan").stdout.contains("somebody else has begun to detach it"))
        let pending = try scene.database.superuser(
            "SELECT inhrelid::regclass FROM pg_inherits WHERE inhdetachpending")
        #expect(pending == "logs_2025_01")
        #expect(try scene.digest(of: "logs_2025_01") == rows)
        #expect(try scene.slices() == ["02", "03"].map { "public.logs/year=2025/month=\($0)" })
    }
}
