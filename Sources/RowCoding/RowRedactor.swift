import Glibc
import Retention

/// COPY text lines → the same lines without the values that an archive is not to hold.
///
/// One a thread: it has buffers that are used again. What it gives it leaves as it is when it gets it
/// a second time.
public struct RowRedactor: ~Copyable {
    private struct Field {
        let column: Int
        /// Nil for NULL, and where only some of the value is replaced.
        let mark: [UInt8]?
        let paths: RedactedPaths?
    }

    private let fields: [Field]
    private var text = OutputBuffer()
    private var paths: JSONRedactor

    /// `columns`: those of the lines, in their order. Nil where none of the values is in one of them.
    public init?(_ values: [RedactedValue], of columns: [Column]) {
        var fields: [Field] = []
        var all: [RedactedPaths] = []
        for (index, column) in columns.enumerated() {
            let own = values.filter { $0.column == column.name }
            guard !own.isEmpty else { continue }
            let mark = Array(
                (column.isJSON
                    ? "\"\(RedactedValue.Replacement.mark.rawValue)\""
                    : RedactedValue.Replacement.mark.rawValue).utf8)
            if let whole = own.first(where: { $0.path.isEmpty }) {
                fields.append(
                    Field(
                        column: index, mark: whole.replacement == .null ? Self.null : mark,
                        paths: nil))
            } else {
                let paths = RedactedPaths(own.map(\.path), otherwise: mark)
                all.append(paths)
                fields.append(Field(column: index, mark: nil, paths: paths))
            }
        }
        guard !fields.isEmpty else { return nil }
        self.fields = fields
        paths = JSONRedactor()
    }

    private static let null = Array("\\N".utf8)

    /// Appends the lines. After a fault the output is as it was before the call.
    ///
    /// - Parameter lines: whole COPY text lines, each ended by a newline.
    public mutating func redact(
        _ lines: UnsafeRawBufferPointer, into output: inout OutputBuffer
    ) throws(CodingFault) {
        guard var run = try CodingRun(lines) else { return }
        let start = output.count
        do throws(CodingFault.Reason) {
            while !run.isAtEnd {
                try redactRow(&run.source, &run.column, into: &output)
                run.column = -1
                run.tally.add(hash: 0)
            }
        } catch {
            output.count = start
            throw run.fault(error)
        }
    }

    private mutating func redactRow(
        _ source: inout Source, _ column: inout Int, into output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        let line = source.at
        let end = Self.first(ASCII.newline, from: line, to: source.end)!
        var copied = line
        var at = 0
        for field in fields {
            column = field.column
            while at < field.column {
                guard let tab = Self.first(ASCII.tab, from: source.at, to: end) else {
                    throw .fieldCount
                }
                source.at = tab + 1
                at += 1
            }
            let fieldEnd = Self.first(ASCII.tab, from: source.at, to: end) ?? end
            output.append(
                contentsOf: UnsafeRawBufferPointer(start: copied, count: source.at - copied))
            try redact(field, &source, to: fieldEnd, into: &output)
            source.at = fieldEnd
            copied = fieldEnd
        }
        output.append(contentsOf: UnsafeRawBufferPointer(start: copied, count: end + 1 - copied))
        source.at = end + 1
    }

    private mutating func redact(
        _ field: Field, _ source: inout Source, to end: UnsafePointer<UInt8>,
        into output: inout OutputBuffer
    ) throws(CodingFault.Reason) {
        let bytes = UnsafeRawBufferPointer(start: source.at, count: end - source.at)
        guard !bytes.elementsEqual(Self.null) else { return output.append(contentsOf: bytes) }
        if let mark = field.mark {
            return mark.withUnsafeBytes { output.append(contentsOf: $0) }
        }
        guard let wanted = field.paths else { return }
        let isEscaped = memchr(source.at, Int32(ASCII.backslash), bytes.count) != nil
        text.removeAll()
        if isEscaped { try CopyText.unescape(&source, into: &text) }
        let value = isEscaped ? text.bytes : bytes
        guard paths.find(wanted, in: value) else {
            return wanted.otherwise.withUnsafeBytes { output.append(contentsOf: $0) }
        }
        guard !paths.found.isEmpty else { return output.append(contentsOf: bytes) }
        var copied = 0
        for range in paths.found {
            Self.append(value[copied..<range.lowerBound], isEscaped: isEscaped, to: &output)
            JSONRedactor.mark.withUnsafeBytes { output.append(contentsOf: $0) }
            copied = range.upperBound
        }
        Self.append(value[copied...], isEscaped: isEscaped, to: &output)
    }

    private static func append(
        _ piece: Swift.Slice<UnsafeRawBufferPointer>, isEscaped: Bool, to output: inout OutputBuffer
    ) {
        guard isEscaped else {
            return output.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece))
        }
        for byte in piece { CopyText.append(byte, to: &output) }
    }

    private static func first(
        _ byte: UInt8, from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        guard start < end, let found = memchr(start, Int32(byte), end - start) else { return nil }
        return UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
    }
}

// Sole owner of its memory.
extension RowRedactor: @unchecked Sendable {}
