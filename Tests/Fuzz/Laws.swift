import Retention

@testable import Archives
@testable import Postgres
@testable import RowCoding

/// What has to hold for any bytes at all.
enum Laws {
    static let all: [String: @Sendable ([UInt8]) -> Void] = [
        "encode": whatIsEncodedIsDecodedAgain, "decode": whatIsDecodedIsEncodedAgain,
        "manifest": aManifestHasOneForm, "inflate": aPartIsReadOrRefused,
        "deflate": whatIsCompressedIsInflatedAgain, "bounds": boundsAreUnderstoodOrNot,
        "texts": whatIsReadIsPrintedAlike,
        "search": whatIsFoundIsThere,
    ]

    // MARK: Rows

    /// The first byte is how many columns there are, the next ones are their forms.
    private static func columns(_ input: [UInt8]) -> (columns: [CodedColumn], rest: [UInt8])? {
        guard let first = input.first else { return nil }
        let count = Int(first % 5) + 1
        guard input.count > count else { return nil }
        let forms = ColumnForm.allCases
        let columns = (1...count).map {
            CodedColumn(name: "c\($0)", form: forms[Int(input[$0]) % forms.count])
        }
        return (columns, Array(input[(count + 1)...]))
    }

    private static func encoded(_ lines: [UInt8], _ columns: [CodedColumn]) -> [UInt8]? {
        var encoder = RowEncoder(columns: columns, key: 0, checksUTF8: true)
        var output = OutputBuffer()
        do {
            _ = try lines.withUnsafeBytes { lines throws(CodingFault) in
                try encoder.encode(lines, into: &output)
            }
        } catch { return nil }
        return Array(output.bytes)
    }

    private static func decoded(_ lines: [UInt8], _ columns: [CodedColumn]) -> [UInt8]? {
        var decoder = RowDecoder(columns: columns, key: 0)
        var output = OutputBuffer()
        do {
            _ = try lines.withUnsafeBytes { lines throws(CodingFault) in
                try decoder.decode(lines, into: &output)
            }
        } catch { return nil }
        return Array(output.bytes)
    }

    /// COPY text that the encoder takes comes back byte for byte. A jsonb is taken as it is: one
    /// that no server sends may make a line that is refused, and never one that means another row.
    private static func whatIsEncodedIsDecodedAgain(_ input: [UInt8]) {
        guard let (columns, lines) = columns(input), let json = encoded(lines, columns) else {
            return
        }
        let back = decoded(json, columns)
        if back == nil, columns.contains(where: { $0.form == .jsonb }) { return }
        precondition(back == lines)
    }

    /// A line that the decoder takes is what the encoder writes.
    private static func whatIsDecodedIsEncodedAgain(_ input: [UInt8]) {
        guard let (columns, lines) = columns(input), let copy = decoded(lines, columns) else {
            return
        }
        guard let again = encoded(copy, columns) else { return }
        precondition(decoded(again, columns) == copy)
    }

    /// Without a condition all lines are found, as they are; a row meets a condition or its
    /// contrary, unless it has no such value; nothing is read past the end.
    private static func whatIsFoundIsThere(_ input: [UInt8]) {
        guard let (columns, lines) = columns(input) else { return }
        let isWhole = decoded(lines, columns) != nil
        precondition(!isWhole || found(lines, columns, []) == lines)
        let word = String(decoding: input.suffix(3), as: UTF8.self)
        for subject in columns.map(\.name) + ["c1.a", "c1.0.b", "c1.raw"] {
            for comparison in RowCondition.Comparison.allCases {
                let asked = RowCondition(subject, comparison, word)
                guard let some = found(lines, columns, [asked]) else { continue }
                precondition(!isWhole || some.count <= lines.count)
            }
            for form in [RowFilter.Form.json, .csv, .cells] {
                _ = found(lines, columns, [], selection: [subject], form: form)
            }
        }
    }

    private static func found(
        _ lines: [UInt8], _ columns: [CodedColumn], _ conditions: [RowCondition],
        selection: [String]? = nil, form: RowFilter.Form = .json
    ) -> [UInt8]? {
        var output = OutputBuffer()
        do {
            var filter = try RowFilter(
                columns, conditions: conditions.map { ($0, FieldPath($0.subject, in: columns)!) },
                selection: selection, form: form)
            _ = try lines.withUnsafeBytes { try filter.filter($0, limit: .max, into: &output) }
        } catch { return nil }
        return Array(output.bytes)
    }

    // MARK: Archives

    private static func aManifestHasOneForm(_ input: [UInt8]) {
        guard let manifest = try? ManifestFile.decode(input) else { return }
        precondition((try? ManifestFile.encode(manifest)) == input)
    }

    private static func aPartIsReadOrRefused(_ input: [UInt8]) {
        guard input.count >= 2 else { return }
        let expected = Int(input[0]) << 8 | Int(input[1])
        let file = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255] + input[2...]
        var reader = GzipReader()
        var output = ByteBuffer()
        file.withUnsafeBytes { file in
            guard (try? reader.inflate(file, expecting: expected, into: &output, path: "f")) != nil
            else { return }
            precondition(output.count == expected)
        }
    }

    /// The first byte is the size of the pieces that the lines come in. One compressor makes all of
    /// the files, as a worker's does: its tables are large, and nothing may be left of the file before.
    private static func whatIsCompressedIsInflatedAgain(_ input: [UInt8]) {
        guard let first = input.first else { return }
        let lines = Array(input.dropFirst())
        worker.compress(lines, inPiecesOf: Int(first) * 16 + 1)
        do throws(ArchiveError) {
            try worker.inflate(expecting: lines.count)
        } catch { preconditionFailure("\(error)") }
        precondition(worker.output.bytes.elementsEqual(lines))
    }

    /// What a worker allocates once. libFuzzer has one thread.
    private final class Worker: @unchecked Sendable {
        private var compressor = LineCompressor()
        private var reader = GzipReader()
        private var file = ByteBuffer()
        private(set) var output = ByteBuffer()

        func compress(_ lines: [UInt8], inPiecesOf size: Int) {
            file.truncate(to: 0)
            compressor.begin(&file)
            lines.withUnsafeBytes { all in
                for start in stride(from: 0, to: all.count, by: size) {
                    let piece = all[start..<min(start + size, all.count)]
                    compressor.append(UnsafeRawBufferPointer(rebasing: piece), to: &file)
                }
            }
            compressor.finish(&file)
        }

        func inflate(expecting count: Int) throws(ArchiveError) {
            try reader.inflate(file.bytes, expecting: count, into: &output, path: "f")
        }
    }

    private static let worker = Worker()

    // MARK: Texts

    private static func boundsAreUnderstoodOrNot(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        for text in [
            text, "FOR VALUES FROM ('\(text)') TO ('2025-01-01')", "FOR VALUES FROM (\(text)",
        ] {
            guard case .range(let bounds)? = PartitionBoundsText.extent(text) else { continue }
            precondition(bounds.from < bounds.to)
        }
    }

    /// Names, spans, sizes and times that are read print as what reads back as the same.
    private static func whatIsReadIsPrintedAlike(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        if let name = QualifiedName(sql: text) {
            precondition(QualifiedName(sql: name.description) == name)
        }
        if let span = Span(text) { precondition(Span(span.description) == span) }
        if let count = ByteCount(text) { _ = count.description }
        if let instant = Instant(iso: text) {
            precondition(Instant(iso: instant.description) == instant)
        }
        if let rule = RowRule(text) { precondition(RowRule(rule.description) == rule) }
        if let moment = Moment(text) { _ = moment.instant(in: .utc) }
        if let condition = RowCondition(text) { precondition(!condition.subject.isEmpty) }
        _ = SlicePath.claimedBounds(of: text)
        _ = Zone(name: "fuzzed", tzif: input)
    }
}
