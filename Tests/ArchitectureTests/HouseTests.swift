import Foundation
import Testing

/// The rules of the house that no compiler checks.
@Suite struct House {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")

    private struct Source {
        let target: String
        let name: String
        let text: String

        var imports: [String] {
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index <= 1 else { return nil }
                return words.dropFirst(index + 1).last.map(String.init)
            }
        }
    }

    private func swiftSources() throws -> [Source] {
        let files = FileManager.default.enumerator(
            at: Self.sources, includingPropertiesForKeys: nil)
        var result: [Source] = []
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let below = file.pathComponents.dropFirst(Self.sources.pathComponents.count)
            result.append(
                Source(
                    target: try #require(below.first), name: file.lastPathComponent,
                    text: try String(contentsOf: file, encoding: .utf8)))
        }
        try #require(result.count > 100, "found only \(result.count) sources")
        return result
    }

    @Test func theDomainImportsNothing() throws {
        for source in try swiftSources() where source.target == "Retention" {
            #expect(source.imports == [], "\(source.name)")
        }
    }

    @Test func eachCLibraryHasOneImporter() throws {
        var importers: [String: Set<String>] = [:]
        for source in try swiftSources() {
            let own = ["Capacity", "Checksums"]
            for library in source.imports where library.hasPrefix("C") && !own.contains(library) {
                importers[library, default: []].insert(source.target)
            }
        }
        #expect(importers.count == 8, "\(importers.keys)")
        for (library, targets) in importers {
            #expect(targets.count == 1, "\(library) is imported by \(targets)")
        }
    }

    @Test func theEdgeKnowsNeitherServerNorStore() throws {
        for source in try swiftSources() where source.target == "pgretain" {
            #expect(!source.imports.contains("Postgres"), "\(source.name)")
            #expect(!source.imports.contains("Archives"), "\(source.name)")
        }
    }

    @Test func onlyTheVerifierMakesAProof() throws {
        let makers = try swiftSources().filter { $0.text.contains("@_spi(Verifier) import") }
        #expect(makers.map(\.name) == ["Verify.swift"])
        let constructors = try swiftSources().filter {
            $0.text.contains("VerifiedArchive(") && $0.name != "VerifiedArchive.swift"
        }
        #expect(constructors.map(\.name) == ["Verify.swift"])
    }

    @Test func foundationStaysOutOfTheHotPath() throws {
        for source in try swiftSources() {
            #expect(!source.imports.contains("Foundation"), "\(source.name)")
            if ["Retention", "RowCoding", "Postgres"].contains(source.target) {
                #expect(!source.imports.contains("FoundationEssentials"), "\(source.name)")
            }
        }
    }

    @Test func nothingIsSwallowedAndNothingCascades() throws {
        for source in try swiftSources() {
            #expect(!source.text.contains(#/\btry\?/#), "\(source.target)/\(source.name)")
            #expect(!source.text.contains("catch {}"), "\(source.target)/\(source.name)")
            let code = source.text.split(separator: "\n").filter {
                !$0.drop { $0 == " " }.hasPrefix("//")
            }
            #expect(!code.contains { $0.contains(" CASCADE") }, "\(source.target)/\(source.name)")
        }
    }
}
