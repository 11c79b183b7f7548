import Checksums
import Retention

/// Which values some columns of a part may have: a Bloom filter a column, in a hidden file beside
/// the part (`docs/archive-format.md`). Nothing depends on it: where it is not there, or is not what
/// it should be, the part is read.
public enum PartFilter {
    /// Bits a value takes, and how many of them are set: one part in 2000 is read in vain, so that of
    /// a hundred and more hardly one is.
    static let bitsPerValue = 16
    static let probes = 11

    static let magic = Array("pgretain bloom 1".utf8)
    static let checkLength = 16
    /// Bits are kept in blocks, so that a search reads one of them and not the filter.
    static let blockLimit = 4096
    static let headerLimit = 1 << 16
    /// Of a whole file.
    static let limit: Int64 = 1 << 28

    /// `.part-00000.bloom`
    static func fileName(of partFile: String) -> String {
        ".\(partFile.prefix { $0 != "." }).bloom"
    }

    /// A column's values, as hashes that are not 0.
    public struct Values {
        public var column: String
        public var hashes: [UInt64]

        public init(column: String, hashes: [UInt64]) {
            self.column = column
            self.hashes = hashes
        }
    }

    /// Writes the filter of a part that was written, beside it.
    public static func write(
        _ values: [Values], of part: WrittenPart, into archive: StagedArchive
    ) throws(ArchiveError) {
        guard !values.isEmpty, let bytes = encode(values, partSHA256: part.sha256) else { return }
        try archive.store.volume.write(
            bytes, to: archive.directory.path(of: fileName(of: part.file)))
    }

    /// Nil where the header would be larger than a reader takes.
    static func encode(_ values: [Values], partSHA256: String) -> [UInt8]? {
        let columns = values.map { FilterHeader.Column($0.column, values: $0.hashes.count) }
        let header = FilterHeader(partSHA256: partSHA256, columns: columns)
        var bytes = header.encoded()
        guard bytes.count <= headerLimit else { return nil }
        let check = Array(bytes.suffix(checkLength))
        for (column, values) in zip(columns, values) {
            var blocks = Array(
                repeating: [UInt8](repeating: 0, count: column.blockBytes), count: column.blocks)
            for hash in values.hashes {
                let block = column.block(of: hash)
                FilterBits.forEach(hash, of: column.blockBytes * 8, probes: column.probes) { bit in
                    blocks[block][bit >> 3] |= 1 << UInt8(bit & 7)
                    return true
                }
            }
            for block in blocks {
                let place = bytes.count
                bytes += block
                bytes += Self.check(of: block, at: place, header: check)
            }
        }
        return bytes
    }

    /// The first bytes of a SHA-256 that says which file, and where in it.
    static func check(of block: [UInt8], at place: Int, header: [UInt8]) -> [UInt8] {
        var checksum = Checksum()
        for bytes in [header, LittleEndian.bytes(UInt64(place)), block] {
            bytes.withUnsafeBytes { checksum.update($0) }
        }
        return Array(checksum.finish().utf8.prefix(checkLength))
    }
}

/// Which bits of a block stand for a value.
enum FilterBits {
    /// Ends at the first bit for which `body` is false; whether there was none.
    @discardableResult
    static func forEach(
        _ hash: UInt64, of bits: Int, probes: Int, _ body: (Int) -> Bool
    ) -> Bool {
        var state = hash
        for _ in 0..<probes {
            // SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            mixed ^= mixed >> 31
            let bit = Int(truncatingIfNeeded: mixed.multipliedFullWidth(by: UInt64(bits)).high)
            if !body(bit) { return false }
        }
        return true
    }
}
