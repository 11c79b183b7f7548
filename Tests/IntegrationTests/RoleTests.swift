import Foundation
import TestSupport
import Testing

/// Who connects, as whom it acts, and what it may.
@Suite struct Roles {
    private func owners(_ scene: Scene) throws -> String {
        try scene.database.superuser(
            """
            SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ',') FROM pg_class
            WHERE relnamespace IN ('public'::regnamespace, 'pgretain'::regnamespace)
            """)
    }

    @Test func whatIsMadeUnderARoleIsTheRoles() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 2)
        try scene.configure(
            Scene.policy(grace: "7 days"), extra: "role: logs_owner", user: "logs_member")
        try scene.approve()
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.quarantined() == 2)
        #expect(try owners(scene) == "logs_owner", "tables, indexes, quarantine, ledger")
        let actors = try scene.database.superuser("SELECT DISTINCT actor FROM pgretain.ledger")
        #expect(actors == "logs_member", "the ledger knows who it was")
        let back = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        #expect(back.status == 0, "\(back.stderr)")
        #expect(try owners(scene) == "logs_owner")
    }

    @Test func aRoleThatWasNotGrantedIsRefused() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 2)
        try scene.configure(Scene.policy(), extra: "role: logs_owner", user: "logs_reader")
        let before = try scene.picture()
        let night = try scene.night(nil)
        #expect(night.status == 77, "\(night.stderr)")
        #expect(night.stderr.contains("database.role") && night.stderr.contains("GRANT"))
        #expect(try scene.picture() == before)
    }

    @Test func aPasswordComesFromACommand() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 1)
        try scene.database.superuser(
            """
            CREATE TABLE logs_now PARTITION OF logs FOR VALUES FROM ('2025-02-01') TO ('2999-01-01');
            GRANT CREATE ON DATABASE \(scene.database.name) TO pgretain_password;
            GRANT SELECT ON ALL TABLES IN SCHEMA public TO pgretain_password;
            """)
        func configure(_ command: String) throws {
            try scene.configure(
                Scene.policy(then: "keep", more: ["premake: 0"]),
                extra: "password_command: \(command)", user: "pgretain_password")
        }
        try configure("printf 'cor%s\\n' rect")
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.slices().count == 1, "the newest stays")

        try configure("echo hunter2")
        let wrong = try scene.night(nil)
        #expect(wrong.status == 69 && wrong.stderr.contains("database.login"), "\(wrong.stderr)")
        #expect(!wrong.stderr.contains("hunter2"))
        for command in ["exit 3", "true", "/nonexistent/command"] {
            try configure(command)
            let failed = try scene.night(nil)
            #expect(failed.status == 78, "\(command): \(failed.stderr)")
            #expect(failed.stderr.contains("password.command"))
        }
    }

    @Test func anExporterArchivesAndChangesNothing() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 3)
        try scene.database.superuser(
            """
            GRANT CREATE ON DATABASE \(scene.database.name) TO logs_reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA public TO logs_reader;
            """)
        // It may not make months ahead; that stops no archive.
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 1"]), user: "logs_reader")
        let before = try scene.partitions()
        let night = try scene.night(nil)
        #expect(night.status == 77, "\(night.stderr)")
        #expect(try scene.slices().count == 2)
        #expect(try scene.partitions() == before)

        try scene.configure(Scene.policy(more: ["premake: 0"]), user: "logs_reader")
        try scene.approve()
        let rows = try scene.digest(of: "logs")
        let dropping = try scene.night(nil)
        #expect(dropping.status == 77, "\(dropping.stderr)")
        #expect(try scene.partitions() == before)
        #expect(try scene.digest(of: "logs") == rows)
        #expect(try scene.quarantined() == 0)
    }

    @Test func withoutSelectNothingIsArchived() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 3)
        try scene.database.superuser(
            """
            GRANT CREATE ON DATABASE \(scene.database.name) TO logs_reader;
            GRANT SELECT (id, created_at) ON logs_2025_01 TO logs_reader;
            """)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]), user: "logs_reader")
        let night = try scene.night(nil)
        #expect(night.status == 77, "\(night.stderr)")
        #expect(try scene.slices() == [])
        #expect(try scene.unfinished() == [])
    }
}
