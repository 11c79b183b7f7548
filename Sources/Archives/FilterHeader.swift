import Checksums

/// What a filter's file begins with: whose part it is of, and where which column's bits are.
struct FilterHeader: Equatable {
    struct Column: Equatable {
        var name: String
        var blocks: Int
        /// Of a block, without its check.
        var blockBytes: Int
        var probes: Int

        /// As many blocks as so many values need, none of them larger than the others.
        init(_ name: String, values: Int) {
            self.name = name
            let bytes = (values * PartFilter.bitsPerValue + 7) / 8
            let most = PartFilter.blockLimit - PartFilter.checkLength
            blocks = (bytes + most - 1) / most
            blockBytes = blocks == 0 ? 0 : max(8, (bytes + blocks - 1) / blocks)
            probes = PartFilter.probes
        }

        fileprivate init(name: String, blocks: Int, blockBytes: Int, probes: Int) {
            self.name = name
            self.blocks = blocks
            self.blockBytes = blockBytes
            self.probes = probes
        }

        func block(of hash: UInt64) -> Int {
            Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(blocks)).high)
        }

        var bytes: Int { blocks * (blockBytes + PartFilter.checkLength) }
    }

    let partSHA256: String
    let columns: [Column]

    init(partSHA256: String, columns: [Column]) {
        self.partSHA256 = partSHA256
        self.columns = columns
    }

    /// With its length behind the magic, and a check over all of it at the end.
    func encoded() -> [UInt8] {
        var body = Array(partSHA256.utf8)
        body += LittleEndian.bytes(UInt32(columns.count))
        for column in columns {
            let name = Array(column.name.utf8)
            for number in [name.count, column.blocks, column.blockBytes, column.probes] {
                body += LittleEndian.bytes(UInt32(number))
            }
            body += name
        }
        let length = PartFilter.magic.count + 4 + body.count + PartFilter.checkLength
        let checked = PartFilter.magic + LittleEndian.bytes(UInt32(length)) + body
        let check = checked.withUnsafeBytes { Checksum.sha256(of: $0) }
        return checked + check.utf8.prefix(PartFilter.checkLength)
    }

    /// What a header's bytes claim to be long; nil where they are none of a header.
    static func length(_ start: [UInt8]) -> Int? {
        guard start.starts(with: PartFilter.magic), start.count >= PartFilter.magic.count + 4
        else { return nil }
        var rest = start[PartFilter.magic.count...]
        return LittleEndian.take(&rest).flatMap { $0 <= PartFilter.headerLimit ? $0 : nil }
    }

    /// Nil for anything but what `encoded` makes.
    init?(_ bytes: [UInt8]) {
        guard let length = Self.length(bytes), length == bytes.count else { return nil }
        var rest = bytes[(PartFilter.magic.count + 4)...]
        guard rest.count >= 64 else { return nil }
        partSHA256 = String(decoding: rest.prefix(64), as: UTF8.self)
        rest = rest.dropFirst(64)
        guard let count = LittleEndian.take(&rest), count <= length else { return nil }
        var columns: [Column] = []
        for _ in 0..<count {
            guard let nameLength = LittleEndian.take(&rest), let blocks = LittleEndian.take(&rest),
                let blockBytes = LittleEndian.take(&rest), let probes = LittleEndian.take(&rest),
                rest.count >= nameLength, probes <= 64,
                blockBytes <= PartFilter.blockLimit - PartFilter.checkLength,
                blocks == 0 || blockBytes > 0
            else { return nil }
            columns.append(
                Column(
                    name: String(decoding: rest.prefix(nameLength), as: UTF8.self), blocks: blocks,
                    blockBytes: blockBytes, probes: probes))
            rest = rest.dropFirst(nameLength)
        }
        self.columns = columns
        // With this the check is right, too.
        guard encoded() == bytes else { return nil }
    }

    /// Where a column's blocks begin in the file; nil where there is no such column.
    func place(of name: String) -> (column: Column, start: Int)? {
        var start = encoded().count
        for column in columns {
            if column.name.utf8.elementsEqual(name.utf8) { return (column, start) }
            start += column.bytes
        }
        return nil
    }
}

/// Numbers in a file.
enum LittleEndian {
    static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// The first four bytes, which are taken off.
    static func take(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= 4 else { return nil }
        defer { bytes = bytes.dropFirst(4) }
        return bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
