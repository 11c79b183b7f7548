import Foundation
import TestSupport
import Testing

/// What rows hold and passwords are is nobody's business: it is in no output, no ledger, no manifest,
/// and not in the server's log, however talkative that is.
@Suite struct Canaries {
    private static let row = "canary-7391-row"
    private static let password = "canary-4410-password"

    private static let server: Cluster = {
        var settings = [
            "log_statement=all", "log_min_duration_statement=0", "log_parameter_max_length=-1",
            "log_parameter_max_length_on_error=-1", "log_error_verbosity=verbose",
        ]
        // Where contrib modules are there at all.
        if Cluster.brings("hstore") {
            settings += [
                "shared_preload_libraries=auto_explain", "auto_explain.log_min_duration=0",
                "auto_explain.log_analyze=on", "auto_explain.log_verbose=on",
                "auto_explain.log_nested_statements=on", "auto_explain.log_parameter_max_length=-1",
            ]
        }
        return Cluster(settings: settings)
    }()

    private func expectSilent(_ outcome: Outcome, _ what: String) {
        for canary in [Self.row, Self.password] {
            #expect(!outcome.stdout.contains(canary), "\(what) prints \(canary)")
            #expect(!outcome.stderr.contains(canary), "\(what) says \(canary)")
        }
    }

    /// The server's log since the last time that the tests themselves wrote rows.
    private func log() throws -> String {
        try String(
            decoding: Data(
                contentsOf: URL(fileURLWithPath: Self.server.socketDirectory + "/server.log")),
            as: UTF8.self)
    }

    @Test func rowsAndPasswordsAreNowhereToBeRead() throws {
        let scene = try Scene(on: Self.server)
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 30)
        try scene.database.superuser(
            """
            ALTER TABLE logs ADD COLUMN secret text;
            UPDATE logs SET secret = '\(Self.row)', message = '\(Self.row)';
            ALTER ROLE pgretain_password PASSWORD '\(Self.password)';
            GRANT logs_owner TO pgretain_password;
            GRANT CREATE ON DATABASE \(scene.database.name) TO pgretain_password;
            """)
        let before = try log().count
        try scene.configure(
            Scene.policy(more: ["premake: 1"]),
            extra: "role: logs_owner\npassword_command: echo \(Self.password)",
            user: "pgretain_password")
        for command in [
            ["plan"], ["config"], ["approve"], ["run", "-v"], ["run", "--json"],
            ["status", "--json"],
            ["archives", "list"], ["archives", "verify"],
            ["archives", "show", "--table", "public.logs", "--period", "2025-01"],
            ["restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back"],
            ["restore", "--table", "public.logs", "--period", "2025-01", "--attach"],
        ] {
            let outcome = try scene.pgretain(command)
            #expect(outcome.status == 0, "\(command): \(outcome.stderr)")
            expectSilent(outcome, "\(command)")
        }
        // What goes wrong is not more talkative.
        try scene.configure(
            Scene.policy(), extra: "password_command: echo \(Self.password)-no",
            user: "pgretain_password")
        let refused = try scene.pgretain("plan")
        #expect(refused.status == 69, "\(refused.stderr)")
        expectSilent(refused, "a wrong password")

        let said = String(try log().dropFirst(before))
        #expect(said.contains("COPY"), "the server's log has what we did")
        #expect(!said.contains(Self.row) && !said.contains(Self.password))
        for file in try scene.archiveFiles() where file.hasSuffix(".json") {
            let text = try String(contentsOfFile: "\(scene.archives)/\(file)", encoding: .utf8)
            #expect(!text.contains(Self.row) && !text.contains(Self.password), "\(file)")
        }
        let ledger = try scene.database.superuser(
            "SELECT l::text FROM pgretain.ledger AS l UNION ALL SELECT r::text FROM pgretain.runs AS r"
        )
        #expect(!ledger.contains(Self.row) && !ledger.contains(Self.password))
    }
}
