import Retention

/// COPY text lines → NDJSON lines, and the digest of the former.
///
/// One for each worker: it holds buffers that are used again. After a fault the output is as it
/// was before the call.
public struct RowEncoder: ~Copyable {
    private let layout: LineLayout
    private let key: Int
    private let keyForm: KeyForm
    private let checksUTF8: Bool
    private(set) var literal = OutputBuffer()
    /// By their columns.
    private let searched: [FieldHashes]

    /// Bytes that a usual row gains beyond its COPY text line: keys, quotes, braces. With it the
    /// size of the lines can be estimated while reading, so that parts are cut deterministically.
    public let rowOverhead: Int

    /// `key`: the index of the key column. `keyType`: how it holds time. `checksUTF8`: for a database whose encoding promises
    /// nothing (SQL_ASCII). `searched`: columns whose values are kept as hashes.
    public init(
        columns: [CodedColumn], key: Int?, keyType: KeyType = .timestampWithTimeZone,
        checksUTF8: Bool, searched: [Int] = []
    ) {
        precondition(key.map(columns.indices.contains) ?? true, "the key is one of the columns")
        layout = LineLayout(columns)
        rowOverhead = layout.rowOverhead
        self.key = key ?? -1
        keyForm = KeyForm(keyType)
        self.checksUTF8 = checksUTF8
        self.searched = searched.sorted().map(FieldHashes.init)
    }

    /// The different values of a searched column since the last call, as `FieldHash` has them; nil
    /// where there were too many.
    public mutating func takeHashes(of column: Int) -> [UInt64]? {
        guard let hashes = searched.first(where: { $0.column == column }) else { return nil }
        defer { hashes.removeAll() }
        return hashes.all()
    }

    /// `lines`: whole COPY text lines, each ended by a newline. Appends one NDJSON line, ended by
    /// a newline, for each.
    public mutating func encode(
        _ lines: UnsafeRawBufferPointer, into output: inout OutputBuffer
    ) throws(CodingFault) -> RowsSummary {
        guard var run = try CodingRun(lines) else { return RowTally().summary(hasKey: key >= 0) }
        let start = output.count
        do throws(CodingFault.Reason) {
            while !run.isAtEnd {
                try encodeRow(&run.source, into: &output, &run.tally, &run.column)
            }
        } catch {
            output.count = start
            throw run.fault(error)
        }
        return run.tally.summary(hasKey: key >= 0)
    }

    @inline(never)
    private mutating func encodeRow(
        _ next: inout Source, into output: inout OutputBuffer, _ tally: inout RowTally,
        _ column: inout Int
    ) throws(CodingFault.Reason) {
        var source = next
        let line = source.at
        var keyField = source
        let start = output.count
        var sink = output.sink()
        let last = layout.count - 1
        var index = 0
        var nth = 0
        var nextSearched = searched.first?.column ?? -1
        while index <= last {
            if index == key { keyField.at = source.at }
            let field = source.at
            do throws(CodingFault.Reason) {
                try encodeField(&source, &sink, &output, layout.columns[index])
            } catch {
                column = index
                throw error
            }
            if index == nextSearched {
                searched[nth].add(field: field, source.at - field)
                nth &+= 1
                nextSearched = nth < searched.count ? searched[nth].column : -1
            }
            guard source.byte == (index < last ? ASCII.tab : ASCII.newline) else {
                throw .fieldCount
            }
            source.at += 1
            index &+= 1
        }
        if last < 0 {
            guard source.byte == ASCII.newline else { throw .fieldCount }
            source.at += 1
        }
        // Keys begin with a comma; the first one's becomes the brace.
        if sink.at == output.base + start {
            sink.put(ASCII.leftBrace)
        } else {
            output.base[start] = ASCII.leftBrace
        }
        sink.put(ASCII.rightBrace)
        sink.put(ASCII.newline)
        output.take(sink)
        next.at = source.at
        tally.add(hash: RowDigest.hash(line, source.at - 1))
        if key >= 0 { tally.add(key: keyForm.microseconds(keyField)) }
    }

    @inline(__always)
    private mutating func encodeField(
        _ source: inout Source, _ sink: inout Sink, _ output: inout OutputBuffer,
        _ column: LineLayout.Column
    ) throws(CodingFault.Reason) {
        let isNull = CopyText.isNull(source)
        if isNull, column.form == .jsonb {
            source.at += 2
            guard source.isAtFieldEnd else { throw .copyEscape }
            return
        }
        putKey(column, &sink, &output)
        if isNull {
            sink.put(0x6c6c_756e, 4)
            source.at += 2
            guard source.isAtFieldEnd else { throw .copyEscape }
            return
        }
        let field = source.at
        // Calls that are not inlined get copies, so that source and sink stay in registers.
        var union: UInt64 = 0
        switch column.form {
        case .text:
            sink.put(ASCII.quote)
            union = try JSONText.encode(&source, &sink, &output)
            sink.put(ASCII.quote)
        case .number:
            try Number.encode(&source, &sink, &output)
        case .boolean:
            guard let word = BooleanWord(copy: source.byte) else { throw .boolean }
            sink.put(word.json, word.length)
            source.at += 1
            guard source.isAtFieldEnd else { throw .boolean }
        case .timestamp, .timestampWithTimeZone:
            var rest = (source, sink)
            rest.1.put(ASCII.quote)
            union = try Timestamp.encode(
                &rest.0, &rest.1, &output, zone: column.form == .timestampWithTimeZone)
            (source, sink) = rest
        case .jsonb:
            union = try encodeJSONB(&source, &sink, &output)
        case .numberArray, .booleanArray, .textArray:
            var rest = source
            output.take(sink)
            try ArrayLiteral.encode(&rest, column.form, into: &output, literal: &literal)
            sink = output.sink()
            source = rest
            union = .max
        case .hex:
            var rest = source
            output.take(sink)
            try encodeHex(&rest, &output)
            sink = output.sink()
            source = rest
        }
        if checksUTF8, union & UInt64.tops != 0, !WellFormedUTF8.holds(field, source.at) {
            throw .invalidUTF8
        }
    }

    @inline(__always)
    private func putKey(
        _ column: LineLayout.Column, _ sink: inout Sink, _ output: inout OutputBuffer
    ) {
        let length = column.keyLength
        if sink.limit - sink.at < length { sink = output.grown(sink, by: length) }
        var offset = 0
        while offset < length {
            let step = UnsafeRawPointer(column.key + offset)
                .loadUnaligned(as: SIMD16<UInt8>.self)
            UnsafeMutableRawPointer(sink.at + offset)
                .storeBytes(of: step, as: SIMD16<UInt8>.self)
            offset &+= LineLayout.keyStep
        }
        sink.at += length
    }

    /// JSON as jsonb_out writes it, of which COPY escapes nothing but the backslashes.
    @inline(__always)
    private func encodeJSONB(
        _ source: inout Source, _ sink: inout Sink, _ output: inout OutputBuffer
    ) throws(CodingFault.Reason) -> UInt64 {
        var union: UInt64 = 0
        guard !source.isAtFieldEnd else { throw .jsonb }
        while true {
            if sink.at > sink.limit { sink = output.grown(sink) }
            let word = source.word()
            sink.store(word)
            union |= word
            let specials = word.controlsAndBackslashes
            // A branch, so that the next word need not wait for where this one's special is.
            if specials == 0 {
                source.at += 8
                sink.at += 8
                continue
            }
            source.at += specials.firstMarked
            sink.at += specials.firstMarked
            if source.byte == ASCII.backslash {
                guard source.at[1] == ASCII.backslash else { throw .jsonb }
                sink.put(ASCII.backslash)
                source.at += 2
            } else {
                guard source.isAtFieldEnd else { throw .jsonb }
                return union
            }
        }
    }

    @inline(never)
    private func encodeHex(
        _ source: inout Source, _ output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        output.append(ASCII.quote)
        while let byte = try CopyText.next(&source) {
            output.append(ASCII.hexDigit(byte >> 4))
            output.append(ASCII.hexDigit(byte & 15))
        }
        output.append(ASCII.quote)
    }
}

// Sole owner of its memory.
extension RowEncoder: @unchecked Sendable {}
