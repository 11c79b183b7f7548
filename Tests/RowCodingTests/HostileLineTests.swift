import RowCoding
import Testing

@Suite("Lines that the encoder did not write")
struct HostileLineTests {
    private static let columns = [
        CodedColumn(name: "id", form: .number), CodedColumn(name: "j", form: .jsonb),
        CodedColumn(name: "ok", form: .boolean), CodedColumn(name: "t", form: .text),
        CodedColumn(name: "at", form: .timestampWithTimeZone),
        CodedColumn(name: "n", form: .numberArray), CodedColumn(name: "w", form: .textArray),
        CodedColumn(name: "h", form: .hex), CodedColumn(name: "b", form: .booleanArray),
    ]

    private static let copy =
        [UInt8](
            #"12\#t{"a": ["\\"x", -1.5, {}, true]}\#tt\#tq"\\\n\#u{1}é\#t2025-01-01 00:00:01.5+00\#t{1,NULL}"#
                .utf8)
        + [UInt8]("\t{a,\"b c\",\"\\\\\"\"}\tzz\t{t,f}\n".utf8)

    private func mustNotBeAcceptedOtherwise(_ line: [UInt8]) {
        guard let decoded = try? decode(line, Self.columns) else { return }
        // Accepted: then it is the very line that the decoded rows encode to.
        #expect((try? encode(decoded.lines, Self.columns).lines) == line)
        #expect(decoded.summary == digest(decoded.lines))
    }

    @Test("a good line is good, and cut anywhere it is not")
    func truncated() throws {
        let line = try encode(Self.copy, Self.columns).lines
        #expect(try decode(line, Self.columns).lines == Self.copy)
        for length in 1..<line.count {
            #expect(throws: CodingFault.self) { try decode(Array(line[..<length]), Self.columns) }
            #expect(throws: CodingFault.self) {
                try decode(Array(line[..<(length - 1)]) + [10], Self.columns)
            }
        }
    }

    @Test("a flipped bit is seen: a fault, or another digest")
    func flipped() throws {
        let line = try encode(Self.copy, Self.columns)
        for index in line.lines.indices {
            for bit in 0..<8 as Range<UInt8> {
                var bad = line.lines
                bad[index] ^= 1 << bit
                mustNotBeAcceptedOtherwise(bad)
                let summary = try? decode(bad, Self.columns).summary
                #expect(summary != line.summary)
            }
        }
    }

    @Test("bytes replaced, removed, doubled and put in", arguments: 0..<200)
    func mutated(seed: Int) throws {
        var random = SeededRandom(UInt64(seed))
        let line = try encode(Self.copy, Self.columns).lines
        let bytes = Array("\"\\{}[],:\n\t ntf0159-+.eu\u{0}\u{1}é".utf8)
        for _ in 0..<200 {
            var bad = line
            for _ in 0..<1 + random.below(3) {
                let index = random.below(bad.count)
                switch random.below(4) {
                case 0: bad[index] = random.one(of: bytes)
                case 1: bad.remove(at: index)
                case 2: bad.insert(bad[index], at: index)
                default: bad.insert(random.one(of: bytes), at: index)
                }
            }
            mustNotBeAcceptedOtherwise(bad)
        }
    }

    @Test("noise", arguments: 0..<50)
    func noise(seed: Int) {
        var random = SeededRandom(UInt64(seed))
        let bytes = Array("{}\"\\:,idnulltrue0[]1\n".utf8)
        for _ in 0..<200 {
            let line = (0..<random.below(60)).map { _ in random.one(of: bytes) }
            mustNotBeAcceptedOtherwise(line)
            mustNotBeAcceptedOtherwise(line + [10])
            // As COPY lines: never a trap either.
            if let encoded = try? encode(line + [10], Self.columns) {
                #expect((try? decode(encoded.lines, Self.columns).lines) == line + [10])
            }
        }
    }

    @Test(
        "one form only",
        arguments: [
            (.text, #""\u0041""#), (.text, #""\/""#), (.text, #""\u000a""#), (.text, #""\u0000""#),
            (.text, #""\u001F""#), (.text, #""\u0022""#), (.text, "1"), (.text, "\"a"),
            (.text, "\"\t\""), (.text, "nul"), (.number, "\"1\""), (.number, "01"), (.number, "1 "),
            (.number, "\"nan\""), (.number, ""), (.number, "1e5e"), (.boolean, "\"t\""),
            (.boolean, "1"), (.timestampWithTimeZone, "\"2025-01-01 00:00:00+00\""),
            (.timestamp, "\"2025-01-01 00:00:00\""), (.timestamp, "1"), (.jsonb, "{\"a\":}"),
            (.jsonb, "[1,]"), (.jsonb, "[1"), (.jsonb, "{1:2}"), (.jsonb, "nul"), (.jsonb, " 1"),
            (.jsonb, "1 "), (.jsonb, "[}"), (.jsonb, #""\x""#), (.jsonb, #""\u00g0""#),
            (.jsonb, "1,\"c\":2"), (.numberArray, "\"{1,2}\""), (.numberArray, "[1, 2]"),
            (.numberArray, "[01]"), (.numberArray, "[\"1\"]"), (.numberArray, "[[]]"),
            (.textArray, "[1]"), (.textArray, #"["\u0041"]"#), (.textArray, "[[[[[[[\"a\"]]]]]]]"),
            (.textArray, "\"{a}\""), (.booleanArray, "[\"t\"]"), (.hex, "\"6\""), (.hex, "\"6A\""),
            (.hex, "\"00\""), (.hex, "\"zz\""), (.hex, "61"),
        ] as [(ColumnForm, String)])
    func strict(form: ColumnForm, json: String) {
        #expect(field(json, form) == nil)
    }

    @Test(
        "keys: in order, each once, none unknown",
        arguments: [
            #"{"a":1,"b":"x","c":2}"#, #"{"b":"x","a":1}"#, #"{"a":1}"#, #"{"b":"x"}"#, "{}", "",
            #"{"a":1,"a":1,"b":"x"}"#, #"{"a":1,"b":"x","b":"x"}"#, #"{"a":1, "b":"x"}"#,
            #"{"a" :1,"b":"x"}"#, #"{"A":1,"b":"x"}"#, #"{"a":1,"b":"x"} "#, #" {"a":1,"b":"x"}"#,
            #"{,"a":1,"b":"x"}"#, #"{"a":1,"b":"x",}"#, #"{"\u0061":1,"b":"x"}"#, "[]", "null",
            #"{"a":1{"b":"x"}"#,
        ])
    func keys(line: String) {
        let columns = [
            CodedColumn(name: "a", form: .number), CodedColumn(name: "b", form: .text),
        ]
        #expect(throws: CodingFault.self) { try decode(Array((line + "\n").utf8), columns) }
    }

    @Test("a hundred thousand brackets need no stack")
    func deep() throws {
        let columns = [CodedColumn(name: "j", form: .jsonb)]
        let depth = 100_000
        let value = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let copy = Array((value + "\n").utf8)
        #expect(try decode(encode(copy, columns).lines, columns).lines == copy)
        let open = Array("{\"j\":\(String(repeating: "[", count: depth))}\n".utf8)
        #expect(throws: CodingFault.self) { try decode(open, columns) }
    }
}
