import Foundation
import Retention
import TestSupport
import Testing

/// A drill brings an archive back, and leaves nothing but what it found.
@Suite struct Drills {
    @Test func aDrillIsMeasuredAndLeavesNothing() throws {
        let world = try RestoreScene(isGated: false)
        let before = try world.scene.picture()
        let outcome = try world.scene.pgretain("restore", "--drill")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(outcome.stdout.contains("20 100 rows"), "\(outcome.stdout)")
        #expect(try world.scene.picture() == before)
        #expect(try world.hidden() == [])
        let event = try world.scene.database.superuser(
            """
            SELECT kind, rows, archive, (details ->> 'seconds')::float8 > 0
            FROM pgretain.ledger ORDER BY id DESC LIMIT 1
            """)
        #expect(event == "drilled|20100|year=2025/month=01|t")
        let status = try world.scene.pgretain("status")
        #expect(status.stdout.contains("20 100 rows back in"), "\(status.stdout)")
        let json = try JSONView(try world.scene.pgretain("status", "--json").stdout)
        #expect(json["status"]["tables"][0]["drill"]["rows"].number == 20_100)

        // What nobody could bring back is found by a drill.
        let part = try #require(
            try world.scene.archiveFiles().first { $0.hasSuffix("00.ndjson.gz") })
        let path = world.scene.archives + "/" + part
        let size = try #require(FileManager.default.contents(atPath: path)).count
        try FileManager.default.removeItem(atPath: path)
        try Data(count: size).write(to: URL(fileURLWithPath: path))
        #expect(try world.scene.pgretain("restore", "--drill").status == 65)
        #expect(try world.hidden() == [])
        let failed = try world.scene.database.superuser(
            """
            SELECT kind, archive, details ->> 'problem', details ->> 'status'
            FROM pgretain.ledger ORDER BY id DESC LIMIT 1
            """)
        #expect(failed.hasPrefix("drill failed|year=2025/month=01|archive."), "\(failed)")
        #expect(failed.hasSuffix("|65"))
        let told = try world.scene.pgretain("status").stdout
        #expect(told.contains("drill failed") && told.contains("rows back in") == false, "\(told)")
    }

    /// The nights do it, each archive in its turn, and say what they found; what cannot be brought back
    /// wakes somebody.
    @Test func nightsDoIt() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3, rows: 10)
        func configure(_ more: String) throws {
            try scene.configure(
                Scene.policy(then: "keep", more: ["premake: 0"]),
                extra: more + "\n" + CheckScene.ignoring)
        }
        func drilled(_ kind: String = "drilled") throws -> [String] {
            try scene.database.superuser(
                "SELECT archive FROM pgretain.ledger WHERE kind = '\(kind)' ORDER BY id"
            ).split(separator: "\n").map(String.init)
        }
        try configure("")
        #expect(try scene.night(nil, "--max-retire", "9").status == 0)
        let slices = try scene.slices()
        #expect(try slices.count == 3 && drilled() == [], "nobody has asked for one")

        // Whoever asks gets one each time, and none comes back twice before all have.
        for _ in slices {
            let night = try scene.night(nil, "--drill", "--json")
            #expect(night.status == 0, "\(night.stderr)")
            #expect(night.stdout.contains("came back whole"))
        }
        #expect(try Set(drilled()).count == 3)
        try configure("drill: weekly")
        #expect(try scene.night(nil).status == 0)
        #expect(try drilled().count == 3, "the last one was just now")
        let report = try scene.pgretain("report", "--json")
        let json = try JSONView(report.stdout)["growth"]["tables"][0]["drill"]
        #expect(json["rows"].number == 10)
        #expect(try scene.pgretain("report").stdout.contains("10 rows back in"))
        func findings() throws -> [Finding.ID: String] {
            try CheckScene.check(scene, now: nil).findings
        }
        #expect(try findings()[.drillOverdue] == nil && findings()[.drillFailed] == nil)
        let metrics = try scene.pgretain("check", "--output", "prometheus").stdout
        #expect(metrics.contains("pgretain_last_drill_rows 10"))

        // The next ones are days later, as far as the ledger knows.
        func age(_ days: Int) throws {
            try scene.database.superuser(
                """
                BEGIN; SET LOCAL session_replication_role = replica;
                UPDATE pgretain.ledger SET at = at - interval '\(days) days' WHERE kind = 'drilled';
                COMMIT
                """)
        }
        try age(10)
        #expect(try findings()[.drillOverdue] == "warning")
        let next = try drilled()[0]
        let part = scene.archives + "/public.logs/" + next + "/part-00000.ndjson.gz"
        let whole = try Data(contentsOf: URL(fileURLWithPath: part))
        try FileManager.default.removeItem(atPath: part)
        try Data(count: whole.count).write(to: URL(fileURLWithPath: part))
        for nights in 1...2 {
            let night = try scene.night(nil)
            #expect(night.status == 65, "\(night)")
            #expect(try drilled("drill failed") == Array(repeating: next, count: nights))
        }
        #expect(try findings()[.drillFailed] == "critical")
        try FileManager.default.removeItem(atPath: part)
        try whole.write(to: URL(fileURLWithPath: part))
        #expect(try scene.night(nil).status == 0)
        #expect(try drilled().last == next)
        let healed = try findings()
        #expect(healed[.drillFailed] == nil && healed[.drillOverdue] == nil)

        // None while all is paused, though it is time.
        try age(10)
        #expect(try scene.pgretain("pause", "--reason", "later").status == 0)
        #expect(try scene.night(nil).status == 0)
        #expect(try drilled().count == 4)
    }

    @Test func aKilledDrillIsCleanedUpByTheNext() throws {
        let world = try RestoreScene()
        let gate = try world.closedGate()
        let running = try Program.start(
            ["restore", "--drill", "--config", world.scene.configuration])
        let table = try world.hiddenAtGate(sessions: 3)
        running.signal(SIGKILL)
        _ = running.wait()
        world.open(gate)
        try world.waitForEnd()
        #expect(try world.hidden() == [table])
        let again = try world.scene.pgretain(
            "restore", "--drill", "--table", "public.logs", "--period", "2025-01")
        #expect(again.status == 0, "\(again.stderr)")
        #expect(try world.hidden() == [])
    }

    /// Regression: it failed night after night, and none of the others had its turn.
    @Test func whatATypeIsGoneOfIsProvenAllTheSame() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 1, rows: 10)
        try scene.database.psql(
            """
            CREATE TYPE lvl AS ENUM ('INFO');
            ALTER TABLE logs ALTER COLUMN level TYPE lvl USING level::lvl;
            """)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        #expect(try scene.night(nil).status == 0)
        try scene.database.psql("ALTER TABLE logs ALTER COLUMN level TYPE text; DROP TYPE lvl")
        let drill = try scene.pgretain("restore", "--drill")
        #expect(drill.status == 0 && drill.stdout.contains("10 rows"), "\(drill)")
        #expect(drill.stderr.contains("there is no type public.lvl"), "\(drill.stderr)")
        #expect(try scene.night(nil, "--drill").status == 0)
    }
}
