import Glibc
import Retention
import Testing

@testable import Archives

@Suite struct DirectoryStoreTests {
    @Test func theRootHasToBeThere() throws {
        let scratch = try Scratch()
        let missing = problem { _ = try DirectoryStore(root: "\(scratch.path)/none") }
        #expect(missing?.id == "store.missing")
        #expect(missing?.status == .cannotCreate)
        try File.write([], to: "\(scratch.path)/file", mode: 0o600)
        for root in ["\(scratch.path)/file", "\(scratch.path)/file/below"] {
            #expect(problem { _ = try DirectoryStore(root: root) }?.id == "store.missing")
            #expect(
                problem { _ = try DirectoryStore(root: root, access: .readOnly) }?.id
                    == "store.missing")
        }
        #expect(try DirectoryStore(root: scratch.path + "//").root == scratch.path)
    }

    @Test(arguments: [0o777, 0o1777, 0o752])
    func aWorldWritableRootIsRefused(mode: mode_t) throws {
        let scratch = try Scratch()
        try File.setMode(of: scratch.path, to: mode)
        let found = problem { _ = try DirectoryStore(root: scratch.path) }
        #expect(found?.id == "store.permission")
        #expect(found?.status == .permission)
        let reading = try DirectoryStore(root: scratch.path, access: .readOnly)
        #expect(try reading.archives().isEmpty)
    }

    @Test func somebodyElsesRootIsForRootOnly() throws {
        let scratch = try Scratch()
        if geteuid() == 0 {
            try #require(chown(scratch.path, 12345, 12345) == 0)
            _ = try DirectoryStore(root: scratch.path)
        } else {
            #expect(problem { _ = try DirectoryStore(root: "/usr") }?.id == "store.permission")
            try File.setMode(of: scratch.path, to: 0o500)
            let found = problem { _ = try DirectoryStore(root: scratch.path) }
            try File.setMode(of: scratch.path, to: 0o700)
            #expect(found?.id == "store.permission")
        }
    }

    @Test func aStoreOpenedForReadingIsNotWritten() throws {
        let scratch = try Scratch()
        let store = try DirectoryStore(root: scratch.path, access: .readOnly)
        let binding = StoreBinding(uuid: "u", systemIdentifier: "1", database: "d", ledger: "l")
        #expect(problem { _ = try store.stage(january) }?.id == "store.permission")
        #expect(problem { try store.probeWrite() }?.id == "store.permission")
        #expect(problem { try store.bind(binding) }?.id == "store.permission")
        #expect(problem { _ = try store.heal(table: logs) }?.id == "store.permission")
        #expect(try names(in: scratch.path).isEmpty)
    }

    @Test func theProbeLeavesNothing() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        try store.probeWrite()
        #expect(try names(in: store.root).isEmpty)
        #expect(try store.freeBytes() ?? 0 > 0)
        #expect(try store.volume.deviceID() == File.status(of: scratch.path)?.device)
    }

    @Test(arguments: Place.allCases)
    func oneStoreBelongsToOneDatabase(_ place: Place) throws {
        let scratch = try Scratch()
        let store = try place.store(scratch)
        #expect(try store.binding() == nil)
        let ours = StoreBinding(
            uuid: "0d3f", systemIdentifier: "731", database: "lo\"gs\n", ledger: "9")
        try store.bind(ours)
        try store.bind(ours)
        #expect(try store.binding() == ours)
        #expect(try names(in: store.root, of: store) == ["_store.json"])
        if place != .bucket { #expect(try mode(of: "\(store.root)/_store.json") == 0o440) }
        var theirs = ours
        theirs.systemIdentifier = "732"
        let refused = problem { try store.bind(theirs) }
        #expect(refused?.id == "store.bound")
        #expect(refused?.status == .unavailable)
        #expect(try store.binding() == ours)
        try store.bind(theirs, rebind: true)
        #expect(try store.binding() == theirs)
        #expect(try names(in: store.root, of: store) == ["_store.json"])
    }

    @Test func aDamagedBindingIsNotNone() throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let binding = StoreBinding(uuid: "u", systemIdentifier: "1", database: "d", ledger: "l")
        let good = binding.encoded()
        for bytes in [[], Array("{}".utf8), good + [10], good.dropLast(), Array("x".utf8)] {
            try overwrite("\(store.root)/_store.json", with: Array(bytes))
            #expect(problem { _ = try store.binding() }?.id == "archive.damaged")
            #expect(problem { try store.bind(binding) }?.id == "archive.damaged")
        }
    }

    /// Whatever the umask, which is the process's: other tests run under it meanwhile, and must
    /// not mind either.
    @Test(arguments: [0, 0o077, 0o022])
    func modesDoNotDependOnTheUmask(mask: mode_t) throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let before = umask(mask)
        defer { _ = umask(before) }
        let (archive, _) = try staged([lines(3)], in: store)
        let path = try archive.publish().path
        #expect(try mode(of: path) == 0o750)
        #expect(try mode(of: "\(store.root)/public.system_logs") == 0o750)
        #expect(try mode(of: "\(store.root)/public.system_logs/year=2025") == 0o750)
        #expect(try mode(of: "\(path)/part-00000.ndjson.gz") == 0o440)
        #expect(try mode(of: "\(path)/_manifest.json") == 0o440)
    }

    /// The directory of a year belongs to all the archives in it: one thread makes it, another
    /// finds it empty and removes it, while a third stages in it.
    @Test func threadsStageAndDiscardAtOnce() async throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        try await withThrowingTaskGroup { group in
            for month in 1...8 {
                group.addTask {
                    for round in 0..<200 {
                        let path = "year=\(2000 + round % 3)/month=0\(month)"
                        let slice = Slice(table: logs, path: path)
                        try store.stage(slice).discard()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try names(in: "\(store.root)/public.system_logs").isEmpty)
    }
}
