import Foundation
import TestSupport
import Testing

/// An adoption, or its undoing, dies or fails at every place where it can: no row is lost, who runs
/// it again goes on, and who undoes it has the plain table that there was.
///
/// `PGRETAIN_FAULTS=N` tries N places of each (0: all of them).
@Suite struct AdoptionsThatEndAnywhere {
    private static let name = "\"Lögs\""

    private func scene() throws -> Scene {
        let scene = try Scene()
        try scene.database.psql(Adoptions.table)
        try scene.database.psql("UPDATE \"Lögs\" SET created_at = NULL WHERE id IN (7, 1001)")
        try scene.configure(Scene.policy("public.\"Lögs\""))
        return scene
    }

    private func adopt(_ scene: Scene, _ environment: [String: String] = [:], undo: Bool = false)
        throws -> Outcome
    {
        let more = undo ? ["--undo"] : ["--null-key=keep-aside", "--aside", "no_time"]
        return try scene.pgretain(["adopt", "public.\"Lögs\""] + more, environment: environment)
    }

    /// All rows, wherever they are.
    private func rows(_ scene: Scene) throws -> String {
        let hasAside = try scene.database.superuser("SELECT to_regclass('no_time') IS NOT NULL")
        let aside = hasAside == "t" ? " UNION ALL SELECT * FROM no_time" : ""
        return try scene.digest(of: "(SELECT * FROM \"Lögs\"\(aside))")
    }

    private func isPartitioned(_ scene: Scene) throws -> Bool {
        try scene.database.superuser(
            "SELECT relkind FROM pg_class WHERE oid = '\"Lögs\"'::regclass") == "p"
    }

    private func places(undo: Bool) throws -> [Place] {
        let scene = try scene()
        if undo { try #require(try adopt(scene).status == 0) }
        let trace = scene.configuration + ".trace"
        let whole = try adopt(scene, ["PGRETAIN_FAIL_TRACE": trace], undo: undo)
        try #require(whole.status == 0, "\(whole.stderr)")
        return try Place.passed(trace)
    }

    @Test(arguments: ["crash", "error"])
    func anAdoption(action: String) throws {
        let all = try places(undo: false).filter {
            action == "crash" || !$0.name.hasPrefix("adopt.")
        }
        try #require(Set(all.map(\.name)).count > 40)
        for (number, place) in Faults.chosen(all, of: { $0.name }).enumerated() {
            let what = "\(place)=\(action)"
            let scene = try scene()
            let before = try rows(scene)
            let face = try Adoptions.face(of: Self.name, in: scene)
            let broken = try adopt(scene, ["PGRETAIN_FAIL_AT": what])
            #expect(broken.status != 0 || action == "error", "\(what)")
            #expect(try rows(scene) == before, "rows lost by \(what)")
            // As an application does: it is never refused.
            try scene.database.psql(
                "INSERT INTO \"Lögs\" (size, created_at) VALUES (1, '2025-02-03'); "
                    + "DELETE FROM \"Lögs\" WHERE id > 3000")
            if number % 2 == 0 {
                if try !isPartitioned(scene) {
                    let again = try adopt(scene)
                    #expect(again.status == 0, "after \(what): \(again.stderr)")
                }
                #expect(try isPartitioned(scene))
            } else if try scene.hasBegun() {
                let undone = try adopt(scene, undo: true)
                #expect(undone.status == 0, "after \(what): \(undone.stderr)")
                #expect(try !isPartitioned(scene), "after \(what)")
            }
            #expect(try rows(scene) == before, "rows lost after \(what)")
            #expect(try Adoptions.face(of: Self.name, in: scene) == face, "after \(what)")
            #expect(try scene.leftovers() == "0", "after \(what)")
        }
    }

    @Test func anUndoing() throws {
        let all = try places(undo: true)
        for place in Faults.chosen(all, of: { $0.name }) {
            let what = "\(place)=crash"
            let scene = try scene()
            let before = try rows(scene)
            let face = try Adoptions.face(of: Self.name, in: scene)
            try #require(try adopt(scene).status == 0)
            #expect(try adopt(scene, ["PGRETAIN_FAIL_AT": what], undo: true).status == 137)
            #expect(try rows(scene) == before, "rows lost by \(what)")
            if try isPartitioned(scene) {
                let again = try adopt(scene, undo: true)
                #expect(again.status == 0, "after \(what): \(again.stderr)")
            }
            #expect(try !isPartitioned(scene), "after \(what)")
            #expect(try rows(scene) == before, "rows lost after \(what)")
            #expect(try Adoptions.face(of: Self.name, in: scene) == face, "after \(what)")
            #expect(try scene.leftovers() == "0", "after \(what)")
        }
    }
}

extension Scene {
    /// What an adoption makes and has to take away again.
    fileprivate func leftovers() throws -> String {
        try database.superuser(
            """
            SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'pgretain\\_adopt%')
                + (SELECT count(*) FROM pg_constraint WHERE conname LIKE 'pgretain\\_adopt%')
            """)
    }

    /// Whether the ledger knows of an adoption.
    fileprivate func hasBegun() throws -> Bool {
        guard try database.superuser("SELECT to_regclass('pgretain.ledger') IS NULL") == "f" else {
            return false
        }
        let last = try database.superuser(
            """
            SELECT kind FROM pgretain.ledger WHERE kind IN ('adopting', 'adopted', 'unadopted')
            ORDER BY id DESC LIMIT 1
            """)
        return last == "adopting" || last == "adopted"
    }
}
