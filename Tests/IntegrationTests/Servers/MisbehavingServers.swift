import Foundation
import TestSupport
import Testing

/// Servers that are not what they should be, go away in the middle of a night, or come back with less
/// than they had: on clusters of their own, one test at a time.
///
/// `PGRETAIN_FAULTS=N` tries N phases of each kind; `PGRETAIN_FAULTS_SEED` chooses which.
@Suite(.serialized) struct MisbehavingServers {
    /// What is not flushed stays so: a crash loses every commit that did not wait for the disk.
    static let server = Cluster(settings: [
        "wal_writer_delay=10s", "wal_writer_flush_after=1GB", "autovacuum=off",
        "checkpoint_timeout=1h",
    ])

    static let policy = Scene.policy(more: ["premake: 1"])

    /// Two months that go, and months to be made.
    static func scene() throws -> Scene {
        let scene = try Scene(on: server)
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 40)
        try scene.configure(policy)
        try scene.approve()
        return scene
    }

    /// Every command that needs a database.
    static let commands = [
        ["run"], ["plan"], ["status"], ["approve"],
        ["restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back"],
    ]

    /// Expects that every command is refused in these words.
    static func expectRefusal(
        _ scene: Scene, _ status: Int32, _ words: [String],
        _ place: SourceLocation = #_sourceLocation
    ) throws {
        for command in commands {
            let outcome = try scene.pgretain(command)
            #expect(
                outcome.status == status, "\(command): \(outcome.status) \(outcome.stderr)",
                sourceLocation: place)
            let said = outcome.stdout + outcome.stderr
            for word in words {
                #expect(said.contains(word), "\(command): \(said)", sourceLocation: place)
            }
        }
    }
}
