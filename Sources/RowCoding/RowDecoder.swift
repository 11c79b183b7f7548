import Retention

/// NDJSON lines → COPY text lines, and the digest of the latter.
///
/// Strict: the keys are the columns in their order, each once; only a jsonb key may be left out,
/// for SQL NULL; a value has the very form that the encoder gives it. Any bytes may be handed in:
/// what is not so is a fault.
///
/// One for each worker: it holds buffers that are used again.
public struct RowDecoder: ~Copyable {
    let layout: LineLayout
    let key: Int
    /// Where each field of the row at hand ends, from the row's start.
    let fieldEnds: UnsafeMutablePointer<Int>
    var row = OutputBuffer()
    private var landedRow = OutputBuffer()
    var scratch = ArrayLiteral.Scratch()

    /// `key`: the index of the key column.
    public init(columns: [CodedColumn], key: Int?) {
        precondition(key.map(columns.indices.contains) ?? true, "the key is one of the columns")
        layout = LineLayout(columns)
        fieldEnds = .allocate(capacity: columns.count)
        self.key = key ?? -1
    }

    deinit { fieldEnds.deallocate() }

    /// Digest and keys only: each line is decoded into a buffer of one row.
    public mutating func digest(
        _ lines: UnsafeRawBufferPointer
    ) throws(CodingFault) -> RowsSummary {
        guard var run = try CodingRun(lines) else { return noRows }
        do throws(CodingFault.Reason) {
            while !run.isAtEnd { _ = try decodeRow(&run) }
        } catch {
            throw run.fault(error)
        }
        return run.tally.summary(hasKey: key >= 0)
    }

    /// Also appends the COPY text lines. Columns whose element in `leavingOut` is true (generated
    /// ones) are left out of the output and count in the digest; an empty array leaves out none. Those
    /// marked in `asBytea` are written as values of a bytea column that holds their text's bytes.
    /// After a fault the output is as it was before the call.
    public mutating func decode(
        _ lines: UnsafeRawBufferPointer, into output: inout OutputBuffer, leavingOut: [Bool] = [],
        asBytea: [Bool] = []
    ) throws(CodingFault) -> RowsSummary {
        try decode(
            lines, into: &output,
            placing: RowPlacement(
                count: layout.count, leavingOut: leavingOut, asBytea: asBytea)
        ).archived
    }

    /// Appends the COPY text lines of rows that land in another table: what they are in the archive,
    /// and what the table is to read back. After a fault the output is as it was before the call.
    public mutating func decode(
        _ lines: UnsafeRawBufferPointer, into output: inout OutputBuffer,
        placing placement: RowPlacement
    ) throws(CodingFault) -> (archived: RowsSummary, landed: ContentDigest) {
        let keepsRows = placement.keepsRows(of: layout.count)
        let keepsOrder = placement.keepsOrder(of: layout.count)
        let start = output.count
        var landed = RowTally()
        guard var run = try CodingRun(lines) else { return (noRows, ContentDigest()) }
        do throws(CodingFault.Reason) {
            while !run.isAtEnd {
                _ = try decodeRow(&run)
                if keepsRows {
                    output.append(contentsOf: row.bytes)
                } else {
                    try appendRow(placing: placement, to: &output)
                    if !keepsOrder { landed.add(hash: landedHash(placement)) }
                }
            }
        } catch {
            output.count = start
            throw run.fault(error)
        }
        let archived = run.tally.summary(hasKey: key >= 0)
        return (archived, keepsOrder ? archived.digest : landed.summary(hasKey: false).digest)
    }

    /// Appends the hash of each row for which `(hash >> 120) & mask == bucket`: for comparing two
    /// sets in bounded memory.
    public mutating func hashes(
        _ lines: UnsafeRawBufferPointer, bucket: UInt8, mask: UInt8, into hashes: inout [UInt128]
    ) throws(CodingFault) {
        guard var run = try CodingRun(lines) else { return }
        do throws(CodingFault.Reason) {
            while !run.isAtEnd {
                let hash = try decodeRow(&run)
                if RowDigest.isIn(bucket, mask, hash) { hashes.append(hash) }
            }
        } catch {
            throw run.fault(error)
        }
    }

    private var noRows: RowsSummary { RowTally().summary(hasKey: key >= 0) }

    /// The row at hand without some of its fields, and others elsewhere or in another form.
    private func appendRow(
        placing placement: RowPlacement, to output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        var separator: UInt8?
        for field in placement.fields where field.isSent {
            if let separator { output.append(separator) }
            separator = ASCII.tab
            guard let column = field.source else {
                output.append(word: 0x4e5c, 2)
                continue
            }
            if field.isBytea {
                var source = Source(
                    at: row.base + fieldStart(column), end: row.base + row.count)
                try ByteaFields.append(&source, to: &output)
            } else {
                output.append(contentsOf: self.field(column))
            }
        }
        output.append(ASCII.newline)
    }

    /// The hash of the row at hand as the other table has it, with what the server makes itself.
    private mutating func landedHash(_ placement: RowPlacement) -> UInt128 {
        landedRow.removeAll()
        for (index, field) in placement.fields.enumerated() {
            if index > 0 { landedRow.append(ASCII.tab) }
            if let column = field.source {
                landedRow.append(contentsOf: self.field(column))
            } else {
                landedRow.append(word: 0x4e5c, 2)
            }
        }
        return RowDigest.hash(landedRow.base, landedRow.base + landedRow.count)
    }

    private func fieldStart(_ column: Int) -> Int { column == 0 ? 0 : fieldEnds[column - 1] + 1 }

    /// A field of the row at hand.
    private func field(_ column: Int) -> UnsafeRawBufferPointer {
        let start = fieldStart(column)
        return UnsafeRawBufferPointer(start: row.base + start, count: fieldEnds[column] - start)
    }
}

// Sole owner of its memory.
extension RowDecoder: @unchecked Sendable {}
