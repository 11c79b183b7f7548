import Retention
import Testing

@testable import Archives

/// Each runs wherever a store may be.
@Suite struct PublishingTests {
    private static let parent = "public.system_logs/year=2025"

    private func siblings(_ store: DirectoryStore) throws -> [String] {
        try names(in: "\(store.root)/\(Self.parent)", of: store)
    }

    @Test(arguments: Place.allCases)
    func publishing(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        let (archive, manifest) = try staged([lines(9), lines(4)], in: store)
        #expect(try read(manifest.parts[1], in: archive.directory) == lines(4))
        #expect(try siblings(store).allSatisfy { $0.hasPrefix(".partial-month=01-") })
        let published = try archive.publish()
        #expect(published == (try store.directory(of: january)))
        #expect(try siblings(store) == ["month=01"])
        #expect(try store.manifest(of: january) == manifest)
        #expect(try read(manifest.parts[0], in: published) == lines(9))
    }

    @Test(arguments: Place.allCases)
    func nothingIsPublishedTwice(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        let (first, manifest) = try staged([lines(9)], in: store)
        let (second, _) = try staged([lines(8)], in: store)
        try first.publish()
        let found = problem { try second.publish() }
        #expect(found?.id == "archive.exists")
        #expect(found?.status == .cannotCreate)
        #expect(try store.manifest(of: january) == manifest)
        try second.discard()
        try second.discard()
        #expect(try siblings(store) == ["month=01"])
    }

    @Test(arguments: Place.allCases)
    func onlyWhatIsSealedIsPublished(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        let archive = try store.stage(january)
        #expect(problem { try archive.publish() }?.id == "archive.invalid")
        let part = try write(lines(3), index: 0, into: archive)
        #expect(problem { try archive.seal(manifest([])) }?.id == "archive.damaged")
        let february = Slice(table: logs, path: "year=2025/month=02")
        #expect(
            problem { try archive.seal(manifest([part], of: february)) }?.id == "archive.invalid")
        try archive.seal(manifest([part]))
        #expect(problem { try archive.seal(manifest([part])) } != nil, "sealed once and for all")
        try archive.discard()
        #expect(try names(in: "\(store.root)/public.system_logs", of: store).isEmpty)
    }

    @Test(arguments: Place.allCases)
    func anEmptyArchive(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        let (archive, manifest) = try staged([], in: store)
        try archive.publish()
        #expect(try store.manifest(of: january) == manifest)
    }

    @Test(arguments: Place.allCases)
    func replacing(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        #expect(
            problem { try staged([lines(1)], in: store).0.replace() }?.id == "archive.missing")
        _ = try store.heal(table: logs)
        try staged([lines(9)], in: store).0.publish()
        let (archive, manifest) = try staged([lines(9), lines(4)], in: store, generation: 2)
        try archive.replace()
        #expect(try siblings(store) == ["month=01"])
        #expect(try store.manifest(of: january) == manifest)
        #expect(try store.heal(table: logs).isEmpty)
    }

    @Test(arguments: Place.allCases)
    func superseding(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        var generations: [Manifest] = []
        var numbers: [Int?] = [nil]
        for generation in 1...3 {
            let (archive, manifest) = try staged(
                [lines(generation)], in: store, generation: generation)
            if generation == 1 {
                try archive.publish()
            } else {
                numbers.append(try archive.supersede())
            }
            generations.append(manifest)
        }
        #expect(try store.manifest(of: january) == generations[2])
        let found = try store.inventory(checkingFiles: true)
        #expect(found.archives.map(\.superseded) == numbers)
        #expect(
            try found.archives.map { try $0.manifest.get() }
                == [generations[2], generations[0], generations[1]])
        #expect(found.archives.allSatisfy { $0.slice == january })
        #expect(try store.heal(table: logs).isEmpty)
        #expect(try store.archives().count == 3)
    }

    @Test(arguments: Place.allCases)
    func addingToAnArchive(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        try staged([lines(9), lines(4)], in: store).0.publish()
        let archive = try store.stage(january)
        var parts = try archive.adoptParts(of: january)
        #expect(parts.count == 2)
        parts.append(try write(lines(5, seed: 100), index: parts.count, into: archive))
        try archive.seal(manifest(parts, generation: 2))
        #expect(try read(parts[0], in: archive.directory) == lines(9))
        try archive.replace()
        let published = try store.directory(of: january)
        for (part, expected) in zip(parts, [lines(9), lines(4), lines(5, seed: 100)]) {
            #expect(try read(part, in: published) == expected)
            if place != .bucket {
                #expect(try mode(of: published.path(of: part.file)) == 0o440)
            }
        }
        #expect(try store.manifest(of: january)?.generation == 2)
    }

    @Test(arguments: Place.allCases)
    func nothingIsAddedToWhatIsNotThere(_ place: Place) throws {
        let scratch = try Scratch()
        let archive = try place.store(scratch).stage(january)
        #expect(problem { _ = try archive.adoptParts(of: january) }?.id == "archive.missing")
    }
}
