/// Where the values of a line are: for looking at some of them without decoding all.
///
/// A line whose form is another than the encoder's is a fault, as far as it is looked at.
struct LineFields: ~Copyable {
    private let layout: LineLayout
    /// Past the last column that anybody asks for.
    private let wanted: Int
    private let starts: UnsafeMutablePointer<UnsafePointer<UInt8>?>
    private let ends: UnsafeMutablePointer<UnsafePointer<UInt8>>
    private var open = OutputBuffer()

    init(_ columns: [CodedColumn], wanted: Int) {
        layout = LineLayout(columns)
        self.wanted = min(wanted, columns.count)
        starts = .allocate(capacity: max(columns.count, 1))
        starts.initialize(repeating: nil, count: max(columns.count, 1))
        ends = .allocate(capacity: max(columns.count, 1))
    }

    deinit {
        starts.deallocate()
        ends.deallocate()
    }

    /// Finds the values of the line at the position, which stays.
    mutating func find(in line: Source) throws(CodingFault.Reason) {
        var source = line
        var lead = ASCII.leftBrace
        for index in 0..<wanted {
            guard source.byte == lead, layout.columns[index].takeKey(&source) else {
                guard layout.columns[index].form == .jsonb else { throw .key }
                starts[index] = nil
                continue
            }
            lead = ASCII.comma
            starts[index] = source.at
            try JSONValue.skip(&source, open: &open)
            ends[index] = source.at
        }
    }

    /// The value's JSON; nil for a jsonb column that is NULL.
    func value(_ index: Int) -> UnsafeRawBufferPointer? {
        guard let start = starts[index] else { return nil }
        return UnsafeRawBufferPointer(start: start, count: ends[index] - start)
    }
}
