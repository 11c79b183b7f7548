import Foundation
import Retention
import RowCoding
import Testing

/// What is redacted is gone however it is written, and all else is byte for byte what it was.
@Suite struct Redaction {
    private static func column(_ name: String, _ type: String, _ oid: UInt32) -> Column {
        Column(
            name: name, type: type, baseTypeOID: oid, isNullable: true, isGenerated: false,
            expression: nil, identity: nil, collation: nil, isUnreadable: false)
    }

    private static let columns = [
        column("id", "bigint", 20), column("t", "text", 25), column("j", "json", 114),
        column("b", "jsonb", 3802), column("z", "text", 25),
    ]

    private static func redact(_ lines: [UInt8], _ values: [RedactedValue]) throws -> [UInt8] {
        guard var redactor = RowRedactor(values, of: columns) else { return lines }
        var output = OutputBuffer()
        let block = Block(lines)
        try redactor.redact(block.bytes, into: &output)
        return Array(output.bytes)
    }

    /// The second column's value, which holds a document.
    private static func document(_ text: String, _ paths: [[String]]) throws -> String {
        let values = paths.map { RedactedValue(column: "t", path: $0, replacement: .mark) }
        let copy =
            Array("1\t".utf8) + copyEscaped(Array(text.utf8)) + Array("\t\\N\t{}\tend\n".utf8)
        let once = try redact(copy, values)
        #expect(try redact(once, values) == once, "\(text)")
        let fields = once.split(separator: 9, omittingEmptySubsequences: false)
        #expect(fields[0].elementsEqual("1".utf8) && fields[4].elementsEqual("end\n".utf8))
        let letters: [UInt8: UInt8] = [0x62: 8, 0x74: 9, 0x6e: 10, 0x76: 11, 0x66: 12, 0x72: 13]
        var value: [UInt8] = []
        var rest = fields[1]
        while let byte = rest.popFirst() {
            guard byte == 0x5c, let escaped = rest.popFirst() else {
                value.append(byte)
                continue
            }
            value.append(letters[escaped] ?? escaped)
        }
        return String(decoding: value, as: UTF8.self)
    }

    private static let path = [["headers", "authorization"]]

    @Test(arguments: [
        (
            #"{"headers":{"authorization":"S","host":"a"}}"#,
            #"{"headers":{"authorization":"X","host":"a"}}"#
        ),
        // Blanks, escapes, line ends and the order of keys stay.
        (
            "{ \"a\" : 1.50e+3 ,\n\t\"headers\": { \"authorization\" :\"S\\\"S\\\\\" , \"x\":\"\\u00e9\\/é\" } }",
            "{ \"a\" : 1.50e+3 ,\n\t\"headers\": { \"authorization\" :\"X\" , \"x\":\"\\u00e9\\/é\" } }"
        ),
        // Whatever the value is.
        (
            #"{"headers":{"authorization":{"S":["S"]},"b":[]}}"#,
            #"{"headers":{"authorization":"X","b":[]}}"#
        ),
        (#"{"headers":{"authorization":null}}"#, #"{"headers":{"authorization":"X"}}"#),
        // Keys with escapes, twice, and in another case.
        (
            #"{"head\u0065rs":{"\u0061uthorization":"S","AUTHORIZATION":"S","authorization":12}}"#,
            #"{"head\u0065rs":{"\u0061uthorization":"X","AUTHORIZATION":"X","authorization":"X"}}"#
        ),
        (
            #"{"headers":{"authorization":"S"},"Headers":{"authorization":"S"}}"#,
            #"{"headers":{"authorization":"X"},"Headers":{"authorization":"X"}}"#
        ),
        // Elsewhere they are other values.
        (
            #"{"authorization":"a","x":{"headers":{"authorization":"b"}},"headers":[{"authorization":1}]}"#,
            #"{"authorization":"a","x":{"headers":{"authorization":"b"}},"headers":[{"authorization":1}]}"#
        ),
        // A string may hold a document of its own.
        (#"{"headers":"{\"authorization\":\"S\"}"}"#, #"{"headers":"X"}"#),
        (#""{\"headers\":{\"authorization\":\"S\"}}""#, "[redacted]"),
        // What is no JSON is replaced whole.
        (#"{"headers":{"authorization":"S"}"#, "[redacted]"),
        (#"{"headers":{"authorization":"S"}} S"#, "[redacted]"),
        (#"{'headers':{'authorization':'S'}}"#, "[redacted]"),
        ("headers authorization S", "[redacted]"), ("", "[redacted]"),
        (String(repeating: "[", count: 2000) + String(repeating: "]", count: 2000), "[redacted]"),
        ("12", "12"), ("[]", "[]"), (" {} ", " {} "), ("null", "null"),
    ])
    func aPathIsFoundHoweverItIsWritten(text: String, expected: String) throws {
        #expect(
            try Self.document(text, Self.path)
                == expected.replacingOccurrences(of: #""X""#, with: #""[redacted]""#))
    }

    @Test func severalPathsAndWildcards() throws {
        let text = #"{"a":[{"k":1,"s":2},{"k":3}],"b":{"x":{"k":4},"y":5},"k":6}"#
        #expect(
            try Self.document(text, [["a", "*", "k"], ["b", "*"], ["none", "k"]])
                == #"{"a":[{"k":"[redacted]","s":2},{"k":"[redacted]"}],"#
                + #""b":{"x":"[redacted]","y":"[redacted]"},"k":6}"#)
        #expect(
            try Self.document(text, [["a", "1"], ["a", "1", "k"], ["b"]])
                == #"{"a":[{"k":1,"s":2},"[redacted]"],"b":"[redacted]","k":6}"#)
    }

    @Test func columnsOfEveryKind() throws {
        let lines =
            "1\ta\t\"s\"\t{\"k\": \"\\\\\\\\\"}\tz\n2\t\\N\t\\N\t\\N\t\\N\n3\tb\t[1]\t\"s\"\tz\n"
        let paths = ["j", "b"].map { RedactedValue(column: $0, path: ["k"], replacement: .mark) }
        #expect(
            String(
                decoding: try Self.redact(
                    Array(lines.utf8),
                    paths + [
                        RedactedValue(column: "t", replacement: .null),
                        RedactedValue(column: "z", replacement: .mark),
                    ]), as: UTF8.self)
                == "1\t\\N\t\"[redacted]\"\t{\"k\": \"[redacted]\"}\t[redacted]\n"
                + "2\t\\N\t\\N\t\\N\t\\N\n3\t\\N\t[1]\t\"[redacted]\"\t[redacted]\n")
        let nothing = RowRedactor(
            [RedactedValue(column: "q", replacement: .null)], of: Self.columns)
        let hasNothing = nothing == nil
        #expect(hasNothing)
        #expect(throws: CodingFault.self) {
            try Self.redact(Array("1\t2\n".utf8), [RedactedValue(column: "z", replacement: .null)])
        }
    }

    @Test func credentialsAreSeenWhereTheyHaveValues() {
        func seen(_ lines: String) -> Set<CredentialSearch.Finding> {
            var found: Set<CredentialSearch.Finding> = []
            let block = Block(Array(lines.utf8))
            CredentialSearch.look(at: block.bytes, into: &found)
            return found
        }
        #expect(
            seen(
                "1\t{\"Authorization\" : \"Bearer x\"}\t{\"a\":\"{\\\\\"cookie\\\\\":\\\\\"y\\\\\"}\"}\n"
            )
                == [.init(column: 1, key: "authorization"), .init(column: 2, key: "cookie")])
        #expect(
            seen("a:b\n1\t{\"x-api-key\":12}\n")
                == [.init(column: 1, key: "x-api-key")])
        #expect(
            seen(
                "{\"authorization\":\"[REDACTED]\",\"cookie\":null}\t{\"x-api-key\":\"\"}\n"
                    + "cookie: \"authorization\"\t{\"my-cookie\":1, \"cookie\": \"***\"}\n\"cookie\":"
            )
                == [])
    }
}
