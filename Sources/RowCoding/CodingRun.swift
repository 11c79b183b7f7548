/// What is known along the way through a block of rows.
struct CodingRun {
    var source: Source
    var tally = RowTally()
    /// The column at hand; -1 outside of one.
    var column = -1

    /// Nil when there is nothing to do.
    init?(_ lines: UnsafeRawBufferPointer) throws(CodingFault) {
        guard lines.count > 0 else { return nil }
        guard let source = Source(lines) else {
            throw CodingFault(row: 0, column: nil, reason: .unterminated)
        }
        self.source = source
    }

    @inline(__always)
    var isAtEnd: Bool { source.at == source.end }

    func fault(_ reason: CodingFault.Reason) -> CodingFault {
        CodingFault(row: Int(tally.rows), column: column < 0 ? nil : column, reason: reason)
    }
}
