import Testing

@testable import RowCoding

/// What a filter is asked is what it was told, however a value is written.
@Suite struct FieldHashLaws {
    private func hashes(_ copy: String, _ form: ColumnForm) throws -> Set<UInt64>? {
        let columns = [
            CodedColumn(name: "a", form: form), CodedColumn(name: "b", form: .number),
        ]
        var encoder = RowEncoder(columns: columns, key: nil, checksUTF8: true, searched: [0])
        var output = OutputBuffer()
        _ = try Array(copy.utf8).withUnsafeBytes { try encoder.encode($0, into: &output) }
        let first = encoder.takeHashes(of: 0).map(Set.init)
        #expect(encoder.takeHashes(of: 0) == [], "taken")
        return first
    }

    @Test func everyTextIsItsCopyField() throws {
        let texts = [
            "", "x", "\\", "\\N", "a\tb", "\n", "\r\u{8}\u{B}\u{C}", "\u{1}", "é", "e\u{301}", "😀",
            String(repeating: "long ", count: 1000),
        ]
        let fields = texts.map { text in
            text.utf8.map { byte -> String in
                switch byte {
                case 0x5c: "\\\\"
                case 0x09: "\\t"
                case 0x0a: "\\n"
                case 0x0d: "\\r"
                case 0x08: "\\b"
                case 0x0b: "\\v"
                case 0x0c: "\\f"
                default: ""
                }
            }.enumerated().reduce(into: [UInt8]()) { bytes, next in
                let raw = Array(text.utf8)[next.offset]
                bytes += next.element.isEmpty ? [raw] : Array(next.element.utf8)
            }
        }
        let rows = fields.map { String(decoding: $0, as: UTF8.self) + "\t1\n" }
        let found = try #require(try hashes(rows.joined() + "\\N\t1\n", .text))
        #expect(found.count == texts.count, "NULL is none")
        for text in texts {
            let asked = try #require(FieldHash.of(operand: text, form: .text, typeOID: 25))
            #expect(found.contains(asked), "\(text.debugDescription)")
        }
    }

    @Test func anIntegerIsAskedForOnlyAsTheServerWritesIt() throws {
        let found = try #require(try hashes("0\t1\n-7\t1\n42\t1\n42\t2\n\\N\t1\n", .number))
        #expect(found.count == 3)
        for text in ["0", "-7", "42"] {
            #expect(
                FieldHash.of(operand: text, form: .number, typeOID: 23).map(found.contains) == true)
        }
        for text in ["", "-", "-0", "007", "+7", "7.0", "7e0", " 7", "--7", "x"] {
            #expect(FieldHash.of(operand: text, form: .number, typeOID: 20) == nil, "\(text)")
        }
        for (form, oid) in [(ColumnForm.number, 1700), (.number, 701), (.jsonb, 3802), (.hex, 25)] {
            #expect(FieldHash.of(operand: "7", form: form, typeOID: UInt32(oid)) == nil)
        }
    }

    @Test func tooManyValuesSayNothingAndFewerSayAll() throws {
        for count in [5000, FieldHashes.limit, FieldHashes.limit + 1] {
            let hashes = FieldHashes(column: 0)
            for index in 0..<count {
                let field = Array("\(index)".utf8)
                field.withUnsafeBufferPointer { hashes.add(field: $0.baseAddress!, $0.count) }
            }
            let all = hashes.all()
            #expect(all.map { Set($0).count } == (count > FieldHashes.limit ? nil : count))
            hashes.removeAll()
            #expect(hashes.all() == [])
        }
    }
}
