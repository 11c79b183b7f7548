import Checksums
import Glibc
import SampleLogs
import Synchronization
import Testing

@testable import ObjectStorage

/// Random requests below a prefix of its own, each compared with what a store that never fails would
/// say.
struct Story {
    private let bucket: Bucket
    private let prefix: String
    private var random: SplitMix64
    private var model: [String: [UInt8]] = [:]
    private var count = 0

    init(_ bucket: Bucket, prefix: String, random: SplitMix64) {
        self.bucket = bucket
        self.prefix = prefix
        self.random = random
    }

    private mutating func key() -> String {
        let names = ["a=1/x", "a=1/y+z", "a=2/%41 b", "a=2/ü", "top", "large"]
        return prefix + names[Int.random(in: 0..<names.count, using: &random)]
    }

    private mutating func bytes() -> [UInt8] {
        let count = [0, 1, 700, 4500][Int.random(in: 0..<4, using: &random)]
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    mutating func goOn() throws(StorageError) {
        let key = key()
        let held = model[key]
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1:
            let bytes = bytes()
            try bucket.write(bytes, to: key)
            model[key] = bytes
        case 2, 3:
            // No two are alike: what is there already is never what a lost answer was about.
            count += 1
            let bytes = bytes() + Array("\(count)".utf8)
            let failed = failure {
                try bucket.write(bytes, to: key, ifAbsent: true)
            }
            #expect(failed == (held == nil ? nil : .exists(key: key)))
            if failed == nil { model[key] = bytes }
        case 4:
            let other = self.key()
            guard other != key else { return }
            let failed = failure { try bucket.copy(key, to: other) }
            #expect(failed == (held == nil ? .missing(key: key) : nil))
            if let held { model[other] = held }
        case 5:
            try bucket.remove([key])
            model[key] = nil
        case 6:
            #expect(try bucket.status(of: key)?.bytes == held.map { Int64($0.count) })
        case 7:
            try list()
        default:
            try read(key, held)
        }
    }

    private func list() throws(StorageError) {
        let keys = model.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let all = try bucket.listAll(prefix)
        #expect(all.map(\.key) == keys)
        #expect(all.map { Int($0.bytes) } == keys.map { model[$0]?.count })
        let top = try bucket.list(prefix)
        let deep = Set(keys.map { $0.dropFirst(prefix.count) }.filter { $0.contains("/") })
        #expect(top.objects.count == keys.count - deep.count)
        #expect(top.prefixes.count == Set(deep.map { $0.prefix { $0 != "/" } }).count)
    }

    /// A part of an object has nothing that a flipped bit contradicts: here its reader knows what it
    /// should be, as all readers have to.
    private mutating func read(_ key: String, _ held: [UInt8]?) throws(StorageError) {
        guard let held else {
            #expect(try bucket.contents(of: key, limit: 5000) == nil)
            return
        }
        let start = Int.random(in: 0...held.count, using: &random)
        let end = Int.random(in: start...held.count, using: &random)
        for _ in 0..<40 {
            let found = try bucket.read(key, from: Int64(start), end - start)
            if found == Array(held[start..<end]) { return }
            // One bit, and no more.
            let changed = zip(found, held[start..<end]).filter { $0 != $1 }
            #expect(changed.count <= 2)
        }
        Issue.record("\(key) is never read as it is")
    }

    /// Removes all that it has made.
    func end() throws(StorageError) {
        try bucket.remove(model.keys.sorted())
    }
}

/// One that can be set.
final class Clock: Sendable {
    let ahead = Mutex<Int64>(0)

    func now() -> Int64 { Int64(time(nil)) + ahead.withLock { $0 } }
}
