import Foundation
import TestSupport
import Testing

/// Every type there is goes out and comes back, byte for byte.
@Suite struct TypeZoo {
    private func scene() throws -> Scene {
        let scene = try Scene()
        try Zoo.prepare(scene.database)
        try Zoo.createTable(scene.database, months: 2)
        try Zoo.insertWorst(scene.database, at: "2024-01-31 23:59:59.999999+00")
        try scene.database.psql(
            "CREATE TABLE reference AS TABLE zoo; GRANT SELECT ON reference TO PUBLIC;")
        try scene.configure(
            Scene.policy("public.zoo", key: "at", more: ["premake: 0"]))
        try scene.approve()
        return scene
    }

    @Test func thereAreEnoughTypes() throws {
        #expect(Set(Zoo.columns.map(\.type)).count >= 100)
    }

    @Test func everyTypeComesBackAsItWas() throws {
        let scene = try scene()
        let night = try scene.night(nil)
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.partitions(of: "zoo") == ["zoo_now"], "dropped")

        let into = try scene.pgretain(
            "restore", "--table", "public.zoo", "--period", "2024-01", "--into", "public.back")
        #expect(into.status == 0, "\(into.stderr)")
        #expect(try Zoo.differences(scene.database, "reference", "back") == "0|")
        // The comparison sees what it is there to see: a sign of zero, and a row too many.
        try scene.database.superuser(
            """
            CREATE TABLE other AS TABLE back;
            UPDATE other SET float8 = '0' WHERE id = 2;
            INSERT INTO other SELECT * FROM other WHERE id = 0;
            """)
        #expect(try Zoo.differences(scene.database, "reference", "other") == "2|0 2")

        let attached = try scene.pgretain(
            "restore", "--table", "public.zoo", "--period", "2024-01", "--attach")
        #expect(attached.status == 0, "\(attached.stderr)")
        #expect(try scene.partitions(of: "zoo").contains("zoo_2024_01"))
        let left = try Zoo.differences(
            scene.database, "reference", "zoo_2024_01", unreadableAreText: false)
        #expect(left == "0|")
    }
}
