import RowCoding
import Testing

@Suite("Rows come back as they were")
struct RoundTripTests {
    @Test("decode(encode(x)) == x, and all digests are one", arguments: 0..<400)
    func law(seed: Int) throws {
        var rows = RandomRows(UInt64(seed))
        let columns = rows.columns()
        var copy: [UInt8] = []
        for _ in 0..<25 { copy += rows.row(columns) }

        let encoded = try encode(copy, columns, checksUTF8: seed % 2 == 0 && !columns.holdHex)
        let decoded = try decode(encoded.lines, columns)
        #expect(decoded.lines == copy)
        #expect(decoded.summary == encoded.summary)
        #expect(encoded.summary == digest(copy))
        #expect(encoded.summary.digest.rows == 25)
        #expect(encoded.lines.count { $0 == 10 } == 25)
    }

    @Test("specials at every offset of a word", arguments: 0..<24)
    func offsets(offset: Int) throws {
        let columns = [CodedColumn(name: "a", form: .text), CodedColumn(name: "b", form: .text)]
        for special in [1, 8, 9, 10, 11, 12, 13, 31, 34, 92, 127, 200] as [UInt8] {
            for after in 0..<18 {
                let plain = [UInt8](repeating: 0x61, count: offset)
                let value = plain + [special, special] + [UInt8](repeating: 0x62, count: after)
                let copy = copyEscaped(value) + [9] + copyEscaped(value) + [10]
                #expect(try decode(encode(copy, columns).lines, columns).lines == copy)
            }
        }
    }

    @Test("values of a megabyte", arguments: [ColumnForm.text, .jsonb, .textArray, .hex])
    func large(form: ColumnForm) throws {
        let columns = [CodedColumn(name: "a", form: form), CodedColumn(name: "b", form: .number)]
        let piece = Array("\u{1}a \"quoted\" \\ text\u{b}".utf8)
        let inner = Array(repeating: piece, count: 60_000).flatMap { $0 }
        let value: [UInt8] =
            switch form {
            case .jsonb:
                Array("[\"".utf8)
                    + Array(repeating: Array("\\\\ \\\"".utf8), count: 250_000).flatMap { $0 }
                    + Array("\"]".utf8)
            case .textArray: [0x7b] + RandomRows.arrayQuoted(inner) + [0x7d]
            default: inner
            }
        #expect(value.count > 1_000_000)
        let copy = copyEscaped(value) + Array("\t1\n".utf8)
        let encoded = try encode(copy + copy, columns)
        #expect(try decode(encoded.lines, columns).lines == copy + copy)
    }

    @Test("an empty string is not NULL, and neither is the text \\N")
    func emptyAndNull() throws {
        let columns = [CodedColumn(name: "a", form: .text), CodedColumn(name: "b", form: .text)]
        let copy = Array("\\N\t\n\t\\N\n\\\\N\tnull\n".utf8)
        let encoded = try encode(copy, columns).lines
        #expect(
            String(decoding: encoded, as: UTF8.self) == #"""
                {"a":null,"b":""}
                {"a":"","b":null}
                {"a":"\\N","b":"null"}

                """#)
        #expect(try decode(encoded, columns).lines == copy)
    }

    @Test("a table without columns, and one whose only column is empty")
    func fewColumns() throws {
        #expect(try encode([10, 10], []).lines == Array("{}\n{}\n".utf8))
        #expect(try decode(Array("{}\n{}\n".utf8), []).lines == [10, 10])
        let one = [CodedColumn(name: "a", form: .text)]
        #expect(try encode([10], one).lines == Array("{\"a\":\"\"}\n".utf8))
        #expect(try encode([], one).summary.digest.rows == 0)
    }

    @Test("columns left out count in the digest")
    func leavingOut() throws {
        let columns = ["a", "b", "c"].map { CodedColumn(name: $0, form: .text) }
        let copy = Array("1\t2\t3\n\\N\t\t6\n".utf8)
        let encoded = try encode(copy, columns)
        for (leavingOut, expected) in [
            ([true, false, false], "2\t3\n\t6\n"), ([false, true, false], "1\t3\n\\N\t6\n"),
            ([false, false, true], "1\t2\n\\N\t\n"), ([true, true, true], "\n\n"),
        ] {
            let decoded = try decode(encoded.lines, columns, leavingOut: leavingOut)
            #expect(String(decoding: decoded.lines, as: UTF8.self) == expected)
            #expect(decoded.summary == encoded.summary)
        }
    }

    @Test("text in a bytea column, and back in the digest")
    func bytea() throws {
        let columns = [
            CodedColumn(name: "a", form: .text), CodedColumn(name: "b", form: .hex),
            CodedColumn(name: "c", form: .hex),
        ]
        let copy =
            Array("1\ta\\n".utf8) + [0xff, 0x09] + Array("\\N\n\\N\t\t\\\\N\n".utf8)
        let encoded = try encode(copy, columns)
        var decoder = RowDecoder(columns: columns, key: nil)
        let lines = Block(encoded.lines)
        for (leavingOut, expected) in [
            ([], "1\t\\\\x610aff\t\\N\n\\N\t\\\\x\t\\\\x5c4e\n"),
            ([true, false, false], "\\\\x610aff\t\\N\n\\\\x\t\\\\x5c4e\n"),
        ] {
            var output = OutputBuffer()
            let summary = try decoder.decode(
                lines.bytes, into: &output, leavingOut: leavingOut, asBytea: [false, true, true])
            #expect(String(decoding: output.bytes, as: UTF8.self) == expected)
            #expect(summary == encoded.summary)
            guard leavingOut.isEmpty else { continue }
            let digest = try ByteaFields.digest(output.bytes, columns: [false, true, true])
            #expect(digest == encoded.summary.digest)
            #expect(throws: CodingFault.self) {
                try ByteaFields.digest(output.bytes, columns: [true, true, true])
            }
            #expect(throws: CodingFault.self) {
                try ByteaFields.digest(output.bytes, columns: [false, true])
            }
        }
    }

    @Test("hashes fall into buckets, each into one")
    func buckets() throws {
        var rows = RandomRows(5)
        let columns = [CodedColumn(name: "a", form: .number)]
        let copy = (0..<500).flatMap { _ in rows.row(columns) }
        let encoded = try encode(copy, columns)
        var fromLines: [UInt128] = []
        var fromCopy: [UInt128] = []
        var decoder = RowDecoder(columns: columns, key: nil)
        for bucket in 0..<4 as Range<UInt8> {
            let lines = Block(encoded.lines)
            try decoder.hashes(lines.bytes, bucket: bucket, mask: 3, into: &fromLines)
            copy.withUnsafeBytes {
                RowDigest.hashes($0, bucket: bucket, mask: 3, into: &fromCopy)
            }
        }
        #expect(fromLines == fromCopy)
        #expect(fromLines.count == 500)
        #expect(fromLines.reduce(0, &+) == encoded.summary.digest.sum)
    }
}

extension [CodedColumn] {
    fileprivate var holdHex: Bool { contains { $0.form == .hex } }
}
