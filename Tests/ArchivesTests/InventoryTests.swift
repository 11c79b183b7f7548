import Glibc
import Retention
import Testing

@testable import Archives

@Suite struct InventoryTests {
    @Test(arguments: Place.allCases)
    func anEmptyStoreHasNothing(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        #expect(try store.archives().isEmpty)
        #expect(try store.archives(of: logs).isEmpty)
        #expect(try store.manifest(of: january) == nil)
    }

    @Test(arguments: Place.allCases)
    func everyArchiveIsFoundInOrder(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        let other = QualifiedName(schema: "Ä", name: String(repeating: "ö", count: 60))
        var slices = [
            january, Slice(table: logs, path: "year=2025/month=02"),
            Slice(table: logs, path: "from=20250105T000000Z/to=20250120T000000Z"),
            Slice(table: logs, path: "year=2024/month=02/day=29"),
            Slice(table: logs, path: "year=2026/quarter=1"),
            Slice(table: other, path: "year=2025/week=01"), Slice(table: other, path: "year=2027"),
        ]
        for slice in slices {
            let (archive, manifest) = try staged([lines(2)], in: store, of: slice)
            #expect(try store.manifest(of: slice) == nil)
            try archive.publish()
            #expect(try store.manifest(of: slice) == manifest)
        }
        slices.sort()
        let found = try store.inventory(checkingFiles: true)
        #expect(found.archives.map(\.slice) == slices)
        #expect(found.strangers.isEmpty)
        for archive in found.archives {
            #expect(try archive.manifest.get() == store.manifest(of: archive.slice))
        }
        #expect(try store.archives(of: other).map(\.slice) == slices.filter { $0.table == other })
    }

    @Test func strangersAreReportedUnlessHidden() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        try staged([lines(2)], in: store).0.publish()
        let table = "\(store.root)/public.system_logs"
        for path in [
            "\(store.root)/lost+found", "\(store.root)/.snapshot", "\(table)/year=2026",
            "\(table)/notes",
        ] { try File.makeDirectory(path, mode: 0o750) }
        for path in ["\(store.root)/README", "\(table)/year=2025/.DS_Store", "\(table)/x.gz"] {
            try File.write([], to: path, mode: 0o600)
        }
        try #require(symlink("/etc", "\(table)/year=2027") == 0)
        let found = try store.inventory()
        #expect(found.archives.map(\.slice) == [january])
        #expect(
            found.strangers == [
                "README", "lost+found", "public.system_logs/notes", "public.system_logs/x.gz",
                "public.system_logs/year=2027",
            ])
        #expect(try store.manifest(of: january) != nil)
    }

    /// Each state of a published directory that is not the one that was published.
    @Test func everyDamageIsSeen() throws {
        let damages: [(ArchiveDirectory) throws -> Void] = [
            { try File.remove($0.path(of: "_manifest.json")) },
            { try File.remove($0.path(of: "part-00001.ndjson.gz")) },
            { try File.write([1], to: $0.path(of: "part-00002.ndjson.gz"), mode: 0o440) },
            { try File.write([], to: $0.path(of: ".hidden"), mode: 0o440) },
            { try File.write([], to: $0.path(of: "_index.json"), mode: 0o440) },
            { try File.makeDirectory($0.path(of: "month=01"), mode: 0o750) },
            { try overwrite($0.path(of: "_manifest.json"), with: []) },
            {
                try File.rename($0.path(of: "_manifest.json"), to: $0.path + ".json")
                try #require(symlink($0.path + ".json", $0.path(of: "_manifest.json")) == 0)
            },
        ]
        for damage in damages {
            let scratch = try Scratch()
            let store = try scratch.store()
            let (archive, _) = try staged([lines(2), lines(3)], in: store)
            try damage(try archive.publish())
            #expect(problem { _ = try store.manifest(of: january) }?.id == "archive.damaged")
            let found = try store.archives()
            #expect(found.map(\.slice) == [january])
            #expect(throws: ArchiveError.self) { try found[0].manifest.get() }
        }
    }

    @Test func aPartOfAnotherSizeIsSeenWhereFilesAreChecked() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let path = try staged([lines(2)], in: store).0.publish().path(of: "part-00000.ndjson.gz")
        try overwrite(path, with: try contents(of: path) + [0])
        #expect(problem { _ = try store.manifest(of: january) }?.id == "archive.damaged")
        #expect(throws: ArchiveError.self) {
            try store.archives(checkingFiles: true)[0].manifest.get()
        }
        _ = try store.archives()[0].manifest.get()
    }

    @Test func anArchiveBelongsWhereItIs() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let path = try staged([lines(2)], in: store).0.publish().path
        let table = "\(store.root)/public.system_logs"
        try File.rename(path, to: "\(table)/year=2025/month=02")
        let moved = Slice(table: logs, path: "year=2025/month=02")
        #expect(problem { _ = try store.manifest(of: moved) }?.id == "archive.damaged")
        try File.rename("\(table)/year=2025/month=02", to: path)
        try File.rename(table, to: "\(store.root)/public.other_logs")
        let other = Slice(
            table: QualifiedName(schema: "public", name: "other_logs"), path: january.path)
        #expect(problem { _ = try store.manifest(of: other) }?.id == "archive.damaged")
        #expect(try store.archives().map(\.slice) == [other])
    }

    @Test func periodsOfTwoLengthsDoNotNest() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let day = Slice(table: logs, path: "year=2025/month=01/day=05")
        try staged([lines(2)], in: store, of: day).0.publish()
        #expect(try store.manifest(of: january) == nil, "a step on the way is no archive")
        #expect(problem { try staged([], in: store).0.publish() }?.id == "archive.exists")
        let february = Slice(table: logs, path: "year=2025/month=02")
        try staged([lines(2)], in: store, of: february).0.publish()
        let inside = Slice(table: logs, path: "year=2025/month=02/day=05")
        #expect(problem { _ = try store.stage(inside) }?.id == "archive.exists")
    }
}
