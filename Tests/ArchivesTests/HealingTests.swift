import Glibc
import Retention
import Testing

@testable import Archives

/// Makes the states in which a run can die, and looks at what healing makes of them.
@Suite struct HealingTests {
    private func parent(_ store: DirectoryStore) -> String {
        "\(store.root)/public.system_logs/year=2025"
    }

    /// Publishes a first generation and seals a second.
    private func twoGenerations(
        _ store: DirectoryStore
    ) throws -> (old: Manifest, new: Manifest, staged: StagedArchive) {
        let (first, old) = try staged([lines(1)], in: store)
        try first.publish()
        let (second, new) = try staged([lines(2)], in: store, generation: 2)
        return (old, new, second)
    }

    @Test func nothingToHeal() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        #expect(try store.heal(table: logs).isEmpty)
        try staged([lines(1)], in: store).0.publish()
        #expect(try store.heal(table: logs).isEmpty)
    }

    /// Whoever works beside others leaves a slice alone of which there is more than its archive.
    @Test func whatIsLeftOfASliceIsSeen() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        #expect(try !store.isUnfinished(january))
        let (archive, _) = try staged([lines(1)], in: store)
        #expect(try store.isUnfinished(january))
        #expect(try !store.isUnfinished(Slice(table: logs, path: "year=2025/month=02")))
        try archive.publish()
        #expect(try !store.isUnfinished(january))
        let parent = parent(store)
        let places = [
            HiddenName.replaced("month=01"), SupersededName(number: 1, component: "month=01").text,
        ]
        for name in places {
            try store.volume.move("\(parent)/month=01", to: "\(parent)/\(name)")
            #expect(try store.isUnfinished(january), "\(name)")
            _ = try store.heal(table: logs)
            #expect(try !store.isUnfinished(january), "\(name)")
        }
        let (second, _) = try staged([lines(2)], in: store, generation: 2)
        try second.supersede()
        #expect(try !store.isUnfinished(january), "two that are kept are no rest")
    }

    @Test func unfinishedArchivesGo() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let archive = try store.stage(january)
        _ = try write(lines(3), index: 0, into: archive)
        let (_, _) = try staged([lines(3)], in: store)
        try File.write([], to: "\(store.root)/.probe-0123456789abcdef", mode: 0o440)
        try File.write([], to: "\(store.root)/.store-0123456789abcdef", mode: 0o440)
        let done = try store.heal(table: logs)
        #expect(done.count == 5, "two files, two archives, one directory: \(done)")
        #expect(try names(in: store.root) == ["public.system_logs"])
        #expect(try names(in: "\(store.root)/public.system_logs").isEmpty)
        #expect(try store.heal(table: logs).isEmpty)
    }

    /// Whoever reads finds it meanwhile, by its period and in lists.
    @Test func whatIsMovedAsideIsReadThere() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let (old, _, _) = try twoGenerations(store)
        let aside = "\(parent(store))/.replaced-month=01"
        try store.volume.move("\(parent(store))/month=01", to: aside)
        let found = try #require(try store.published(january))
        #expect(found.directory.path == aside && found.manifest == old)
        #expect(try store.archives().map(\.directory.path) == [aside])
        _ = try store.heal(table: logs)
        #expect(try store.published(january)?.directory.path == "\(parent(store))/month=01")
    }

    @Test func anotherTablesArchivesAreLeftAlone() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let other = Slice(table: QualifiedName(schema: "public", name: "x"), path: january.path)
        let (archive, _) = try staged([lines(3)], in: store, of: other)
        #expect(try store.heal(table: logs).isEmpty)
        try archive.publish()
    }

    @Test func linksAreRemovedAndNotFollowed() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let outside = "\(scratch.path)/outside"
        try File.makeDirectory(outside, mode: 0o750)
        try File.write([1], to: "\(outside)/precious", mode: 0o640)
        let archive = try store.stage(january)
        try #require(symlink(outside, "\(archive.directory.path)/link") == 0)
        try #require(symlink(outside, "\(parent(store))/.partial-month=02-1") == 0)
        try #require(symlink(outside, "\(store.root)/public.system_logs/year=2026") == 0)
        try File.makeDirectory("\(outside)/.partial-month=03-1", mode: 0o750)
        try File.makeDirectory("\(archive.directory.path)/nested", mode: 0o750)
        try File.write([1], to: "\(archive.directory.path)/nested/file", mode: 0o440)
        try File.setMode(of: archive.directory.path, to: 0)
        _ = try store.heal(table: logs)
        #expect(try names(in: outside) == [".partial-month=03-1", "precious"])
        #expect(try names(in: "\(store.root)/public.system_logs") == ["year=2026"])
    }

    /// `replace` by exchange, dead before it removed the old generation.
    @Test func replacedByExchange() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let state = try twoGenerations(store)
        try File.exchange(state.staged.directory.path, with: "\(parent(store))/month=01")
        _ = try store.heal(table: logs)
        #expect(try names(in: parent(store)) == ["month=01"])
        #expect(try store.manifest(of: january) == state.new)
    }

    /// `replace` by renames, dead between the two.
    @Test func theReplacedArchiveComesBack() throws {
        let scratch = try Scratch()
        let store = try scratch.plainStore()
        let state = try twoGenerations(store)
        try File.rename(
            "\(parent(store))/month=01", to: "\(parent(store))/.replaced-month=01")
        #expect(try store.manifest(of: january) == nil)
        _ = try store.heal(table: logs)
        #expect(try names(in: parent(store)) == ["month=01"])
        #expect(try store.manifest(of: january) == state.old)
    }

    /// `replace` by renames, dead after the second.
    @Test func theReplacedArchiveGoes() throws {
        let scratch = try Scratch()
        let store = try scratch.plainStore()
        let state = try twoGenerations(store)
        try File.rename(
            "\(parent(store))/month=01", to: "\(parent(store))/.replaced-month=01")
        try state.staged.publish()
        _ = try store.heal(table: logs)
        #expect(try names(in: parent(store)) == ["month=01"])
        #expect(try store.manifest(of: january) == state.new)
    }

    @Test func aDamagedSuccessorDoesNotCostTheReplacedArchive() throws {
        let scratch = try Scratch()
        let store = try scratch.plainStore()
        let state = try twoGenerations(store)
        try File.rename(
            "\(parent(store))/month=01", to: "\(parent(store))/.replaced-month=01")
        try File.remove(try state.staged.publish().path(of: "part-00000.ndjson.gz"))
        _ = try store.heal(table: logs)
        #expect(try names(in: parent(store)) == [".superseded-1-month=01", "month=01"])
        #expect(try store.manifest(of: january) == state.old)
    }

    /// Somebody published less at the place of an archive that was moved aside.
    @Test(arguments: [Place.plainFiles, .bucket])
    func whatIsNoSuccessorCostsNothing(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        let (first, old) = try staged([lines(4)], in: store)
        try first.publish()
        let (second, less) = try staged([lines(2)], in: store)
        try store.volume.move(
            "\(parent(store))/month=01", to: "\(parent(store))/.replaced-month=01")
        try second.publish()
        _ = try store.heal(table: logs)
        let found = try store.archives(checkingFiles: true)
        #expect(try found.map { try $0.manifest.get() } == [less, old])
        #expect(found.map(\.superseded) == [nil, 1])
    }

    /// Between the two moves of a replacing, who looks finds the old generation.
    @Test(arguments: [Place.plainFiles, .bucket])
    func theArchiveMovedAsideIsSeen(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        let (first, old) = try staged([lines(4)], in: store)
        try first.publish()
        try store.volume.move(
            "\(parent(store))/month=01", to: "\(parent(store))/.replaced-month=01")
        let found = try store.archives(checkingFiles: true)
        #expect(try found.map { try $0.manifest.get() } == [old])
        #expect(found.map(\.slice) == [january])
        try staged([lines(5)], in: store, generation: 2).0.publish()
        #expect(try store.archives().count == 1)
    }

    /// `supersede`, dead after each of its renames, with an exchange and without.
    @Test(arguments: 1...3)
    func superseding(step: Int) throws {
        let scratch = try Scratch()
        let store = try scratch.plainStore()
        let state = try twoGenerations(store)
        let final = "\(parent(store))/month=01"
        try File.rename(
            state.staged.directory.path, to: "\(parent(store))/.superseded-1-month=01")
        if step == 2 { try File.exchange("\(parent(store))/.superseded-1-month=01", with: final) }
        if step == 3 { try File.rename(final, to: "\(parent(store))/.superseded-2-month=01") }
        _ = try store.heal(table: logs)
        let found = try store.archives(checkingFiles: true)
        #expect(found.count == 2)
        let generations = try found.map { try $0.manifest.get() }
        #expect(generations == (step == 1 ? [state.old, state.new] : [state.new, state.old]))
        #expect(found[0].superseded == nil)
        #expect(try store.heal(table: logs).isEmpty)
    }
}
