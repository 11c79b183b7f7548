/// The columns of a line, laid out for the inner loops: plain memory, no arrays, no strings.
struct LineLayout: ~Copyable {
    let count: Int
    let columns: UnsafeMutablePointer<Column>
    private let keys: UnsafeMutablePointer<UInt8>
    /// See `RowEncoder.rowOverhead`.
    let rowOverhead: Int

    struct Column {
        /// `,"name":"`, padded with zeros to whole steps of `keyStep` bytes.
        var key: UnsafePointer<UInt8>
        /// The length up to the colon; the quote is behind it.
        var keyLength: Int
        var form: ColumnForm
    }

    /// Keys are copied so many bytes at a time.
    static let keyStep = 16

    init(_ coded: [CodedColumn]) {
        let escaped = coded.map { Self.key($0.name) }
        count = coded.count
        columns = .allocate(capacity: count)
        keys = .allocate(capacity: escaped.reduce(0) { $0 + $1.count })
        var next = keys
        for (index, bytes) in escaped.enumerated() {
            next.initialize(from: bytes, count: bytes.count)
            let length = bytes.lastIndex(of: ASCII.colon)! + 1
            columns[index] = Column(
                key: UnsafePointer(next), keyLength: length, form: coded[index].form)
            next += bytes.count
        }
        // Braces and a newline for the line; each key's comma stands for a TAB or the newline,
        // and the first one is no comma but the brace.
        var overhead = 2
        for (index, column) in coded.enumerated() {
            overhead += columns[index].keyLength - 1 + column.form.usualGain
        }
        rowOverhead = overhead
    }

    deinit {
        columns.deallocate()
        keys.deallocate()
    }

    private static func key(_ name: String) -> [UInt8] {
        var output = OutputBuffer()
        output.append(ASCII.comma)
        output.append(ASCII.quote)
        for byte in name.utf8 { JSONText.append(byte, to: &output) }
        output.append(ASCII.quote)
        output.append(ASCII.colon)
        output.append(ASCII.quote)
        while output.count % keyStep != 0 { output.append(0) }
        return Array(output.bytes)
    }
}

extension LineLayout.Column {
    /// Goes from the comma or brace behind the colon, if the key is the column's.
    @inline(__always)
    func takeKey(_ source: inout Source) -> Bool {
        let length = keyLength
        // The first of the bytes is the lead, which has been looked at.
        var mask = ~UInt64(0xff)
        var offset = 0
        while true {
            let wanted = UInt64(
                littleEndian: UnsafeRawPointer(key + offset)
                    .loadUnaligned(as: UInt64.self))
            let left = length &- offset
            if left < 8 { mask &= (1 &<< UInt64(truncatingIfNeeded: left &* 8)) &- 1 }
            if (source.word(offset) ^ wanted) & mask != 0 { return false }
            offset &+= 8
            if offset >= length { break }
            mask = .max
        }
        source.at += length
        return true
    }
}
