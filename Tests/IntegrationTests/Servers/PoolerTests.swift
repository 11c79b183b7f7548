import Foundation
import TestSupport
import Testing

extension MisbehavingServers {
    /// A real PgBouncer: locks and settings would go to strangers, in either mode.
    @Test(arguments: ["session", "transaction"])
    func aPoolerIsRefused(mode: String) throws {
        let server = Self.server
        let scene = try Self.scene()
        #expect(try scene.night(nil, "--max-retire", "1").status == 0)
        let before = try scene.picture()
        let ledger = try scene.digest(of: "pgretain.ledger")
        let pooler = try SupportScript("pooler.sh", [mode, server.socketDirectory, server.port])
        defer { pooler.end() }
        let through = "host=\(pooler.place) port=\(pooler.port)"
        let asked = try Program.run(
            "/usr/bin/env",
            ["psql", "-XqAt", "\(scene.database.conninfo) \(through)", "-c", "SELECT 'through'"])
        #expect(asked.stdout == "through\n", "the pooler works: \(asked.stderr)")
        try scene.configure(Self.policy, through: through)
        try Self.expectRefusal(
            scene, 78, ["database.pooler", "Nothing was touched", "Use the direct port"])
        #expect(try scene.picture() == before)
        #expect(try scene.digest(of: "pgretain.ledger") == ledger)
    }
}
