import Foundation
import TestSupport
import Testing

/// `uninstall --print`: what is left, and that its ways out lead out.
@Suite struct Uninstalls {
    @Test func eachWayLeadsOutAndNothingIsLeft() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 4)
        try scene.configure(Scene.policy(then: "detach", more: ["premake: 1"]))
        try scene.approve()
        #expect(try scene.night(nil, "--max-retire", "9").status == 0)
        #expect(try scene.quarantined() == 4)
        try scene.pgretain(
            "restore", "--table", "logs", "--period", "2025-01", "--into", "public.back")
        try scene.pgretain(
            "hold", "add", "--table", "logs", "--period", "2025-02", "--reason", "case 4711")
        try scene.pgretain("pause", "--reason", "moving")
        try scene.database.superuser(
            """
            SET ROLE logs_owner;
            CREATE TABLE adopted (at timestamptz);
            ALTER TABLE adopted
                ADD CONSTRAINT pgretain_adopt_bound CHECK (at < '2027-01-01') NOT VALID;
            """)
        let before = try scene.picture(of: nil)

        let printed = try scene.pgretain("uninstall", "--print")
        #expect(printed.status == 0, "\(printed.stderr)")
        for expected in [
            "quarantine  public.logs_2025_04 ", "hold  1 of public.logs ", "case 4711",
            "pin  public.back ", "--release --table public.logs --period 2025-01",
            "pause  every table", "constraint  pgretain_adopt_bound of public.adopted",
            "partitions made ahead for public.logs: up to ", "DROP SCHEMA pgretain RESTRICT;",
            scene.archives,
        ] {
            #expect(printed.stdout.contains(expected), "\(expected): \(printed.stdout)")
        }
        #expect(try scene.picture(of: nil) == before, "it only looks")

        // The schema does not go while rows wait in it.
        let json = try JSONView(try scene.pgretain("uninstall", "--print", "--json").stdout)[
            "uninstallation"]
        let removal = json["removal"].list.compactMap(\.text).joined(separator: "\n")
        #expect(throws: (any Error).self) {
            try scene.database.superuser("BEGIN; \(removal) COMMIT;")
        }
        // Commands and SQL, as they are printed: three partitions one way each.
        func ways(_ kind: String) -> [[String]] {
            json["belongings"].list.filter { $0["kind"].text == kind }.map {
                $0["ways"].list.compactMap { $0["command"].text }
            }
        }
        func type(_ command: String) throws {
            guard command.hasPrefix("pgretain ") else {
                try scene.database.superuser(command)
                return
            }
            let words = command.split(separator: " ").dropFirst().map(String.init)
            let outcome = try scene.pgretain(words)
            #expect(outcome.status == 0, "\(command): \(outcome.stderr)")
        }
        for kind in ["hold", "pin", "pause", "constraint"] {
            for way in ways(kind) { try way.forEach(type) }
        }
        let waiting = ways("quarantine")
        try #require(waiting.count == 4 && waiting.allSatisfy { $0.count == 5 })
        try type(waiting[0][0])
        try type(waiting[1][2])
        try type(waiting[1][3])
        try type(waiting[2][2])
        try type(waiting[3][4])
        #expect(
            try scene.partitions().filter { $0.contains("2025") } == [
                "logs_2025_01", "logs_2025_02",
            ])
        #expect(try scene.database.superuser("SELECT count(*) FROM logs_2025_03") == "100")
        try scene.database.superuser("BEGIN; \(removal) COMMIT;")
        let bare = try scene.pgretain("uninstall", "--print")
        #expect(bare.status == 0 && bare.stdout.contains("There is no schema pgretain."))
        #expect(bare.stdout.contains("Nothing waits"), "\(bare.stdout)")
        let whole = try scene.pgretain("schema", "upgrade", "--print").stdout
        #expect(whole.contains("CREATE SCHEMA pgretain;"), "\(whole)")
        #expect(try scene.pgretain("schema", "upgrade").stdout == "upgraded\n")
        #expect(try scene.pgretain("schema", "upgrade").stdout == "nothing is missing\n")
    }
}
