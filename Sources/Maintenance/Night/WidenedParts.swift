import Archives
import Retention
import RowCoding

/// Parts of an archive whose table has got more columns since: written again with NULL in each of
/// them, into an archive that goes on from them.
struct WidenedParts {
    let old: Manifest
    let source: ArchiveDirectory
    let staged: StagedArchive
    let compression: Compression
    /// Of the wider table; those of `old` come first.
    let columns: [CodedColumn]
    /// Those whose values get filters.
    let searched: [Int]
    let interruption: Interruption

    func write() throws -> [Manifest.Part] {
        let oldColumns = try old.codedColumns()
        let key = oldColumns.firstIndex { $0.name == old.key }
        let nulls = columns.count - oldColumns.count
        var reader = PartReader()
        var decoder = RowDecoder(columns: oldColumns, key: key)
        var maker = PartMaker(
            columns: columns, key: (old.key, old.keyType), searched: searched,
            compression: compression)
        var narrow = OutputBuffer()
        var wide = OutputBuffer()
        var parts: [Manifest.Part] = []
        for (index, part) in old.parts.enumerated() {
            try interruption.check()
            var digest = ContentDigest()
            maker.begin()
            for chunk in LineChunks(of: try reader.read(part, in: source)) {
                narrow.removeAll()
                wide.removeAll()
                digest.add(try decoder.decode(chunk, into: &narrow).digest)
                WiderRows.append(narrow.bytes, nulls: nulls, to: &wide)
                try maker.append(wide.bytes)
            }
            let written = try maker.finish(index: index, into: staged)
            guard digest == part.digest, try narrowed(written) == part.digest else {
                throw Problem(
                    "archive.contents", .data,
                    "Part \(part.file) of the archive \(staged.slice) did not come through being "
                        + "written again with more columns. The archive is as it was.",
                    hint: "Look at the store's disk; pgretain archives verify.")
            }
            parts.append(written)
        }
        return parts
    }

    /// The digest of a part, read back, without the columns it was given.
    private func narrowed(_ part: Manifest.Part) throws -> ContentDigest {
        let added = columns.indices.map { $0 >= old.encodings.count }
        var reader = PartReader()
        var decoder = RowDecoder(columns: columns, key: nil)
        var narrow = OutputBuffer()
        var digest = ContentDigest()
        for chunk in LineChunks(of: try reader.read(part, in: staged.directory)) {
            narrow.removeAll()
            _ = try decoder.decode(chunk, into: &narrow, leavingOut: added)
            digest.add(RowDigest.of(narrow.bytes))
        }
        return digest
    }
}
