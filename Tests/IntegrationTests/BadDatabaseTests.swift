import Foundation
import TestSupport
import Testing

/// A database that cannot be worked with.
@Suite struct BadDatabases {
    private func configure(_ scene: Scene, database: String, extra: String = "") throws {
        try scene.configure(Scene.policy(), extra: extra)
        let text = try String(contentsOfFile: scene.configuration, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.hasPrefix("database:") ? "database: \"\(database)\"" : String($0)
        }
        try lines.joined(separator: "\n").write(
            toFile: scene.configuration, atomically: true, encoding: .utf8)
    }

    private func expect(
        _ status: Int32, _ words: [String], from scene: Scene,
        _ place: SourceLocation = #_sourceLocation
    ) throws {
        for command in [["run"], ["plan"], ["status"]] {
            let outcome = try scene.pgretain(command)
            #expect(outcome.status == status, "\(outcome.stderr)", sourceLocation: place)
            for word in words + ["next: "] {
                #expect(
                    (outcome.stdout + outcome.stderr).contains(word),
                    "\(command): \(outcome.stdout) \(outcome.stderr)", sourceLocation: place)
            }
        }
    }

    @Test func aServerThatIsNotThere() throws {
        let scene = try Scene()
        try configure(scene, database: "host=127.0.0.1 port=1 dbname=logs user=postgres")
        try expect(69, ["database.unreachable"], from: scene)
        try configure(scene, database: "host=\(scene.archives) dbname=logs")
        try expect(69, ["database.unreachable"], from: scene)
    }

    @Test func aDatabaseThatIsNotThere() throws {
        let scene = try Scene()
        let cluster = scene.database.cluster
        try configure(
            scene,
            database:
                "host=\(cluster.socketDirectory) port=\(cluster.port) dbname=nowhere user=postgres")
        try expect(69, ["nowhere"], from: scene)
    }

    @Test func aConnectionStringThatIsNone() throws {
        let scene = try Scene()
        try configure(scene, database: "host=localhost frobnicate=yes")
        try expect(78, ["database.conninfo", "frobnicate"], from: scene)
    }

    @Test func aPasswordThatIsWrong() throws {
        let scene = try Scene()
        let cluster = scene.database.cluster
        let there =
            "host=\(cluster.socketDirectory) port=\(cluster.port) dbname=\(scene.database.name) "
            + "user=pgretain_password"
        try configure(scene, database: there, extra: "password_command: echo wrong-7391")
        try expect(69, ["database.login"], from: scene)
        for command in [["run"], ["run", "--json"], ["config"]] {
            let outcome = try scene.pgretain(command)
            #expect(!(outcome.stdout + outcome.stderr).contains("wrong-7391"))
        }
        let watched = try scene.pgretain("run", "-v")
        #expect(watched.stderr.contains("nothing was done"), "\(watched.stderr)")
        #expect(!watched.stderr.contains("nothing to do"))
        try configure(scene, database: there, extra: "password_command: exit 3")
        let failed = try scene.pgretain("run")
        #expect(
            failed.status != 0 && failed.stderr.contains("password_command"), "\(failed.stderr)")
        try configure(scene, database: there, extra: "password_command: echo correct")
        let right = try scene.pgretain("plan")
        #expect(right.stdout.contains("no table public.logs"), "it got in: \(right.stdout)")
    }

    @Test func aRoleThatMayOnlyRead() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 10)
        try scene.configure(Scene.policy())
        try scene.approve()
        try scene.database.superuser(
            """
            GRANT USAGE ON SCHEMA public, pgretain TO logs_reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA public TO logs_reader;
            GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA pgretain TO logs_reader;
            """)
        try scene.configure(Scene.policy(), user: "logs_reader")
        let before = try scene.digest(of: "logs")
        let night = try scene.night(nil)
        #expect(night.status == 77, "\(night.stderr)")
        #expect(night.stderr.contains("GRANT"))
        #expect(try scene.digest(of: "logs") == before)
        #expect(try scene.partitions() == ["logs_2025_01", "logs_2025_02"])
        let plan = try scene.pgretain("plan")
        #expect(plan.stdout.contains("GRANT logs_owner TO \"logs_reader\";"), "\(plan.stdout)")
    }

    @Test func aRoleWithoutTheLedger() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 10)
        try scene.configure(Scene.policy(), user: "logs_reader")
        let night = try scene.night(nil)
        #expect(night.status == 77, "\(night.stderr)")
        #expect(night.stderr.contains("GRANT CREATE ON DATABASE"))
    }

    /// A plan that saw nothing is no plan.
    @Test func aPlanOfATableThatMayNotBeSeen() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 10)
        try scene.configure(Scene.policy())
        try scene.approve()
        try scene.configure(Scene.policy(), user: "logs_reader")
        let plan = try scene.pgretain("plan")
        #expect(plan.status == 77, "\(plan.stderr)")
        #expect(plan.stdout.contains("GRANT"), "\(plan.stdout)")
    }

    /// A session default that cannot be read around: the pins defeat it.
    @Test func aDatabaseOfHostileDefaults() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 10)
        let name = scene.database.name
        try scene.database.superuser(
            """
            ALTER DATABASE \(name) SET default_transaction_read_only = on;
            ALTER DATABASE \(name) SET default_transaction_isolation = 'repeatable read';
            ALTER DATABASE \(name) SET statement_timeout = '30ms';
            ALTER DATABASE \(name) SET lock_timeout = '1ms';
            ALTER DATABASE \(name) SET TimeZone = 'Asia/Kathmandu';
            """)
        try scene.configure(Scene.policy())
        let outcome = try scene.pgretain("approve")
        #expect(outcome.status == 0, "\(outcome.stderr)")
        #expect(try scene.night(nil).status == 0)
        #expect(
            try scene.database.superuser(
                "SET statement_timeout = 0; SELECT to_regclass('public.logs_2025_01') IS NULL")
                == "t")
    }

    @Test func rowLevelSecurityIsNoGap() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 10)
        try scene.database.psql(
            """
            ALTER TABLE logs_2025_01 ENABLE ROW LEVEL SECURITY;
            ALTER TABLE logs_2025_01 FORCE ROW LEVEL SECURITY;
            """)
        try scene.configure(Scene.policy())
        try scene.approve()
        let night = try scene.night(nil)
        if Cluster.asMember {
            #expect(night.status == 77, "\(night.stderr)")
            #expect(night.stderr.contains("BYPASSRLS"))
            #expect(try scene.partitions().contains("logs_2025_01"))
        } else {
            #expect(night.status == 0, "\(night.stderr)")
            #expect(try !scene.partitions().contains("logs_2025_01"))
        }
    }
}
