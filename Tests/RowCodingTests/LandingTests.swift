import Retention
import Testing

@testable import RowCoding

/// Rows on their way into a table of another shape, and lines of other programs.
@Suite struct LandingTests {
    @Test("fields land in another order, some of them nowhere, and NULL where there is none")
    func placement() throws {
        let columns = ["a", "b", "c"].map { CodedColumn(name: $0, form: .text) }
        let encoded = try encode(Array("1\tx\\n\t3\n\\N\t\t6\n".utf8), columns)
        let placement = RowPlacement([
            .init(source: 2), .init(source: nil), .init(source: 1), .init(source: 0, isSent: false),
        ])
        var decoder = RowDecoder(columns: columns, key: nil)
        var output = OutputBuffer()
        let lines = Block(encoded.lines)
        let (archived, landed) = try decoder.decode(lines.bytes, into: &output, placing: placement)
        #expect(String(decoding: output.bytes, as: UTF8.self) == "3\t\\N\tx\\n\n6\t\\N\t\n")
        #expect(archived.digest == encoded.summary.digest)
        // With what the server makes itself, as it is read back.
        #expect(landed == digest(Array("3\t\\N\tx\\n\t1\n6\t\\N\t\t\\N\n".utf8)).digest)
    }

    private func copied(_ text: String, _ form: ForeignLines.Form? = nil, step: Int = 1000) throws
        -> (text: String, rows: UInt64, keys: [String], isAmbiguous: Bool)
    {
        var lines = ForeignLines(form: form)
        var output = OutputBuffer()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: step) {
            let block = Block(Array(bytes[start..<min(start + step, bytes.count)]))
            try lines.append(block.bytes, into: &output)
        }
        try lines.finish(into: &output)
        let text = String(decoding: output.bytes, as: UTF8.self)
        return (text, lines.rows, lines.keys, lines.isAmbiguous)
    }

    @Test("wherever a file is cut, its lines are the same", arguments: 1...40)
    func chunks(step: Int) throws {
        let text =
            "{\"a\":\"x\\n\\\"\",\"b\" :[1,{\"c\":2}]}\r\n {\t\"\\u0062\":null , \"a\":\"\"}\n{}"
        let found = try copied(text, step: step)
        #expect(
            found.text == text.replacing("\\", with: "\\\\").replacing("\r\n", with: "\\r\n")
                .replacing("\t", with: "\\t") + "\n")
        #expect(found.rows == 3 && found.keys == ["a", "b"] && !found.isAmbiguous)
    }

    @Test("what COPY printed is told from JSON where it can be")
    func forms() throws {
        let json = "{\"a\":\"x\\n\"}\n"
        let doubled = json.replacing("\\", with: "\\\\")
        #expect(try copied(doubled).isAmbiguous)
        #expect(try !copied(doubled + json).isAmbiguous)
        #expect(try !copied("{\"a\":\"x\"}\n").isAmbiguous)
        #expect(try copied(doubled, .copy).text == copied(json).text)
        #expect(try copied(doubled, .json).text == doubled.replacing("\\", with: "\\\\"))
        #expect(throws: ForeignLines.Fault.self) { try copied(json, .copy) }
    }

    @Test(arguments: [
        "", "7", "[]", "{} {}", "{\"a\":1", "{\"a\":1}}", "{\"a\":1,}", "{a:1}", "{\"a\":01}",
        "{\"a\":1,\"\\u0061\":2}", "\u{feff}{}", "{\"a\":\"\u{1}\"}",
    ])
    func faults(line: String) throws {
        let fault = #expect(throws: ForeignLines.Fault.self) {
            try copied("{}\n" + line + "\n{}\n", .json)
        }
        #expect(fault?.line == 2)
    }
}
