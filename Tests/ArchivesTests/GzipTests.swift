import Checksums
import Testing

@testable import Archives

@Suite struct GzipTests {
    static func compressed(_ bytes: [UInt8], level: Int = 5) -> [UInt8] {
        var compressor = GzipCompressor(level: level)
        var output = ByteBuffer()
        compressor.begin(&output)
        bytes.withUnsafeBytes { compressor.append($0, to: &output) }
        compressor.finish(&output)
        return Array(output.bytes)
    }

    static func inflated(_ file: [UInt8], expecting count: Int) throws -> [UInt8] {
        var reader = GzipReader()
        var output = ByteBuffer()
        var failure: ArchiveError?
        file.withUnsafeBytes {
            do throws(ArchiveError) {
                try reader.inflate($0, expecting: count, into: &output, path: "test.gz")
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return Array(output.bytes)
    }

    static func streamed(_ file: [UInt8], chunk: Int) throws -> [UInt8] {
        let scratch = try Scratch()
        try File.write(file, to: "\(scratch.path)/file.gz", mode: 0o600)
        var stream = try GzipStream(path: "\(scratch.path)/file.gz")
        var buffer = [UInt8](repeating: 0, count: chunk)
        var result: [UInt8] = []
        while true {
            var count = 0
            var failure: ArchiveError?
            buffer.withUnsafeMutableBytes {
                do throws(ArchiveError) { count = try stream.read(into: $0) } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }

    @Test(arguments: [0, 1, 2, 1000, 100_000])
    func roundTrip(count: Int) throws {
        let bytes = lines(count)
        for level in [1, 5, 12] {
            let file = Self.compressed(bytes, level: level)
            #expect(file == Self.compressed(bytes, level: level), "the same bytes every time")
            #expect(Array(file[..<8]) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
            #expect(try Self.inflated(file, expecting: bytes.count) == bytes)
            #expect(try Self.streamed(file, chunk: 4099) == bytes)
        }
    }

    @Test func anotherSizeIsRefused() throws {
        let bytes = lines(10)
        let file = Self.compressed(bytes)
        for count in [0, 1, bytes.count - 1, bytes.count + 1, 2 * bytes.count, 1 << 50, -1] {
            #expect(throws: ArchiveError.self) { try Self.inflated(file, expecting: count) }
        }
    }

    /// Some bits of a gzip file mean nothing (the padding after the last block): what is asked for
    /// here is that no change ever gives other bytes.
    @Test func noCorruptionGivesOtherBytes() throws {
        let bytes = lines(20)
        let file = Self.compressed(bytes)
        for index in file.indices {
            for bit in 0..<8 {
                var broken = file
                broken[index] ^= 1 << bit
                for read in [Self.strict, Self.lenient] {
                    if let result = read(broken, bytes.count) { #expect(result == bytes) }
                }
            }
        }
    }

    private static func strict(_ file: [UInt8], _ count: Int) -> [UInt8]? {
        do { return try inflated(file, expecting: count) } catch { return nil }
    }

    private static func lenient(_ file: [UInt8], _ count: Int) -> [UInt8]? {
        do { return try streamed(file, chunk: 64) } catch { return nil }
    }

    @Test func everyTruncationIsDetected() throws {
        let bytes = lines(20)
        let file = Self.compressed(bytes)
        for length in 0..<file.count {
            let cut = Array(file[..<length])
            #expect(throws: ArchiveError.self) { try Self.inflated(cut, expecting: bytes.count) }
            #expect(throws: ArchiveError.self) { try Self.streamed(cut, chunk: 100) }
        }
    }

    @Test func whatFollowsTheMemberIsDetected() throws {
        let bytes = lines(20)
        let file = Self.compressed(bytes)
        for tail in [[0], [0, 0, 0, 0], Array("garbage".utf8), [0x1f], [0x1f, 0x8b]] {
            let longer = file + tail.map { UInt8($0) }
            #expect(throws: ArchiveError.self) { try Self.inflated(longer, expecting: bytes.count) }
            #expect(throws: ArchiveError.self) { try Self.streamed(longer, chunk: 100) }
        }
        for second in [bytes, []] {
            let longer = file + Self.compressed(second)
            #expect(throws: ArchiveError.self) { try Self.inflated(longer, expecting: bytes.count) }
            let both = bytes.count + second.count
            #expect(throws: ArchiveError.self) { try Self.inflated(longer, expecting: both) }
        }
    }

    @Test func theStreamReadsEveryMember() throws {
        let members = [lines(5000), [], lines(1, seed: 9), lines(70_000, seed: 1), []]
        let file = members.flatMap { Self.compressed($0) }
        for chunk in [1021, 1 << 20] {
            #expect(try Self.streamed(file, chunk: chunk) == members.flatMap { $0 })
        }
    }

    @Test func emptyFilesAndOtherFilesAreNoGzip() throws {
        for file in [[], Array("{\"id\":1}\n".utf8), [0x1f, 0x9d, 0x90]] {
            #expect(throws: ArchiveError.self) { try Self.streamed(file, chunk: 100) }
        }
        #expect(
            problem { _ = try GzipStream(path: "/nowhere/at/all.gz") }?.id == "store.io")
    }

    @Test func checksumsAreSHA256() {
        #expect(
            Checksum.sha256(of: "abc".utf8)
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            Checksum.sha256(of: [])
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        var checksum = Checksum()
        for piece in [Array("a".utf8), [], Array("bc".utf8)] {
            piece.withUnsafeBytes { checksum.update($0) }
        }
        #expect(checksum.finish() == Checksum.sha256(of: "abc".utf8))
    }
}
