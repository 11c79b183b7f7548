import Foundation
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
}
