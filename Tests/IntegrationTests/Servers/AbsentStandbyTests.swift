import Foundation
import TestSupport
import Testing

extension MisbehavingServers {
    /// `synchronous_standby_names` names a standby that is not there: every commit that waits for it
    /// waits for ever, with its locks.
    @Test func aStandbyThatIsAwaitedAndAbsentHoldsNothingUp() throws {
        let server = Self.server
        let scene = try Self.scene()
        let rows = try Conservation(scene)
        try setStandbys("'absent'")
        defer { #expect(throws: Never.self) { try setStandbys("''") } }
        try server.wait(until: "current_setting('synchronous_standby_names') = 'absent'")
        for command in [
            ["approve"], ["run", "--max-retire", "1"],
            ["restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back"],
            ["run"],
        ] {
            let running = try Program.start(command + ["--config", scene.configuration])
            for _ in 0..<1200 where running.isRunning { Thread.sleep(forTimeInterval: 0.05) }
            let waits = try server.psql(
                "postgres", "SELECT query FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            #expect(waits.isEmpty, "\(command) waits for the standby: \(waits)")
            if !waits.isEmpty { try setStandbys("''") }
            let outcome = running.wait()
            #expect(outcome.status == 0, "\(command): \(outcome.stderr)")
        }
        try setStandbys("''")
        try scene.database.superuser("DROP TABLE back")
        try rows.expectHealed("an absent standby")
    }

    private func setStandbys(_ names: String) throws {
        try Self.server.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = \(names)")
        try Self.server.psql("postgres", "SELECT pg_reload_conf()")
    }
}
