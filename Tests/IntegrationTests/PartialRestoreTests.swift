import Foundation
import TestSupport
import Testing

/// Some rows of archives come back: all that were asked for, or none, and nothing else is read.
@Suite struct PartialRestores {
    /// January 2 to 15, a row a minute, in several parts; and what `n` a time is.
    private static let rightRows = """
        bool_and(message = repeat(md5((extract(epoch FROM created_at - '2025-01-02') / 60)::int::text), 8))
        """

    private func restore(_ world: RestoreScene, _ arguments: String...) throws -> Outcome {
        try world.scene.pgretain(["restore", "--table", "public.logs"] + arguments)
    }

    /// The parts, in their order, with zeros in place of what they hold.
    private func spoil(_ world: RestoreScene, _ isSpoilt: (Int) -> Bool) throws {
        let parts = try world.scene.archiveFiles().filter { $0.hasSuffix(".gz") }
        for (index, part) in parts.enumerated() where isSpoilt(index) {
            let path = world.scene.archives + "/" + part
            let size = try #require(FileManager.default.contents(atPath: path)).count
            try FileManager.default.removeItem(atPath: path)
            try Data(count: size).write(to: URL(fileURLWithPath: path))
        }
    }

    @Test func aDayIsReadOutOfItsPartsAlone() throws {
        let world = try RestoreScene(isGated: false)
        let day = ["--from", "2025-01-05", "--to", "2025-01-06"]
        let plan = try restore(world, day[0], day[1], day[2], day[3], "--dry-run", "--json")
        let archive = try JSONView(plan.stdout)["restore"]["archives"][0]
        let (read, all) = (archive["parts_read"].number ?? 0, archive["parts"].number ?? 0)
        #expect(read >= 1 && read < all, "\(plan.stdout)")
        // Keys are in the order of parts here: 1440 rows of 20 100, after the first 4 420.
        let first = 4_420 * all / 20_100
        try spoil(world) { $0 < first - 1 || $0 > first + read + 1 }
        let outcome = try restore(world, day[0], day[1], day[2], day[3])
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let name = "logs_restored_20250105_20250106"
        #expect(outcome.stdout.contains(name), "\(outcome.stdout)")
        let found = try world.scene.database.superuser(
            "SELECT count(*), min(created_at), max(created_at), \(Self.rightRows) FROM \(name)")
        #expect(found == "1440|2025-01-05 00:00:00+00|2025-01-05 23:59:00+00|t")
        #expect(try world.scene.database.superuser("SELECT count(*) FROM pgretain.pins") == "0")

        // A part of the range that cannot be trusted: nothing at all.
        try spoil(world) { _ in true }
        let damaged = try restore(world, day[0], day[1], day[2], day[3], "--into", "public.back")
        #expect(damaged.status == 65, "\(damaged.stderr)")
        #expect(try !world.exists("public.back"))
        #expect(try world.hidden() == [])
    }

    /// Three archives, the columns of the table changing in between.
    private func drifting() throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(months: 4, rows: 200)
        try scene.configure(Scene.policy(more: ["premake: 0"]), extra: "workers: 3")
        try scene.approve()
        #expect(try scene.night(nil, "--only", "retire", "--max-retire", "1").status == 0)
        try scene.database.psql(
            """
            ALTER TABLE logs ADD COLUMN tenant int DEFAULT 7;
            ALTER TABLE logs DROP COLUMN message;
            """)
        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions() == ["logs_2025_04"])
        return scene
    }

    @Test func aRangeOverArchivesHasTheColumnsOfAll() throws {
        let scene = try drifting()
        let outcome = try scene.pgretain(
            "restore", "--table", "public.logs", "--from", "2025-01-01T01:00", "--to",
            "2025-02-01T01:00:00Z", "--where", "id!=70", "--into", "public.back")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        let found = try scene.database.superuser(
            """
            SELECT date_trunc('month', created_at)::date, count(*), count(message), count(tenant)
            FROM back GROUP BY 1 ORDER BY 1
            """)
        #expect(found == "2025-01-01|139|139|0\n2025-02-01|60|0|60")
        #expect(outcome.stderr.contains("message"), "what is NULL is said: \(outcome.stderr)")
        let none = try scene.pgretain(
            "restore", "--table", "public.logs", "--where", "level=NONE", "--into", "public.none")
        #expect(none.status == 66 && none.stderr.contains("restore.no-rows"), "\(none.stderr)")
        #expect(try scene.database.superuser("SELECT to_regclass('public.none')") == "")
        let typo = try scene.pgretain(
            "restore", "--table", "public.logs", "--where", "levle=INFO", "--into", "public.none")
        #expect(typo.status == 64, "\(typo.stderr)")
        let few = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-02", "--where", "id<=210")
        #expect(few.status == 0, "\(few.stderr)")
        #expect(try scene.ids(of: "logs_restored_2025_02_where") == Array(201...210))
        let conditions = try scene.database.superuser(
            "SELECT details ->> 'conditions' FROM pgretain.ledger ORDER BY id DESC LIMIT 1")
        #expect(conditions == "id<=…", "the ledger has no values, which it could never forget")
        let period = try scene.pgretain("restore", "--table", "public.logs", "--period", "2025-02")
        #expect(period.status == 0, "\(period.stderr)")
        #expect(try scene.ids(of: "logs_restored_2025_02").count == 200)
    }

    /// The archives that are there do not say where those end that were meant.
    @Test func aLostArchiveAtTheEdgeIsSeen() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 4, rows: 20)
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        try scene.approve()
        #expect(try scene.night(nil, "--only", "retire", "--max-retire", "9").status == 0)
        try FileManager.default.moveItem(
            atPath: scene.archives + "/public.logs/year=2025/month=03",
            toPath: scene.archives + "-lost")
        for rows in [["--where", "level=INFO"], ["--from", "2025-01-15"]] {
            let outcome = try scene.pgretain(
                ["restore", "--table", "public.logs", "--into", "public.back"] + rows)
            #expect(outcome.status == 66, "\(rows): \(outcome.stderr)")
            #expect(outcome.stderr.contains("[archive.lost]"), "\(rows): \(outcome.stderr)")
        }
        let before = try scene.pgretain(
            "restore", "--table", "public.logs", "--to", "2025-02-15", "--into", "public.back")
        #expect(before.status == 0, "\(before.stderr)")
        #expect(try scene.ids(of: "back") == Array(1...40))
    }

    /// The period was changed while the rows were there: a week beside the month that has it.
    @Test func whatTwoArchivesMayBothHaveIsNotTakenTwice() throws {
        let (months, weeks) = (try Scene(), try Scene())
        for scene in [months, weeks] { try scene.makeLogs(months: 3, rows: 20) }
        try weeks.database.psql(
            """
            ALTER TABLE logs DETACH PARTITION logs_2025_01;
            CREATE TABLE logs_w01 PARTITION OF logs FOR VALUES FROM ('2024-12-30') TO ('2025-01-06');
            INSERT INTO logs SELECT * FROM logs_2025_01;
            """)
        try months.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        try weeks.configure(Scene.policy(then: "keep", more: ["premake: 0", "period: week"]))
        for scene in [months, weeks] {
            let night = try scene.night(nil, "--only", "retire")
            #expect(night.status == 0, "\(night.stderr)")
        }
        let week = "/public.logs/year=2025/week=01"
        try FileManager.default.copyItem(
            atPath: weeks.archives + week, toPath: months.archives + week)

        func ask(_ command: [String], _ more: String...) throws -> Outcome {
            try months.pgretain(command + ["--table", "public.logs"] + more)
        }
        for outcome in [
            try ask(["search"], "--to", "2025-01-15", "--count"),
            try ask(["restore"], "--to", "2025-01-15", "--into", "public.back"),
            try ask(["restore"], "--where", "level=INFO", "--into", "public.back", "--dry-run"),
        ] {
            #expect(outcome.status == 65, "\(outcome.stdout) \(outcome.stderr)")
            let said = outcome.stdout + outcome.stderr
            #expect(said.contains("week=01 and ") && said.contains("month=01 both"), "\(said)")
        }
        #expect(try months.database.superuser("SELECT to_regclass('public.back')") == "")
        // Where there are two and no row is of both, or one was named, there is nothing to choose.
        for rows in [["--from", "2025-01-10"], ["--period", "2025-01"]] {
            let outcome = try ask(["restore"] + rows)
            #expect(outcome.status == 0, "\(rows): \(outcome.stderr)")
        }
        let later = try ask(["search"], "--from", "2025-02-01", "--count")
        #expect(later.status == 0 && later.stdout == "20\n", "\(later.stderr)")
    }

    @Test func aDryRunChangesNothing() throws {
        let scene = try drifting()
        let ledger = "SELECT count(*) FROM pgretain.ledger"
        let before = (try scene.picture(), try scene.database.superuser(ledger))
        let plan = try scene.pgretain(
            "restore", "--table", "public.logs", "--from", "2025-01-15", "--to", "2025-05-01",
            "--dry-run")
        #expect(plan.status == 0, "\(plan.stderr)")
        #expect(plan.stdout.contains("no archive covers [2025-04-01, 2025-05-01)"))
        let refused = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--attach", "--dry-run")
        #expect(refused.status == 65, "\(refused.stdout)")
        #expect(refused.stdout.contains("missing in the table"), "\(refused.stdout)")
        #expect(refused.stdout.contains("new in the table"), "\(refused.stdout)")
        #expect(try scene.picture() == before.0)
        #expect(try scene.database.superuser(ledger) == before.1)
    }

    /// A column that was renamed meanwhile is the same one, and its partition leaves again against
    /// the rows of its old archive.
    @Test func aRenamedColumnIsMapped() throws {
        let world = try RestoreScene(isGated: false)
        try world.scene.database.psql("ALTER TABLE logs RENAME COLUMN message TO body")
        let refused = try world.restore("--attach")
        #expect(refused.status == 65 && refused.stderr.contains("--map message=NAME"))
        #expect(refused.stderr.contains("missing in the table"), "\(refused.stderr)")
        let outcome = try world.restore("--attach", "--map", "message=body", "--pin", "1ms")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try world.scene.digest(of: "logs_2025_01") == world.before)
        let night = try world.scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try world.scene.partitions() == ["logs_2025_02"])
    }

    @Test func aKilledOneLeavesNothingAndTheNextFinishes() throws {
        let world = try RestoreScene()
        let range = [
            "restore", "--table", "public.logs", "--from", "2025-01-02", "--to", "2025-01-15",
            "--config", world.scene.configuration,
        ]
        let gate = try world.closedGate()
        let running = try Program.start(range)
        let table = try world.hiddenAtGate(sessions: 3)
        running.signal(SIGKILL)
        _ = running.wait()
        world.open(gate)
        try world.waitForEnd()
        let name = "public.logs_restored_20250102_20250115"
        #expect(try !world.exists(name))
        #expect(try world.hidden() == [table])
        let again = try Program.run(range)
        #expect(again.status == 0, "\(again.stderr)")
        #expect(try world.hidden() == [])
        #expect(try world.scene.ids(of: name).count == 13 * 1440 - 1)
    }

    /// What stands in the way of a partition is known before anything is loaded.
    @Test func rowsInDefaultAreInTheWay() throws {
        let world = try RestoreScene(isGated: false)
        try world.scene.database.psql(
            """
            CREATE TABLE logs_rest PARTITION OF logs DEFAULT;
            INSERT INTO logs (level, created_at) VALUES ('LATE', '2025-01-05');
            """)
        let plan = try world.restore("--attach", "--dry-run")
        #expect(plan.status != 0 && plan.stdout.contains("in the way:"), "\(plan.stdout)")
        #expect(plan.stdout.contains("logs_rest"), "\(plan.stdout)")
        let refused = try world.restore("--attach")
        #expect(refused.status == plan.status, "\(refused.stderr)")
        #expect(try world.hidden() == [])
    }
}
