import Archives
import Retention
import RowCoding

/// Compares the rows of two archives as multisets, in memory that does not grow with them: parts
/// that hold the same rows cancel out, and of the others the rows are taken by the first bits of
/// their hashes, one share after another.
struct RowSets {
    /// Rows of one share that are held at a time, about: 16 bytes each, on either side.
    private static let shareRows: UInt64 = 2 << 20

    /// One archive, or the last parts of it.
    struct Side {
        let manifest: Manifest
        let directory: ArchiveDirectory
        var parts: ArraySlice<Manifest.Part>
    }

    /// How many rows of `older` are not in `newer`, duplicates counted. `keepAlive` is called with
    /// each part that is read.
    static func missing(
        from newer: Side, of older: Side, interruption: Interruption,
        keepAlive: () throws -> Void
    ) throws -> UInt64 {
        let (newer, older) = withoutCommonParts(newer, older)
        var missing: UInt64 = 0
        for share in shares(of: max(newer.rows, older.rows)) {
            let goOn = {
                try interruption.check()
                try keepAlive()
            }
            let wanted = try hashes(of: older, share, goOn)
            let found = try hashes(of: newer, share, goOn)
            missing += countMissing(from: found, of: wanted)
        }
        return missing
    }

    /// Rows whose hashes begin alike.
    struct Share {
        let bucket: UInt8
        let mask: UInt8
    }

    /// Those that so many rows are looked at in, one after the other.
    static func shares(of rows: UInt64) -> [Share] {
        var count: UInt64 = 1
        while count < 256, rows / count > shareRows { count *= 2 }
        return (0..<count).map { Share(bucket: UInt8($0), mask: UInt8(count - 1)) }
    }

    /// Without the parts that hold the same rows on both sides.
    static func withoutCommonParts(_ a: Side, _ b: Side) -> (Side, Side) {
        var common: [ContentDigest: Int] = [:]
        for part in a.parts { common[part.digest, default: 0] += 1 }
        var (a, b) = (a, b)
        var taken: [ContentDigest: Int] = [:]
        b.parts.removeAll { part in
            guard let left = common[part.digest], left > 0 else { return false }
            common[part.digest] = left - 1
            taken[part.digest, default: 0] += 1
            return true
        }
        a.parts.removeAll { part in
            guard let left = taken[part.digest], left > 0 else { return false }
            taken[part.digest] = left - 1
            return true
        }
        return (a, b)
    }

    /// Sorted.
    static func hashes(
        of side: Side, _ share: Share, _ goOn: () throws -> Void
    ) throws -> [UInt128] {
        var reader = PartReader()
        let key = side.manifest.definition.columns.firstIndex { $0.name == side.manifest.key }
        var decoder = RowDecoder(columns: try side.manifest.codedColumns(), key: key)
        var hashes: [UInt128] = []
        for part in side.parts {
            try goOn()
            let lines = try reader.read(part, in: side.directory)
            try decoder.hashes(lines, bucket: share.bucket, mask: share.mask, into: &hashes)
        }
        hashes.sort()
        return hashes
    }

    /// Both sorted.
    static func countMissing(from found: [UInt128], of wanted: [UInt128]) -> UInt64 {
        var index = 0
        var missing: UInt64 = 0
        for hash in wanted {
            while index < found.count, found[index] < hash { index += 1 }
            if index < found.count, found[index] == hash {
                index += 1
            } else {
                missing += 1
            }
        }
        return missing
    }
}

extension RowSets.Side {
    fileprivate var rows: UInt64 { parts.reduce(0) { $0 + $1.digest.rows } }
}
