import Foundation
import TestSupport
import Testing

/// A second store has every archive too, and nothing leaves the database before both were read
/// back.
@Suite struct SecondStores {
    private func copy(of scene: Scene) -> String { scene.archives + "-second" }

    private func scene(then: String = "drop", grace: String = "0 days", withCopy: Bool = true)
        throws
        -> Scene
    {
        let scene = try Scene()
        try scene.makeLogs(months: 2, rows: 60)
        try configure(scene, then: then, grace: grace, withCopy: withCopy)
        try scene.approve()
        try FileManager.default.createDirectory(
            atPath: copy(of: scene), withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750])
        return scene
    }

    private func configure(_ scene: Scene, then: String, grace: String, withCopy: Bool = true)
        throws
    {
        try scene.configure(
            Scene.policy(then: then, grace: grace),
            extra: withCopy ? "copies: [\(copy(of: scene))]" : "")
    }

    private func run(_ scene: Scene, _ now: String? = nil) throws -> Outcome {
        try scene.night(now, "--max-retire", "9")
    }

    /// Both trees hold the same bytes, in files of their own.
    private func expectTwins(_ scene: Scene, _ what: String = "") throws {
        let different = try Program.run(
            "/usr/bin/diff", ["-r", "-x", ".checks", scene.archives, copy(of: scene)])
        #expect(different.status == 0, "\(what): \(different.stdout)")
        let links = try Program.run(
            "/usr/bin/find", [copy(of: scene), "-type", "f", "-links", "+1"])
        #expect(links.stdout.isEmpty, "\(what): \(links.stdout)")
        let verified = try scene.pgretain("archives", "verify", "--archives", copy(of: scene))
        #expect(verified.status == 0, "\(what): \(verified.stderr)")
    }

    @Test func whatLeavesIsInBoth() throws {
        let scene = try scene()
        let conservation = try Conservation(scene)
        let night = try run(scene)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions().filter { $0.hasPrefix("logs_2025") }.isEmpty)
        try expectTwins(scene)
        // One disk is lost: the other has all there was.
        try FileManager.default.removeItem(atPath: scene.archives)
        try FileManager.default.moveItem(atPath: copy(of: scene), toPath: scene.archives)
        try conservation.expectEachOnce("out of the copy")
        let restored = try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--attach")
        #expect(restored.status == 0, "\(restored.stderr)")
    }

    @Test func withoutTheSecondNothingLeaves() throws {
        let scene = try scene()
        try FileManager.default.removeItem(atPath: copy(of: scene))
        let night = try run(scene)
        #expect(night.status == 73, "\(night.stderr)")
        #expect(night.stderr.contains("-second"), "\(night.stderr)")
        #expect(try scene.partitions().filter { $0.hasPrefix("logs_2025") }.count == 2)
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("-second"), "\(plan.stdout)")
    }

    @Test func oneDirectoryIsNoTwoStores() throws {
        let scene = try scene()
        let second = copy(of: scene)
        try FileManager.default.removeItem(atPath: second)
        for place in [scene.archives, scene.archives + "/below"] {
            try FileManager.default.createSymbolicLink(
                atPath: second, withDestinationPath: place)
            if place != scene.archives {
                try FileManager.default.createDirectory(
                    atPath: place, withIntermediateDirectories: false,
                    attributes: [.posixPermissions: 0o750])
            }
            let night = try run(scene)
            #expect(night.status == 78 && night.stderr.contains("copy.same"), "\(night.stderr)")
            try FileManager.default.removeItem(atPath: second)
        }
        #expect(try scene.slices().isEmpty)
    }

    /// An empty directory where the disk was mounted.
    @Test func aStoreThatWasSomethingElseIsRefused() throws {
        let scene = try scene(then: "keep")
        #expect(try run(scene).status == 0)
        try FileManager.default.moveItem(
            atPath: copy(of: scene), toPath: copy(of: scene) + "-away")
        try FileManager.default.createDirectory(
            atPath: copy(of: scene), withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o750])
        let night = try run(scene)
        #expect(night.status == 69 && night.stderr.contains("copy.unbound"), "\(night.stderr)")
        let rebound = try scene.pgretain(
            "rebind", "--archives", copy(of: scene), "--reason", "a new disk")
        #expect(rebound.status == 0, "\(rebound.stderr)")
        #expect(try run(scene).status == 0)
        try expectTwins(scene)
    }

    /// What is damaged in the copy keeps its table, until it is copied again.
    @Test func aDamagedCopyKeepsTheTable() throws {
        let scene = try scene(grace: "7 days")
        #expect(try run(scene).status == 0)
        #expect(try scene.quarantined() == 2)
        let slice = copy(of: scene) + "/public.logs/year=2025/month=01"
        let part = slice + "/part-00000.ndjson.gz"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: part))
        bytes[bytes.count / 2] ^= 1
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: part)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: part))
        try file.write(contentsOf: bytes)
        try file.close()
        // The grace is over.
        try scene.database.superuser(
            """
            ALTER TABLE pgretain.ledger DISABLE TRIGGER USER;
            UPDATE pgretain.ledger SET drop_after = now() WHERE drop_after IS NOT NULL;
            ALTER TABLE pgretain.ledger ENABLE TRIGGER USER
            """)
        let night = try run(scene)
        #expect(night.status == 65, "\(night.stderr)")
        #expect(night.stderr.contains("In the copy at"), "\(night.stderr)")
        #expect(try scene.quarantined() == 1, "February has left")
        try FileManager.default.removeItem(atPath: slice)
        let again = try run(scene)
        #expect(again.status == 0, "\(again.stderr)")
        #expect(try scene.quarantined() == 0)
        try expectTwins(scene)
    }

    /// A store that comes later gets what is long gone from the database, and new generations.
    @Test func aLaterStoreCatchesUp() throws {
        let scene = try scene(withCopy: false)
        #expect(try run(scene).status == 0)
        try configure(scene, then: "drop", grace: "0 days")
        let night = try scene.night(nil, "-v")
        #expect(night.status == 0, "\(night.stderr)")
        try expectTwins(scene)
        try scene.database.psql(
            """
            CREATE TABLE logs_2025_01 PARTITION OF logs
                FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-02-01 00:00+00');
            INSERT INTO logs (level, created_at) VALUES ('LATE', '2025-01-03 00:00+00')
            """)
        let late = try run(scene)
        #expect(late.status == 0, "\(late.stderr)")
        try expectTwins(scene)
    }

    @Test func whereverANightEndsBothHaveItInTheEnd() throws {
        let trace = try scene()
        let file = trace.configuration + ".trace"
        try #require(
            try trace.pgretain(
                ["run", "--max-retire", "9"], environment: ["PGRETAIN_FAIL_TRACE": file]
            ).status == 0)
        for place in Faults.chosen(try Place.passed(file), of: { $0.name }) {
            let scene = try scene()
            let conservation = try Conservation(scene)
            let broken = try scene.pgretain(
                ["run", "--max-retire", "9"],
                environment: ["PGRETAIN_FAIL_AT": "\(place)=crash"])
            #expect(broken.status == 137, "\(place)")
            try conservation.expectHealed("\(place)", by: "--max-retire", "9")
            try expectTwins(scene, "\(place)")
        }
    }
}
