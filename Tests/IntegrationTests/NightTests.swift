import Foundation
import TestSupport
import Testing

/// A night from end to end, on a real server.
@Suite struct Nights {
    @Test func archivesProvesAndDropsWhatHasExpired() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3, rows: 500)
        try scene.configure(Scene.policy())
        let before = try scene.database.psql(
            "SELECT md5(string_agg(l::text, '|' ORDER BY id)) FROM logs_2025_01 l")

        #expect(try scene.pgretain("approve").status == 0)
        let night = try scene.pgretain("run", "--now", "2025-05-15T02:17:00Z")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(night.stdout.isEmpty && night.stderr.isEmpty, "cron would send mail")

        let left = try scene.database.psql(
            "SELECT count(*) FROM pg_class WHERE relname IN ('logs_2025_01', 'logs_2025_02')")
        #expect(left == "1", "January has expired, February has not")
        let restored = try scene.pgretain(
            "restore", "--table", "public.logs", "--period", "2025-01", "--into", "public.back")
        #expect(restored.status == 0, "\(restored.stderr)")
        let after = try scene.database.superuser(
            "SELECT md5(string_agg(b::text, '|' ORDER BY id)) FROM public.back b")
        #expect(after == before)
    }

    @Test(arguments: ["lines", "6"])
    func theFilesAreTheSameWhateverTheNumberOfWorkers(compression: String) throws {
        var files: Set<String> = []
        for workers in [1, 2, 5] {
            let scene = try Scene()
            try scene.makeLogs(from: "2025-01-01", months: 1, rows: 30_000)
            try scene.configure(
                Scene.policy(then: "keep", more: ["compression: \(compression)"]),
                extra: "part_size: 1 MiB\nworkers: \(workers)")
            #expect(try scene.night(nil).status == 0)
            let manifest = try String(
                contentsOfFile: scene.archives
                    + "/public.logs/year=2025/month=01/_manifest.json", encoding: .utf8)
            let parts = try JSONView(manifest)["parts"].list.map {
                "\($0["file"].text ?? "") \($0["sha256"].text ?? "")"
            }
            #expect(parts.count >= 3)
            files.insert(parts.joined(separator: "\n"))
        }
        #expect(files.count == 1)
    }
}
