import Foundation
import TestSupport
import Testing

/// Archives that an earlier release wrote, as they are committed: they verify, and come back as what
/// the server had when it was asked before they left.
@Suite struct GoldenArchives {
    private static let golden =
        URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().path + "/Golden"

    /// Those that are committed, and those that servers of other versions have just written.
    static let formats =
        ["\(golden)/format-1"]
        + (ProcessInfo.processInfo.environment["PGRETAIN_GOLDEN"] ?? "").split(separator: ":")
        .map(String.init)

    /// A copy, as no test is to change what is committed.
    private func scene(_ format: String) throws -> Scene {
        let scene = try Scene()
        let copied = try Program.run(
            "/bin/sh",
            [
                "-c", "cp -r \"$0\"/. \"$1\" && chmod -R go-w \"$1\"",
                "\(format)/archives", scene.archives,
            ])
        #expect(copied.status == 0, "\(copied.stderr)")
        try scene.configure(Scene.policy("public.golden", key: "at", then: "keep"))
        return scene
    }

    @Test(arguments: formats)
    func theyVerifyAndComeBack(format: String) throws {
        let scene = try scene(format)
        let verified = try scene.pgretain("archives", "verify")
        #expect(verified.status == 0, "\(verified.stderr)")
        #expect(verified.stdout.split(separator: "\n").count == 3, "\(verified.stdout)")
        for period in ["2025-01", "2025-02"] {
            let table = "back_" + period.replacingOccurrences(of: "-", with: "_")
            let back = try scene.pgretain(
                "restore", "--table", "golden", "--period", period, "--into", table, "--indexes")
            #expect(back.status == 0, "\(back.stderr)")
        }
        let found = try scene.database.superuser(
            """
            COPY (SELECT * FROM back_2025_01 UNION ALL SELECT * FROM back_2025_02 ORDER BY at, id)
                TO STDOUT (FORMAT csv, HEADER)
            """)
        let expected = try String(
            contentsOfFile: "\(format)/expected.csv", encoding: .utf8)
        #expect(found + "\n" == expected)
    }

    @Test(arguments: formats)
    func theyAreSearched(format: String) throws {
        let scene = try scene(format)
        let found = try scene.pgretain(
            "search", "--table", "golden", "--where", "docs.b.1.c!=x", "--where", "kind=full",
            "--columns", "id,docs.b.0,docs.ü", "--from", "2025-01-02")
        #expect(found.status == 0, "\(found.stderr)")
        #expect(found.stdout == "", "JSON null meets nothing")
        let some = try scene.pgretain(
            "search", "--table", "golden", "--where", "doc.a=2", "--columns", "id,docs.b.0,docs.ü")
        #expect(
            some.stdout == """
                {"id":5,"docs.b.0":1,"docs.ü":"\\\\u0041"}
                {"id":6,"docs.b.0":1,"docs.ü":"\\\\u0041"}

                """, "\(some.stdout)")
    }
}
