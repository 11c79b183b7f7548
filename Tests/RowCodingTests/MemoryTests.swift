import Testing

@testable import RowCoding

@Suite("Memory does not grow with rows")
struct MemoryTests {
    /// The capacities of all buffers there are, in and around the coders, after so many blocks of
    /// 100 rows. Nothing else is ever allocated but once per coder.
    private func capacities(blocks: Int) throws -> [Int] {
        var rows = RandomRows(11)
        let columns = ColumnForm.allCases.map { CodedColumn(name: $0.name, form: $0) }
        let copy = Block((0..<100).flatMap { _ in rows.row(columns) })
        var encoder = RowEncoder(columns: columns, key: 3, checksUTF8: false)
        var decoder = RowDecoder(columns: columns, key: 3)
        var lines = OutputBuffer()
        var back = OutputBuffer()
        for _ in 0..<blocks {
            lines.removeAll()
            back.removeAll()
            let encoded = try encoder.encode(copy.bytes, into: &lines)
            let digest = try decoder.digest(lines.bytes)
            let decoded = try decoder.decode(lines.bytes, into: &back, leavingOut: [])
            guard encoded == digest, digest == decoded else { return [] }
        }
        return [
            lines.capacity, back.capacity, encoder.literal.capacity, decoder.row.capacity,
            decoder.scratch.value.capacity, decoder.scratch.other.capacity,
        ]
    }

    @Test("a hundred thousand rows take what a thousand take")
    func capacities() throws {
        let few = try capacities(blocks: 10)
        #expect(few.count == 6)
        #expect(try capacities(blocks: 1_000) == few)
    }

    @Test("a row's buffers do not depend on the rows of its block")
    func rowBuffers() throws {
        func capacity(rows: Int) throws -> Int {
            let columns = [CodedColumn(name: "a", form: .text)]
            var decoder = RowDecoder(columns: columns, key: nil)
            let line = Array("{\"a\":\"some text\"}\n".utf8)
            let lines = Block(Array(repeating: line, count: rows).flatMap { $0 })
            #expect(try decoder.digest(lines.bytes).digest.rows == rows)
            return decoder.row.capacity
        }
        #expect(try capacity(rows: 1) == capacity(rows: 100_000))
    }
}
