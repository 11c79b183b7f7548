import Capacity
import Foundation
import Retention
import Testing

/// Forecasts against histories whose future is known: the same process goes on.
/// `PGRETAIN_TEST_HISTORIES=1000` takes as many of each kind, and prints the table of
/// docs/capacity.md.
@Suite struct Forecasts {
    private static let count =
        Int(ProcessInfo.processInfo.environment["PGRETAIN_TEST_HISTORIES"] ?? "") ?? 25

    private struct Score {
        var steadyErrors: [Double] = []
        var withinRange = 0
        var numbers = 0
        var falseDates = 0
        var total = 0
        var dayErrors: [Double] = []
    }

    @Test(arguments: SyntheticHistory.Kind.allCases)
    func itIsWithinWhatItSays(_ kind: SyntheticHistory.Kind) throws {
        var score = Score()
        for seed in 1...Self.count {
            let world = SyntheticHistory(kind, seed: seed)
            let model = try #require(world.model)
            let forecast = Forecast(world.simulation, model)
            // Longer than anything that a number of days may be printed for.
            let truth = world.trueSizes(days: 990)
            let settled = world.trueSteadyState
            if kind != .growing, let steady = forecast.steady {
                let error = abs(Double(steady.middle) - settled) / max(settled, 1e6)
                score.steadyErrors.append(error)
            }
            // Room that is passed soon, late or never.
            let scale = 0.7 + 0.7 * Double(seed % 29) / 29
            let seen = truth.prefix(Forecast.horizon + 1)
            let room = scale * max(seen.max() ?? 0, truth[0] * 1.01)
            let passes = truth.firstIndex { $0 >= room }
            score.total += 1
            switch CapacityVerdict([forecast], others: 0, room: room) {
            case .days(let days, let from, let to):
                score.numbers += 1
                if let passes {
                    score.withinRange += (from...to).contains(passes) ? 1 : 0
                    score.dayErrors.append(abs(Double(days - passes)) / Double(max(7, passes)))
                } else {
                    score.falseDates += 1
                }
            case .passed: score.withinRange += passes == 0 ? 1 : 0
            case .never: score.withinRange += passes == nil ? 1 : 0
            case .moreThanTwoYears:
                score.withinRange += passes ?? .max > Forecast.horizon ? 1 : 0
            case .fluctuating(let earliest):
                score.withinRange += passes.map { $0 >= earliest ?? 0 } ?? true ? 1 : 0
            case .notEnoughHistory: Issue.record("no verdict")
            }
        }
        let worst = score.steadyErrors.max() ?? 0
        let within = score.steadyErrors.count { $0 <= 0.1 }
        if Self.count >= 1000 {
            func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }
            let dayError = score.dayErrors.sorted()
            print(
                "| \(kind.rawValue) | \(score.total) | "
                    + (score.steadyErrors.isEmpty
                        ? "– | – | "
                        : "\(percent(score.steadyErrors.sorted()[score.steadyErrors.count / 2]))"
                            + " | \(percent(worst)) | ")
                    + "\(percent(Double(score.withinRange) / Double(score.total))) | "
                    + "\(score.numbers) | "
                    + (dayError.isEmpty ? "–" : percent(dayError[dayError.count / 2]))
                    + " | \(score.falseDates) |")
        }
        #expect(score.falseDates == 0, "\(kind): a number of days where the room is enough")
        #expect(
            Double(score.withinRange) >= 0.9 * Double(score.total),
            "\(kind): \(score.withinRange) of \(score.total)")
        #expect(
            Double(within) >= 0.95 * Double(score.steadyErrors.count),
            "\(kind): steady state \(within) of \(score.steadyErrors.count), worst \(worst)")
    }

    @Test func tooLittleHistoryIsSaidToBeTooLittle() {
        func days(_ count: Int) -> IngestHistory {
            IngestHistory(
                daily: (0..<count).map { .init(firstDay: 20_000 + $0, days: 1, bytes: 1e9) },
                periods: [])
        }
        #expect(IngestModel(days(13), today: 20_013) == nil)
        #expect(IngestModel(days(14), today: 20_014) != nil)
        func months(_ count: Int) -> IngestHistory {
            IngestHistory(
                daily: [],
                periods: (0..<count).map {
                    .init(firstDay: 20_000 + 30 * $0, days: 30, bytes: 3e10)
                })
        }
        #expect(IngestModel(months(2), today: 20_061) == nil)
        #expect(IngestModel(months(3), today: 20_091)?.level == 1e9)
        #expect(CapacityVerdict([], others: 0, room: 1) == .notEnoughHistory)
    }

    @Test func verdictsReadAsTheyShould() {
        #expect(CapacityVerdict.days(47, from: 38, to: 63).sentence == "~47 days (38 to 63)")
        #expect(
            CapacityVerdict.never(peakPercent: 61, atMost: 66).sentence
                == "never under this policy (peaks at 61 %, at most 66 %)")
        #expect(CapacityVerdict.moreThanTwoYears.sentence == "more than 2 years")
    }

    @Test func aPromiseIsInDays() {
        let promise = RetentionPromise(Self.policy(), Self.calendar())
        #expect(
            promise.sentence
                == "live 90 to 121 days, in the database at most 128, archives for ever")
        var policy = Self.policy()
        policy.keepArchives = Span(months: 84)
        #expect(
            RetentionPromise(policy, Self.calendar()).sentence
                == "live 90 to 121 days, in the database at most 128, "
                + "archives until they are 7 years old")
        policy.keepArchives = nil
        policy.then = .detach
        #expect(
            RetentionPromise(policy, Self.calendar()).sentence
                == "live 90 to 121 days, in the database for ever, archives for ever")
    }

    private static func policy() -> RetentionPolicy {
        var policy = SyntheticHistory.policy
        policy.retain = Span(days: 90)
        return policy
    }

    private static func calendar() -> TableCalendar {
        TableCalendar(
            policy: policy(), keyType: .timestampWithTimeZone, now: SyntheticHistory.now)
    }

    @Test func anotherPolicyIsReadOrRefused() throws {
        let change = try #require(WhatIf("retain 60 days, ingest x2"))
        #expect(change.retain == Span(days: 60) && change.ingest == 2 && change.grace == nil)
        #expect(change.changing(Self.policy()).retain == Span(days: 60))
        for text in ["", "retain", "retain 60", "ingest 2", "ingest x0", "keep 3", "retain 1 day,"]
        {
            #expect(WhatIf(text) == nil, "\(text)")
        }
    }

    @Test func aGraceFreesNothingAtFirst() throws {
        let world = SyntheticHistory(.steady, seed: 1)
        let course = world.simulation.run(days: 200) { _ in 0 }
        // September leaves on 30 November, and its room comes back a week later.
        let september = try #require(course.freed.first)
        #expect(september.at >= Instant(iso: "2026-12-06T00:00:00Z")!, "\(september)")
        #expect(try #require(course.bytes.last) < 1)
    }

    @Test func aPlainTablesFilesGrowToTheTopAndStay() throws {
        var worst = 0.0
        for seed in 1...Self.count {
            let world = SyntheticHistory(.steady, seed: seed)
            var simulation = world.simulation
            let now = simulation.holdings.reduce(0) { $0 + $1.bytes }
            // A quarter of them is room, on every other seed.
            simulation.files = seed % 2 == 0 ? now : now / 0.75
            let forecast = Forecast(simulation, try #require(world.model))
            let top = max(try #require(simulation.files), world.trueSizes(days: 700).max() ?? 0)
            let steady = try #require(forecast.steady)
            worst = max(worst, abs(Double(steady.middle) - top) / top)
            #expect(worst < 0.1, "\(seed): \(steady), \(top)")
            #expect(forecast.freed.isEmpty)
            #expect(zip(forecast.middle, forecast.middle.dropFirst()).allSatisfy { $0 <= $1 })
        }
        if Self.count >= 1000 { print("a plain table's files: worst \(100 * worst) %") }
    }

    @Test func whatSticksOutIsNamedAndTheUsualIsNot() {
        var days = (0..<56).map { day in
            IngestSegment(
                firstDay: 20_000 + day, days: 1,
                bytes: (day % 7 < 2 ? 400 : 1000) * (1 + 0.05 * Double(day % 3)))
        }
        func found() -> [Anomaly] { Anomaly.among(days, floor: 100) { $0.bytes } }
        #expect(found().isEmpty)
        days[30].bytes = 4800
        #expect(found().map(\.value) == [4800])
        days[31].bytes = 0
        #expect(found().count == 2)
    }
}
