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
    /// ones, on restore) are left out of the output and count in the digest; an empty
    /// array leaves out none. Those marked in `asBytea` are written as values of a bytea column
    /// that holds their text's bytes. After a fault the output is as it was before the call.
    public mutating func decode(
        _ lines: UnsafeRawBufferPointer, into output: inout OutputBuffer, leavingOut: [Bool] = [],
        asBytea: [Bool] = []
    ) throws(CodingFault) -> RowsSummary {
        precondition(leavingOut.isEmpty || leavingOut.count == layout.count, "one per column")
        precondition(asBytea.isEmpty || asBytea.count == layout.count, "one per column")
        let keepsAll = !leavingOut.contains(true) && !asBytea.contains(true)
        let start = output.count
        guard var run = try CodingRun(lines) else { return noRows }
        do throws(CodingFault.Reason) {
            while !run.isAtEnd {
                _ = try decodeRow(&run)
                if keepsAll {
                    output.append(contentsOf: row.bytes)
                } else {
                    try appendRow(leavingOut: leavingOut, asBytea: asBytea, to: &output)
                }
            }
        } catch {
            output.count = start
            throw run.fault(error)
        }
        return run.tally.summary(hasKey: key >= 0)
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

    /// The row at hand without some of its fields, and others in another form.
    private func appendRow(
        leavingOut: [Bool], asBytea: [Bool], to output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        var start = 0
        var separator: UInt8?
        for column in 0..<layout.count {
            let end = fieldEnds[column]
            if leavingOut.isEmpty || !leavingOut[column] {
                if let separator { output.append(separator) }
                separator = ASCII.tab
                if !asBytea.isEmpty, asBytea[column] {
                    var field = Source(at: row.base + start, end: row.base + row.count)
                    try ByteaFields.append(&field, to: &output)
                } else {
                    output.append(
                        contentsOf: UnsafeRawBufferPointer(
                            start: row.base + start, count: end - start))
                }
            }
            start = end + 1
        }
        output.append(ASCII.newline)
    }
}

// Sole owner of its memory.
extension RowDecoder: @unchecked Sendable {}
