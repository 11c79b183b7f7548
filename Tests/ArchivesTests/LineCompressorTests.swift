import SampleLogs
import Testing

@testable import Archives

/// What `LineCompressor` writes is gzip to those who did not write it: libdeflate and zlib.
@Suite struct LineCompressorTests {
    /// - Parameter pieces: how the bytes are handed in.
    static func compressed(
        _ bytes: [UInt8], pieces: Int = 65_536, lastPosition: UInt32 = 1 << 31
    ) -> [UInt8] {
        var compressor = LineCompressor(lastPosition: lastPosition)
        return compressed(bytes, pieces: pieces, by: &compressor)
    }

    private static func compressed(
        _ bytes: [UInt8], pieces: Int, by compressor: inout LineCompressor
    ) -> [UInt8] {
        var output = ByteBuffer()
        compressor.begin(&output)
        bytes.withUnsafeBytes { all in
            for start in stride(from: 0, to: all.count, by: pieces) {
                let piece = all[start..<min(start + pieces, all.count)]
                compressor.append(UnsafeRawBufferPointer(rebasing: piece), to: &output)
            }
        }
        compressor.finish(&output)
        return Array(output.bytes)
    }

    private func expectRoundTrip(
        _ bytes: [UInt8], _ file: [UInt8], _ comment: Comment? = nil,
        _ place: SourceLocation = #_sourceLocation
    ) throws {
        #expect(
            try GzipTests.inflated(file, expecting: bytes.count) == bytes, comment,
            sourceLocation: place)
        #expect(
            try GzipTests.streamed(file, chunk: 65_521) == bytes, comment, sourceLocation: place)
    }

    @Test(arguments: [0, 1, 2, 100, 3000, 200_000])
    func linesComeBack(count: Int) throws {
        let bytes = lines(count)
        for pieces in [bytes.count + 1, 70_000, 4093] {
            try expectRoundTrip(bytes, Self.compressed(bytes, pieces: pieces))
        }
    }

    @Test func everyShortTextComesBack() throws {
        for count in 0...600 {
            let same = [UInt8](repeating: 97, count: count)
            try expectRoundTrip(same, Self.compressed(same), "\(count) times a")
            let different = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167) }
            try expectRoundTrip(different, Self.compressed(different), "\(count) bytes")
        }
    }

    /// Bytes from an alphabet, and runs copied from before: what a match finder meets in lines, and
    /// what it hardly ever does.
    private static func mixture(
        _ count: Int, alphabet: Int, copies: Int, seed: UInt64
    ) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            if bytes.count > 10, Int.random(in: 0..<100, using: &random) < copies {
                let back = Int.random(in: 1...min(bytes.count, 40_000), using: &random)
                let length = min(
                    Int.random(in: 1...700, using: &random), count - bytes.count)
                for _ in 0..<length { bytes.append(bytes[bytes.count - back]) }
            } else {
                bytes.append(
                    UInt8(truncatingIfNeeded: Int.random(in: 0..<alphabet, using: &random)))
            }
        }
        return bytes
    }

    @Test(arguments: [1, 2, 16, 60, 256], [0, 3, 50])
    func mixturesComeBack(alphabet: Int, copies: Int) throws {
        for seed in 0..<3 {
            let bytes = Self.mixture(
                400_000, alphabet: alphabet, copies: copies, seed: UInt64(seed))
            let file = Self.compressed(bytes, pieces: 50_000 + seed)
            try expectRoundTrip(bytes, file, "alphabet \(alphabet), copies \(copies), \(seed)")
            #expect(file.count < bytes.count * 9 / 8 + 1000, "never much larger")
        }
    }

    @Test func positionsThatStartAnewChangeNothingThatIsRead() throws {
        let bytes = Self.mixture(1_500_000, alphabet: 40, copies: 20, seed: 7)
        let file = Self.compressed(bytes, lastPosition: MatchFinder.firstPosition + 200_000)
        try expectRoundTrip(bytes, file)
        #expect(file.count >= Self.compressed(bytes).count)
    }

    /// A worker that has written other parts before writes the same bytes as a fresh one.
    @Test func whatWentBeforeDoesNotShow() throws {
        var compressor = LineCompressor()
        for (index, count) in [50_000, 10, 0, 70_000].enumerated() {
            let bytes = lines(count, seed: index)
            let file = Self.compressed(bytes, pieces: 65_536, by: &compressor)
            #expect(file == Self.compressed(bytes))
            try expectRoundTrip(bytes, file)
        }
    }

    /// libdeflate's fourth level is about `gzip -6` on lines that resemble each other.
    @Test func linesGetSmall() {
        let bytes = lines(100_000)
        let ours = Self.compressed(bytes).count
        let level4 = GzipTests.compressed(bytes, level: 4).count
        #expect(ours < level4 * 11 / 10, "\(ours) against \(level4)")
    }

    @Test func itIsOneMemberWithoutNameOrTime() {
        #expect(
            Array(Self.compressed(lines(3))[..<10]) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
    }
}

/// The code of each alphabet is a prefix code that is exactly full, as decoders demand.
@Suite struct HuffmanCodeTests {
    private func expectFull(_ frequencies: [UInt32], longest: Int) {
        let code = HuffmanCode(symbols: frequencies.count, longest: longest)
        for (symbol, frequency) in frequencies.enumerated() {
            code.frequencies[symbol] = frequency
        }
        code.build()
        let lengths = frequencies.indices.map { Int(code.lengths[$0]) }
        let sum = lengths.filter { $0 > 0 }.reduce(0) { $0 + 1 << (longest - $1) }
        #expect(sum == 1 << longest, "\(frequencies)")
        #expect(lengths.allSatisfy { $0 <= longest })
        let occurring = frequencies.indices.filter { frequencies[$0] > 0 }
        #expect(occurring.allSatisfy { lengths[$0] > 0 })
        for rare in occurring {
            for frequent in occurring where frequencies[rare] < frequencies[frequent] {
                #expect(lengths[rare] >= lengths[frequent])
            }
        }
        // No codeword begins another.
        let words = frequencies.indices.filter { lengths[$0] > 0 }.map {
            (bits: Int(code.codewords[$0]), length: lengths[$0])
        }
        for (index, a) in words.enumerated() {
            for b in words[(index + 1)...] {
                let mask = 1 << min(a.length, b.length) - 1
                #expect(a.bits & mask != b.bits & mask)
            }
        }
    }

    @Test func codesAreFull() {
        var random = SplitMix64(seed: 4)
        for longest in [7, 15] {
            expectFull([0, 0, 0], longest: longest)
            expectFull([0, 9, 0], longest: longest)
            expectFull([5, 0, 0, 1], longest: longest)
            expectFull([UInt32](repeating: 1, count: 19), longest: longest)
            // Fibonacci's numbers make the deepest tree.
            var fibonacci: [UInt32] = [1, 1]
            while fibonacci.count < 19 { fibonacci.append(fibonacci.suffix(2).reduce(0, +)) }
            expectFull(fibonacci, longest: longest)
            for _ in 0..<200 {
                let count = Int.random(in: 2...(longest == 7 ? 19 : 286), using: &random)
                let steep = Double.random(in: 1...12, using: &random)
                expectFull(
                    (0..<count).map { _ in
                        let x = Double.random(in: 0..<1, using: &random)
                        return UInt32((0..<Int(steep)).reduce(30_000.0) { y, _ in y * x })
                    }, longest: longest)
            }
        }
    }

    @Test func everyLengthAndDistanceHasItsSymbol() {
        // RFC 1951, 3.2.5.
        let lengths: [Int: (Int, Int)] = [
            3: (257, 0), 10: (264, 0), 11: (265, 1), 12: (265, 1), 13: (266, 1), 18: (268, 1),
            19: (269, 2), 34: (272, 2), 35: (273, 3), 67: (277, 4), 130: (280, 4), 131: (281, 5),
            227: (284, 5), 257: (284, 5), 258: (285, 0),
        ]
        for (length, expected) in lengths {
            let coded = DeflateAlphabet.length(excess: length - 3)
            #expect((coded.symbol, coded.extraBits) == expected, "\(length)")
        }
        let distances: [Int: (Int, Int)] = [
            1: (0, 0), 4: (3, 0), 5: (4, 1), 6: (4, 1), 7: (5, 1), 9: (6, 2), 24: (8, 3),
            25: (9, 3), 193: (15, 6), 257: (16, 7), 24576: (28, 13), 24577: (29, 13),
            32768: (29, 13),
        ]
        for (distance, expected) in distances {
            let coded = DeflateAlphabet.distance(excess: distance - 1)
            #expect((coded.symbol, coded.extraBits) == expected, "\(distance)")
        }
    }
}
