import Foundation
import Retention
import TestSupport
import Testing

/// How a check answers: where nothing is known, where names are hostile, and as metrics.
@Suite struct CheckAnswers {
    @Test func withoutAnAnswerNothingIsKnown() throws {
        let scene = try Scene()
        func expectUnknown(_ outcome: Outcome, _ words: String) {
            #expect(outcome.status == 3, "\(outcome)")
            #expect(outcome.stdout.hasPrefix("PGRETAIN UNKNOWN - "), "\(outcome)")
            #expect(outcome.stdout.contains(words), "\(outcome)")
            #expect(outcome.stdout.split(separator: "\n").count == 1, "\(outcome)")
        }
        try scene.configure(Scene.policy(then: "keep"), through: "port=1")
        expectUnknown(try scene.pgretain("check"), "[database.unreachable] [check.failed]")
        let json = try CheckScene.check(scene, now: nil)
        #expect(json.outcome.status == 3 && json.findings == [.checkFailed: "unknown"])

        try scene.configure(Scene.policy(then: "keep"), extra: "chekc: {}")
        expectUnknown(try scene.pgretain("check"), "did you mean check?")
        try scene.configure(
            Scene.policy(then: "keep"),
            extra: "check: {missed_warning: 2 days, missed_critical: 1 day, ignore: [run.faild]}")
        let wrong = try scene.pgretain("check")
        expectUnknown(wrong, "must not be shorter than check.missed_warning, which is 48 h")
        let all = try scene.pgretain("check", "-v")
        #expect(all.status == 3 && all.stdout.contains("did you mean run.failed?"), "\(all)")
        try scene.configure(Scene.policy(then: "keep"))
        expectUnknown(try scene.pgretain("check", "--table", "no_such"), "[table.unknown]")
        #expect(try scene.pgretain("check", "--nonsense").status == 64)

        // It takes the connection, and never says a word.
        let silent = try #require(SilentServer())
        try scene.configure(
            Scene.policy(then: "keep"), extra: "check: {timeout: 1 s}",
            through: "host=127.0.0.1 port=\(silent.port)")
        expectUnknown(try scene.pgretain("check"), "within 1 s")
        #expect(try CheckScene.check(scene, now: nil).findings == [.checkTimeout: "unknown"])
        try scene.configure(
            Scene.policy(then: "keep"), through: "host=127.0.0.1 port=\(silent.port)")
        let patient = try scene.start("check")
        Thread.sleep(forTimeInterval: 0.5)
        patient.signal(SIGTERM)
        #expect(patient.wait().status == 143, "a signal ends it at once")
    }

    // MARK: Hostile names

    @Test func aHostileNameBreaksNeitherLineNorPerfdata() throws {
        let name = "ev|il'=;\n<b>\u{202e}\"$(x)"
        let scene = try Scene()
        let quoted = "\"" + name.escaping(["\""], with: "\"") + "\""
        try scene.database.psql(
            """
            CREATE TABLE \(quoted) (id int NOT NULL, at timestamptz NOT NULL)
                PARTITION BY RANGE (at);
            """)
        let yaml = try String(
            decoding: JSONSerialization.data(
                withJSONObject: "public." + quoted, options: .fragmentsAllowed), as: UTF8.self)
        try scene.configure(
            "  - {table: \(yaml), key: at, retain: 30 days}", extra: CheckScene.ignoring)
        let line = try scene.pgretain("check")
        #expect(line.status == 2, "\(line)")
        #expect(line.stdout.split(separator: "\n").count == 1, "\(line.stdout)")
        let halves = line.stdout.split(separator: "|", omittingEmptySubsequences: false)
        try #require(halves.count == 2, "\(line.stdout)")
        #expect(!halves[0].contains("<"))
        let datum =
            #/(?:[a-z_]+|'[A-Za-z0-9_.:%-]+')=(?:U|-?[0-9.]+(?:s|B|%)?)(?:;[0-9:]*){0,4}/#
        for data in halves[1].split(whereSeparator: \.isWhitespace) {
            #expect(data.wholeMatch(of: datum) != nil, "\(data)")
        }
        #expect(halves[1].contains("'public.ev%7Cil%27%3D%3B%0A%3Cb%3E%E2%80%AE%22%24%28x%29:"))
        let long = try scene.pgretain("check", "-v")
        #expect(!long.stdout.contains("\u{202e}") && !long.stdout.contains("<b>"))
        let metrics = try scene.pgretain("check", "--output", "prometheus").stdout
        #expect(metrics.contains(#"table="public.\"ev|il'=;\n<b>"#))
        try PrometheusTools.expectAcceptance(of: metrics)
    }

    // MARK: Metrics

    @Test func metricsAreWrittenWholeOrNotAtAll() throws {
        let scene = try CheckScene.scene()
        #expect(try scene.night(CheckScene.now).status == 0)
        let directory = TemporaryDirectory()
        let file = directory.path + "/pgretain.prom"
        let well = try scene.pgretain("check", "-q", "--textfile", file, "--now", CheckScene.now)
        #expect(well.status == 0 && well.stdout.isEmpty && well.stderr.isEmpty, "\(well)")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("\npgretain_check_status 0\n"))
        #expect(text.contains("\npgretain_premake_current{table=\"public.logs\"} 1\n"))
        let printed = try scene.pgretain("check", "--output", "prometheus", "--now", CheckScene.now)
        func names(_ text: String) -> [Substring] {
            text.split(separator: "\n").map { $0.hasPrefix("#") ? $0 : $0.prefix { $0 != " " } }
        }
        #expect(names(printed.stdout) == names(text))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
        #expect(mode as? Int == 0o644)
        try PrometheusTools.expectAcceptance(of: text)

        // Nothing is known: what was known stays.
        try scene.configure(Scene.policy(then: "keep"), through: "port=1")
        #expect(try scene.pgretain("check", "--textfile", file).status == 3)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 1)
        try scene.configure(Scene.policy(then: "keep"), extra: CheckScene.ignoring)
        let unwritten = try scene.pgretain(
            "check", "--textfile", "/nonexistent/x.prom", "--now", CheckScene.now)
        #expect(unwritten.status == 3 && unwritten.stdout.contains("[textfile.unwritten]"))

        // The rules that are shipped ask for nothing that is not measured.
        let rules = try String(
            contentsOf: Cluster.repository.appendingPathComponent("docs/monitoring/alerts.yaml"),
            encoding: .utf8)
        let asked = Set(rules.matches(of: #/\bpgretain_[a-z_]+/#).map { String($0.output) })
        let alarming = try scene.pgretain("check", "--output", "prometheus").stdout
        let told = Set(
            (text + alarming).split(separator: "\n").filter { $0.hasPrefix("# HELP ") }.map {
                String($0.split(separator: " ")[2])
            })
        #expect(!asked.isEmpty && asked.isSubset(of: told), "\(asked.subtracting(told))")
    }

    @Test(.enabled(if: PrometheusTools.promtool != nil, "there is no promtool"))
    func theAlertsAreWhatTheirTestsSay() throws {
        let place = Cluster.repository.appendingPathComponent("docs/monitoring").path
        for arguments in [
            ["check", "rules", "alerts.yaml"], ["test", "rules", "alerts-test.yaml"],
        ] {
            let words = arguments.dropLast() + ["\(place)/\(arguments.last!)"]
            let outcome = try Program.run(try #require(PrometheusTools.promtool), Array(words))
            #expect(outcome.status == 0, "\(outcome.stdout) \(outcome.stderr)")
        }
    }
}

/// Takes connections, and says nothing.
private final class SilentServer {
    private let descriptor: Int32
    let port: Int

    init?() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard bound else { return nil }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
