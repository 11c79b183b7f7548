import Foundation
import TestSupport
import Testing

/// `init --create` makes the table that the application's ORM expects, partitioned from the start.
@Suite struct Creations {
    private func create(_ scene: Scene, _ more: String...) throws -> Outcome {
        try Program.run(
            ["init", "--create", "system_logs", "--database", scene.database.conninfo] + more)
    }

    @Test(arguments: ["jsonb", "text"])
    func upDownAndUpAgain(metadata: String) throws {
        let scene = try Scene()
        for round in 1...2 {
            let up = try create(scene, "--metadata", metadata)
            #expect(up.status == 0, "\(round): \(up.stderr)")
            #expect(try scene.partitions(of: "system_logs").count == 4)
            let type = try scene.database.superuser(
                """
                SELECT format_type(atttypid, atttypmod) FROM pg_attribute
                WHERE attrelid = 'system_logs'::regclass AND attname = 'extra_metadata'
                """)
            #expect(type == metadata)
            try scene.database.superuser(
                """
                INSERT INTO system_logs (level, component, action, message)
                    VALUES ('INFO', 'api', 'a', 'm') RETURNING id
                """)
            let again = try create(scene, "--metadata", metadata)
            #expect(again.status == 0 && !again.stdout.contains("made:"), "\(again.stdout)")
            #expect(try scene.database.superuser("SELECT count(*) FROM system_logs") == "1")
            try scene.database.superuser("DROP TABLE system_logs")
        }
        // The printed SQL is the same, for those whose migrations do it.
        let printed = try create(scene, "--print")
        try scene.database.psql(printed.stdout)
        let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'system_logs'"
        #expect(try scene.database.superuser(indexes) == "8")
        try scene.configure(Scene.policy("system_logs", then: "keep"))
        #expect(try scene.night(nil).status == 0)
    }

    @Test func aPlainTableOfThatNameIsLeftAlone() throws {
        let scene = try Scene()
        let printed = try create(scene, "--print").stdout
        let table = printed.components(separatedBy: ";\n")[0]
            .replacingOccurrences(of: " PARTITION BY RANGE (created_at)", with: "")
        try scene.database.superuser(table)
        let before = try scene.picture(of: "system_logs")
        let refused = try create(scene)
        #expect(refused.status == 78 && refused.stderr.contains("adopt"), "\(refused.stderr)")
        #expect(try scene.picture(of: "system_logs") == before)
    }
}
