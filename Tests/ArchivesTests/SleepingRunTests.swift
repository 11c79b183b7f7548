import Checksums
import Retention
import Synchronization
import Testing

@testable import Archives

extension MemoryBucket {
    /// Heals until nothing is left to heal, with hours between.
    func settle(_ store: DirectoryStore) throws {
        for _ in 0..<6 {
            pass(seconds: 2 * 3600)
            let done = try store.heal(table: logs)
            let isMarked = objects.keys.contains { $0.hasSuffix(UnfinishedMark.fileName) }
            if done.isEmpty, !isMarked { return }
        }
    }
}

/// A run whose session is gone sleeps before one of its requests, while another heals and does its own
/// night's work; then it goes on, with what it saw before. Whatever of it is late, no row is lost that a
/// database has let go.
@Suite struct SleepingRunTests {
    enum Work: CaseIterable {
        case publish, replace, supersede
    }

    /// What the rows that have left the database need.
    private final class Needs: Sendable {
        /// Of each, one is whole at every instant.
        let manifests = Mutex<[[(Manifest, [UInt8])]]>([])

        func add(_ these: [Manifest]) throws {
            let these = try these.map { ($0, try ManifestFile.encode($0)) }
            manifests.withLock { $0.append(these) }
        }

        /// Holds all that the first of the others do.
        func allow(_ manifest: Manifest) throws {
            let this = (manifest, try ManifestFile.encode(manifest))
            manifests.withLock { if !$0.isEmpty { $0[0].append(this) } }
        }

        func lacks(in objects: [String: [UInt8]]) -> String? {
            let directories = objects.keys.filter { $0.hasSuffix("/\(ManifestFile.name)") }
                .map { String($0.dropLast(ManifestFile.name.utf8.count)) }
                .filter { !$0.contains("/\(HiddenName.partialPrefix)") }
            let isKept = manifests.withLock { needs in
                needs.allSatisfy {
                    $0.contains { need in
                        directories.contains { Self.isWhole(need.0, need.1, at: $0, in: objects) }
                    }
                }
            }
            return isKept ? nil : "not all is whole in \(objects.keys.sorted())"
        }

        private static func isWhole(
            _ manifest: Manifest, _ encoded: [UInt8], at directory: String,
            in objects: [String: [UInt8]]
        ) -> Bool {
            encoded == objects[directory + ManifestFile.name]
                && manifest.parts.allSatisfy { part in
                    objects[directory + part.file]?.withUnsafeBytes {
                        Checksum.sha256(of: $0) == part.sha256
                    } ?? false
                }
        }
    }

    private struct World: Sendable {
        let bucket = MemoryBucket()
        let store: DirectoryStore
        let work: Work
        let needs = Needs()
        let own: Manifest
        let archive: StagedArchive

        init(_ work: Work) throws {
            self.work = work
            store = try BucketStoreTests.store(in: bucket)
            var old: [Manifest] = []
            if work != .publish {
                let (first, manifest) = try staged([lines(9), lines(4)], in: store)
                try first.publish()
                old = [manifest]
            }
            (archive, own) = try staged([lines(9), lines(5), lines(2)], in: store, generation: 2)
            if work == .supersede { try needs.add(old) }
            if work == .replace { try needs.add(old + [own]) }
            bucket.state.withLock { [needs] in $0.law = { needs.lacks(in: $0) } }
        }

        func run(_ archive: StagedArchive) throws {
            switch work {
            case .publish: try archive.publish()
            case .replace: try archive.replace()
            case .supersede: _ = try archive.supersede()
            }
        }

        /// Heals, exports the same rows, and lets them go if all went well.
        func otherNight() throws {
            guard problem({ _ = try store.heal(table: logs) }) == nil else { return }
            let (other, manifest) = try staged(
                [lines(9), lines(5), lines(2), lines(7)], in: store, generation: 2)
            if work == .replace { try needs.allow(manifest) }
            if problem({ try run(other) }) == nil {
                // Where it superseded, the sleeping run's archive lacks rows that it let go.
                try needs.add(work == .supersede ? [manifest] : [manifest, own])
            } else {
                try other.discard()
            }
        }

        func expectConserved(_ what: Comment) throws {
            let stuck = problem { try bucket.settle(store) }
            #expect(stuck == nil, "\(what): \(String(describing: stuck))")
            let broken = bucket.state.withLock { $0.broken }
            #expect(broken.isEmpty, "\(what): \(broken)")
            #expect(needs.lacks(in: bucket.objects) == nil, what)
            let archives = try store.inventory(checkingFiles: true).archives
            #expect(archives.contains { $0.superseded == nil } || work == .publish, what)
            // What was late may leave damage beside it, which somebody has to see.
            for archive in archives where archive.superseded == nil {
                let unread = problem {
                    for part in try archive.manifest.get().parts {
                        _ = try read(part, in: archive.directory)
                    }
                }
                #expect(unread == nil, "\(what): \(String(describing: unread))")
            }
        }
    }

    /// - Parameter number: of the request before which `body` sleeps. Returns whether there was one.
    private func sleeps(
        _ world: World, before number: Int, seconds: Int64, in body: () throws -> Void
    ) throws -> Bool {
        world.bucket.arm()
        world.bucket.state.withLock { state in
            state.sleep = (
                number,
                {
                    world.bucket.pass(seconds: seconds)
                    let failed = problem { try world.otherNight() }
                    #expect(failed == nil)
                }
            )
        }
        _ = problem { try body() }
        return world.bucket.state.withLock { state in
            defer { state.sleep = nil }
            return state.sleep == nil
        }
    }

    @Test(arguments: Work.allCases, [1, 24 * 3600] as [Int64])
    func whatARunSendsLateCostsNoRow(_ work: Work, _ seconds: Int64) throws {
        var number = 1
        while true {
            let world = try World(work)
            guard
                try sleeps(
                    world, before: number, seconds: seconds, in: { try world.run(world.archive) })
            else { break }
            try world.expectConserved("\(work), asleep for \(seconds) s before \(number)")
            number += 1
        }
        #expect(number > 8)
    }

    /// The first run was killed, and it is the healing that sleeps.
    @Test(arguments: Work.allCases)
    func whatAHealingSendsLateCostsNoRow(_ work: Work) throws {
        var killed = 1
        while true {
            // A third of all, another one for each.
            var number = 1 + killed % 3
            var isWhole = false
            while true {
                let world = try World(work)
                world.bucket.arm((killed, .deadAfter))
                isWhole = problem { try world.run(world.archive) } == nil
                if isWhole { break }
                guard
                    try sleeps(
                        world, before: number, seconds: 24 * 3600,
                        in: { _ = try world.store.heal(table: logs) })
                else { break }
                try world.expectConserved(
                    "\(work), killed after \(killed), asleep before \(number)")
                number += 3
            }
            if isWhole { break }
            killed += 1
        }
        #expect(killed > 8)
    }
}
