import CXXHash
import Retention

/// The digest of COPY text lines as the server sends them.
public enum RowDigest {
    /// `lines`: COPY text lines, each ended by a newline; a last one without counts as a row too.
    public static func of(_ lines: UnsafeRawBufferPointer) -> ContentDigest {
        var tally = RowTally()
        forEachHash(lines) { tally.add(hash: $0) }
        return ContentDigest(rows: tally.rows, sum: tally.sum)
    }

    /// Appends the hash of each row for which `(hash >> 120) & mask == bucket`, so that two sets
    /// can be compared bucket by bucket in bounded memory.
    public static func hashes(
        _ lines: UnsafeRawBufferPointer, bucket: UInt8, mask: UInt8, into hashes: inout [UInt128]
    ) {
        forEachHash(lines) { if isIn(bucket, mask, $0) { hashes.append($0) } }
    }

    @inline(__always)
    static func isIn(_ bucket: UInt8, _ mask: UInt8, _ hash: UInt128) -> Bool {
        UInt8(truncatingIfNeeded: hash >> 120) & mask == bucket
    }

    /// XXH3-128 of one COPY text line without its newline; https://xxhash.com, seed 0.
    @inline(__always)
    static func hash(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UInt128 {
        let hash = XXH3_128bits(start, end - start)
        return UInt128(hash.high64) << 64 | UInt128(hash.low64)
    }

    // Always inlined: the body is no closure in what is compiled.
    @inline(__always)
    private static func forEachHash(_ lines: UnsafeRawBufferPointer, _ body: (UInt128) -> Void) {
        guard let base = lines.baseAddress else { return }
        let start = base.assumingMemoryBound(to: UInt8.self)
        var source = Source(at: start, end: start + lines.count)
        while source.at < source.end {
            let line = source.at
            skipLine(&source)
            body(hash(line, source.at))
            source.at += 1
        }
    }

    /// Goes to the next newline, or to the end.
    @inline(__always)
    private static func skipLine(_ source: inout Source) {
        while source.end - source.at >= 32 {
            let newlines = (
                source.word().newlines, source.word(8).newlines,
                source.word(16).newlines, source.word(24).newlines
            )
            if newlines.0 | newlines.1 | newlines.2 | newlines.3 != 0 { break }
            source.at += 32
        }
        while source.end - source.at >= 8 {
            let newlines = source.word().newlines
            source.at += newlines.firstMarked
            if newlines != 0 { return }
        }
        while source.at < source.end, source.byte != ASCII.newline { source.at += 1 }
    }
}
