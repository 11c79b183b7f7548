import Foundation
import TestSupport
import Testing

/// Who is told how a night ended; and that nothing of that changes how it ended.
@Suite struct Notified {
    private struct Ping: Equatable {
        var path: String
        var body: String
    }

    private func pings(_ receiver: SupportScript) throws -> [Ping] {
        try FileManager.default.contentsOfDirectory(atPath: receiver.place).sorted().map {
            let text = try String(contentsOfFile: receiver.place + "/" + $0, encoding: .utf8)
            let end = try #require(text.firstIndex(of: "\n"))
            return Ping(path: String(text[..<end]), body: String(text[text.index(after: end)...]))
        }
    }

    private func commands(in directory: TemporaryDirectory, _ more: String) -> String {
        """
        on_success: cat >\(directory.path)/success; echo "$PGRETAIN_STATUS $PGRETAIN_RUN"
        on_failure: cat >\(directory.path)/failure; echo "$PGRETAIN_STATUS $PGRETAIN_RUN"
        \(more)
        """
    }

    @Test func ofEachBeginAndEnd() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 2)
        let receiver = try SupportScript("ping-receiver.py", [])
        let told = TemporaryDirectory()
        let extra = commands(
            in: told, "ping: http://127.0.0.1:\(receiver.port)/secret/?a=1")
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]), extra: extra)
        let night = try scene.pgretain("run", "--json")
        #expect(night.status == 0, "\(night.stderr)")
        let run = try #require(try JSONView(night.stdout)["report"]["run"].text)
        #expect(night.stderr == "0 \(run)\n")
        #expect(try String(contentsOfFile: told.path + "/success", encoding: .utf8) == night.stdout)
        #expect(!FileManager.default.fileExists(atPath: told.path + "/failure"))
        let first = try pings(receiver)
        #expect(
            first.map(\.path) == [
                "POST /secret/start?a=1&rid=\(run)", "POST /secret/0?a=1&rid=\(run)",
            ])
        #expect(first.last?.body.contains("archive  logs_2025_01") ?? false, "\(first)")
        let shown = try scene.pgretain("config").stdout
        #expect(!shown.contains("secret") && !shown.contains("cat >"), "\(shown)")

        // No server: the night ends with 69, and all of them hear it.
        try scene.configure(Scene.policy(), extra: extra, through: "port=1")
        let failed = try scene.pgretain("run")
        #expect(failed.status == 69, "\(failed.stderr)")
        let report = try String(contentsOfFile: told.path + "/failure", encoding: .utf8)
        let problem = try JSONView(report)["report"]["problems"].list.first?["message"].text
        #expect(failed.stderr.contains(try #require(problem)))
        let last = try #require(try pings(receiver).last)
        #expect(last.path.hasPrefix("POST /secret/69?"), "\(last)")
        #expect(last.body.contains("\n  next: "), "\(last)")

        // Not even begun.
        try scene.configure(Scene.policy(), extra: extra + "\npassword_command: exit 3")
        let unbegun = try scene.pgretain("run")
        #expect(unbegun.status == 78 && unbegun.stderr.contains("78 \n"), "\(unbegun.stderr)")
        #expect(try pings(receiver).last?.path == "POST /secret/78?a=1&")
        receiver.end()
    }

    @Test func whateverBecomesOfThat() throws {
        let scene = try Scene()
        try scene.makeLogs(months: 1)
        let policy = Scene.policy(then: "keep", more: ["premake: 0"])
        func night(_ extra: String, environment: [String: String] = [:]) throws -> Outcome {
            try scene.configure(policy, extra: extra)
            return try scene.pgretain("run", environment: environment)
        }
        // One that fails, having read nothing.
        let failing = try night("on_success: exit 7")
        #expect(failing.status == 0)
        #expect(failing.stderr.contains("on_success ended with status 7."), "\(failing.stderr)")
        // One that hangs, with what it has started.
        let began = ContinuousClock.now
        let hanging = try night("on_success: sleep 987 | cat\nnotify_timeout: 1 s")
        #expect(hanging.status == 0 && ContinuousClock.now - began < .seconds(20))
        #expect(hanging.stderr.contains("took too long and was killed"), "\(hanging.stderr)")
        // Nobody listens; and there is no curl.
        for path in [nil, "/nowhere"] {
            let environment = path.map { ["PATH": $0] } ?? [:]
            let unheard = try night(
                "ping: http://127.0.0.1:1/\nnotify_timeout: 1 s", environment: environment)
            #expect(unheard.status == 0 && unheard.stderr.isEmpty, "\(unheard.stderr)")
        }
        let wrong = try night("ping: 'hc-ping.com/#1'")
        #expect(wrong.status == 78 && wrong.stderr.contains("line 3: ping: "), "\(wrong.stderr)")
    }
}
