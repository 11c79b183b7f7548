import Retention
import Testing

@Suite struct Time {
    @Test func daysAndDatesAreInverse() {
        for days in stride(from: Int64(-800_000), through: 3_000_000, by: 37) {
            let date = CivilDate(daysSinceEpoch: days)
            #expect(date.daysSinceEpoch == days)
            #expect(CivilDate(year: date.year, month: date.month, day: date.day) == date)
        }
    }

    @Test(arguments: [
        ("2025-12-29", 2026, 1), ("2021-01-03", 2020, 53), ("2024-12-30", 2025, 1),
        ("2025-01-01", 2025, 1),
    ])
    func isoWeeks(text: String, year: Int, week: Int) throws {
        let date = CivilDateTime(utc: try #require(Instant(iso: text))).date
        #expect(date.isoWeek == (year, week))
    }

    @Test(arguments: [
        "2025-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "2025-01-01T00:00:01.617207Z",
        "2024-02-29T12:00:00.5Z",
    ])
    func instantsReadBack(text: String) throws {
        #expect(try #require(Instant(iso: text)).description == text)
    }

    @Test func offsetsAreTakenOff() {
        #expect(Instant(iso: "2025-01-01 00:00:00+00") == Instant(iso: "2025-01-01T01:00:00+01:00"))
        #expect(Instant(iso: "2025-01-01") == Instant(iso: "2024-12-31T18:30:00-05:30"))
    }

    @Test(arguments: [
        "", "2025", "2025-13-01", "2025-02-29", "2025-01-01T24:00:00Z", "2025-01-01T00:00:00X",
        "2025-01-01T00:00:00.1234567Z", "2025-01-01 ", "25-01-01", "infinity",
        // Counted in microseconds, it would be beyond what can be counted.
        "999989-09-09", "294277-01-09 04:00:54.775808+00",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(Instant(iso: text) == nil)
    }

    @Test func summerTimeOfBerlin() throws {
        let berlin = RandomWorld.zones[1]
        #expect(berlin.name == "Europe/Berlin")
        func at(_ civil: String) throws -> String {
            berlin.instant(CivilDateTime(utc: try #require(Instant(iso: civil)))).description
        }
        #expect(try at("2025-01-15") == "2025-01-14T23:00:00Z")
        #expect(try at("2025-07-15") == "2025-07-14T22:00:00Z")
        // Skipped: read with the offset from before. Twice: with the one from after.
        #expect(try at("2025-03-30T02:30:00") == "2025-03-30T01:30:00Z")
        #expect(try at("2025-10-26T02:30:00") == "2025-10-26T01:30:00Z")
        #expect(try at("2150-07-15") == "2150-07-14T22:00:00Z")
    }

    @Test func periodsTileTime() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<20_000 {
            let zone = RandomWorld.zones.randomElement(using: &random)!
            let period = Period.allCases.randomElement(using: &random)!
            let instant = Instant(
                microseconds: Int64.random(in: 0...4_000_000_000_000_000, using: &random))
            let bounds = period.bounds(containing: instant, in: zone)
            #expect(bounds.contains(instant))
            #expect(period.bounds(containing: instant, plus: 1, in: zone).from == bounds.to)
            let first = period.firstDay(of: bounds, in: zone)
            #expect(period.firstDay(named: period.name(ofFirstDay: first)) == first)
        }
    }

    @Test(arguments: [
        (Period.month, "2025-01-01", "2025-02-01", "year=2025/month=01"),
        (.year, "2025-01-01", "2026-01-01", "year=2025"),
        (.quarter, "2025-04-01", "2025-07-01", "year=2025/quarter=2"),
        (.week, "2024-12-30", "2025-01-06", "year=2025/week=01"),
        (.day, "2025-01-05", "2025-01-06", "year=2025/month=01/day=05"),
        (.month, "2025-01-05", "2025-01-20", "from=20250105T000000Z/to=20250120T000000Z"),
    ])
    func placesOfSlices(period: Period, from: String, to: String, path: String) throws {
        let from = try #require(Instant(iso: from))
        let to = try #require(Instant(iso: to))
        let bounds = try #require(PartitionBounds(from: from, to: to))
        #expect(period.slicePath(of: bounds, in: .utc) == path)
    }
}

@Suite struct Words {
    @Test(arguments: [
        ("90 days", Span(days: 90)), ("13 months", Span(months: 13)), ("1 year", Span(months: 12)),
        ("800ms", Span(microseconds: 800_000)), ("2w", Span(days: 14)), ("7d", Span(days: 7)),
        ("1 year 6 months", Span(months: 18)), ("10 min", Span(microseconds: 600_000_000)),
    ])
    func spansReadBack(text: String, span: Span) throws {
        #expect(Span(text) == span)
        #expect(Span(span.description) == span)
    }

    @Test(arguments: ["90", "", "10m", "m", "-3 days", "3 fortnights", "1.5 days", "days", "9 9 d"])
    func spansWithoutAUnitAreRefused(text: String) {
        #expect(Span(text) == nil)
    }

    @Test(arguments: [
        ("system_logs", "public", "system_logs"), ("App.Logs", "app", "logs"),
        ("\"App\".\"Log\"\"s.x\"", "App", "Log\"s.x"), ("public.\"a;--b\"", "public", "a;--b"),
        ("über.tisch", "über", "tisch"),
    ])
    func namesAreReadAsSQLReadsThem(text: String, schema: String, name: String) throws {
        let qualified = try #require(QualifiedName(sql: text))
        #expect(qualified == QualifiedName(schema: schema, name: name))
        #expect(QualifiedName(sql: qualified.description) == qualified)
    }

    @Test(arguments: ["", "a.", ".a", "a.b.c", "\"open", "1a", "a b", "\"\""])
    func whatIsNoNameIsRefused(text: String) {
        #expect(QualifiedName(sql: text) == nil)
    }

    @Test(arguments: [
        (Period.month, ["logs_p2025_01", "logs_p2025_02"], "logs_p2025_03"),
        (.month, ["logs_p20250101", "logs_p20250201"], "logs_p20250301"),
        (.month, ["logs_y2025m01", "logs_y2025m02"], "logs_y2025m03"),
        (.month, ["logs_202501", "logs_202502"], "logs_202503"),
        (.month, ["Logs-2025-01", "Logs-2025-02"], "Logs-2025-03"),
        (.month, ["jan", "feb"], "logs_2025_03"),
        (.month, [], "logs_2025_03"),
    ])
    func premadeNamesFollowTheSiblings(period: Period, names: [String], expected: String) throws {
        let firsts = [1, 2].map { CivilDate(year: 2025, month: $0) }
        let siblings = Array(zip(names, firsts)).map { (name: $0, first: $1) }
        let pattern =
            NamePattern(siblings: siblings, period: period)
            ?? NamePattern(table: "logs", period: period)
        #expect(pattern.name(CivilDate(year: 2025, month: 3)) == expected)
    }

    @Test(arguments: [
        (Period.day, "t_2025_01_05"), (.week, "t_2025_w01"), (.month, "t_2025_01"),
        (.quarter, "t_2025_q1"), (.year, "t_2025"),
    ])
    func premadeNamesOfEachPeriod(period: Period, expected: String) throws {
        let day = period == .day ? 5 : 1
        let date = try #require(CivilDate(year: 2025, month: 1, day: day))
        let first = period.start(of: date)
        #expect(NamePattern(table: "t", period: period).name(first) == expected)
    }

    @Test func aLongNameKeepsItsDate() {
        let pattern = NamePattern(table: String(repeating: "ä", count: 31) + "x", period: .month)
        let name = pattern.name(CivilDate(year: 2025, month: 1))
        #expect(name.utf8.count <= 63 && name.hasSuffix("_2025_01"))
    }

    @Test func theWorstStatusWins() {
        let order: [Retention.ExitStatus] = [
            .bug, .data, .inputOutput, .cannotCreate, .permission, .configuration, .unavailable,
            .brake, .missing, .tryLater, .partial, .done,
        ]
        for (index, worse) in order.enumerated() {
            for better in order[index...] {
                #expect(worse.worse(of: better) == worse && better.worse(of: worse) == worse)
            }
        }
        #expect(Retention.ExitStatus.of([]) == .done)
    }
}
