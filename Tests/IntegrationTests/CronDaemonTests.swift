import Foundation
import TestSupport
import Testing

private enum CronTools {
    static let canRun: Bool = {
        let tools = Cluster.repository.appendingPathComponent(".build/cron").path
        let isThere = [[tools + "/cron", "/usr/sbin/cron"], [tools + "/libfaketime.so.1"]]
            .allSatisfy { $0.contains(where: FileManager.default.fileExists) }
        guard geteuid() == 0, isThere else { return false }
        let spaces = try? Program.run("/usr/bin/unshare", ["--mount", "--pid", "--fork", "true"])
        return spaces?.status == 0
    }()
}

/// Debian's cron daemon runs the line of cron/pgretain, in namespaces of its own
/// (`Tests/Support/cron-daemon.sh`): what it mails, and when it begins.
@Suite(
    .enabled(
        if: CronTools.canRun, "needs root, unshare, and cron and libfaketime by make test-deps"))
struct CronDaemon {
    /// The crontab that is shipped, for root and a configuration of ours, with lines of the test's.
    private func crontab(_ scene: Scene, _ more: [String]) throws -> String {
        let place = Cluster.repository.appendingPathComponent("cron/pgretain")
        let shipped = try String(contentsOf: place, encoding: .utf8)
        let line = "17 2 * * *  pgretain  pgretain run --config /etc/pgretain/pgretain.yaml"
        try #require(shipped.components(separatedBy: "\n\(line)\n").count == 2)
        let binaries = URL(fileURLWithPath: Program.pgretain).deletingLastPathComponent().path
        return shipped.replacingOccurrences(
            of: line, with: "17 2 * * *  root  pgretain run --config \(scene.configuration)"
        ).replacingOccurrences(of: "\nPATH=", with: "\nPATH=\(binaries):")
            + more.map { $0 + "\n" }.joined()
    }

    private func daemon(_ crontab: String, at start: String) throws -> SupportScript {
        let directory = TemporaryDirectory()
        let file = directory.path + "/crontab"
        try crontab.write(toFile: file, atomically: true, encoding: .utf8)
        return try SupportScript("cron-daemon.sh", [file, "@\(start)", "Europe/Berlin"])
    }

    private func mails(_ daemon: SupportScript) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: daemon.place)
            .filter { !$0.hasPrefix(".") }
            .map { try String(contentsOfFile: daemon.place + "/" + $0, encoding: .utf8) }
    }

    private func runs(_ scene: Scene) throws -> String {
        try scene.database.superuser("SELECT count(*), min(status), max(status) FROM pgretain.runs")
    }

    /// A night that succeeds is silent, one that fails tells all, a second one is refused.
    @Test func mailsWhatFailedAndNothingElse() throws {
        let (good, bad, busy) = (try Scene(), try Scene(), try Scene())
        for scene in [good, busy] {
            try scene.makeLogs(months: 2)
            try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        }
        try bad.configure(Scene.policy("public.gone"))
        var mails: [String] = []
        _ = try busy.night(standingAt: "night.exported") {
            let daemon = try daemon(
                try crontab(
                    good,
                    [
                        "17 2 * * *  root  env | sort",
                        "17 2 * * *  root  pgretain run --config \(bad.configuration)",
                        "17 2 * * *  root  pgretain run --config \(busy.configuration)"
                            + " || echo \"status $?\"",
                    ]), at: "2026-03-28 02:16:58")
            try daemon.tell("settle")
            mails = try self.mails(daemon)
            daemon.end()
        }
        #expect(try runs(good) == "1|0|0")
        #expect(try good.slices().count == 2)
        try #require(mails.count == 3, "\(mails)")
        #expect(mails.allSatisfy { $0.contains("To: root\n") }, "\(mails)")
        func mail(_ part: String) throws -> String {
            try #require(mails.first { $0.contains(part) }, "\(part): \(mails)")
        }
        // No locale, no HOME but root's, and nothing of this process.
        let environment = try mail("LOGNAME=root\n").components(separatedBy: "\n\n").last ?? ""
        let names = environment.split(separator: "\n").compactMap { $0.split(separator: "=").first }
        #expect(
            Set(names).isSubset(of: [
                "HOME", "LOGNAME", "MAILTO", "PATH", "PWD", "SHELL", "USER", "LANG", "LC_ALL",
            ]), "\(environment)")
        let failure = try mail("public.gone")
        #expect(failure.contains("Subject: Cron <root@"), "\(failure)")
        #expect(failure.contains("  next: "), "\(failure)")
        let refused = try mail("status 75")
        #expect(refused.contains("Another run works on public.logs: "), "\(refused)")
    }

    /// 02:17 is not there, or is there twice: one night all the same.
    @Test(arguments: ["2026-03-29", "2026-10-25"])
    func oneNightWhenTheClocksChange(day: String) throws {
        let scene = try Scene()
        try scene.makeLogs(months: 1)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        // Half past one, and then two hours in four seconds.
        let daemon = try daemon(
            try crontab(scene, ["25 * * * *  root  echo hourly"]), at: "\(day) 01:30:00 x2000")
        for _ in 0..<600 where try mails(daemon).count < 2 { try daemon.tell("wait 0.1") }
        try daemon.tell("settle")
        #expect(try mails(daemon).allSatisfy { $0.contains("\nhourly\n") })
        #expect(try runs(scene) == "1|0|0")
        daemon.end()
    }
}
