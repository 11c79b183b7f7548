extension RowDecoder {
    /// The next line into `row`, with its newline; returns its hash and counts it.
    @inline(__always)
    mutating func decodeRow(_ run: inout CodingRun) throws(CodingFault.Reason) -> UInt128 {
        let hash = try decodeRow(&run.source, column: &run.column)
        run.tally.add(hash: hash)
        if key >= 0 {
            let start = key == 0 ? 0 : fieldEnds[key - 1] + 1
            run.tally.add(
                key: Timestamp.microseconds(
                    Source(at: row.base + start, end: row.base + row.count)))
        }
        return hash
    }

    @inline(never)
    private mutating func decodeRow(
        _ next: inout Source, column: inout Int
    ) throws(CodingFault.Reason) -> UInt128 {
        var source = next
        row.removeAll()
        var sink = row.sink()
        // The brace before the first key that is there, the comma before all others.
        var lead = ASCII.leftBrace
        let count = layout.count
        var index = 0
        while index < count {
            let layout = layout.columns[index]
            if sink.at > sink.limit { sink = row.grown(sink) }
            if source.byte == lead, layout.takeKey(&source) {
                lead = ASCII.comma
                do throws(CodingFault.Reason) {
                    try decodeField(&source, &sink, layout.form)
                } catch {
                    column = index
                    throw error
                }
            } else if layout.form == .jsonb {
                sink.put(0x4e5c, 2)
            } else {
                column = index
                throw .key
            }
            fieldEnds[index] = sink.at - row.base
            sink.put(ASCII.tab)
            index &+= 1
        }
        if lead == ASCII.leftBrace {
            guard source.byte == ASCII.leftBrace else { throw .lineEnd }
            source.at += 1
        }
        guard source.byte == ASCII.rightBrace, source.at[1] == ASCII.newline else {
            throw .lineEnd
        }
        if count > 0 { sink.at -= 1 }
        sink.put(ASCII.newline)
        row.take(sink)
        next.at = source.at + 2
        return RowDigest.hash(row.base, row.base + row.count - 1)
    }

    @inline(__always)
    private mutating func decodeField(
        _ source: inout Source, _ sink: inout Sink, _ form: ColumnForm
    ) throws(CodingFault.Reason) {
        // Calls that are not inlined get copies, so that source and sink stay in registers.
        let first = source.byte
        if form == .text, first == ASCII.quote {
            source.at += 1
            try JSONText.decode(&source, &sink, &row)
            return
        }
        if form != .jsonb, source.word() & 0xffff_ffff == 0x6c6c_756e {
            source.at += 4
            sink.put(0x4e5c, 2)
            return
        }
        switch form {
        case .text:
            throw .string
        case .number:
            try Number.decode(&source, &sink, &row)
        case .boolean:
            guard let letter = BooleanWord.take(&source) else { throw .boolean }
            sink.put(letter)
        case .timestamp, .timestampWithTimeZone:
            guard first == ASCII.quote else { throw .string }
            var rest = (source, sink)
            rest.0.at += 1
            try Timestamp.decode(
                &rest.0, &rest.1, &row, zone: form == .timestampWithTimeZone)
            (source, sink) = rest
        case .jsonb:
            var rest = source
            try JSONValue.skip(&rest, open: &scratch.value)
            CopyText.doubleBackslashes(source, to: rest.at, &sink, &row)
            source = rest
        case .numberArray, .booleanArray, .textArray:
            var rest = source
            row.take(sink)
            try ArrayLiteral.decode(&rest, form, into: &row, scratch: &scratch)
            sink = row.sink()
            source = rest
        case .hex:
            guard first == ASCII.quote else { throw .string }
            source.at += 1
            var rest = source
            row.take(sink)
            try decodeHex(&rest)
            sink = row.sink()
            source = rest
        }
    }

    @inline(never)
    private mutating func decodeHex(_ source: inout Source) throws(CodingFault.Reason) {
        while source.byte != ASCII.quote {
            guard let high = ASCII.hexValue(source.byte),
                let low = ASCII.hexValue(source.at[1]), high | low != 0
            else { throw .hex }
            CopyText.append(high << 4 | low, to: &row)
            source.at += 2
        }
        source.at += 1
    }
}
