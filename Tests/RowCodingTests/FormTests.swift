import RowCoding
import Testing

@Suite("Each form, written by hand")
struct FormTests {
    /// Form, COPY field, JSON value (empty: the key is left out).
    static let pairs: [(ColumnForm, String, String)] = [
        (.number, "0", "0"), (.number, "-12", "-12"), (.number, "12345678901", "12345678901"),
        (.number, "0.00", "0.00"), (.number, "1e-05", "1e-05"), (.number, "-0", "-0"),
        (.number, "NaN", "\"NaN\""), (.number, "-Infinity", "\"-Infinity\""),
        (.number, "Infinity", "\"Infinity\""), (.number, #"\N"#, "null"),
        (.boolean, "t", "true"), (.boolean, "f", "false"), (.boolean, #"\N"#, "null"),
        (.text, "", "\"\""), (.text, #"a\tb\nc\\d\re\bf\fg\vh"#, #""a\tb\nc\\d\re\bf\fg\u000bh""#),
        (.text, "\u{1}\u{1f}\u{7f}\"/\u{2028}", "\"\\u0001\\u001f\u{7f}\\\"/\u{2028}\""),
        (.text, #"\\u0000"#, #""\\u0000""#), (.text, #"\\N"#, #""\\N""#),
        (.timestamp, "2025-01-01 00:00:01.617207", "\"2025-01-01T00:00:01.617207\""),
        (.timestamp, "10000-12-31 23:59:59", "\"10000-12-31T23:59:59\""),
        (.timestamp, "0044-03-15 00:00:00 BC", "\"0044-03-15 00:00:00 BC\""),
        (.timestamp, "infinity", "\"infinity\""), (.timestamp, "-infinity", "\"-infinity\""),
        (.timestamp, "2025-01-01 00:00:01+00", "\"2025-01-01 00:00:01+00\""),
        (.timestampWithTimeZone, "2025-01-01 00:00:01.6+00", "\"2025-01-01T00:00:01.6+00:00\""),
        (
            .timestampWithTimeZone, "294276-12-31 23:59:59.999999+00",
            "\"294276-12-31T23:59:59.999999+00:00\""
        ),
        (.timestampWithTimeZone, "2025-01-01 05:30:00+05:30", "\"2025-01-01 05:30:00+05:30\""),
        (.timestampWithTimeZone, "0044-03-15 00:00:00+00 BC", "\"0044-03-15 00:00:00+00 BC\""),
        (.jsonb, #"{"a": "\\"x\\\\", "b": [1, null]}"#, #"{"a": "\"x\\", "b": [1, null]}"#),
        (.jsonb, "null", "null"), (.jsonb, #"\N"#, ""), (.jsonb, "3", "3"), (.jsonb, "[]", "[]"),
        (.numberArray, "{1,-2.50,NULL,1e+10}", "[1,-2.50,null,1e+10]"), (.numberArray, "{}", "[]"),
        (.numberArray, "{{1,2},{3,4}}", "[[1,2],[3,4]]"),
        (.numberArray, "{NaN,-Infinity}", "[\"NaN\",\"-Infinity\"]"),
        (.numberArray, "[0:1]={1,2}", "\"[0:1]={1,2}\""), (.numberArray, "{01}", "\"{01}\""),
        (.numberArray, "{1, 2}", "\"{1, 2}\""), (.numberArray, "{1}}", "\"{1}}\""),
        (.numberArray, "{{{{{{{1}}}}}}}", "\"{{{{{{{1}}}}}}}\""),
        (.booleanArray, "{t,f,NULL}", "[true,false,null]"),
        (.booleanArray, "{{t},{f}}", "[[true],[false]]"),
        (.textArray, #"{a,"b c","",NULL,"NULL","null"}"#, #"["a","b c","",null,"NULL","null"]"#),
        (.textArray, #"{"a\\"b\\\\c","{x}","d,e","f\ng"}"#, #"["a\"b\\c","{x}","d,e","f\ng"]"#),
        (.textArray, "{{a,b},{c,NULL}}", #"[["a","b"],["c",null]]"#),
        (.textArray, #"{"plain"}"#, #""{\"plain\"}""#), (.textArray, "{null}", "\"{null}\""),
        (.textArray, "[2:3]={a,b}", "\"[2:3]={a,b}\""), (.textArray, "{a b}", "\"{a b}\""),
        (.textArray, "{NULLS,ünï}", #"["NULLS","ünï"]"#), (.textArray, "", "\"\""),
        (.hex, #"a\\\n"#, "\"615c0a\""), (.hex, "", "\"\""), (.hex, #"\N"#, "null"),
    ]

    @Test("both ways", arguments: pairs)
    func pair(form: ColumnForm, copy: String, json: String) {
        #expect(value(copy, form) == json)
        #expect(field(json, form) == copy)
    }

    @Test(
        "what the server never sends is a fault",
        arguments: [
            (.number, ""), (.number, "1x"), (.number, "007"), (.number, "1."), (.number, "+1"),
            (.number, "nan"), (.number, "-"), (.number, "1E5"), (.boolean, ""), (.boolean, "true"),
            (.jsonb, ""), (.jsonb, #"a\nb"#), (.text, #"\x41"#), (.text, #"\101"#),
            (.text, #"\N "#),
            (.text, #"\."#), (.text, "\u{8}"), (.text, "\u{b}"), (.text, "\0"), (.text, "\r"),
            (.textArray, #"{\x}"#), (.hex, #"\q"#), (.number, #"\N1"#),
        ] as [(ColumnForm, String)])
    func refused(form: ColumnForm, copy: String) {
        #expect(value(copy, form) == nil)
    }

    @Test("jsonb NULL is a key left out, first, in the middle and last")
    func jsonbNull() throws {
        let columns = ["a", "b", "c"].map { CodedColumn(name: $0, form: .jsonb) }
        let copy = Array(
            #"""
            1	2	3
            \N	2	3
            1	\N	3
            1	2	\N
            \N	\N	null
            \N	\N	\N

            """#.utf8)
        let encoded = try encode(copy, columns).lines
        #expect(
            String(decoding: encoded, as: UTF8.self) == #"""
                {"a":1,"b":2,"c":3}
                {"b":2,"c":3}
                {"a":1,"c":3}
                {"a":1,"b":2}
                {"c":null}
                {}

                """#)
        #expect(try decode(encoded, columns).lines == copy)
    }

    @Test("names and OIDs")
    func forms() {
        for form in ColumnForm.allCases { #expect(ColumnForm(name: form.name) == form) }
        #expect(ColumnForm(name: "json") == nil)
        #expect(ColumnForm(typeOID: 23) == .number)
        #expect(ColumnForm(typeOID: 114) == .text)
        #expect(ColumnForm(typeOID: 3802) == .jsonb)
        #expect(ColumnForm(typeOID: 1184) == .timestampWithTimeZone)
        #expect(ColumnForm(typeOID: 2951) == .textArray)
        #expect(ColumnForm(typeOID: 26) == .text)
    }

    @Test("keys are escaped as escape_json does")
    func keys() throws {
        let columns = [CodedColumn(name: "a\"\\\n\u{1}é", form: .number)]
        let encoded = try encode(Array("1\n".utf8), columns).lines
        #expect(String(decoding: encoded, as: UTF8.self) == "{\"a\\\"\\\\\\n\\u0001é\":1}\n")
        #expect(try decode(encoded, columns).lines == Array("1\n".utf8))
    }

    @Test("the overhead of a row is exact for usual values")
    func overhead() throws {
        let columns = [
            CodedColumn(name: "id", form: .number), CodedColumn(name: "ok", form: .boolean),
            CodedColumn(name: "t", form: .text),
            CodedColumn(name: "at", form: .timestampWithTimeZone),
        ]
        let copy = Array("1\tt\tx\t2025-01-01 00:00:00+00\n".utf8)
        let overhead = RowEncoder(columns: columns, key: 3, checksUTF8: false).rowOverhead
        #expect(try encode(copy, columns).lines.count == copy.count + overhead)
        #expect(RowEncoder(columns: [], key: nil, checksUTF8: false).rowOverhead == 2)
    }
}
