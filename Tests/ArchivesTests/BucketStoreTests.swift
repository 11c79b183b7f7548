import Checksums
import ObjectStorage
import Retention
import Testing

@testable import Archives

/// A sealed archive of one part for each block of lines.
private func sealed(
    _ blocks: [[UInt8]], _ store: DirectoryStore, _ generation: Int
) throws -> (StagedArchive, Manifest) {
    try staged(blocks, in: store, generation: generation)
}

/// A store in a bucket: what it does at once in a directory tree takes many requests here, and each
/// of them may be the last.
@Suite struct BucketStoreTests {
    enum Operation: CaseIterable {
        case publish, replace, supersede, remove, keep, takeIn
    }

    private static let root = "s3://bucket/archives"

    static func store(in bucket: MemoryBucket) throws -> DirectoryStore {
        try DirectoryStore(
            root: root,
            volume: BucketVolume(root: root, endpoint: nil, bucket: bucket))
    }

    /// A store with a published generation, where the operation needs one, and a sealed other.
    private struct World {
        let bucket = MemoryBucket()
        let store: DirectoryStore
        let operation: Operation
        var old: Manifest?
        let new: Manifest
        let staged: StagedArchive

        init(_ operation: Operation) throws {
            self.operation = operation
            store = try BucketStoreTests.store(in: bucket)
            if operation != .publish, operation != .keep {
                let (first, manifest) = try sealed([lines(9), lines(4)], store, 1)
                try first.publish()
                old = manifest
            }
            (staged, new) = try sealed([lines(9), lines(5), lines(2)], store, 2)
            let law = try law()
            bucket.state.withLock { $0.law = law }
        }

        func run() throws {
            switch operation {
            case .publish: try staged.publish()
            case .replace: try staged.replace()
            case .supersede: _ = try staged.supersede()
            case .remove: try store.remove(january)
            case .keep:
                let range = try staged.keep(
                    new, fileNode: 7, pages: PageRange(from: 0, to: 10)!)
                #expect(range.manifest == new)
            case .takeIn:
                let next = try store.stage(january)
                _ = try next.adoptParts(of: january)
                try next.discard()
            }
        }

        /// What is true at every instant: an archive that was proven is whole, under a name that
        /// healing never removes.
        private func law() throws -> @Sendable ([String: [UInt8]]) -> String? {
            let (old, new, operation) = (old ?? new, new, operation)
            let (oldBytes, newBytes) = (try ManifestFile.encode(old), try ManifestFile.encode(new))
            return { objects in
                let stays: Bool
                switch operation {
                case .publish, .keep, .remove: stays = true
                case .replace:
                    stays =
                        World.isWhole(old, oldBytes, in: objects)
                        || World.isWhole(new, newBytes, in: objects)
                case .supersede, .takeIn: stays = World.isWhole(old, oldBytes, in: objects)
                }
                return stays ? nil : "nothing is whole in \(objects.keys.sorted())"
            }
        }

        private static func isWhole(
            _ manifest: Manifest, _ encoded: [UInt8], in objects: [String: [UInt8]]
        ) -> Bool {
            let directories = objects.keys.filter { $0.hasSuffix("/\(ManifestFile.name)") }
                .map { String($0.dropLast(ManifestFile.name.utf8.count)) }
            return directories.contains { directory in
                let name = directory.split(separator: "/").last!
                return !name.hasPrefix(HiddenName.partialPrefix)
                    && encoded == objects[directory + ManifestFile.name]
                    && manifest.parts.allSatisfy { part in
                        objects[directory + part.file]?.withUnsafeBytes {
                            Checksum.sha256(of: $0) == part.sha256
                        } ?? false
                    }
            }
        }

        /// After a healing, which may leave an archive at two places for an hour.
        func expectReadable(_ what: Comment) throws {
            for archive in try store.inventory(checkingFiles: true).archives {
                for part in try archive.manifest.get().parts {
                    _ = try read(part, in: archive.directory)
                }
            }
            if operation != .publish, operation != .remove, operation != .keep {
                #expect(try store.manifest(of: january) != nil, what)
            }
        }

        /// After healing.
        func expectHealed(succeeded: Bool, _ what: Comment) throws {
            let broken = bucket.state.withLock { $0.broken }
            #expect(broken.isEmpty, what)
            try expectReadable(what)
            let keys = bucket.objects.keys
            #expect(
                !keys.contains {
                    $0.contains(HiddenName.partialPrefix) || $0.contains(HiddenName.replacedPrefix)
                        || $0.hasSuffix(UnfinishedMark.fileName)
                }, "\(what): \(keys.sorted())")
            let inventory = try store.inventory(checkingFiles: true)
            #expect(inventory.strangers.isEmpty, what)
            let found = try inventory.archives.map { try $0.manifest.get() }
            #expect(Set(found.map(\.generation)).count == found.count, "\(what): twice")
            let published = try store.manifest(of: january)
            switch operation {
            case .publish: #expect(published == new || !succeeded && published == nil, what)
            case .replace:
                #expect(
                    found.count == 1 && (published == new || !succeeded && published == old), what)
            case .supersede:
                #expect(found.contains(old!), what)
                #expect(succeeded ? published == new && found.count == 2 : published != nil, what)
            case .remove: #expect(published == nil || !succeeded && published == old, what)
            case .keep:
                let ranges = try store.ranges(of: january)
                #expect(succeeded ? ranges.count == 1 : ranges.count <= 1, what)
                #expect(ranges.allSatisfy { $0.manifest == new }, what)
            case .takeIn: #expect(published == old, what)
            }
            #expect(try store.heal(table: logs).isEmpty, what)
        }
    }

    /// Dies, or fails, at each request of an operation; then dies at each request of healing.
    @Test(arguments: Operation.allCases)
    func nothingIsLostAndNothingIsThereTwice(_ operation: Operation) throws {
        let requests = try {
            let world = try World(operation)
            world.bucket.arm()
            try world.run()
            return world.bucket.state.withLock { $0.changes }
        }()
        #expect(requests > 3)
        for number in 1...requests + 1 {
            for kind in MemoryBucket.End.allCases {
                let world = try World(operation)
                world.bucket.arm((number, kind))
                let succeeded = problem { try world.run() } == nil
                let left = world.bucket.objects
                var healing = 1
                while try dies(world, with: left, at: (healing, kind), succeeded, "\(number)") {
                    healing += 1
                }
            }
        }
    }

    /// Heals, and heals again. Returns whether the first healing died.
    private func dies(
        _ world: World, with left: [String: [UInt8]], at end: (number: Int, kind: MemoryBucket.End),
        _ succeeded: Bool, _ number: String
    ) throws -> Bool {
        world.bucket.state.withLock { $0.objects = left }
        world.bucket.arm(end)
        let healed = problem { _ = try world.store.heal(table: logs) } == nil
        world.bucket.arm()
        let what: Comment = "\(world.operation): \(number), and then \(end) of healing"
        _ = try world.store.heal(table: logs)
        try world.expectReadable(what)
        try world.bucket.settle(world.store)
        try world.expectHealed(succeeded: succeeded, what)
        return !healed
    }

    /// Parts without a manifest and without a mark: somebody has removed the manifest, and a person has
    /// to see it.
    @Test func damageIsSeenAndNotRemoved() throws {
        let bucket = MemoryBucket()
        let store = try Self.store(in: bucket)
        try sealed([lines(9)], store, 1).0.publish()
        let manifest = try store.directory(of: january).path(of: ManifestFile.name)
        try store.volume.remove(manifest)
        #expect(try store.heal(table: logs).isEmpty)
        #expect(problem { _ = try store.manifest(of: january) }?.id == "archive.damaged")
        #expect(try store.archives().count == 1)
        let (second, _) = try sealed([lines(3)], store, 1)
        #expect(problem { try second.publish() }?.id == "archive.exists")
        try second.discard()
        #expect(bucket.objects.count == 1)
    }

    /// A run that has lost its lock goes on where another has healed.
    @Test func whoIsOvertakenRemovesNothing() throws {
        let bucket = MemoryBucket()
        let store = try Self.store(in: bucket)
        let (first, old) = try sealed([lines(9)], store, 1)
        try first.publish()
        let final = try store.directory(of: january).path
        bucket.state.withLock { state in
            state.overtake = { objects in
                // The mark is another's as soon as the manifest is there.
                let aside = "archives/public.system_logs/year=2025/.superseded-1-month=01/"
                guard objects[aside + ManifestFile.name] != nil else { return }
                objects[aside + UnfinishedMark.fileName] = UnfinishedMark().encoded()
            }
        }
        let kept = final.replacing("month=01", with: ".superseded-1-month=01")
        #expect(problem { try store.volume.move(final, to: kept) }?.id == "archive.exists")
        #expect(try store.manifest(of: january) == old)
    }

    @Test func whatHasToBeThawedIsNotDamaged() throws {
        let bucket = MemoryBucket()
        let store = try Self.store(in: bucket)
        let (archive, manifest) = try sealed([lines(9)], store, 1)
        let directory = try archive.publish()
        let part = manifest.parts[0]
        _ = bucket.state.withLock { state in
            state.cold.insert(String(directory.path(of: part.file).dropFirst("s3://bucket/".count)))
        }
        #expect(try store.manifest(of: january) == manifest)
        let found = problem { _ = try read(part, in: directory) }
        #expect(
            found?.id == "archive.cold" && found?.status == .tryLater,
            "\(String(describing: found))")
    }

    /// Of a filter as little is read as of one on a disk.
    @Test func filtersAreReadInPieces() throws {
        let store = try Self.store(in: MemoryBucket())
        let archive = try store.stage(january)
        let part = try write(lines(10), index: 0, into: archive)
        let hashes = (1...9000).map { UInt64($0) &* 0x9e37_79b9_7f4a_7c15 }
        try PartFilter.write(
            [.init(column: "id", hashes: hashes)],
            of: WrittenPart(
                file: part.file, bytes: part.bytes, sha256: part.sha256,
                ndjsonBytes: part.ndjsonBytes), into: archive)
        try archive.seal(manifest([part]))
        let directory = try archive.publish()
        func ask(_ hash: UInt64) -> PartFilter.Answer {
            PartFilter.ask([.init(column: "id", hash: hash)], of: part, in: directory)
        }
        #expect(hashes.allSatisfy { ask($0).mayHold })
        #expect((1...1000).count { ask(UInt64($0)).mayHold } < 50)
        #expect(ask(1).bytesRead <= 512 + 4096)
        #expect(try PartFilter.flaw(of: part, in: directory) == nil)
    }

    @Test func aStoreThatIgnoresConditionsIsRefused() throws {
        let bucket = MemoryBucket()
        bucket.state.withLock { $0.knowsConditions = false }
        let store = try Self.store(in: bucket)
        let binding = StoreBinding(uuid: "u", systemIdentifier: "1", database: "d", ledger: "l")
        #expect(problem { try store.bind(binding) }?.id == "store.location")
        #expect(problem { try store.bind(binding, rebind: true) }?.id == "store.location")
        #expect(problem { try store.requireConditions() }?.id == "store.location")
        #expect(bucket.objects.isEmpty)
    }

    /// What is dropped is dropped against the copy, and not against what was proven.
    @Test(arguments: [Operation.publish, .replace])
    func aCopyThatIsNotTheSameCostsNothing(_ operation: Operation) throws {
        let world = try World(operation)
        world.bucket.state.withLock { $0.spoilsCopies = true }
        #expect(problem { try world.run() }?.id == "archive.damaged")
        let bytes = try ManifestFile.encode(world.old ?? world.new)
        let whole = world.bucket.objects.filter { $0.value == bytes }.keys
        #expect(!whole.isEmpty)
        #expect(world.bucket.state.withLock { $0.broken }.isEmpty || operation == .publish)
        #expect(problem { _ = try world.store.heal(table: logs) }?.id == "archive.damaged")
    }

    /// A run that dies between the manifest of a copy and the look at it.
    @Test func healingProvesACopyBeforeItsSourceGoes() throws {
        let world = try World(.supersede)
        let final = try world.store.directory(of: january).path
        let aside = final.replacing("month=01", with: ".superseded-1-month=01")
        world.bucket.state.withLock { $0.spoilsCopies = true }
        #expect(problem { try world.store.volume.move(final, to: aside) }?.id == "archive.damaged")
        #expect(problem { _ = try world.store.heal(table: logs) }?.id == "archive.damaged")
        let manifest = try #require(try world.store.manifest(of: january))
        _ = try read(manifest.parts[0], in: world.store.directory(of: january))
        // Copied again, from what is whole.
        world.bucket.state.withLock { $0.spoilsCopies = false }
        _ = try world.store.heal(table: logs)
        try world.staged.discard()
        try world.bucket.settle(world.store)
        try world.expectHealed(succeeded: false, "after a copy that was not the same")
    }

    /// Nothing is removed because a list does not show it.
    @Test func whatAListDoesNotShowIsNotLost() throws {
        let bucket = MemoryBucket()
        let store = try Self.store(in: bucket)
        let (archive, old) = try sealed([lines(9), lines(4)], store, 1)
        try archive.publish()
        let final = try store.directory(of: january).path
        let aside = final.replacing("month=01", with: ".superseded-1-month=01")
        for name in ["part-00001.ndjson.gz", ManifestFile.name] {
            let key = String("\(final)/\(name)".dropFirst("s3://bucket/".count))
            bucket.state.withLock { $0.unlisted = [key] }
            let found = problem { try store.volume.move(final, to: aside) }
            #expect(found?.id == "store.unlisted" && found?.status == .tryLater, "\(name)")
        }
        // Beside a mark it looks like a rest.
        let mark = UnfinishedMark()
        try store.volume.write(mark.encoded(), to: "\(final)/\(UnfinishedMark.fileName)")
        _ = try store.heal(table: logs)
        bucket.state.withLock { $0.unlisted = [] }
        _ = try store.heal(table: logs)
        #expect(try store.manifest(of: january) == old)
    }

    /// What a run without its lock removes late of what healing has brought back is read where it was,
    /// and brought back again.
    @Test func whatWasBroughtBackStaysWhereItWas() throws {
        let bucket = MemoryBucket()
        let store = try Self.store(in: bucket)
        let (archive, old) = try sealed([lines(9), lines(4)], store, 1)
        let final = try archive.publish().path
        let aside = final.replacing("month=01", with: ".replaced-month=01")
        try store.volume.move(final, to: aside)
        #expect(try store.published(january)?.directory.path == aside)
        // What is removed must not come back by a healing.
        #expect(problem { try store.remove(january) }?.id == "store.settling")
        #expect(try store.heal(table: logs).count == 1)
        #expect(try store.published(january)?.directory.path == final)
        #expect(problem { try store.remove(january) }?.id == "store.settling")
        let (next, _) = try sealed([lines(9), lines(5)], store, 2)
        #expect(problem { try next.replace() }?.id == "store.settling")
        try next.discard()

        try store.volume.remove("\(final)/\(old.parts[0].file)")
        let found = try #require(try store.published(january))
        #expect(found.directory.path == aside && found.manifest == old)
        #expect(try store.archives(checkingFiles: true).map(\.directory.path) == [aside])
        bucket.pass(seconds: 3600)
        #expect(try store.heal(table: logs).count == 1)
        _ = try read(old.parts[0], in: try store.directory(of: january))
        // The hour has begun anew.
        bucket.pass(seconds: 3599)
        #expect(try store.heal(table: logs).isEmpty)
        bucket.pass(seconds: 1)
        #expect(try store.heal(table: logs).count == 1)
        #expect(try store.volume.entries(of: aside) == nil)
        try bucket.settle(store)
        try sealed([lines(9), lines(5)], store, 2).0.replace()
        #expect(bucket.objects.count == 3)
    }

    /// Tidying is no reason to end a night.
    @Test func whoMayNotListUploadsHealsAllTheSame() throws {
        let bucket = MemoryBucket()
        let store = try Self.store(in: bucket)
        try sealed([lines(9)], store, 1).0.publish()
        let refusals: [(StorageError, Bool)] = [
            (.denied(what: "uploads", code: "AccessDenied", message: ""), true),
            (.refused(what: "uploads", status: 501, code: "NotImplemented", message: ""), true),
            (.missing(key: ""), true),
            (.unreachable(store: "the model", reason: "it is away"), false),
        ]
        for (refusal, passes) in refusals {
            bucket.state.withLock { $0.uploads = refusal }
            #expect((problem { _ = try store.heal(table: logs) } == nil) == passes)
        }
    }

    /// A mark on a year is no reason to remove its months.
    @Test func whatIsBelowARestIsNotItsOwn() throws {
        let store = try Self.store(in: MemoryBucket())
        let (archive, old) = try sealed([lines(9)], store, 1)
        try archive.publish()
        try store.volume.write(
            UnfinishedMark().encoded(),
            to: "\(store.root)/public.system_logs/year=2025/\(UnfinishedMark.fileName)")
        #expect(problem { _ = try store.heal(table: logs) }?.id == "archive.damaged")
        #expect(try store.manifest(of: january) == old)
    }

    /// What a run without its lock may copy from goes first, and needs no mark.
    @Test func whatIsUnfinishedGoesFirst() throws {
        let store = try Self.store(in: MemoryBucket())
        _ = try sealed([lines(9)], store, 1)
        #expect(try store.volume.settle(below: "\(store.root)/public.system_logs").count == 1)
    }

    /// What others have put there is told and left alone.
    @Test func strangersOfAnyNameAreReported() throws {
        let bucket = MemoryBucket()
        let store = try Self.store(in: bucket)
        try sealed([lines(9)], store, 1).0.publish()
        let names = ["public.system_logs/\u{301}x", "notes/", "notes/a\r\nb", "year=2024"]
        bucket.state.withLock { state in
            for name in names { state.objects["archives/" + name] = [] }
        }
        let found = try store.inventory()
        #expect(found.archives.map(\.slice) == [january])
        #expect(found.strangers == ["notes", "public.system_logs/\u{301}x", "year=2024"])
        #expect(try store.heal(table: logs).isEmpty)
        try store.volume.removeTree("\(store.root)/notes")
        #expect(!bucket.objects.keys.contains { $0.hasSuffix("b") })
    }

    @Test func storesOverlapByTheirPrefixes() throws {
        let bucket = MemoryBucket()
        func volume(_ root: String, endpoint: String? = nil) -> BucketVolume {
            BucketVolume(root: root, endpoint: endpoint, bucket: bucket)
        }
        let one = volume("s3://bucket/a")
        #expect(one.overlaps(volume("s3://bucket/a")))
        #expect(one.overlaps(volume("s3://bucket")) && volume("s3://bucket").overlaps(one))
        #expect(one.overlaps(volume("s3://bucket/a/b")))
        #expect(!one.overlaps(volume("s3://bucket/ab")))
        #expect(!one.overlaps(volume("s3://other/a")))
        #expect(!one.overlaps(volume("s3://bucket/a", endpoint: "https://minio")))
        #expect(!one.overlaps(FileVolume(root: "/bucket/a")))
    }
}
