import Retention

/// Text that a database does not take for text, kept in a bytea column: bytes that are not UTF-8
/// come back so where the server checks what it is sent.
public enum ByteaFields {
    /// A COPY field of text as the field of a bytea value with the same bytes; NULL stays NULL.
    static func append(
        _ source: inout Source, to output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        guard !CopyText.isNull(source) else {
            source.at += 2
            return output.append(word: 0x4e5c, 2)
        }
        // `\\x`, the backslash doubled.
        output.append(word: 0x785c_5c, 3)
        while let byte = try CopyText.next(&source) {
            output.append(ASCII.hexDigit(byte >> 4))
            output.append(ASCII.hexDigit(byte & 15))
        }
    }

    /// The digest of COPY text lines as they were while the marked columns, bytea now, were text.
    public static func digest(
        _ lines: UnsafeRawBufferPointer, columns: [Bool]
    ) throws(CodingFault) -> ContentDigest {
        guard var run = try CodingRun(lines) else { return ContentDigest() }
        var row = OutputBuffer()
        do throws(CodingFault.Reason) {
            while !run.isAtEnd {
                row.removeAll()
                for index in columns.indices {
                    run.column = index
                    if index > 0 { row.append(ASCII.tab) }
                    if columns[index] {
                        try appendText(&run.source, to: &row)
                    } else {
                        while !run.source.isAtFieldEnd {
                            row.append(run.source.byte)
                            run.source.at += 1
                        }
                    }
                    let end = index + 1 < columns.count ? ASCII.tab : ASCII.newline
                    guard run.source.byte == end else { throw .fieldCount }
                    run.source.at += 1
                }
                run.column = -1
                run.tally.add(hash: RowDigest.hash(row.base, row.base + row.count))
            }
        } catch {
            throw run.fault(error)
        }
        return run.tally.summary(hasKey: false).digest
    }

    /// The way back of `append`.
    private static func appendText(
        _ source: inout Source, to output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        if CopyText.isNull(source) {
            source.at += 2
            return output.append(word: 0x4e5c, 2)
        }
        guard source.word() & 0xff_ffff == 0x785c_5c else { throw .hex }
        source.at += 3
        while !source.isAtFieldEnd {
            guard let high = ASCII.hexValue(source.byte), let low = ASCII.hexValue(source.at[1])
            else { throw .hex }
            CopyText.append(high << 4 | low, to: &output)
            source.at += 2
        }
    }
}
