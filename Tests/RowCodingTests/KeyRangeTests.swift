import Retention
import RowCoding
import Testing

@Suite("Keys")
struct KeyRangeTests {
    /// The key of one row; nil when it is not understood. Encoder and decoder must agree.
    private func key(_ text: String, _ form: ColumnForm) throws -> Int64? {
        let columns = [
            CodedColumn(name: "a", form: .text), CodedColumn(name: "k", form: form),
            CodedColumn(name: "z", form: .number),
        ]
        let encoded = try encode(Array("x\t\(text)\t1\n".utf8), columns, key: 1)
        let decoded = try decode(encoded.lines, columns, key: 1)
        #expect(encoded.summary == decoded.summary)
        let keys = try #require(encoded.summary.keys)
        #expect(keys.smallest == keys.largest)
        #expect(keys.unordered == (keys.smallest == nil ? 1 : 0))
        return keys.smallest
    }

    @Test(
        "microseconds since 1970",
        arguments: [
            (.timestamp, "1970-01-01 00:00:00", 0), (.timestamp, "1969-12-31 23:59:59.999999", -1),
            (.timestampWithTimeZone, "2025-01-01 00:00:01.617207+00", 1_735_689_601_617_207),
            (.timestampWithTimeZone, "2024-02-29 12:00:00.5+00", 1_709_208_000_500_000),
            (.text, "2000-03-01", 951_868_800_000_000), (.timestamp, "infinity", .max),
            (.timestampWithTimeZone, "-infinity", .min), (.text, "infinity", .max),
            (.timestamp, "0001-01-01 00:00:00", -62_135_596_800_000_000),
            (.timestamp, "0001-12-31 00:00:00 BC", -62_135_683_200_000_000),
            (.timestampWithTimeZone, "4714-11-24 00:00:00+00 BC", -210_866_803_200_000_000),
            (.text, "10000-01-01", 253_402_300_800_000_000),
        ] as [(ColumnForm, String, Int64)])
    func instant(form: ColumnForm, text: String, expected: Int64) throws {
        #expect(try key(text, form) == expected)
    }

    @Test(
        "what is not understood is counted",
        arguments: [
            (.timestamp, "\\N"), (.text, ""), (.text, "yesterday"), (.text, "5874897-12-31"),
            (.timestampWithTimeZone, "2025-01-01 05:30:00+05:30"), (.text, "2025-13-01"),
            (.text, "2025-01-01 00:00"), (.text, "infinityx"), (.text, "2025-01-01 00:00:00."),
            (.number, "20250101"), (.timestamp, "294276-12-31 23:59:59.999999"),
        ] as [(ColumnForm, String)])
    func unordered(form: ColumnForm, text: String) throws {
        #expect(try key(text, form) == nil)
    }

    @Test(
        "an epoch is counted in microseconds; what is too far away is at an infinity",
        arguments: [
            ("1735689600", 1_000_000, 1_735_689_600_000_000), ("-1", 1000, -1000), ("0", 1, 0),
            ("9223372036854775807", 1000, .max), ("-9223372036854775808", 1000, .min),
            ("-9223372036854775808", 1, .min), ("99999999999999999999", 1, .max),
            ("\\N", 1000, nil), ("", 1, nil), ("-", 1, nil), ("1.5", 1, nil), ("NaN", 1, nil),
        ] as [(String, Int64, Int64?)])
    func epoch(text: String, unit: Int64, expected: Int64?) throws {
        let type = try #require(KeyType.allCases.first { $0.microsecondsPerUnit == unit })
        try expectKey(text, type, expected)
    }

    private func expectKey(_ text: String, _ type: KeyType, _ expected: Int64?) throws {
        let columns = [
            CodedColumn(name: "k", form: .text), CodedColumn(name: "z", form: .number),
        ]
        var encoder = RowEncoder(columns: columns, key: 0, keyType: type, checksUTF8: true)
        var lines = OutputBuffer()
        // Behind it what would make a whole of what is too short.
        let summary = try Array("\(text)\t10000000\n".utf8).withUnsafeBytes {
            try encoder.encode($0, into: &lines)
        }
        #expect(summary.keys?.smallest == expected && summary.keys?.largest == expected, "\(text)")
        #expect(summary.keys?.unordered == (expected == nil ? 1 : 0), "\(text)")
    }

    @Test(
        "what begins with a time has it; what only lies among them is at infinity",
        arguments: [
            (.uuidv7, "01941f29-7c00-7000-8000-000000000000", 1_735_689_600_000_000),
            (.uuidv7, "01941f29-7c01-7fff-bfff-ffffffffffff", 1_735_689_600_001_000),
            (.uuidv7, "00000000-0000-7000-8000-000000000000", 0),
            (.uuidv7, "ffffffff-ffff-7000-8000-000000000000", ((1 << 48) - 1) * 1000),
            (.uuidv7, "01941f29-7c00-4000-8000-000000000000", .max),
            (.uuidv7, "01941f29-7c00-7000-c000-000000000000", .max),
            (.uuidv7, "00000000-0000-0000-0000-000000000000", .max),
            (.uuidv7, "01941f29", .max), (.uuidv7, "01941f29-7c00-7000", .max),
            (.uuidv7, "", .max), (.uuidv7, "\\N", nil),
            (.ulid, "01JGFJJZ000000000000000000", 1_735_689_600_000_000),
            (.ulid, "01JGFJJZ01ZZZZZZZZZZZZZZZZ", 1_735_689_600_001_000),
            (.ulid, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", ((1 << 48) - 1) * 1000),
            (.ulid, "80000000000000000000000000", .max),
            (.ulid, "01jgfjjz000000000000000000", .max),
            (.ulid, "01JGFJJZ00000000000000000U", .max),
            (.ulid, "01JGFJJZ00000000000000000", .max),
            (.ulid, "01JGFJJZ0000000000000000000", .max),
            (.ulid, "01JGFJJZ000000000000000000 ", .max), (.ulid, "", .max), (.ulid, "\\N", nil),
        ] as [(KeyType, String, Int64?)])
    func identifier(type: KeyType, text: String, expected: Int64?) throws {
        try expectKey(text, type, expected)
    }

    @Test("the first identifier of an instant has that time", arguments: [KeyType.uuidv7, .ulid])
    func firstIdentifiers(type: KeyType) throws {
        for _ in 0..<1000 {
            let microseconds = Int64.random(in: 0..<((1 << 48) - 1) * 1000)
            let later = (microseconds + 999) / 1000 * 1000
            var text = type.literal(Instant(microseconds: microseconds))
            #expect(type.instant(ofIdentifier: text) == Instant(microseconds: later))
            if type == .uuidv7 { text = text.replacing("-0000-0000-", with: "-7000-8000-") }
            try expectKey(text, type, later)
        }
    }

    @Test("ranges and summaries add up")
    func sums() throws {
        let columns = [CodedColumn(name: "k", form: .text)]
        let one = try encode(Array("1970-01-02\n\\N\n1970-01-01\n".utf8), columns, key: 0).summary
        let two = try encode(Array("1970-01-03\n".utf8), columns, key: 0).summary
        let none = try encode(Array("\\N\n".utf8), columns, key: 0).summary
        var sum = RowsSummary()
        for part in [none, one, two] { sum.add(part) }
        #expect(
            sum.keys == KeyRange(smallest: 0, largest: 172_800_000_000, unordered: 2))
        #expect(sum.digest.rows == 5)
        #expect(none.keys == KeyRange(unordered: 1))
        #expect(try encode(Array("x\n".utf8), columns).summary.keys == nil)
    }
}
