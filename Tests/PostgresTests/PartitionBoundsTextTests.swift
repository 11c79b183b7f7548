import Testing

@testable import Postgres
@testable import Retention

@Suite("Bounds, as pg_get_expr prints them")
struct PartitionBoundsTextTests {
    private func instant(_ text: String) throws -> Instant { try #require(Instant(iso: text)) }

    private func range(_ from: String, _ to: String) throws -> Partition.Extent {
        .range(try #require(PartitionBounds(from: instant(from), to: instant(to))))
    }

    @Test(
        "a timestamptz, a timestamp and a date are read alike",
        arguments: [
            "FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2025-02-01 00:00:00+00')",
            "FOR VALUES FROM ('2025-01-01 00:00:00') TO ('2025-02-01 00:00:00')",
            "FOR VALUES FROM ('2025-01-01') TO ('2025-02-01')",
        ])
    func finite(_ text: String) throws {
        #expect(PartitionBoundsText.extent(text) == (try range("2025-01-01", "2025-02-01")))
    }

    @Test("microseconds are exact")
    func microseconds() throws {
        let text =
            "FOR VALUES FROM ('2025-01-01 00:00:00.000001+00') TO ('2025-01-01 00:00:01.5+00')"
        let expected = try range("2025-01-01T00:00:00.000001Z", "2025-01-01T00:00:01.500000Z")
        #expect(PartitionBoundsText.extent(text) == expected)
    }

    @Test(
        "MINVALUE, MAXVALUE, infinities and far years are open ends",
        arguments: [
            ("(MINVALUE)", "(MAXVALUE)", nil, nil),
            ("('-infinity')", "('infinity')", nil, nil),
            ("('0044-03-15 00:00:00+00 BC')", "(MAXVALUE)", nil, nil),
            ("('2025-01-01')", "(MAXVALUE)", "2025-01-01", nil),
            ("(MINVALUE)", "('2025-01-01')", nil, "2025-01-01"),
            ("('2025-01-01')", "('10000-01-01')", "2025-01-01", nil),
            ("('2025-01-01')", "('294276-12-31 23:59:59.999999+00')", "2025-01-01", nil),
        ] as [(String, String, String?, String?)])
    func open(_ from: String, _ to: String, _ first: String?, _ last: String?) throws {
        let extent = PartitionBoundsText.extent("FOR VALUES FROM \(from) TO \(to)")
        let expected = Partition.Extent.open(
            from: try first.map(instant), to: try last.map(instant))
        #expect(extent == expected)
    }

    @Test("what lies wholly beyond the calendar reaches over nothing inside it")
    func beyond() {
        #expect(
            PartitionBoundsText.extent("FOR VALUES FROM ('infinity') TO (MAXVALUE)")
                == .open(from: TimeText.latest, to: nil))
        #expect(
            PartitionBoundsText.extent("FOR VALUES FROM (MINVALUE) TO ('0001-01-01 BC')")
                == .open(from: nil, to: TimeText.earliest))
    }

    @Test(
        "an epoch is the instant that it counts; what no calendar has is an open end",
        arguments: [
            (.epochSeconds, 1), (.epochMilliseconds, 1000), (.epochMicroseconds, 1_000_000),
        ] as [(KeyType, Int64)])
    func epochs(_ type: KeyType, _ unit: Int64) throws {
        func extent(_ from: String, _ to: String) -> Partition.Extent? {
            PartitionBoundsText.extent("FOR VALUES FROM (\(from)) TO (\(to))", of: type)
        }
        let (from, to) = (1_735_689_600 * unit, 1_738_368_000 * unit)
        let month = try range("2025-01-01", "2025-02-01")
        #expect(extent("'\(from)'", "'\(to)'") == month)
        guard case .range(let bounds) = month else { return }
        #expect(type.literal(bounds.from) == "\(from)" && type.literal(bounds.to) == "\(to)")
        #expect(extent("\(from)", "\(to)") == month, "as an integer's are printed")
        #expect(extent("MINVALUE", "'\(to)'") == .open(from: nil, to: bounds.to))
        #expect(extent("'\(from)'", "'\(Int64.max)'") == .open(from: bounds.from, to: nil))
        #expect(extent("'2025-01-01'", "'2025-02-01'") == nil)
        // Between two values it is the later one, before 1970 too.
        for value in [-3, -1, 0, 1, 7] as [Int64] {
            let instant = try #require(type.instant(ofEpoch: value))
            #expect(type.literal(instant) == "\(value)")
            guard let step = type.microsecondsPerUnit, step > 1 else { continue }
            let later = Instant(microseconds: instant.microseconds + 1)
            #expect(type.literal(later) == "\(value + 1)")
        }
    }

    @Test(
        "an identifier is its time where it is the first that has it; others are not understood",
        arguments: [
            (.uuidv7, "01941f29-7c00", "0194bece-a000", "-0000-0000-000000000000"),
            (.ulid, "01JGFJJZ00", "01JJZCX800", "0000000000000000"),
        ] as [(KeyType, String, String, String)])
    func identifiers(_ type: KeyType, _ from: String, _ to: String, _ zeros: String) throws {
        func extent(_ from: String, _ to: String) -> Partition.Extent? {
            PartitionBoundsText.extent("FOR VALUES FROM (\(from)) TO (\(to))", of: type)
        }
        let month = try range("2025-01-01", "2025-02-01")
        #expect(extent("'\(from)\(zeros)'", "'\(to)\(zeros)'") == month)
        guard case .range(let bounds) = month else { return }
        #expect(type.literal(bounds.from) == from + zeros && type.literal(bounds.to) == to + zeros)
        let first = type.literal(Instant(microseconds: 0))
        #expect(first.allSatisfy { "0-".contains($0) }, "\(first)")
        let last =
            type == .ulid
            ? "7" + String(repeating: "Z", count: 25) : first.replacing("0", with: "f")
        #expect(
            extent("'\(first)'", "'\(to)\(zeros)'")
                == (try range("1970-01-01", "2025-02-01")))
        #expect(extent("MINVALUE", "'\(to)\(zeros)'") == .open(from: nil, to: bounds.to))
        #expect(
            extent("'\(from)\(zeros)'", "'\(last)'")
                == .open(from: bounds.from, to: nil), "beyond all years")
        for other in [
            "\(from)\(zeros.dropLast())1", "\(from)\(zeros)0", "\(from)\(zeros.dropLast())",
            from.lowercased() == from ? from.uppercased() + zeros : from.lowercased() + zeros,
            from.replacing("0", with: "+") + zeros, "1735689600000", "2025-01-01",
        ] {
            #expect(extent("'\(other)'", "'\(to)\(zeros)'") == nil, "\(other)")
        }
        // Before 1970 is none; what is behind a millisecond is the next.
        #expect(type.literal(Instant(microseconds: -1)) == first)
        #expect(
            type.literal(Instant(microseconds: bounds.from.microseconds - 999)) == from + zeros)
        #expect(
            type.literal(Instant(microseconds: bounds.from.microseconds + 1)) > from + zeros)
    }

    @Test("DEFAULT")
    func defaultPartition() { #expect(PartitionBoundsText.extent("DEFAULT") == .default) }

    @Test(
        "anything else is not understood",
        arguments: [
            "", "default", "FOR VALUES IN ('a')", "FOR VALUES WITH (modulus 2, remainder 0)",
            "FOR VALUES FROM ('2025-01-01', 1) TO ('2025-02-01', 1)",
            "FOR VALUES FROM ('2025-01-01') TO ('2025-02-01') ",
            "FOR VALUES FROM ('2025-02-01') TO ('2025-01-01')",
            "FOR VALUES FROM ('2025-01-01') TO ('2025-01-01')",
            "FOR VALUES FROM ('2025-13-01') TO ('2026-01-01')",
            "FOR VALUES FROM ('0000-01-01') TO ('2026-01-01')",
            "FOR VALUES FROM ('999999999-01-01') TO (MAXVALUE)",
            "FOR VALUES FROM ('x BC') TO (MAXVALUE)", "FOR VALUES FROM (1) TO (2)",
            "FOR VALUES FROM ('", "FOR VALUES FROM (MINVALUE) TO (", "FOR VALUES FROM ('') TO ('')",
        ])
    func notUnderstood(_ text: String) { #expect(PartitionBoundsText.extent(text) == nil) }

    @Test("no text traps")
    func hostile() {
        var random = SystemRandomNumberGenerator()
        let seeds = [
            "'2025-01-01 00:00:00+00') TO ('9999-12-31 BC'", "1735689600) TO ('1738368000'",
            "'01941f29-7c00-0000-0000-000000000000') TO ('ffffffff-ffff-ffff-ffff-ffffffffffff'",
            "'01JGFJJZ000000000000000000') TO ('7ZZZZZZZZZZZZZZZZZZZZZZZZZ'",
        ].map { Array("FOR VALUES FROM (\($0))".utf8) }
        let bytes = Array("0123456789-:+. '()BCMINFORTXaf\u{301}é\0".utf8)
        for round in 0..<20_000 {
            var text = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text[at] = bytes.randomElement(using: &random)!
                case 1: text.insert(bytes.randomElement(using: &random)!, at: at)
                default: text.remove(at: at)
                }
            }
            for type in KeyType.allCases {
                _ = PartitionBoundsText.extent(String(decoding: text, as: UTF8.self), of: type)
            }
        }
    }
}
