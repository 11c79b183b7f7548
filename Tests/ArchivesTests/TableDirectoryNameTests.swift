import Checksums
import Retention
import Testing

@testable import Archives

@Suite struct TableDirectoryNameTests {
    @Test(arguments: [
        ("public", "system_logs", "public.system_logs"),
        ("Öst", "a.b/c", "%C3%96st.a%2Eb%2Fc"),
        ("..", "..", "%2E%2E.%2E%2E"),
        ("p", "with \"quotes\"\n", "p.with%20%22quotes%22%0A"),
        ("p", "50%~", "p.50%25%7E"),
        ("-x", "_y", "-x._y"),
    ])
    func names(schema: String, name: String, directory: String) {
        let table = QualifiedName(schema: schema, name: name)
        #expect(DirectoryStore.directoryName(for: table) == directory)
        #expect(TableDirectoryName.table(of: directory) == table)
    }

    @Test(arguments: ["public", "schéma", String(repeating: "é", count: 31)])
    func longNamesAreCutAndStayApart(schema: String) {
        var seen: Set<String> = []
        var cut = 0
        for length in 1...63 {
            for last in ["a", "b", "\u{10FFFF}"] {
                let name = String(repeating: "é", count: length) + last
                let table = QualifiedName(schema: schema, name: name)
                let directory = DirectoryStore.directoryName(for: table)
                #expect(directory.utf8.count <= 200)
                #expect(seen.insert(directory).inserted)
                if TableDirectoryName.isCut(directory) {
                    cut += 1
                    #expect(TableDirectoryName.table(of: directory) != nil)
                } else {
                    #expect(TableDirectoryName.table(of: directory) == table)
                }
            }
        }
        #expect(cut > 90)
    }

    @Test func theCutIsWhereItIsSaidToBe() {
        let exact = QualifiedName(schema: "p", name: String(repeating: "x", count: 198))
        #expect(DirectoryStore.directoryName(for: exact).utf8.count == 200)
        let long = QualifiedName(schema: "p", name: String(repeating: "x", count: 199))
        let full = "p." + String(repeating: "x", count: 199)
        let hash = Checksum.sha256(of: full.utf8).prefix(16)
        #expect(DirectoryStore.directoryName(for: long) == "\(full.prefix(183))~\(hash)")
    }

    /// To Swift these two are equal; to the server, and to a store, they are two tables.
    @Test func twoSpellingsAreTwoTables() {
        let composed = QualifiedName(schema: "p", name: "\u{E9}")
        let decomposed = QualifiedName(schema: "p", name: "e\u{301}")
        #expect(
            DirectoryStore.directoryName(for: composed)
                != DirectoryStore.directoryName(for: decomposed))
    }

    @Test(arguments: [
        "", ".", "..", "public", "a.b.c", "a.%2", "a.%zz", "a.b c", "a.%41", ".a", "a.",
    ])
    func otherDirectoriesAreOfNoTable(name: String) {
        #expect(TableDirectoryName.table(of: name) == nil)
    }
}
