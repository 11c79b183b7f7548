import Retention
import Testing

@testable import Archives

/// A filter may only ever say "not here" of what is not there.
@Suite struct PartFilters {
    private struct Filtered {
        let scratch: Scratch
        let directory: ArchiveDirectory
        let part: Manifest.Part

        init(_ values: [PartFilter.Values]) throws {
            scratch = try Scratch()
            let staged = try scratch.store().stage(january)
            part = try write(lines(10), index: 0, into: staged)
            directory = staged.directory
            try PartFilter.write(
                values,
                of: WrittenPart(
                    file: part.file, bytes: part.bytes, sha256: part.sha256,
                    ndjsonBytes: part.ndjsonBytes), into: staged)
        }

        var path: String { directory.path(of: ".part-00000.bloom") }

        func mayHold(_ hash: UInt64, _ column: String = "request_id") -> Bool {
            PartFilter.ask(
                [.init(column: column, hash: hash)], of: part, in: directory
            ).mayHold
        }

        func replace(_ bytes: [UInt8]) throws {
            try File.remove(path)
            try File.write(bytes, to: path, mode: 0o440)
        }
    }

    @Test func everyValueIsFoundAndFewOthersAre() throws {
        var random = SystemRandomNumberGenerator()
        for count in [0, 1, 2, 63, 2719, 2721, 30_000] {
            let hashes = (0..<count).map { _ in UInt64.random(in: 1 ... .max, using: &random) }
            let filtered = try Filtered([
                .init(column: "user_id", hashes: [7]),
                .init(column: "request_id", hashes: hashes),
            ])
            #expect(hashes.allSatisfy { filtered.mayHold($0) })
            #expect(filtered.mayHold(7, "user_id") && filtered.mayHold(7, "other"))
            let wrong = (0..<5000).count { _ in
                filtered.mayHold(UInt64.random(in: 1 ... .max, using: &random))
            }
            #expect(wrong < 50, "\(wrong) of 5000 for \(count)")
            #expect(try PartFilter.flaw(of: filtered.part, in: filtered.directory) == nil)
            let answer = PartFilter.ask(
                [.init(column: "request_id", hash: 1)], of: filtered.part, in: filtered.directory)
            #expect(answer.bytesRead <= 512 + 4096)
        }
    }

    @Test func whatIsDamagedOrOfAnotherPartHidesNothing() throws {
        let hashes = (1...200).map { UInt64($0) &* 0x9e37_79b9_7f4a_7c15 }
        let values = [PartFilter.Values(column: "request_id", hashes: hashes)]
        let filtered = try Filtered(values)
        let good = try #require(try File.contents(of: filtered.path, limit: 1 << 20))
        for index in good.indices {
            var bytes = good
            bytes[index] ^= UInt8.random(in: 1...255)
            try filtered.replace(bytes)
            #expect(hashes.allSatisfy { filtered.mayHold($0) }, "byte \(index)")
            #expect(try PartFilter.flaw(of: filtered.part, in: filtered.directory) != nil)
        }
        for length in good.indices {
            try filtered.replace(Array(good.prefix(length)))
            #expect(hashes.allSatisfy { filtered.mayHold($0) }, "\(length) bytes")
            #expect(try PartFilter.flaw(of: filtered.part, in: filtered.directory) != nil)
        }
        let foreign = try #require(
            PartFilter.encode(
                [.init(column: "request_id", hashes: [1])],
                partSHA256: String(repeating: "a", count: 64)))
        try filtered.replace(foreign)
        #expect(hashes.allSatisfy { filtered.mayHold($0) })
        #expect(
            try PartFilter.flaw(of: filtered.part, in: filtered.directory)?
                .contains("another part") == true)
        try File.remove(filtered.path)
        #expect(hashes.allSatisfy { filtered.mayHold($0) })
        try File.makeDirectory(filtered.path, mode: 0o750)
        #expect(hashes.allSatisfy { filtered.mayHold($0) })
    }

    /// Whoever takes a part over takes its filter over.
    @Test func aFilterGoesWithItsPart() throws {
        for isPlain in [false, true] {
            let scratch = try Scratch()
            let store = try isPlain ? scratch.plainStore() : scratch.store()
            let first = try store.stage(january)
            let part = try write(lines(10), index: 0, into: first)
            try PartFilter.write(
                [.init(column: "request_id", hashes: [7])],
                of: WrittenPart(
                    file: part.file, bytes: part.bytes, sha256: part.sha256,
                    ndjsonBytes: part.ndjsonBytes), into: first)
            try first.seal(manifest([part]))
            try first.publish()
            let next = try store.stage(january)
            let adopted = try next.adoptParts(of: january)
            let more = try write(lines(10, seed: 10), index: 1, into: next)
            try next.seal(manifest(adopted + [more], generation: 2))
            let published = try next.replace()
            #expect(try store.manifest(of: january)?.parts.count == 2)
            let question = PartFilter.Question(column: "request_id", hash: 99)
            #expect(!PartFilter.ask([question], of: part, in: published).mayHold)
            #expect(PartFilter.ask([question], of: more, in: published).mayHold)
            // One of a part that the manifest does not name is a stranger.
            try File.write([], to: published.path(of: ".part-00009.bloom"), mode: 0o440)
            #expect(throws: ArchiveError.self) { try store.manifest(of: january) }
        }
    }
}
