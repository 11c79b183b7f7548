import Retention
import RowCoding
import Testing

@Suite("Faults say where")
struct FaultTests {
    private let columns = [
        CodedColumn(name: "a", form: .number), CodedColumn(name: "b", form: .text),
    ]

    private func fault(_ body: () throws(CodingFault) -> Void) -> CodingFault? {
        do throws(CodingFault) { try body() } catch { return error }
        return nil
    }

    @Test("COPY lines")
    func copyLines() {
        func fault(_ lines: String) -> CodingFault? {
            self.fault { () throws(CodingFault) in _ = try encode(Array(lines.utf8), columns) }
        }
        #expect(fault("1\ta") == CodingFault(row: 0, column: nil, reason: .unterminated))
        #expect(fault("1\ta\n2\n")?.reason == .fieldCount)
        #expect(fault("1\ta\n2\n")?.row == 1)
        #expect(fault("1\ta\tb\n")?.reason == .fieldCount)
        #expect(fault("1\ta\n2\t\\q\n") == CodingFault(row: 1, column: 1, reason: .copyEscape))
        #expect(fault("\n")?.reason == .number)
    }

    @Test("bytes that are not UTF-8 name their column")
    func invalidUTF8() throws {
        let bad: [[UInt8]] = [
            [0x80], [0xc1, 0x81], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0xf5], [0xe2, 0x82], [0x61, 0xc3], [0xf0, 0x9f, 0x99], [0xff],
        ]
        for bytes in bad {
            let copy = Array("1\tpadding ".utf8) + bytes + [10]
            let fault = self.fault { () throws(CodingFault) in
                _ = try encode(copy, columns, checksUTF8: true)
            }
            #expect(fault == CodingFault(row: 0, column: 1, reason: .invalidUTF8))
            // The same column as hex.
            let hex = [columns[0], CodedColumn(name: "b", form: .hex)]
            let encoded = try encode(copy, hex, checksUTF8: true)
            #expect(encoded.lines.allSatisfy { $0 < 0x80 })
            #expect(try decode(encoded.lines, hex).lines == copy)
        }
        let good = Array("1\té€🙂\u{10FFFF}\u{D7FF}\u{E000}\n".utf8)
        #expect(try encode(good, columns, checksUTF8: true).summary == digest(good))
    }

    @Test("nothing of a row is told, and the output is as before")
    func problem() throws {
        let fault = CodingFault(row: 3, column: 1, reason: .copyEscape)
        #expect(fault.problem.id == "archive.row")
        #expect(fault.problem.status == .data)
        #expect(fault.problem.message.contains("row 4"))
        for reason in CodingFault.Reason.allCases {
            let problem = CodingFault(row: 0, column: nil, reason: reason).problem
            #expect(problem.message.contains("Nothing was dropped"))
        }

        var encoder = RowEncoder(columns: columns, key: nil, checksUTF8: false)
        var output = OutputBuffer()
        let before = Array("before".utf8)
        before.withUnsafeBytes { output.append(contentsOf: $0) }
        let block = Block(Array("1\ta\nx\tb\n".utf8))
        var thrown: CodingFault?
        do { _ = try encoder.encode(block.bytes, into: &output) } catch { thrown = error }
        #expect(thrown?.row == 1)
        #expect(Array(output.bytes) == before)
    }
}
