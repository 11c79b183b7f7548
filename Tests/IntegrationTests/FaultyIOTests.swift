import Foundation
import TestSupport
import Testing

/// The N-th call of the operating system fails, for every N: nothing is lost, no failure looks like
/// success, and the next night heals.
///
/// `PGRETAIN_FAULTS=N` tries N faults (0: all of them) instead of the short slice;
/// `PGRETAIN_FAULTS_SEED` chooses which.
@Suite struct FaultyIO {
    struct Fault: CustomStringConvertible {
        var call: String
        var number: Int
        /// 0: a short write.
        var error: Int32
        var forEver: Bool

        var description: String {
            "\(call) \(number) \(error == 0 ? "short" : String(cString: strerror(error)))"
                + (forEver ? " for ever" : "")
        }

        var environment: [String: String] {
            var variables = [
                "FAULTY_IO_CALL": call, "FAULTY_IO_N": "\(number)", "FAULTY_IO_ERRNO": "\(error)",
            ]
            if forEver { variables["FAULTY_IO_EVER"] = "1" }
            return variables
        }
    }

    private static let calls = ["open", "write", "fsync", "close", "rename", "mkdir", "unlink"]

    private func night(_ scene: Scene, _ environment: [String: String]) throws -> Outcome {
        let library = URL(fileURLWithPath: Program.pgretain).deletingLastPathComponent()
            .appendingPathComponent("libFaultyIO.so").path
        try #require(FileManager.default.fileExists(atPath: library))
        return try scene.pgretain(
            ["run"],
            environment: environment.merging(
                ["LD_PRELOAD": library, "FAULTY_IO_ROOT": scene.archives]) { $1 })
    }

    /// A month to whose archive a row has come, and one that has none yet.
    private func scene() throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 40)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        #expect(try scene.night("2025-05-05T00:00:00Z", "--only", "retire").status == 0)
        #expect(try scene.slices() == ["public.logs/year=2025/month=01"])
        try scene.database.psql(
            "INSERT INTO logs (id, level, created_at) VALUES (-1, 'LATE', '2025-01-20')")
        try scene.configure(Scene.policy(more: ["premake: 0"]))
        try scene.approve()
        return scene
    }

    /// How often each call is made in an undisturbed night.
    private func counts() throws -> [String: Int] {
        let scene = try scene()
        let trace = scene.configuration + ".trace"
        let outcome = try night(scene, ["FAULTY_IO_TRACE": trace])
        #expect(outcome.status == 0, "\(outcome.stderr)")
        return try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
            .reduce(into: [:]) { $0[String($1), default: 0] += 1 }
    }

    private func faults() throws -> [Fault] {
        let counts = try counts()
        #expect(Set(counts.keys) == Set(Self.calls), "\(counts)")
        return Self.calls.flatMap { call in
            (1...(counts[call] ?? 1)).flatMap { number in
                ([ENOSPC, EIO, EDQUOT, EINTR] + (call == "write" ? [0] : [])).flatMap { error in
                    [false, true].map {
                        Fault(call: call, number: number, error: error, forEver: $0)
                    }
                }
            }
            // A call that is interrupted for ever is rightly tried for ever.
        }.filter { !($0.forEver && $0.error == EINTR) }
    }

    @Test func everyFaultIsNoticedAndHealed() throws {
        for fault in Faults.chosen(try faults(), of: { $0.call }) {
            let scene = try scene()
            let rows = try Conservation(scene)
            let broken = try night(scene, fault.environment)
            if broken.status == 0 {
                #expect(try scene.partitions().count == 1, "\(fault): said to be done")
                try rows.expectEachOnce("\(fault): said to be done")
            } else {
                #expect(!broken.stderr.isEmpty, "\(fault) fails and says nothing")
            }
            try rows.expectHealed("\(fault)")
            #expect(try scene.partitions().count == 1, "after \(fault)")
        }
    }
}
