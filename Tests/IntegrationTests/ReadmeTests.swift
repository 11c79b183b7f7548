import Foundation
import Retention
import SampleLogs
import TestSupport
import Testing

/// The commands of README.md, in its order, as a newcomer types them.
@Suite struct Readme {
    @Test func itsCommandsDoWhatItSays() throws {
        let scene = try Scene()
        var shape = SampleShape(firstMonth: CivilDate(year: 2025, month: 1), months: 14)
        shape.rows = 1500
        shape.hasEdgeRows = false
        try scene.database.psql(SystemLogsDefinition(shape).sql)
        var rows = SystemLogsRows(shape)
        try rows.write { try scene.database.copyIn("public.system_logs", Array($0)) }
        try scene.database.psql(
            """
            CREATE TABLE system_logs_now PARTITION OF system_logs
                FOR VALUES FROM ('2026-03-01 00:00+00') TO ('2999-01-01 00:00+00')
            """)
        let january = try scene.digest(of: "system_logs_2025_01")

        let place = TemporaryDirectory()
        let binaries = URL(fileURLWithPath: Program.pgretain).deletingLastPathComponent().path
        func here(_ text: String) -> String {
            text.replacingOccurrences(of: "service=logs", with: "\"\(scene.database.conninfo)\"")
                .replacingOccurrences(of: "/var/lib/pgretain/archives", with: scene.archives)
        }
        func type(_ command: String) throws {
            let line = "cd \(place.path) && PATH=\(binaries):$PATH && \(here(command))"
            let outcome = try Program.run(
                "/bin/sh", ["-c", line], environment: ["PGRETAIN_CONFIG": "pgretain.yaml"])
            #expect(outcome.status == 0, "\(command): \(outcome.stderr)")
        }

        let blocks = try Documentation.blocks("sh", of: "README.md").map {
            $0.split(separator: "\n").map(String.init)
        }
        try #require(blocks.map(\.count) == [3, 1, 4, 8])
        try blocks[0].forEach(type)
        #expect(try scene.slices().count == 14, "kept and archived")
        #expect(try scene.partitions(of: "system_logs").count == 15)

        let policy = try #require(try Documentation.blocks("yaml", of: "README.md").first)
        try here(policy).write(
            toFile: place.path + "/pgretain.yaml", atomically: true, encoding: .utf8)
        try blocks[1].forEach(type)
        try type("pgretain run --max-retire 20")
        #expect(try scene.partitions(of: "system_logs") == ["system_logs_now"])
        #expect(try scene.quarantined() == 14, "the grace has seven days to go")

        try blocks[3].forEach(type)
        #expect(try scene.digest(of: "public.back") == january)
        #expect(try scene.digest(of: "system_logs_2025_01") == january)
        try type("pgretain run --max-retire 20")
        #expect(try scene.partitions(of: "system_logs").contains("system_logs_2025_01"), "pinned")
    }

    @Test func aPlainTableIsAdoptedAsItSays() throws {
        let scene = try Scene()
        var shape = SampleShape(firstMonth: CivilDate(year: 2025, month: 1), months: 3)
        shape.rows = 900
        shape.hasEdgeRows = false
        shape.isPlain = true
        try scene.database.psql(SystemLogsDefinition(shape).sql)
        var rows = SystemLogsRows(shape)
        try rows.write { try scene.database.copyIn("public.system_logs", Array($0)) }
        let before = try scene.digest(of: "system_logs")
        let begun = try Program.run(
            ["init", "--database", scene.database.conninfo, "--archives", scene.archives])
        #expect(begun.status == 0, "\(begun.stderr)")
        // As it says: the marks are taken away.
        let lines = begun.stdout.split(separator: "\n", omittingEmptySubsequences: false)
        let unmarked = lines.map { $0.hasPrefix("  #  ") ? String($0.dropFirst(3)) : String($0) }
        try unmarked.joined(separator: "\n").write(
            toFile: scene.configuration, atomically: true, encoding: .utf8)
        let plan = try scene.pgretain("plan")
        #expect(plan.status == 78 && plan.stdout.contains("adopt --dry-run"), "\(plan.stdout)")
        let commands = try Documentation.blocks("sh", of: "README.md")[2].split(separator: "\n")
        for (command, isPartitioned) in zip(commands, ["f", "t", "t", "f"]) {
            let words = command.split(separator: " ").dropFirst().map(String.init)
            let outcome = try scene.pgretain(words)
            #expect(outcome.status == 0, "\(command): \(outcome.stdout) \(outcome.stderr)")
            #expect(try scene.digest(of: "system_logs") == before)
            let kind = try scene.database.superuser(
                "SELECT relkind = 'p' FROM pg_class WHERE oid = 'system_logs'::regclass")
            #expect(kind == isPartitioned, "\(command)")
        }
    }
}
