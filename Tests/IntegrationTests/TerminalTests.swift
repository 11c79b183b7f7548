import Foundation
import TestSupport
import Testing

/// What a person sees, and what cron does not.
@Suite struct Terminals {
    /// Runs pgretain on a pseudo-terminal of its own, and gives all that came out of it.
    private func onATerminal(
        _ scene: Scene, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> Outcome {
        let words = [Program.pgretain] + arguments + ["--config", scene.configuration]
        let command = words.map { "'\($0)'" }.joined(separator: " ")
        let outcome = try Program.run(
            "/usr/bin/env", ["script", "-qec", command, "/dev/null"], environment: environment)
        // The end of our own input, as the terminal shows it.
        let shown = outcome.stdout.replacingOccurrences(of: "^D\u{8}\u{8}", with: "")
        return Outcome(status: outcome.status, stdout: shown, stderr: outcome.stderr)
    }

    private func matches(_ text: String, _ pattern: String) -> Bool {
        text.range(of: pattern, options: .regularExpression) != nil
    }

    private func scene(rows: Int = 200) throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(months: 2, rows: rows)
        try scene.configure(
            Scene.policy(more: ["premake: 0", "compression: 12"]), extra: "part_size: 1 MiB")
        try scene.approve()
        return scene
    }

    @Test func aRunIsToBeWatched() throws {
        let scene = try scene(rows: 30_000)
        try scene.database.psql("UPDATE logs SET message = repeat(md5(id::text), 20)")
        try scene.database.superuser("ANALYZE logs")
        let seen = try onATerminal(scene, ["run", "--max-retire", "1"])
        #expect(seen.status == 0, "\(seen.stdout)")
        let step = #"logs_2025_01 +[0-9][0-9, ]* rows +[0-9.]+ [kMG]?i?B/s +"#
        #expect(matches(seen.stdout, "export " + step + "about .* left"), "\(seen.stdout)")
        #expect(matches(seen.stdout, "export " + step + "[0-9.]+ ?m?s"), "\(seen.stdout)")
        #expect(matches(seen.stdout, "verify " + step), "\(seen.stdout)")
        #expect(seen.stdout.contains("drop") && seen.stdout.contains("logs_2025_01"))

        let restored = try onATerminal(
            scene,
            ["restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back"])
        #expect(matches(restored.stdout, "restore " + step), "\(restored.stdout)")
        let erased = try onATerminal(
            scene,
            [
                "archives", "erase", "--table", "logs", "--to", "2025-02-01", "--where", "id=7",
                "--yes", "--reason", "request",
            ])
        #expect(matches(erased.stdout, "search logs +30 000 rows"), "\(erased.stdout)")
        #expect(matches(erased.stdout, "erase " + step), "\(erased.stdout)")
        let quiet = try onATerminal(scene, ["run", "-q"])
        #expect(quiet.status == 0 && quiet.stdout.isEmpty, "\(quiet.stdout)")
    }

    @Test func colourIsForTerminalsThatWantIt() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 2)
        try scene.configure(Scene.policy())
        let red = "\u{1B}[31m"
        let coloured = try onATerminal(scene, ["run"])
        #expect(coloured.status == 76 && coloured.stdout.contains(red), "\(coloured.stdout)")
        let plain = try onATerminal(scene, ["run"], environment: ["NO_COLOR": "1"])
        #expect(plain.status == 76 && plain.stdout.contains("policy.approval"))
        #expect(!plain.stdout.contains(red))
        let mailed = try scene.night(nil)
        #expect(mailed.status == 76 && mailed.stdout.isEmpty)
        #expect(!mailed.stderr.contains("\u{1B}"), "cron mails no escapes")
    }

    @Test func offATerminalThereIsNothingToSay() throws {
        let scene = try scene()
        let night = try scene.night(nil, "--max-retire", "1")
        #expect(night.status == 0)
        #expect(night.stdout.isEmpty && night.stderr.isEmpty, "\(night)")
        #expect(try !scene.partitions().contains("logs_2025_01"), "it was no idle night")
    }

    /// The shell's `$0` is the program, `$1` the configuration.
    private func shell(_ scene: Scene, _ line: String) throws -> Outcome {
        try Program.run("/bin/bash", ["-c", line, Program.pgretain, scene.configuration])
    }

    @Test(arguments: [
        #""$0" run --json --config "$1" | head -c 1"#,
        #""$0" run -v --config "$1" 2>&1 | head -n 1"#,
        #""$0" run --json --config "$1" | true"#,
        #""$0" run -v --config "$1" <&- >&- 2>&-"#,
        #""$0" run --json --config "$1" <&- >&-"#,
        #""$0" run --json --config "$1" >/dev/full"#,
    ])
    func aReaderThatGoesAwayHarmsNothing(line: String) throws {
        let scene = try scene(rows: 2000)
        let all = try scene.ids()
        _ = try shell(scene, line + "; exit 0")
        #expect(try scene.database.superuser("SELECT status FROM pgretain.runs") == "0")
        #expect(try !scene.partitions().contains("logs_2025_01"))
        #expect(try (scene.ids() + scene.idsInArchives()).sorted() == all)
        #expect(try scene.pgretain("archives", "verify").status == 0)
        #expect(try scene.unfinished() == [])
    }

    @Test func whoCannotBeAnsweredIsTold() throws {
        let scene = try scene()
        let full = try shell(scene, #""$0" plan --config "$1" >/dev/full"#)
        #expect(full.status == 74 && full.stderr.contains("standard output"), "\(full)")
    }

    // MARK: cron

    /// cron(8): no dot in the name, not writable for others, and a line of six fields and a command.
    @Test func theCrontabIsOneThatCronTakes() throws {
        let file = Cluster.repository.appendingPathComponent("cron/pgretain")
        #expect(matches(file.lastPathComponent, "^[A-Za-z0-9_-]+$"))
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)
        let bits = try #require((mode[.posixPermissions] as? NSNumber)?.intValue)
        #expect(bits & 0o133 == 0, "not to be run, nor written by others")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.hasSuffix("\n"), "cron ignores a line without an end")
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let settings = lines.filter { matches(String($0), "^[A-Z]+ *=") }
        let jobs = lines.filter { !settings.contains($0) }
        #expect(settings.contains("MAILTO=root") && jobs.count == 1)
        let fields = try #require(jobs.first).split(separator: " ").map(String.init)
        #expect(fields.prefix(5) == ["17", "2", "*", "*", "*"])
        #expect(fields[5] == "pgretain" && !fields.joined().contains("%"), "user; % ends a command")
        #expect(fields.dropFirst(6).prefix(2) == ["pgretain", "run"])
    }
}
