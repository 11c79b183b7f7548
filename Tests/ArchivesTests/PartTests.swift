import Glibc
import Retention
import Testing

@testable import Archives

@Suite struct PartTests {
    @Test(arguments: [0, 1, 20, 50_000], [Compression.lines, .level(1), .level(12)])
    func roundTrip(count: Int, compression: Compression) throws {
        let scratch = try Scratch()
        let archive = try scratch.store().stage(january)
        let bytes = lines(count)
        let part = try write(bytes, index: 0, into: archive, compression: compression)
        #expect(part.file == "part-00000.ndjson.gz")
        #expect(try mode(of: archive.directory.path(of: part.file)) == 0o440)
        #expect(try read(part, in: archive.directory) == bytes)
    }

    @Test func oneReaderAndOneWriterDoMany() throws {
        let scratch = try Scratch()
        let archive = try scratch.store().stage(january)
        var reader = PartReader()
        for (index, count) in [30_000, 2, 0, 40_000].enumerated() {
            let bytes = lines(count, seed: index)
            let part = try write(bytes, index: index, into: archive, compression: .level(1 + index))
            #expect(Array(try reader.read(part, in: archive.directory)) == bytes)
        }
    }

    @Test func aPartIsNeverOverwritten() throws {
        let scratch = try Scratch()
        let archive = try scratch.store().stage(january)
        let part = try write(lines(3), index: 0, into: archive)
        #expect(problem { _ = try write(lines(4), index: 0, into: archive) }?.id == "store.io")
        #expect(try read(part, in: archive.directory) == lines(3))
    }

    @Test func everyCorruptionIsDetected() throws {
        let scratch = try Scratch()
        let archive = try scratch.store().stage(january)
        let part = try write(lines(8), index: 0, into: archive)
        let path = archive.directory.path(of: part.file)
        let good = try contents(of: path)
        var variants: [[UInt8]] = []
        for index in good.indices {
            variants.append(Array(good[..<index]))
            for change in [0x01, 0x80, 0xFF] as [UInt8] {
                var bytes = good
                bytes[index] ^= change
                variants.append(bytes)
            }
        }
        for tail in [[0], [0, 0], Array("x\n".utf8), good] { variants.append(good + tail) }
        for variant in variants {
            try overwrite(path, with: variant)
            #expect(problem { _ = try read(part, in: archive.directory) }?.id == "archive.damaged")
        }
        try overwrite(path, with: good)
        #expect(try read(part, in: archive.directory) == lines(8))
    }

    @Test func everyClaimIsChecked() throws {
        let scratch = try Scratch()
        let archive = try scratch.store().stage(january)
        let part = try write(lines(8), index: 0, into: archive)
        let claims: [(inout Manifest.Part) -> Void] = [
            { $0.ndjsonBytes += 1 }, { $0.ndjsonBytes -= 1 }, { $0.ndjsonBytes = -1 },
            { $0.ndjsonBytes = .max }, { $0.ndjsonBytes = $0.bytes * 1033 }, { $0.bytes += 1 },
            { $0.bytes = .max }, { $0.bytes = 0 }, { $0.sha256 = "" },
            { $0.sha256 = $0.sha256.uppercased() }, { $0.file = "part-00001.ndjson.gz" },
            { $0.file = "../\(archive.directory.path)/part-00000.ndjson.gz" },
            { $0.file = "part-0.ndjson.gz" }, { $0.file = "" },
        ]
        for claim in claims {
            var wrong = part
            claim(&wrong)
            #expect(problem { _ = try read(wrong, in: archive.directory) }?.status == .data)
        }
    }

    @Test func theLastLineHasAnEnd() throws {
        let scratch = try Scratch()
        let archive = try scratch.store().stage(january)
        let part = try write(lines(3).dropLast(), index: 0, into: archive)
        let found = try #require(problem { _ = try read(part, in: archive.directory) })
        #expect(found.message.contains("last line"))
    }

    @Test func onlyRegularFilesAreRead() throws {
        let scratch = try Scratch()
        let archive = try scratch.store().stage(january)
        let part = try write(lines(3), index: 0, into: archive)
        let path = archive.directory.path(of: part.file)
        try File.rename(path, to: "\(scratch.path)/elsewhere")
        try #require(symlink("\(scratch.path)/elsewhere", path) == 0)
        let link = try #require(problem { _ = try read(part, in: archive.directory) })
        #expect(link.id == "archive.damaged")
        #expect(link.message.contains("symbolic link"))
        try File.remove(path)
        try #require(mkfifo(path, 0o600) == 0)
        let fifo = try #require(problem { _ = try read(part, in: archive.directory) })
        #expect(fifo.message.contains("regular file"))
    }
}
