import Glibc

/// Picks the lines of an archive that meet all of some conditions. One a thread.
public struct RowFilter: ~Copyable {
    /// How what is given of a row is written.
    public enum Form: Sendable {
        /// A line of JSON; without a selection, the very line of the archive.
        case json
        /// As RFC 4180 has it: NULL is nothing at all, and an empty string is `""`.
        case csv
        /// Texts with `separator` between them, on one line; control characters become blanks.
        case cells
    }

    /// Between cells: the ASCII unit separator.
    public static let separator: UInt8 = 0x1f

    private let form: Form
    private var conditions: [ReadyCondition] = []
    private var fields: LineFields
    private let givesLines: Bool
    private let selected: [FieldPath?]
    private let selectedNames: [[UInt8]]
    private let search: ByteSearch
    private var text = OutputBuffer()
    private var inner = OutputBuffer()

    /// - Parameters:
    ///   - conditions: of columns that `columns` has.
    ///   - selection: what of a row is given, by name; nil for the line as it is, none for nothing. What
    ///     the archive has not is null.
    public init(
        _ columns: [CodedColumn], conditions: [(RowCondition, FieldPath)], selection: [String]?,
        form: Form = .json
    ) throws(ConditionFault) {
        self.form = form
        givesLines = selection == nil
        var needle: [UInt8] = []
        var wanted = 0
        for (condition, path) in conditions {
            let ready = try ReadyCondition(condition, path: path, columns: columns)
            if ready.needle.count > needle.count { needle = ready.needle }
            wanted = max(wanted, path.column + 1)
            self.conditions.append(ready)
        }
        selected = (selection ?? []).map { FieldPath($0, in: columns) }
        selectedNames = (selection ?? []).map { name in
            var output = OutputBuffer()
            for byte in name.utf8 { JSONText.append(byte, to: &output) }
            return Array(output.bytes)
        }
        for path in selected { wanted = max(wanted, (path?.column ?? -1) + 1) }
        search = ByteSearch(needle)
        fields = LineFields(columns, wanted: wanted)
    }

    /// Appends what is given of the rows that meet the conditions, a line each, in their order; how
    /// many there were, `limit` at most.
    ///
    /// - Parameter lines: whole lines, each ended by a newline.
    public mutating func filter(
        _ lines: UnsafeRawBufferPointer, limit: Int, into output: inout OutputBuffer
    ) throws(CodingFault) -> Int {
        guard var at = try Self.start(of: lines) else { return 0 }
        let end = at + lines.count
        var found = 0
        while found < limit, let line = try nextMet(from: at, to: end) {
            found += 1
            append(line: line, to: &output)
            at = Self.end(of: line)
        }
        return found
    }

    /// Appends the lines that meet the conditions to one buffer and all others to another, as they
    /// are and in their order.
    ///
    /// - Parameter lines: whole lines, each ended by a newline.
    public mutating func split(
        _ lines: UnsafeRawBufferPointer, met: inout OutputBuffer, others: inout OutputBuffer
    ) throws(CodingFault) {
        guard var at = try Self.start(of: lines) else { return }
        let end = at + lines.count
        while let line = try nextMet(from: at, to: end) {
            let start = line.baseAddress!.assumingMemoryBound(to: UInt8.self)
            others.append(contentsOf: UnsafeRawBufferPointer(start: at, count: start - at))
            met.append(contentsOf: line)
            at = Self.end(of: line)
        }
        others.append(contentsOf: UnsafeRawBufferPointer(start: at, count: end - at))
    }

    private static func start(
        of lines: UnsafeRawBufferPointer
    ) throws(CodingFault) -> UnsafePointer<UInt8>? {
        guard let base = lines.baseAddress, !lines.isEmpty else { return nil }
        guard lines.last == ASCII.newline else {
            throw CodingFault(row: 0, column: nil, reason: .unterminated)
        }
        return UnsafePointer(base.assumingMemoryBound(to: UInt8.self))
    }

    @inline(__always)
    private static func end(of line: UnsafeRawBufferPointer) -> UnsafePointer<UInt8> {
        UnsafePointer(line.baseAddress!.assumingMemoryBound(to: UInt8.self)) + line.count
    }

    /// The next line that meets the conditions, with its newline.
    @inline(__always)
    private mutating func nextMet(
        from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>
    ) throws(CodingFault) -> UnsafeRawBufferPointer? {
        var line = start
        while line < end {
            if !search.needle.isEmpty {
                guard var hit = search.first(from: line, to: end) else { return nil }
                while hit > line, hit[-1] != ASCII.newline { hit -= 1 }
                line = hit
            }
            let newline = UnsafePointer(
                memchr(line, Int32(ASCII.newline), end - line)!
                    .assumingMemoryBound(to: UInt8.self))
            do throws(CodingFault.Reason) {
                try fields.find(in: Source(at: line, end: newline + 1))
            } catch {
                throw CodingFault(row: 0, column: nil, reason: error)
            }
            if isMet() {
                return UnsafeRawBufferPointer(start: line, count: newline + 1 - line)
            }
            line = newline + 1
        }
        return nil
    }

    private mutating func isMet() -> Bool {
        for condition in conditions where !condition.isMet(by: fields) { return false }
        return true
    }

    private mutating func append(line: UnsafeRawBufferPointer, to output: inout OutputBuffer) {
        guard !givesLines else { return output.append(contentsOf: line) }
        guard !selectedNames.isEmpty else { return }
        for (index, name) in selectedNames.enumerated() {
            var value = selected[index].flatMap { fields.value($0.column) }
            if let whole = value, let keys = selected[index]?.keys, !keys.isEmpty {
                value = JSONPath.value(keys.map { Array($0.utf8) }, in: whole, scratch: &inner)
            }
            if let found = value, found.elementsEqual("null".utf8) { value = nil }
            switch form {
            case .json:
                output.append(index == 0 ? ASCII.leftBrace : ASCII.comma)
                output.append(ASCII.quote)
                name.withUnsafeBytes { output.append(contentsOf: $0) }
                output.append(ASCII.quote)
                output.append(ASCII.colon)
                guard let value else {
                    Array("null".utf8).withUnsafeBytes { output.append(contentsOf: $0) }
                    continue
                }
                output.append(contentsOf: value)
            case .csv:
                if index > 0 { output.append(ASCII.comma) }
                if let value { appendQuoted(value, to: &output) }
            case .cells:
                if index > 0 { output.append(Self.separator) }
                if let value { appendCell(value, to: &output) }
            }
        }
        if form == .json { output.append(ASCII.rightBrace) }
        output.append(ASCII.newline)
    }

    /// Keeps the text of a JSON string, else the JSON itself, in `text`.
    private mutating func takeText(_ value: UnsafeRawBufferPointer) {
        text.removeAll()
        guard value.first == ASCII.quote else { return text.append(contentsOf: value) }
        JSONScan.unescape(
            UnsafeRawBufferPointer(rebasing: value[1..<(value.count - 1)]), into: &text)
    }

    private mutating func appendQuoted(
        _ value: UnsafeRawBufferPointer, to output: inout OutputBuffer
    ) {
        takeText(value)
        let isPlain =
            text.count > 0
            && text.bytes.allSatisfy {
                $0 != ASCII.quote && $0 != ASCII.comma && $0 != ASCII.newline
                    && $0 != ASCII.carriageReturn
            }
        guard !isPlain else { return output.append(contentsOf: text.bytes) }
        output.append(ASCII.quote)
        for byte in text.bytes {
            if byte == ASCII.quote { output.append(byte) }
            output.append(byte)
        }
        output.append(ASCII.quote)
    }

    private mutating func appendCell(
        _ value: UnsafeRawBufferPointer, to output: inout OutputBuffer
    ) {
        takeText(value)
        for byte in text.bytes { output.append(max(byte, ASCII.space)) }
    }
}
